"""The client's end of the signaling socket: asks for sessions with cameras, and answers their offers.

viewer = ViewerClient(url, authorization=..., handler=..., tickets=..., backoff=...)
session = await viewer.connect(wire.ConnectParams(camera))     # the offer comes to handler.invite

How it stays connected: `signaling.client_connection`.
"""

import time
from collections.abc import Callable
from typing import Protocol

from signaling.client_connection import Presence, SignalingConnection, Trust
from signaling.client_deeds import Deed, ends_session, no_such_method
from signaling.protocol import messages as wire
from signaling.protocol.errors import Notice

ANSWER_SECONDS = 10.0
"""For the server's answer to `connect` or `extend`; the latter waits for the camera's."""


class ViewerHandler(Presence, Protocol):
    """What the client does. Calls about one session come one after the other; sessions do not wait for each other."""

    async def invite(self, session: str, offer: str) -> str:
        """The camera's offer; returns the answer (SDP). Refuse by raising `ProtocolError`."""

    async def close(self, session: str, code: int, reason: str) -> None:
        """The session is over: a `Notice`, or the `Fault` with which the camera refused. May name an unknown one."""

    async def wake(self, session: str) -> None:
        """The camera has moved: make a new session beside this one."""


class ViewerClient(SignalingConnection):
    """Arguments: see `SignalingConnection`."""

    def __init__(
        self,
        url: str,
        *,
        authorization: Callable[[], str],
        handler: ViewerHandler,
        backoff: Callable[[int], float],
        random: Callable[[], float],
        tickets: Callable[[], list[str]] = list,
        tls: Trust = True,
        introduction: wire.RegisterExtra | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(
            url,
            authorization=authorization,
            presence=handler,
            backoff=backoff,
            random=random,
            tickets=tickets,
            tls=tls,
            introduction=introduction,
            clock=clock,
        )
        self._handler = handler

    async def connect(self, params: wire.ConnectParams) -> wire.ConnectResult:
        """Ask for a session. Raises `SignalingError`."""
        return await self._request("connect", params, wire.ConnectResult, ANSWER_SECONDS)

    async def extend(self, session: str) -> wire.ExtendResult:
        """Ask for more time. Raises `SignalingError`."""
        return await self._request("extend", wire.ExtendParams(session), wire.ExtendResult, ANSWER_SECONDS)

    def asked(self, request: wire.Request) -> Deed:
        """`invite`."""
        if request.method != "invite":
            raise no_such_method(request)
        invite = wire.params_as(wire.InviteParams, request.params)

        async def answer() -> wire.InviteResult:
            return wire.InviteResult(await self._handler.invite(invite.session, invite.offer))

        return Deed(invite.session, answer)

    def told(self, message: wire.Notification) -> Deed | None:
        """`belvedere.close`, `belvedere.wake` and `error`."""
        if message.method == "belvedere.close":
            close = wire.params_as(wire.CloseParams, message.params)
            code = Notice.PEER_DISCONNECTED
            return Deed(close.session, lambda: self._handler.close(close.session, code, close.reason), vital=True)
        if message.method == "belvedere.wake":
            wake = wire.params_as(wire.WakeParams, message.params)
            return Deed(wake.session, lambda: self._handler.wake(wake.session))
        if message.method == "error":
            error = wire.params_as(wire.ErrorParams, message.params)
            if ends_session(error):
                return Deed(
                    error.session, lambda: self._handler.close(error.session, error.code, error.message), vital=True
                )
        return None
