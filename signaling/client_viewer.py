"""The client's end of the signaling socket: asks for sessions with cameras, and answers their offers.

viewer = ViewerClient(url, authorization=..., handler=..., tickets=..., backoff=...)
session = await viewer.connect(wire.ConnectParams(camera))     # the offer comes to handler.invite

How it stays connected: `signaling.client_connection`.
"""

from typing import Protocol

from signaling.client_connection import Presence, SignalingConnection
from signaling.client_deeds import Deed, Ending, no_such_method
from signaling.protocol import messages as wire

ANSWER_SECONDS = 10.0
"""For the server's answer to `connect` or `extend`; the latter waits for the camera's."""


class ViewerHandler(Presence, Protocol):
    """What the client does. Calls about one session come one after the other; sessions do not wait for each other."""

    async def invite(self, session: str, offer: str, proof: str | None, /) -> tuple[str, str | None]:
        """The camera's offer, and its statement about it where it made one; returns the answer (SDP) and ours about
        that. Refuse by raising `ProtocolError`."""

    async def close(self, session: str, code: int, reason: str) -> None:
        """The session is over: a `Notice`, or the `Fault` with which the camera refused. May name an unknown one."""

    async def wake(self, session: str) -> None:
        """The camera has moved: make a new session beside this one."""

    async def envelope(self, session: str, text: str) -> None:
        """The key of the frames that come over a relay in this session; there may be more of them later."""


class ViewerClient(SignalingConnection[ViewerHandler]):
    """Arguments: see `SignalingConnection`."""

    async def connect(self, params: wire.ConnectParams) -> wire.ConnectResult:
        """Ask for a session. Raises `SignalingError`."""
        return await self._request("connect", params, wire.ConnectResult, ANSWER_SECONDS)

    async def extend(self, session: str) -> wire.ExtendResult:
        """Ask for more time. Raises `SignalingError`."""
        return await self._request("extend", wire.ExtendParams(session), wire.ExtendResult, ANSWER_SECONDS)

    async def hello(self, session: str, trust: wire.Trust) -> bool:
        """Say once more who watches, over a relay: after `connected`, or where the key of the frames is missing."""
        return await self._notify("belvedere.hello", wire.HelloParams(session, trust))

    def asked(self, request: wire.Request) -> Deed:
        """`invite`."""
        if request.method != "invite":
            raise no_such_method(request)
        invite = wire.params_as(wire.InviteParams, request.params)

        async def answer() -> wire.InviteResult:
            offered = invite.belvedere.proof if invite.belvedere is not None else None
            sdp, proof = await self._handler.invite(invite.session, invite.offer, offered)
            return wire.InviteResult(sdp, belvedere=wire.ProofExtra(proof) if proof is not None else None)

        return Deed(invite.session, answer)

    def told(self, message: wire.Notification) -> Deed | None:
        """`belvedere.wake`, `belvedere.envelope`, and ends."""
        if message.method == "belvedere.wake":
            wake = wire.params_as(wire.WakeParams, message.params)
            return Deed(wake.session, lambda: self._handler.wake(wake.session))
        if message.method == "belvedere.envelope":
            said = wire.params_as(wire.EnvelopeParams, message.params)
            return Deed(said.session, lambda: self._handler.envelope(said.session, said.envelope))
        return super().told(message)

    async def over(self, ending: Ending) -> None:
        """A `Notice` or a `Fault`."""
        await self._handler.close(ending.session, ending.code, ending.reason)
