"""Connections that never become a request."""

import asyncio
import contextlib
from pathlib import Path

import pytest

from signaling.http import crowd, listener, shared_port
from signaling.server import serving
from tests.signaling.helpers import quick_settings

PATIENCE = 10.0


@pytest.mark.parametrize("begun", [b"", b"GET /healthz HTT"])
@pytest.mark.parametrize("public_url", ["", "https://localhost:1"])
async def test_who_never_finishes_a_request_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, public_url: str, begun: bytes
) -> None:
    """In the clear and before a TLS handshake."""
    monkeypatch.setattr(listener, "FIRST_REQUEST_SECONDS", 0.2)
    monkeypatch.setattr(shared_port, "FIRST_BYTE_SECONDS", 0.2)
    settings = quick_settings(tmp_path, public_url=public_url)
    async with serving(settings), asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection("127.0.0.1", settings.port)
        writer.write(begun)
        with contextlib.suppress(ConnectionError):
            await reader.read()  # to the end, or out of patience
        writer.close()


async def test_one_address_holds_so_many_connections_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd.Crowd.__init__, "__defaults__", (3,))
    settings = quick_settings(tmp_path, rate_limits=True)
    async with serving(settings), asyncio.timeout(PATIENCE):
        standing = [await asyncio.open_connection("127.0.0.1", settings.port) for _ in range(3)]
        reader, writer = await asyncio.open_connection("127.0.0.1", settings.port)
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
        writer.close()
        for _, other in standing:
            other.close()
        for _ in range(200):
            if await _answer(settings.port):
                break
            await asyncio.sleep(0.01)  # the server hears of the ends a moment later
        else:
            pytest.fail("there was no room again")


async def _answer(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


def test_the_connections_of_one_subscriber_are_counted_together() -> None:
    counted = crowd.Crowd(limit=2)
    assert counted.enter("2001:db8::1") and counted.enter("2001:db8::2")
    assert not counted.enter("2001:db8::3") and counted.enter("2001:db8:0:1::1")
    counted.leave("2001:db8::2")
    assert counted.enter("2001:db8::3")
