"""Connections that never become a request."""

import asyncio
import contextlib
from pathlib import Path

import pytest

from signaling.http import listener
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
    settings = quick_settings(tmp_path, public_url=public_url)
    async with serving(settings), asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection("127.0.0.1", settings.port)
        writer.write(begun)
        with contextlib.suppress(ConnectionError):
            await reader.read()  # to the end, or out of patience
        writer.close()
