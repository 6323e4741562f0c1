"""What is said about a camera past the server: to whom it belongs, which key it has, what its owner orders.

The server keeps the statements and checks what it can, so that a mistake is noticed where it was made; it could hold
some back or show old ones, and nobody who reads them believes it. Who may see them is its own rule.
"""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from signaling.keyrings import up_to
from signaling.live.state import LiveEvent, LiveState
from signaling.protocol.trust import introduction, keyring, orders, statement
from signaling.protocol.trust.orders import Known, Orders
from signaling.protocol.trust.statement import Untrue
from signaling.refusals import Refused
from signaling.sight import owned, seen_by
from signaling.store import accounts as people
from signaling.store import audit
from signaling.store import cameras as rows
from signaling.store import trust as words
from signaling.store.database import Store
from signaling.store.rows import Camera, CameraTrust


@dataclass(frozen=True, slots=True)
class TrustView:
    """What one account is told of a camera. `keyring`: the owner's; `introduction`: of this account to itself; `chain`:
    a guest's; None and empty where nothing was said."""

    camera: Camera
    trust: CameraTrust | None
    introduction: str | None
    keyring: list[str]
    chain: list[str]
    link_proof: str | None
    own: bool


class Trust:
    """All methods may raise `Refused`. Changes hold the account before the camera, as everywhere, so that its keyring
    does not change meanwhile."""

    def __init__(self, store: Store, live: LiveState) -> None:
        self._store = store
        self._live = live

    async def show(self, account_id: str, camera_id: str, *, now: float) -> TrustView:
        """For the owner, and for guests who may watch. Raises `Refused`: not_found, forbidden."""
        async with self._store.read() as connection:
            camera, access = await seen_by(connection, account_id, camera_id, now)
            if not access.may("live"):
                raise _may_not_watch()
            grant = access.grant
            return TrustView(
                camera,
                await words.trust_of(connection, camera_id),
                await words.introduction_of(connection, camera_id, account_id),
                await words.ring_of(connection, camera.account_id),
                grant.chain if grant is not None else [],
                grant.link_proof if grant is not None else None,
                grant is None,
            )

    async def offer_owner(self, account_id: str, camera_id: str, head: str, proof: str, *, now: float) -> None:
        """What the camera will hear when it activates by the open code. `head`: of the account's own keyring.

        Raises `Refused`: no_open_pairing, keyring_moved.
        """
        async with self._store.write() as connection:
            await people.account_to_change(connection, account_id)
            camera = owned(await rows.camera_to_change(connection, camera_id), account_id)
            if not up_to(await words.ring_of(connection, account_id), head):
                raise Refused("keyring_moved", "this is no statement of your keyring; look at it anew")
            pairing = await rows.pairing_by_id(connection, camera.pairing_id or "")
            if pairing is None or not await words.offer_owner(connection, pairing, head, proof, now):
                raise Refused("no_open_pairing", "no code of this camera waits to be used; make a new one")

    async def introduce(self, account_id: str, camera_id: str, text: str, *, now: float) -> None:
        """For the account's other installations; the one that arrives last is kept.

        Raises `Refused`: not_found, forbidden, statement_untrue.
        """
        async with self._store.write() as connection:
            await people.account_to_change(connection, account_id)
            await rows.camera_to_change(connection, camera_id)
            camera, access = await seen_by(connection, account_id, camera_id, now)
            if not access.may("live"):
                raise _may_not_watch()
            _check_introduction(text, camera_id)
            await words.put_introduction(connection, camera_id, account_id, text)
        await self._live.publish(LiveEvent("camera", camera_id, camera.account_id))

    async def order(self, account_id: str, camera_id: str, text: str, *, now: float) -> None:
        """The same once more changes nothing. Raises `Refused`: orders_moved, statement_untrue, not_active."""
        async with self._store.write() as connection:
            await people.account_to_change(connection, account_id)
            camera = owned(await rows.camera_to_change(connection, camera_id), account_id)
            trust = await _trust_to_change(connection, camera)
            if trust.orders == text:
                return
            known = _judged(text, trust, await words.ring_of(connection, account_id))
            await words.update_trust(connection, camera_id, orders=text)
            details = {"name": camera.name, "n": str(known.n), "standard": "yes" if known.standard else "no"}
            await audit.record(connection, account_id, "orders_changed", now=now, subject=camera_id, **details)
        await self._live.publish(LiveEvent("orders", camera_id, account_id))
        await self._live.publish(LiveEvent("camera", camera_id, account_id))


async def _trust_to_change(connection: AsyncConnection, camera: Camera) -> CameraTrust:
    """What is known of the key that it has now."""
    if camera.public_key is None:
        raise Refused("not_active", "this camera has no key that could be named")
    trust = await words.trust_of(connection, camera.id)
    if trust is None or trust.camera_key != camera.public_key:
        trust = CameraTrust(camera.id, camera.public_key)
        await words.put_trust(connection, trust)
    return trust


def _judged(text: str, trust: CameraTrust, ring: list[str]) -> Known:
    """What holds after these orders. The earlier ones count whoever signed them: that one may be off the keyring."""
    try:
        known = _known(trust.orders)
        after = orders.read_orders(text, trust.camera_key, keyring.follow(ring), known)
    except Untrue as error:
        raise Refused("statement_untrue", str(error)) from None
    if after == known:
        raise Refused("orders_moved", f"orders number {known.n} are known already; look at them anew")
    return after


def _known(text: str | None) -> Known:
    if text is None:
        return Known()
    said = statement.read(text, orders.KIND, Orders)
    return Known(said.what.n, said.what.floor, frozenset(said.what.serials), said.what.standard, said.digest)


def _check_introduction(text: str, camera_id: str) -> None:
    try:
        said = statement.read(text, introduction.KIND, introduction.Introduction)
    except Untrue as error:
        raise Refused("statement_untrue", str(error)) from None
    if said.what.id != camera_id:
        raise Refused("statement_untrue", "this introduces another camera")


def _may_not_watch() -> Refused:
    return Refused("forbidden", "the owner of this camera does not let you watch it")
