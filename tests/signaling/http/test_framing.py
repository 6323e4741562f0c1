"""Where a request ends is said once: whoever says it twice, or differently, is not served (RFC 9112 §6.3, §11.2)."""

import asyncio

import pytest

from signaling.server import Running

SMUGGLED = b"GET /api/smuggled HTTP/1.1\r\nHost: h\r\n\r\n"


@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Length: 5", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: 5"],
        ["Content-Length: 5", "Content-Length: 6"],
        ["Content-Length: +5"],
        ["Content-Length: 5, 5"],
        ["Transfer-Encoding: chunked, identity"],
        ["Transfer-Encoding : chunked"],
        ["Transfer-Encoding: xchunked"],
    ],
)
async def test_an_end_in_doubt_is_refused(running: Running, lines: list[str]) -> None:
    head = "\r\n".join(["POST /api/sessions HTTP/1.1", "Host: h", "Content-Type: application/json", *lines])
    reader, writer = await asyncio.open_connection("127.0.0.1", running.services.settings.port)
    writer.write(head.encode() + b"\r\n\r\n0\r\n\r\n" + SMUGGLED)
    async with asyncio.timeout(20):
        answered = await reader.read()
    writer.close()
    assert b" 400 Bad Request\r\n" in answered and answered.count(b"HTTP/1.") == 1, answered
