"""The device's end of the signaling socket: a camera's, and a relay's towards its viewers.

    client = SignalingClient(url, authorization=..., handler=..., tickets=..., backoff=...)
    await client.run()

How it stays connected: `signaling.client_connection`.
"""

from collections.abc import Sequence
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
        """The session is over, one of ours or one that `hello` named. May name one that is not known."""

    async def hello(self, session: str, trust: wire.Trust | None) -> None:
        """Somebody watches this camera over a relay, in that session of the relay's. Comes again after `connected`, and
        when a viewer asks anew; those that do not come again are over, or the server was restarted. None: a viewer that
        does not say who it is."""

    async def orders(self, keyring: Sequence[str], orders: str | None) -> None:
        """The camera's owner, as the server knows him: at each registration, and when there is something new."""


class SignalingClient(SignalingConnection[Handler]):
    """Arguments: see `SignalingConnection`."""

    _orders: wire.OrdersParams | None = None
    """What waits to be done."""

    async def run(self) -> None:
        """Stay connected until cancelled. Raises `Rejected`."""
        self._orders = None
        await super().run()

    async def invite(self, session: str, offer: str, proof: str | None = None) -> wire.InviteResult:
        """Send the offer, with the camera's statement about it, and wait for the viewer's answer (SDP), with the
        viewer's. Raises `SignalingError`."""
        params = wire.InviteParams(session, offer, belvedere=wire.ProofExtra(proof) if proof is not None else None)
        return await self._request("invite", params, wire.InviteResult, INVITE_SECONDS)

    async def event(self, name: str, detail: str = "") -> bool:
        """Tell the server what happened to this device."""
        return await self._notify("belvedere.event", wire.EventParams(name, detail))

    async def envelope(self, session: str, text: str) -> bool:
        """Give the key of our frames to the viewer that said `hello` in this session."""
        return await self._notify("belvedere.envelope", wire.EnvelopeParams(session, text))

    async def receipt(self, text: str) -> bool:
        """Tell our owner what we know of his orders."""
        return await self._notify("belvedere.receipt", wire.ReceiptParams(text))

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
        """`trickle`, `belvedere.hello`, `belvedere.orders`, and ends."""
        if message.method == "trickle":
            trickle = wire.params_as(wire.TrickleParams, message.params)
            return Deed(trickle.session, lambda: self._handler.candidate(trickle.session, trickle.candidate))
        if message.method == "belvedere.hello":
            hello = wire.params_as(wire.HelloParams, message.params)
            return Deed(hello.session, lambda: self._handler.hello(hello.session, hello.trust))
        if message.method == "belvedere.orders":
            return self._ordered(wire.params_as(wire.OrdersParams, message.params))
        return super().told(message)

    def _ordered(self, orders: wire.OrdersParams) -> Deed | None:
        """Each says all that is known of the owner, so only the newest waits, however many a server sends."""
        waiting, self._orders = self._orders is not None, orders
        # Of no session; a right that ends must end however busy we are.
        return None if waiting else Deed("", self._take_orders, vital=True)

    async def _take_orders(self) -> None:
        orders, self._orders = self._orders, None
        if orders is not None:
            await self._handler.orders(orders.keyring, orders.orders)

    async def over(self, ending: Ending) -> None:
        """To a device they are all alike."""
        await self._handler.close(ending.session, ending.reason)
