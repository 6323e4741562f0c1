"""Finds out what the broker asks: who is this, may it watch, may it go on. Asks the gate and the live state."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from signaling.calls import ConnectGrant
from signaling.effects import AskConnect, AskExtend, AskRegister
from signaling.gate import Device, Viewer
from signaling.leases import ExtendGrant, Refusal
from signaling.protocol.errors import Fault
from signaling.protocol.messages import IceServer
from signaling.protocol.tickets import Ticket
from signaling.registration import ClientIdentity, DeviceIdentity, Identity

MAX_AUTHORIZATION_CHARS = 8192
"""As much as servers take in a header line."""
UNAUTHORIZED = Refusal(Fault.UNAUTHORIZED, "the authorization is missing, wrong or no longer valid")
OTHER_LOGIN = Refusal(Fault.UNAUTHORIZED, "this authorization is not of the login that registered; register with it")
FORBIDDEN = Refusal(Fault.FORBIDDEN, "there is no such camera, or you may not watch it")


class Gate(Protocol):
    """Who may come in (`signaling.gate`)."""

    async def device_by_token(self, authorization: str) -> Device | None: ...

    async def viewer_by_token(self, authorization: str) -> Viewer | None: ...

    async def may_watch(self, viewer: Viewer, camera_id: str) -> bool: ...

    async def session_alive(self, login_id: str) -> bool: ...

    async def camera_alive(self, camera_id: str) -> bool: ...


class Claims(Protocol):
    """The part of the live state that this needs."""

    async def claim_presence(self, camera_id: str, socket_id: str, node_id: str) -> int: ...


IceServers = Callable[[Literal["device", "client"], str], list[IceServer]]
"""(for whom, its camera or user id) → servers, with credentials of their own."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What came with the HTTP request. A query parameter is for devices only, a cookie for viewers only."""

    text: str
    device: bool = True
    viewer: bool = True


class Admission:
    """`fresh_id`: random, url-safe, never the same twice."""

    def __init__(self, gate: Gate, claims: Claims, ice: IceServers, fresh_id: Callable[[], str]) -> None:
        self.gate = gate
        self._claims = claims
        self._ice = ice
        self._fresh_id = fresh_id

    async def register(self, ask: AskRegister, came_with: Credential | None) -> tuple[Identity | Refusal, set[str]]:
        """Who it is, and which of its sessions may go on."""
        credential = came_with if ask.authorization is None else Credential(ask.authorization)
        identity = await self._identity(ask, credential) if credential is not None else None
        if identity is None:
            return UNAUTHORIZED, set()
        return identity, {ticket.session for ticket in ask.tickets if await self._goes_on(ticket)}

    async def _identity(self, ask: AskRegister, credential: Credential) -> Identity | None:
        text = with_scheme(credential.text)
        device = await self.gate.device_by_token(text) if credential.device else None
        if device is not None:
            epoch = await self._claims.claim_presence(device.camera_id, ask.peer.socket, ask.peer.node)
            return DeviceIdentity(device.camera_id, epoch, self._ice("device", device.camera_id))
        viewer = await self.gate.viewer_by_token(text) if credential.viewer else None
        if viewer is None:
            return None
        return ClientIdentity(self._fresh_id(), viewer.user_id, viewer.login_id, viewer.expires_at, viewer.only_camera)

    async def _goes_on(self, ticket: Ticket) -> bool:
        viewer = Viewer(ticket.user, ticket.login, ticket.exp)
        return await self.gate.session_alive(ticket.login) and await self.gate.may_watch(viewer, ticket.camera)

    async def connect(self, ask: AskConnect, registered: Viewer) -> ConnectGrant | Refusal:
        """`registered`: who the socket belongs to."""
        viewer = await self._viewer(ask.authorization, registered)
        if isinstance(viewer, Refusal):
            return viewer
        if not await self.gate.may_watch(viewer, ask.camera):
            return FORBIDDEN
        return ConnectGrant(
            session=self._fresh_id(),
            expires_at=viewer.expires_at,
            client_ice=self._ice("client", viewer.user_id),
            device_ice=self._ice("device", ask.camera),
        )

    async def extend(self, ask: AskExtend, registered: Viewer) -> ExtendGrant | Refusal:
        """`registered`: who the socket belongs to."""
        viewer = await self._viewer(ask.authorization, registered)
        if isinstance(viewer, Refusal):
            return viewer
        return ExtendGrant(viewer.expires_at) if await self.gate.may_watch(viewer, ask.camera) else FORBIDDEN

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


def with_scheme(authorization: str) -> str:
    """ONVIF puts a bare access token into `register`; HTTP wants a scheme in front (RFC 6750 §2.1)."""
    text = authorization.strip()[:MAX_AUTHORIZATION_CHARS]
    return text if " " in text else f"Bearer {text}"
