"""Finds out what the broker asks: who is this, may it watch, may it go on. Asks the gate and the live state."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from signaling.effects import AskConnect, AskExtend, AskRegister
from signaling.gate import Device, Viewer
from signaling.introduction import NO_CAMERA, ConnectGrant
from signaling.leases import ExtendGrant, Refusal
from signaling.networks import name_of
from signaling.protocol.errors import Fault
from signaling.protocol.messages import IceServer, OrdersParams, Way
from signaling.protocol.relay_token import RelayClaims, is_relay
from signaling.protocol.tickets import Ticket
from signaling.registration import ClientIdentity, DeviceIdentity, Identity, RelayIdentity
from signaling.ways import Policy, Terms, permits

MAX_AUTHORIZATION_CHARS = 8192
"""As much as servers take in a header line."""
UNAUTHORIZED = Refusal(Fault.UNAUTHORIZED, "the authorization is missing, wrong or no longer valid")
OTHER_LOGIN = Refusal(Fault.UNAUTHORIZED, "this authorization is not of the login that registered; register with it")
NO_RELAY = Refusal(Fault.UNAUTHORIZED, "a role is for relays, and for those always; this is no relay, or has none")
CLOSED = Refusal(Fault.WAY_CLOSED, "the owner of this camera has closed this way")


class Gate(Protocol):
    """Who may come in (`signaling.gate`)."""

    async def device_by_token(self, authorization: str) -> Device | None: ...

    async def viewer_by_token(self, authorization: str) -> Viewer | None: ...

    def relay_signed(self, authorization: str) -> RelayClaims | None: ...

    async def relay_by_token(self, authorization: str) -> str | None: ...

    async def may_watch(self, viewer: Viewer, camera_id: str) -> Terms | None: ...

    async def policy_of(self, account_id: str) -> Policy | None: ...

    async def session_alive(self, login_id: str) -> bool: ...

    async def camera_alive(self, camera_id: str) -> bool: ...

    async def orders_of(self, camera_id: str) -> OrdersParams | None: ...


class Claims(Protocol):
    """The part of the live state that this needs."""

    async def claim_presence(self, camera_id: str, socket_id: str, node_id: str) -> int: ...


IceServers = Callable[[Literal["device", "client"], str, str], list[IceServer]]
"""(for whom, its camera or user id, the session or "" at `register`) → servers, with credentials of their own."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What came with the HTTP request. A query parameter is for devices only, a cookie for viewers only.

    `relay`: it is a relay's, which alone a relay registers with; whether it was used before is not known yet.
    """

    text: str
    device: bool = True
    viewer: bool = True
    relay: bool = False


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody at the door. `address`: where from, as text."""

    address: str
    credential: Credential | None

    @property
    def relay(self) -> bool:
        return self.credential is not None and self.credential.relay


class Admission:
    """`fresh_id`: random, url-safe, never the same twice. `network_key`: secret, makes the names of networks. `pins`:
    what cameras are told of our self-made keys; empty where there are none."""

    def __init__(
        self,
        gate: Gate,
        claims: Claims,
        ice: IceServers,
        fresh_id: Callable[[], str],
        network_key: bytes,
        pins: Sequence[str] = (),
    ) -> None:
        self.gate = gate
        self._claims = claims
        self._ice = ice
        self._fresh_id = fresh_id
        self._network_key = network_key
        self._pins = list(pins)

    async def register(self, ask: AskRegister, arrival: Arrival) -> tuple[Identity | Refusal, dict[str, Terms]]:
        """Who it is, and which of its sessions may go on, under what."""
        if arrival.relay or ask.role is not None:
            identity: Identity | Refusal | None = await self._relay(ask, arrival)
        else:
            identity = await self._identity(ask, arrival)
        if identity is None or isinstance(identity, Refusal):
            return identity or UNAUTHORIZED, {}
        found = [(ticket.session, await self._goes_on(ticket)) for ticket in ask.tickets]
        return identity, {session: terms for session, terms in found if terms is not None}

    async def _relay(self, ask: AskRegister, arrival: Arrival) -> RelayIdentity | Refusal:
        if ask.role is None or ask.authorization is not None or not arrival.relay or arrival.credential is None:
            return NO_RELAY
        key = await self.gate.relay_by_token(arrival.credential.text)
        return UNAUTHORIZED if key is None else RelayIdentity(key, ask.role)

    async def _identity(self, ask: AskRegister, arrival: Arrival) -> DeviceIdentity | ClientIdentity | None:
        credential = arrival.credential if ask.authorization is None else Credential(ask.authorization)
        if credential is None:
            return None
        text = with_scheme(credential.text)
        device = await self.gate.device_by_token(text) if credential.device else None
        if device is not None:
            epoch = await self._claims.claim_presence(device.camera_id, ask.peer.socket, ask.peer.node)
            ice = self._ice("device", device.camera_id, "")
            orders = await self.gate.orders_of(device.camera_id)
            return DeviceIdentity(device.camera_id, epoch, ice, self._pins, arrival.address, orders)
        viewer = await self.gate.viewer_by_token(text) if credential.viewer else None
        if viewer is None:
            return None
        network = name_of(arrival.address, self._network_key)
        return ClientIdentity(
            self._fresh_id(), viewer.user_id, viewer.login_id, viewer.expires_at, viewer.only_camera, network
        )

    async def _goes_on(self, ticket: Ticket) -> Terms | None:
        if not await self.gate.session_alive(ticket.login):
            return None
        terms = await self.gate.may_watch(Viewer(ticket.user, ticket.login, ticket.exp), ticket.camera)
        open_ = terms is not None and _still_open(terms, ticket.user, "relay" if ticket.relay else "direct")
        return terms if open_ else None

    async def connect(self, ask: AskConnect, registered: Viewer) -> ConnectGrant | Refusal:
        """`registered`: who the socket belongs to."""
        viewer = await self._viewer(ask.authorization, registered)
        if isinstance(viewer, Refusal):
            return viewer
        terms = await self.gate.may_watch(viewer, ask.camera)
        if terms is None:
            return NO_CAMERA
        session = self._fresh_id()
        return ConnectGrant(
            session=session,
            expires_at=viewer.expires_at,
            terms=terms,
            client_ice=self._ice("client", viewer.user_id, session),
            device_ice=self._ice("device", ask.camera, session),
        )

    async def extend(self, ask: AskExtend, registered: Viewer) -> ExtendGrant | Refusal:
        """`registered`: who the socket belongs to."""
        viewer = await self._viewer(ask.authorization, registered)
        if isinstance(viewer, Refusal):
            return viewer
        terms = await self.gate.may_watch(viewer, ask.camera)
        if terms is None:
            return NO_CAMERA
        return ExtendGrant(viewer.expires_at) if _still_open(terms, viewer.user_id, ask.via) else CLOSED

    async def _viewer(self, authorization: str | None, registered: Viewer) -> Viewer | Refusal:
        """The message's own authorization counts where there is one, but only of the login that the socket has.

        A session lives and ends with its socket's login; under another one's token it would outlive both.
        """
        if authorization is None:
            return registered if await self.gate.session_alive(registered.login_id) else UNAUTHORIZED
        viewer = await self.gate.viewer_by_token(with_scheme(authorization))
        if viewer is None:
            return UNAUTHORIZED
        return viewer if viewer.login_id == registered.login_id else OTHER_LOGIN


def _still_open(terms: Terms, user: str, via: Way) -> bool:
    """A relay's upload is the other half of its viewers' way."""
    return permits(terms.policy, "relay" if is_relay(user) else via)


def with_scheme(authorization: str) -> str:
    """ONVIF puts a bare access token into `register`; HTTP wants a scheme in front (RFC 6750 §2.1)."""
    text = authorization.strip()[:MAX_AUTHORIZATION_CHARS]
    return text if " " in text else f"Bearer {text}"
