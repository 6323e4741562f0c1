"""What tests of the server share."""

from pathlib import Path
from typing import Any

import aiohttp
import pytest

from signaling.server import Running
from signaling.settings import Settings
from tests.servers import free_port
from tests.signaling.api import Api, Documented

both_databases = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


def quick_settings(data_dir: Path, **values: Any) -> Settings:
    """Loopback, a free port, cheap passwords, no relay inside and no limits unless asked for."""
    given = {"port": free_port(), "data_dir": str(data_dir), "metrics_port": 0, "bcrypt_cost": 4, "rate_limits": False}
    given |= {"relay": False}
    return Settings(**(given | values))


def named_settings(data_dir: Path, **values: Any) -> Settings:
    """Of a server with a name, which passkeys need."""
    port = free_port()
    return quick_settings(data_dir, port=port, public_url=f"http://localhost:{port}", **values)


async def api_of(server: Running, http: aiohttp.ClientSession) -> Api:
    """A client of that server, not signed in."""
    async with http.get(server.origin + "/api/openapi.json") as answer:
        return Api(server.origin, http, Documented(await answer.json()))


def secret_of(server: Running) -> str:
    """The secret behind the first-start link."""
    assert server.first_start_link is not None
    return server.first_start_link.rpartition("/")[2]
