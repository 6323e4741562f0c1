"""The keyring of an account: which installations of the app speak for it (`protocol.trust.keyring`).

The server keeps the statements, appends what follows, as everybody else would judge it, and hands them on. Nobody
believes it: whoever reads a keyring follows it by itself.
"""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from signaling.accounts import Caller, Spend
from signaling.audit import Deed
from signaling.live.state import LiveEvent, LiveState
from signaling.protocol.trust import keyring, statement
from signaling.protocol.trust.statement import Untrue
from signaling.refusals import Refused
from signaling.store import accounts as people
from signaling.store import audit
from signaling.store import trust as rows
from signaling.store.database import Store


class Keyrings:
    """Methods that change something raise `Refused`. Afterwards cameras that know their owner are told (`orders`)."""

    def __init__(self, store: Store, live: LiveState) -> None:
        self._store = store
        self._live = live

    async def of(self, account_id: str) -> list[str]:
        """Its statements, the first one first; none where it has no keyring."""
        async with self._store.read() as connection:
            return await rows.ring_of(connection, account_id)

    async def append(self, caller: Caller, text: str, *, now: float) -> list[str]:
        """All statements after it. Raises `Refused`: keyring_moved, statement_untrue."""
        account_id = caller.account.id
        async with self._store.write() as connection:
            await people.account_to_change_by(connection, caller.login)
            before = await rows.ring_of(connection, account_id)
            after = appended(before, text)
            if after == before:
                return after
            await rows.put_ring(connection, account_id, after)
            told = await rows.protected_cameras_of(connection, account_id)
            await _record(connection, account_id, after, now)
        await self._tell(account_id, told)
        return after

    async def begin_anew(self, caller: Caller, spend: Spend, *, now: float) -> None:
        """No installation speaks for the account any more, and what was said in the keyring's name is forgotten: its
        cameras go on believing it until they are paired anew. `spend`: of `Proofs.demand`."""
        account_id = caller.account.id
        async with self._store.write() as connection:
            await people.account_to_change_by(connection, caller.login)
            await spend(connection)
            if not await rows.delete_ring(connection, account_id):
                return
            await rows.forget_words(connection, account_id)
            told = await rows.protected_cameras_of(connection, account_id)
            await audit.record(connection, account_id, "keyring_deleted", now=now)
        await self._tell(account_id, told)

    async def _tell(self, account_id: str, camera_ids: Sequence[str]) -> None:
        for camera_id in camera_ids:
            await self._live.publish(LiveEvent("orders", camera_id, account_id))
            await self._live.publish(LiveEvent("camera", camera_id, account_id))


def appended(statements: Sequence[str], text: str) -> list[str]:
    """The chain with one statement more; the same where it is the newest already, because an answer was lost.

    Raises `Refused`: keyring_moved where it belongs elsewhere, statement_untrue where it is none or nobody may say it.
    """
    if statements and text == statements[-1]:
        return list(statements)
    try:
        link = statement.read(text, keyring.KIND, keyring.Link).what
        ring = keyring.follow(statements) if statements else None
        place = (0, "", "") if ring is None else (ring.n + 1, ring.name, ring.head)
        if (link.n, link.ring, link.before) != place:
            raise Refused("keyring_moved", "the keyring has changed in the meantime; look at it anew")
        after = [*statements, text]
        keyring.follow(after)
    except Untrue as error:
        raise Refused("statement_untrue", str(error)) from None
    return after


def up_to(statements: Sequence[str], head: str) -> list[str]:
    """The chain as far as the statement of this digest; empty where it is none of them."""
    digests = [statement.digest(text) for text in statements]
    return list(statements[: digests.index(head) + 1]) if head in digests else []


async def _record(connection: AsyncConnection, account_id: str, statements: Sequence[str], now: float) -> None:
    keys = len(keyring.follow(statements).keys)
    deed: Deed = "keyring_begun" if len(statements) == 1 else "keyring_changed"
    await audit.record(connection, account_id, deed, now=now, installations=str(keys))
