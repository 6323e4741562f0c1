"""How a further browser asks to belong to an account's keyring, and hears that it does.

Both sides know a code that the server never sees, and each proves that to the other; the server passes the proofs on.
It says nothing about who may watch: only the keyring does.
"""

from signaling.refusals import Refused
from signaling.store import accounts as people
from signaling.store import audit
from signaling.store import installations as rows
from signaling.store.database import Store
from signaling.store.rows import InstallationRequest

REQUEST_SECONDS = 600.0
"""To walk to the other device and type sixteen signs."""
MAX_OPEN_REQUESTS = 4
"""Per account: a phone, a tablet, and two that went wrong."""


class Installations:
    """All methods may raise `Refused`; somebody else's request does not exist (`not_found`)."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def ask(
        self, account_id: str, key: str, proof: str, label: str, *, request_id: str, now: float
    ) -> InstallationRequest:
        """Raises `Refused` (too_many_installations)."""
        request = InstallationRequest(account_id, request_id, key, proof, label, now, now + REQUEST_SECONDS)
        async with self._store.write() as connection:
            await people.account_to_change(connection, account_id)
            if len(await rows.open_requests(connection, account_id, now)) >= MAX_OPEN_REQUESTS:
                raise Refused("too_many_installations", f"{MAX_OPEN_REQUESTS} devices are waiting to be added already")
            await rows.insert_request(connection, request)
            await audit.record(connection, account_id, "installation_asked", now=now, label=label)
        return request

    async def waiting(self, account_id: str, *, now: float) -> list[InstallationRequest]:
        """Those that nobody has answered, oldest first."""
        async with self._store.read() as connection:
            return [each for each in await rows.open_requests(connection, account_id, now) if each.welcome is None]

    async def show(self, account_id: str, request_id: str, *, now: float) -> InstallationRequest:
        async with self._store.read() as connection:
            request = await rows.request_by_id(connection, account_id, request_id, now)
        if request is None:
            raise _not_found()
        return request

    async def welcome(self, account_id: str, request_id: str, proof: str, *, now: float) -> None:
        """The keyring holds its key now; `proof` tells it which keyring. Once."""
        async with self._store.write() as connection:
            await people.account_to_change(connection, account_id)
            request = await rows.request_by_id(connection, account_id, request_id, now)
            if request is None or not await rows.welcome(connection, account_id, request_id, proof, now):
                raise _not_found()
            await audit.record(connection, account_id, "installation_welcomed", now=now, label=request.label)

    async def withdraw(self, account_id: str, request_id: str) -> None:
        """By either side: refused, or done with."""
        async with self._store.write() as connection:
            if not await rows.delete_request(connection, account_id, request_id):
                raise _not_found()

    async def delete_ended(self, *, now: float) -> None:
        """Housekeeping."""
        async with self._store.write() as connection:
            await rows.delete_ended(connection, now)


def _not_found() -> Refused:
    return Refused("not_found", "there is no such request; it was answered, withdrawn or has run out")
