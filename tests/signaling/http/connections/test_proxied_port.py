"""Plain HTTP behind a proxy: the proxy and this machine are served, everybody else reads one sentence."""

import asyncio
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from signaling import certificate
from signaling.http import proxied_port
from signaling.http.addresses import is_served
from signaling.http.plain_hint import MAX_IGNORED_BYTES
from signaling.http.proxied_port import ProxiedPort
from signaling.protocol.options import is_loopback
from signaling.settings import Settings
from tests.servers import belvedere

ORIGIN = "https://cameras.example.org"
PROXY, STRANGER = "127.0.0.1", "127.0.0.2"
PATIENCE = 10.0
BODY = b'{"email":"owner@example.org","password":"correct horse battery"}'


@pytest.mark.parametrize(
    ("peer", "served"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("172.30.84.2", True),
        ("172.30.84.1", False),
        ("192.0.2.2", False),
        ("fe80::1%eth0", False),
        ("unknown", False),
    ],
)
def test_who_is_served_behind_a_proxy(peer: str, served: bool) -> None:
    settings = Settings(behind_proxy=True, public_url=ORIGIN, trusted_proxies=(ip_network("172.30.84.2/32"),))
    assert is_served(peer, settings) is served


@asynccontextmanager
async def port() -> AsyncIterator[int]:
    """A web server for `PROXY` alone."""

    async def handle(request: web.Request) -> web.Response:
        return web.Response(text=f"served {len(await request.read())}")

    server = web.Server(handle)
    guarded = ProxiedPort(lambda address: address == PROXY, ORIGIN).guarded(server)
    listening = await asyncio.get_running_loop().create_server(guarded, "0.0.0.0", 0)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()
        await server.shutdown()


async def post(to: int, source: str, body: bytes = BODY) -> tuple[int, str]:
    connector = aiohttp.TCPConnector(local_addr=(source, 0))
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.post(f"http://127.0.0.1:{to}/api/sessions", data=body) as answer,
    ):
        return answer.status, await answer.text()


async def test_a_stranger_is_told_and_never_served() -> None:
    async with port() as number:
        assert await post(number, PROXY) == (200, f"served {len(BODY)}")
        status, said = await post(number, STRANGER)
        assert status == 400 and ORIGIN in said and "unencrypted" in said
        assert await post(number, PROXY, BODY * 500) == (200, f"served {len(BODY) * 500}")


@pytest.mark.parametrize("sent", [b"", b"x" * (2 * MAX_IGNORED_BYTES)])
async def test_a_stranger_who_stays_is_cut_off(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(proxied_port, "HINT_SECONDS", 0.2)
    async with port() as number, asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection("127.0.0.1", number, local_addr=(STRANGER, 0))
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 400 ")
        try:
            while True:
                writer.write(sent or b"y")
                await writer.drain()
                await asyncio.sleep(0.01)
        except ConnectionError:
            pass
        writer.close()


def test_a_server_behind_a_proxy_gives_no_token_to_the_network(tmp_path: Path) -> None:
    """As it was found: somebody beside the server, who goes past the proxy."""
    own = certificate.own_address()
    if is_loopback(own):
        pytest.skip("this machine is in no network")
    settings = {"host": "0.0.0.0", "behind_proxy": "1", "relay": "0", "public_url": "http://127.0.0.1:{port}"}
    with belvedere(tmp_path, **settings) as server:
        request = urllib.request.Request(f"http://{own}:{server.port}/api/sessions", BODY, method="POST")
        with pytest.raises(urllib.error.HTTPError, match="400") as refused:
            urllib.request.urlopen(request, timeout=10)
        assert server.url.encode() in refused.value.read()
        assert "plain_http_refused" in server.output and "/api/sessions" not in server.output
        assert server.call("GET", "/readyz")[0] == 200
