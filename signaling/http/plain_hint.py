"""What somebody reads who speaks plain HTTP to the port that speaks TLS: one sentence, and nothing is served.

It is no redirect: whoever sent a token has sent it in the clear already and should notice (RFC 9110 §15.5.1).
"""

import asyncio
import contextlib
import socket


def hint(sentence: str) -> bytes:
    """A whole answer."""
    body = f"{sentence}\n".encode()
    head = (
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n"
        f"Cache-Control: no-store\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


HINT = hint("This port speaks HTTPS only: write https:// in front of the address. What you sent came unencrypted.")
FIRST_LETTERS = frozenset(b"GHPDOCTM")
"""Of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, CONNECT, TRACE and what else is in use (RFC 9110 §9.3)."""
HINT_SECONDS = 2.0
MAX_IGNORED_BYTES = 64 * 1024
"""Of the request, which is not looked at; closing before it has come would take the answer back (RFC 9112 §9.6)."""


async def point_to_https(connection: socket.socket) -> None:
    """Answer and close; bounded by `HINT_SECONDS`."""
    loop = asyncio.get_running_loop()
    try:
        with contextlib.suppress(OSError):  # TimeoutError is one
            async with asyncio.timeout(HINT_SECONDS):
                await loop.sock_sendall(connection, HINT)
                connection.shutdown(socket.SHUT_WR)
                left = MAX_IGNORED_BYTES
                while left > 0 and (data := await loop.sock_recv(connection, left)):
                    left -= len(data)
    finally:
        connection.close()
