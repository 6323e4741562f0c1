"""Lets devices and viewers in: what the signaling socket asks before it believes anyone."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from signaling import access, tokens
from signaling.accounts import Accounts, Caller
from signaling.live.state import LiveState
from signaling.protocol import relay_token
from signaling.protocol.identity import token_hash
from signaling.protocol.messages import OrdersParams
from signaling.refusals import Refused
from signaling.store import accounts as people
from signaling.store import cameras as rows
from signaling.store import grants
from signaling.store.database import Store
from signaling.store.rows import Camera
from signaling.trust_store import TrustStore
from signaling.ways import Policy, Terms

TICKET_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Device:
    """A camera that proved itself."""

    camera_id: str


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person that proved themself; `expires_at` in seconds since the epoch.

    `only_camera`: the one that the ticket was made for (DESIGN §5: one camera, live only); None: any that it may watch.
    """

    user_id: str
    login_id: str
    expires_at: float
    only_camera: str | None = None


class Gate:
    """`clock`: seconds since the epoch. `relay_secret`: what relays sign with; None where there are none.

    All methods may raise `Refused` or `LiveUnavailable`, except `relay_signed`.
    """

    def __init__(
        self,
        store: Store,
        live: LiveState,
        accounts: Accounts,
        *,
        origin: str,
        clock: Callable[[], float],
        relay_secret: bytes | None = None,
    ) -> None:
        self._store = store
        self._live = live
        self._accounts = accounts
        self._origin = origin
        self._clock = clock
        self._relay_secret = relay_secret
        self._trust = TrustStore(store, live)

    async def device_by_token(self, authorization: str) -> Device | None:
        """`Bearer` with a JWT the device signed itself (good once), or with a camera's bearer secret."""
        scheme, token = _split(authorization)
        if scheme != "bearer" or not token:
            return None
        camera = await self._by_own_token(token) if tokens.is_jwt(token) else await self._by_bearer(token)
        if camera is None or camera.state != "active":
            return None
        return Device(camera.id)

    async def viewer_by_token(self, authorization: str) -> Viewer | None:
        """`Bearer` with an account's JWT, `Ticket` (good once), or the bare value of the cookie."""
        scheme, token = _split(authorization)
        if scheme == "ticket":
            return await self._by_ticket(token)
        if scheme not in {"bearer", ""} or not tokens.is_jwt(token):
            return None
        return _viewer(await self._accounts.caller(token, now=self._clock()))

    async def _by_ticket(self, ticket: str) -> Viewer | None:
        kept = await self._live.take(f"ticket:{token_hash(ticket)}")
        login_id, _, camera_id = (kept or "").partition("/")
        if not login_id or not camera_id:
            return None
        return _viewer(await self._accounts.caller_by_login(login_id, now=self._clock()), only_camera=camera_id)

    async def make_ticket(self, caller: Caller, camera_id: str, ticket: str) -> float:
        """A ticket good once for 30 s, for this camera alone; returns when it ends. Raises `Refused` (not_found).

        Only the owner makes tickets: whoever holds one watches, so a guest's would pass on what was given to one.
        """
        async with self._store.read() as connection:
            camera = await rows.camera_by_id(connection, camera_id) if _plain(camera_id) else None
        if camera is None or camera.account_id != caller.account.id:
            raise Refused("not_found", "there is no such camera")
        await self._live.put(f"ticket:{token_hash(ticket)}", f"{caller.login.id}/{camera.id}", TICKET_SECONDS)
        return self._clock() + TICKET_SECONDS

    def relay_signed(self, authorization: str) -> relay_token.RelayClaims | None:
        """`Relay` with a JWT of one that knows the secret. It may have been used before."""
        scheme, token = _split(authorization)
        if self._relay_secret is None or scheme != relay_token.SCHEME.lower():
            return None
        return relay_token.read(self._relay_secret, token, origin=self._origin, now=self._clock())

    async def relay_by_token(self, authorization: str) -> str | None:
        """The key of the relay whose token this is; good once."""
        claims = self.relay_signed(authorization)
        if claims is None:
            return None
        key = relay_token.key_of(claims.name)
        return key if await self._live.use_once(f"jti:{key}:{claims.jti}", claims.keep_seconds) else None

    async def may_watch(self, viewer: Viewer, camera_id: str) -> Terms | None:
        """Owners watch their own cameras, confirmed or not; guests those that were shared with them (`access`). A
        ticket is for its camera.

        A relay asks any active camera; that it asks for somebody who may watch, the broker sees to.
        """
        if viewer.only_camera not in {None, camera_id} or not _plain(camera_id):
            return None
        async with self._store.read() as connection:
            found = await rows.camera_with_policy(connection, camera_id)
            own = found is not None and found[0].account_id == viewer.user_id
            grant = None if own else await grants.grant_of(connection, camera_id, viewer.user_id)
        if found is None:
            return None
        camera, policy = found
        if relay_token.is_relay(viewer.user_id):
            until = math.inf if camera.state == "active" else None
        else:
            until = access.may_watch(camera, viewer.user_id, grant, self._clock())
        return None if until is None else Terms(camera.account_id, policy, camera.direct_viewers, until)

    async def policy_of(self, account_id: str) -> Policy | None:
        """Which ways this account allows; None where there is no such account."""
        async with self._store.read() as connection:
            account = await people.account_by_id(connection, account_id)
        return None if account is None else account.ways

    async def session_alive(self, login_id: str) -> bool:
        """Whether this login has not ended. A relay's is its key, and lasts as long as the server takes relays."""
        if relay_token.is_relay(login_id):
            return self._relay_secret is not None
        return await self._accounts.caller_by_login(login_id, now=self._clock()) is not None

    async def orders_of(self, camera_id: str) -> OrdersParams | None:
        """What a camera is told of its owner; None for one that does not know him."""
        word = await self._trust.word_for(camera_id)
        return None if word is None else OrdersParams(list(word.keyring), word.orders)

    async def camera_alive(self, camera_id: str) -> bool:
        """Whether this camera still has a valid identity."""
        async with self._store.read() as connection:
            camera = await rows.camera_by_id(connection, camera_id)
        return camera is not None and camera.state == "active"

    async def _by_own_token(self, token: str) -> Camera | None:
        named = tokens.device_named_in(token)
        if named is None or not _plain(named):
            return None
        async with self._store.read() as connection:
            camera = await rows.camera_by_id(connection, named)
        if camera is None or camera.public_key is None:
            return None
        now = self._clock()
        try:
            claims = tokens.read_device_token(
                camera.public_key, token, camera_id=camera.id, origin=self._origin, now=now
            )
        except tokens.BadToken:
            return None
        fresh = await self._live.use_once(f"jti:{camera.id}:{claims.jti}", claims.keep_seconds)
        return camera if fresh else None

    async def _by_bearer(self, token: str) -> Camera | None:
        async with self._store.read() as connection:
            return await rows.camera_by_bearer(connection, token_hash(token))


def _viewer(caller: Caller | None, only_camera: str | None = None) -> Viewer | None:
    return Viewer(caller.account.id, caller.login.id, caller.login.expires_at, only_camera) if caller else None


def _split(authorization: str) -> tuple[str, str]:
    """Scheme in lower case and the rest; a bare token has no scheme."""
    text = authorization.strip()
    if len(text) > tokens.MAX_TOKEN_LENGTH or not text.isprintable():
        return "", ""
    scheme, space, token = text.partition(" ")
    return (scheme.lower(), token.strip()) if space else ("", text)


def _plain(text: str) -> bool:
    return 0 < len(text) <= 64 and text.isascii() and text.isprintable()
