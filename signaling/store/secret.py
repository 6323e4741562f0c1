"""The server's own secret: from the settings, else a private file beside SQLite, else a row in PostgreSQL."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from signaling.store.database import Store
from signaling.store.schema import secrets

NAME = "key"


async def kept_in_file(data_dir: Path, make: Callable[[], str]) -> str:
    """Read `secret-key` (mode 0600), made at first start."""
    return await asyncio.to_thread(_read_or_make, data_dir / "secret-key", make)


async def kept_in_store(store: Store, make: Callable[[], str]) -> str:
    """For several servers on one PostgreSQL: whoever comes first makes it."""
    query = select(secrets.c.value).where(secrets.c.name == NAME)
    try:
        async with store.write() as connection:
            value = (await connection.execute(query)).scalar()
            if value is None:
                value = make()
                await connection.execute(insert(secrets).values(name=NAME, value=value))
    except IntegrityError:
        async with store.read() as connection:
            value = (await connection.execute(query)).scalar_one()
    return str(value)


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    part.rename(path)


def _read_or_make(path: Path, make: Callable[[], str]) -> str:
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        write_private(path, make().encode())
        return path.read_text().strip()
