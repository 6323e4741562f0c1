"""Browsers and apps that have signed in before: who comes from one is not kept out by others who guess.

Each keeps a random text. It proves nothing and opens nothing: it is the key to a count of its own
(`signaling.attempts`), so that whoever steals one may guess a little, alone.
"""

from signaling.protocol.identity import token_hash
from signaling.store import accounts as people
from signaling.store import known_devices as rows
from signaling.store.database import Store

MAX_DEVICES = 32
"""Per account: a household's phones and browsers. The longest unused is forgotten first."""
KEEP_SECONDS = 400 * 24 * 3600
"""Unused for longer it is forgotten; browsers keep no cookie for longer either (RFC 6265bis §5.5)."""


class Devices:
    """Known ones, by the hash of what they keep."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def remember(self, account_id: str, presented: str, fresh: str, *, now: float) -> str:
        """After somebody has signed in: what this device shall keep, and present next time.

        `presented`: what it kept until now, or empty. Only what this very account gave it stays; otherwise it is
        replaced by `fresh`, for other accounts used there as well: it may have been planted by somebody who knows it.
        """
        async with self._store.write() as connection:
            await people.account_to_change(connection, account_id)
            if presented and await rows.seen_again(connection, account_id, token_hash(presented), now):
                return presented
            if presented:
                await rows.rename(connection, token_hash(presented), token_hash(fresh))
            await rows.add(connection, account_id, token_hash(fresh), now, most=MAX_DEVICES)
        return fresh

    async def delete_unused(self, *, now: float) -> None:
        """Housekeeping."""
        async with self._store.write() as connection:
            await rows.delete_unused(connection, now - KEEP_SECONDS)
