"""The device's end of the signaling socket: a camera's, and a relay's towards its viewers.

    client = SignalingClient(url, authorization=..., handler=..., tickets=..., backoff=...)
    await client.run()

How it stays connected: `signaling.client_connection`.
"""

from typing import Protocol

from signaling.client_connection import Presence, SignalingConnection
from signaling.client_deeds import Deed, Ending, no_such_method
from signaling.client_line import SignalingError
from signaling.client_registration import Rejected, Trust
from signaling.protocol import messages as wire

__all__ = ["Handler", "Rejected", "SignalingClient", "SignalingError", "Trust"]

INVITE_SECONDS = 30.0
"""For a viewer's answer; the server gives up earlier."""


class Handler(Presence, Protocol):
    """What the device does. Calls about one session come one after the other; sessions do not wait for each other."""

    async def connect(self, params: wire.DeviceConnectParams) -> None:
        """A viewer wants to see. Refuse by raising `ProtocolError`."""

    async def candidate(self, session: str, candidate: wire.Candidate) -> None:
        """One of the viewer's candidates; may come before its answer. An empty one is the last."""

    async def extend(self, params: wire.DeviceExtendParams) -> None:
        """The session may go on for `expiry_time_seconds` from now; the ticket replaces the one held."""

    async def close(self, session: str, reason: str) -> None:
        """The session is over. May name one that is not known."""


class SignalingClient(SignalingConnection[Handler]):
    """Arguments: see `SignalingConnection`."""

    async def invite(self, session: str, offer: str) -> str:
        """Send the offer, wait for the viewer's answer (SDP). Raises `SignalingError`."""
        params = wire.InviteParams(session, offer)
        return (await self._request("invite", params, wire.InviteResult, INVITE_SECONDS)).answer

    async def event(self, name: str, detail: str = "") -> bool:
        """Tell the server what happened to this device."""
        return await self._notify("belvedere.event", wire.EventParams(name, detail))

    def asked(self, request: wire.Request) -> Deed:
        """`connect` and `extend`."""
        if request.method == "connect":
            connect = wire.params_as(wire.DeviceConnectParams, request.params)
            return Deed(connect.session, lambda: self._handler.connect(connect))
        if request.method == "extend":
            extend = wire.params_as(wire.DeviceExtendParams, request.params)
            return Deed(extend.session, lambda: self._handler.extend(extend))
        raise no_such_method(request)

    def told(self, message: wire.Notification) -> Deed | None:
        """`trickle`, and ends."""
        if message.method == "trickle":
            trickle = wire.params_as(wire.TrickleParams, message.params)
            return Deed(trickle.session, lambda: self._handler.candidate(trickle.session, trickle.candidate))
        return super().told(message)

    async def over(self, ending: Ending) -> None:
        """To a device they are all alike."""
        await self._handler.close(ending.session, ending.reason)
