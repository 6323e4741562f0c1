"""Opens the database and hands out transactions.

SQLite: WAL, one writer connection (its pool is the queue of writers, so nobody ever sees SQLITE_BUSY), `synchronous`
FULL, so that what was acknowledged is there after kill -9 and after a power cut. PostgreSQL: one pool.
"""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from signaling.refusals import Refused
from signaling.store.error_text import take_values_out
from signaling.store.migrate import upgrade

SQLITE_FILE = "belvedere.sqlite3"
"""In DATA_DIR."""
READERS = 4
POOL_SIZE = 10
POOL_WAIT_SECONDS = 10.0
"""Longer than any of our transactions by far; who waits longer gets `store_unavailable` instead of hanging."""
QUERY_SECONDS = 10
WAL_TRIES, WAL_PAUSE_SECONDS = 200, 0.05
"""Ten seconds: a start beside ours holds the file for some milliseconds."""
MIGRATION_LOCK = 0x62656C76
"""Any number that no other program on this PostgreSQL uses: two servers that start at once migrate one by one."""
AWAY = (InterfaceError, OperationalError, PoolTimeout, OSError)
"""Gone, locked, full or overloaded: it may well work in a moment."""

log = structlog.get_logger(__name__)


class Store:
    """Transactions on the database. One that is away is `Refused("store_unavailable")`, a broken file
    `Refused("store_damaged")`; any other error of SQLAlchemy is a mistake of ours and leaves as it is."""

    def __init__(self, reader: AsyncEngine, writer: AsyncEngine) -> None:
        self._reader = reader
        self._writer = writer

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction for looking."""
        with _translated():
            async with self._reader.begin() as connection:
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction for changing; committed at the end of the block, rolled back on any exception.

        Not to be cancelled: SQLAlchemy throws a connection away that was cancelled in the midst of a statement, and
        SQLite's lock goes with it only when that is collected. Jobs that end by being cancelled shield what they write.
        """
        with _translated():
            async with self._writer.begin() as connection:
                yield connection

    async def ping(self) -> None:
        """Raises `Refused` where the database does not answer."""
        async with self.read() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        await self._reader.dispose()
        if self._writer is not self._reader:
            await self._writer.dispose()


@contextmanager
def _translated() -> Iterator[None]:
    """What the database says is logged here, and by whoever catches it, without the values of the statement."""
    try:
        yield
    except (DBAPIError, PoolTimeout, OSError) as error:
        if isinstance(error, DBAPIError):
            take_values_out(error)
        if _is_damage(error):
            log.critical("database_damaged", problem=store_problem(error))
            raise Refused("store_damaged", "the database is damaged; restore it from a backup") from error
        if not _is_away(error):
            raise
        log.warning("database_away", problem=store_problem(error))
        raise Refused("store_unavailable", "the database does not answer; try again", retry_after=2) from error


def _is_damage(error: Exception) -> bool:
    """SQLite's CORRUPT and NOTADB have no class of their own: they come as the base of all its errors."""
    return type(error) is DatabaseError and isinstance(error.orig, sqlite3.DatabaseError)


def _is_away(error: Exception) -> bool:
    """PostgreSQL's shutting down, starting or being full has no class of its own: it comes as the base of all."""
    return isinstance(error, AWAY) or type(error) in {DBAPIError, DatabaseError}


def store_problem(error: BaseException | None) -> str:
    """The database's own words."""
    said = error.orig if isinstance(error, DBAPIError) else error
    return str(said) or type(said).__name__


async def open_sqlite(path: Path) -> Store:
    """Open or make the file, and bring it to the newest schema."""
    await asyncio.to_thread(_make_private_file, path)
    url = URL.create("sqlite+aiosqlite", database=str(path))
    reader = _sqlite_engine(url, READERS, "BEGIN")
    writer = _sqlite_engine(url, 1, "BEGIN IMMEDIATE")
    store = Store(reader, writer)
    async with store.write() as connection:
        await connection.run_sync(upgrade)
    return store


def _make_private_file(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    _write_ahead(path)


def _write_ahead(path: Path) -> None:
    """Switch the file to WAL, for good. SQLite does not wait here where another start does the same, so we do."""
    for _ in range(WAL_TRIES):
        with closing(sqlite3.connect(path)) as connection:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.DatabaseError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    return  # damaged or out of reach: whoever opens it next says so
            else:
                return
        time.sleep(WAL_PAUSE_SECONDS)


async def open_postgresql(address: str) -> Store:
    """Connect, and bring the schema to the newest version while holding a lock against other servers."""
    engine = create_async_engine(
        postgresql_url(address),
        pool_size=POOL_SIZE,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"timeout": 5, "command_timeout": QUERY_SECONDS, **_ssl_argument(address)},
    )
    store = Store(engine, engine)
    async with store.write() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        await connection.run_sync(upgrade)
    return store


def postgresql_url(address: str) -> URL:
    """The forms that platforms hand out, made into what SQLAlchemy with asyncpg expects."""
    url = make_url(address)
    query = {key: value for key, value in url.query.items() if key != "sslmode"}
    return url.set(drivername="postgresql+asyncpg", query=query)


def _ssl_argument(address: str) -> dict[str, Any]:
    mode = make_url(address).query.get("sslmode")
    return {"ssl": mode} if mode else {}


def _sqlite_engine(url: URL, size: int, begin: str) -> AsyncEngine:
    engine = create_async_engine(
        url,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=size,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS,
        hide_parameters=True,
    )
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _beginner(begin))
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, so that a writer takes its lock at once
    cursor = connection.cursor()
    for pragma in ("busy_timeout = 10000", "synchronous = FULL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _beginner(statement: str) -> Callable[[Connection], None]:
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(statement)

    return begin


async def open_store(database_url: str, data_dir: Path, *, attempts: int = 10, pause: float = 1.0) -> Store:
    """The store that the settings name; waits for a PostgreSQL that is still starting. Raises `Refused`."""
    if not database_url:
        return await open_sqlite(data_dir / SQLITE_FILE)
    for _ in range(attempts - 1):
        try:
            return await open_postgresql(database_url)
        except Refused:
            await asyncio.sleep(pause)
    return await open_postgresql(database_url)
