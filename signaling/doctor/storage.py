"""Database and Redis, looked at without changing anything: no file is made, no schema is brought up to date."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from signaling.doctor.finding import Finding, bad, ok, warn
from signaling.doctor.line import CONNECT_SECONDS, why
from signaling.store.database import SQLITE_FILE, postgresql_url, store_problem

DATABASE, REDIS = "Database", "Redis"


async def try_database(database_url: str, data_dir: Path) -> Finding:
    if not database_url:
        return await asyncio.to_thread(_sqlite, data_dir / SQLITE_FILE)
    engine = create_async_engine(postgresql_url(database_url))
    try:
        async with asyncio.timeout(CONNECT_SECONDS), engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        said = store_problem(error) if isinstance(error, SQLAlchemyError) else why(error)
        return bad(DATABASE, f"PostgreSQL does not answer ({said})", "check DATABASE_URL, and that PostgreSQL runs")
    finally:
        await engine.dispose()
    return ok(DATABASE, "PostgreSQL answers")


def _sqlite(path: Path) -> Finding:
    if not path.exists():
        advice = "right before the first start; else BELVEDERE_DATA_DIR names another folder than the server's"
        return warn(DATABASE, f"there is no database at {path} yet", advice)
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=CONNECT_SECONDS)) as file:
            answer = file.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        answer = str(error)
    if answer != "ok":
        return bad(DATABASE, f"{path} is damaged or out of reach ({answer})", "stop the server and restore your backup")
    return ok(DATABASE, f"{path} is sound")


async def try_redis(url: str) -> Finding:
    client: Redis = Redis.from_url(url, socket_timeout=CONNECT_SECONDS, socket_connect_timeout=CONNECT_SECONDS)
    try:
        await client.ping()
    except (RedisError, OSError, TimeoutError) as error:
        return bad(REDIS, f"does not answer ({why(error)})", "check REDIS_URL, and that Redis runs")
    finally:
        await client.aclose()
    return ok(REDIS, "answers")
