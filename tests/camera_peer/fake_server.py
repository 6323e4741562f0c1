"""The two camera routes of a server, as a scripted peer on a real socket, with or without TLS."""

import asyncio
import datetime
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from signaling.protocol.identity import server_pin

Script = Callable[[int, dict[str, Any]], tuple[int, dict[str, Any]] | None]
"""Number of the call (from 0) and body to status and answer; None drops the connection after reading."""


PIECE_SECONDS = 0.02


@dataclass
class FakeServer:
    """`origin`: where it listens. `calls`: (path, body) of every request. `pieces`: in which an answer is written."""

    origin: str = ""
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    connections: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    pieces: int = 1

    def paths(self) -> list[str]:
        return [path for path, _ in self.calls]


def welcome(number: int, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    return 200, {"camera_id": "cam1", "name": "Porch", "signaling_url": "", "server_time": ""}


def always(status: int, answer: dict[str, Any]) -> Script:
    """The same answer to every call."""

    def script(number: int, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        return status, answer

    return script


async def in_pieces(request: web.Request, data: bytes, pieces: int) -> web.StreamResponse:
    """Chunked, with a pause after each chunk, as a slow line or a proxy delivers it."""
    response = web.StreamResponse()
    await response.prepare(request)
    size = -(-len(data) // pieces)
    for start in range(0, len(data), size):
        await response.write(data[start : start + size])
        await asyncio.sleep(PIECE_SECONDS)
    return response


@asynccontextmanager
async def fake_server(script: Script = welcome, tls: ssl.SSLContext | None = None) -> AsyncIterator[FakeServer]:
    server = FakeServer()

    async def seen(request: web.Request) -> web.Response:
        server.calls.append((request.path, await request.json()))
        return web.Response(status=204)

    async def activate(request: web.Request) -> web.StreamResponse:
        number = server.paths().count(request.path)
        body = await request.json()
        server.calls.append((request.path, body))
        answer = script(number, body)
        if answer is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if server.pieces > 1:
            return await in_pieces(request, json.dumps(answer[1]).encode(), server.pieces)
        return web.json_response(answer[1], status=answer[0], headers=server.headers)

    app = web.Application()
    app.router.add_post("/api/camera/seen", seen)
    app.router.add_post("/api/camera/activate", activate)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    port = runner.addresses[0][1]
    server.origin = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    try:
        yield server
    finally:
        await runner.cleanup()


@dataclass(frozen=True)
class Certificate:
    context: ssl.SSLContext
    pin: str


def self_made(
    directory: Path, key: ec.EllipticCurvePrivateKey | None = None, *, starts: datetime.datetime | None = None
) -> Certificate:
    """A self-made certificate for 127.0.0.1, and its pin."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "belvedere")])
    now = starts or datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = directory / f"{certificate.serial_number}.pem"
    path.write_bytes(
        certificate.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return Certificate(context, server_pin(spki))
