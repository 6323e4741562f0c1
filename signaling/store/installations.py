"""The rows of browsers that want to belong to an account's keyring. Whoever adds one holds the account."""

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from signaling.store.rows import InstallationRequest, read, written
from signaling.store.schema import installation_requests


async def insert_request(connection: AsyncConnection, request: InstallationRequest) -> None:
    await connection.execute(insert(installation_requests).values(written(request)))


async def open_requests(connection: AsyncConnection, account_id: str, now: float) -> list[InstallationRequest]:
    """Oldest first, welcomed ones too."""
    c = installation_requests.c
    query = select(installation_requests).where(c.account_id == account_id, c.expires_at > now)
    rows = await connection.execute(query.order_by(c.created_at, c.id))
    return [read(InstallationRequest, row) for row in rows]


async def request_by_id(
    connection: AsyncConnection, account_id: str, request_id: str, now: float
) -> InstallationRequest | None:
    c = installation_requests.c
    query = select(installation_requests).where(c.account_id == account_id, c.id == request_id, c.expires_at > now)
    row = (await connection.execute(query)).first()
    return read(InstallationRequest, row) if row else None


async def welcome(connection: AsyncConnection, account_id: str, request_id: str, proof: str, now: float) -> bool:
    """True for the one caller that may answer it."""
    c = installation_requests.c
    query = update(installation_requests).where(c.account_id == account_id, c.id == request_id, c.expires_at > now)
    return bool((await connection.execute(query.where(c.welcome.is_(None)).values(welcome=proof))).rowcount)


async def delete_request(connection: AsyncConnection, account_id: str, request_id: str) -> bool:
    """False where there was none."""
    c = installation_requests.c
    query = delete(installation_requests).where(c.account_id == account_id, c.id == request_id)
    return bool((await connection.execute(query)).rowcount)


async def delete_ended(connection: AsyncConnection, now: float) -> None:
    """Requests that nobody can answer any more."""
    await connection.execute(delete(installation_requests).where(installation_requests.c.expires_at <= now))
