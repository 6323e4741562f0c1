"""What only PostgreSQL can do: be away, and be named in many ways."""

import pytest

from signaling.refusals import Refused
from signaling.store.database import open_postgresql, postgresql_url
from tests.servers import fresh_database, psql


async def test_a_database_that_is_away_is_said_and_survived(postgresql: str) -> None:
    database_url = fresh_database(postgresql, "away")
    store = await open_postgresql(database_url)
    name = database_url.rpartition("/")[2]
    server = database_url.rpartition("/")[0] + "/postgres"
    psql(server, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    psql(server, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname <> current_database()")
    with pytest.raises(Refused) as refusal:
        await store.ping()
    assert refusal.value.code == "store_unavailable"
    psql(server, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    await store.ping()
    await store.close()
    with pytest.raises(Refused):
        await open_postgresql("postgresql://nobody@127.0.0.1:1/none")


def test_urls_as_platforms_hand_them_out() -> None:
    url = postgresql_url("postgres://u:p%40ss@db.example.org:5433/name?sslmode=require&application_name=x")
    assert url.drivername == "postgresql+asyncpg" and url.password == "p@ss" and url.port == 5433
    assert dict(url.query) == {"application_name": "x"}
