"""One port for TLS and ICE-TCP: who gets a connection is told by its first byte, and nobody waits for the slow."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from signaling import certificate
from signaling.http import shared_port
from signaling.http.crowd import Crowd
from signaling.http.shared_port import SharedPort
from tests.servers import belvedere, free_port

STUN_FRAME = bytes.fromhex("0014000100002112a442000102030405060708090a0b")


class Says(asyncio.Protocol):
    """Answers with its name and what it heard."""

    def __init__(self, name: bytes) -> None:
        self._name = name

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._transport.write(self._name + data)


@asynccontextmanager
async def listening(folder: Path, *, relay: bool = True) -> AsyncIterator[int]:
    certificate.ensure(folder, ["localhost"], datetime.now(UTC))
    tls = certificate.server_context(folder / certificate.CERTIFICATE_FILE, folder / certificate.KEY_FILE)
    port = free_port()
    shared = SharedPort(lambda: Says(b"web:"), tls, 5.0, (lambda: Says(b"relay:")) if relay else None)
    await shared.bind("127.0.0.1", port, 100)
    shared.serve()
    try:
        yield port
    finally:
        shared.stop()
        await asyncio.sleep(0)


def trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def heard(port: int, text: bytes, tls: ssl.SSLContext | None = None) -> bytes:
    """What comes back for this text; nothing where the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
    with closing(writer):
        writer.write(text)
        async with asyncio.timeout(30):
            return await reader.read(100)


async def test_each_gets_what_is_meant_for_it(tmp_path: Path) -> None:
    async with listening(tmp_path) as port:
        assert await heard(port, b"hello", trusting()) == b"web:hello"
        assert await heard(port, STUN_FRAME) == b"relay:" + STUN_FRAME
        for stranger in (b"get / HTTP/1.1\r\n", b"SSH-2.0", b"\xff\xff", b"\x09\x00"):
            with pytest.raises((ConnectionError, AssertionError)):
                assert await heard(port, stranger)


async def test_without_a_relay_it_is_for_tls_alone(tmp_path: Path) -> None:
    async with listening(tmp_path, relay=False) as port:
        assert await heard(port, b"hello", trusting()) == b"web:hello"
        with pytest.raises((ConnectionError, AssertionError)):
            assert await heard(port, STUN_FRAME)


async def test_a_frame_that_comes_in_single_bytes_is_whole(tmp_path: Path) -> None:
    async with listening(tmp_path) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with closing(writer):
            got = b""
            for byte in STUN_FRAME:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0.002)
            async with asyncio.timeout(30):
                while got.replace(b"relay:", b"") != STUN_FRAME:
                    got += await reader.read(100)


async def test_who_says_nothing_goes_first_and_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_port, "MAX_UNSORTED", 3)
    async with listening(tmp_path) as port:
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(5)]
        assert await heard(port, b"hello", trusting()) == b"web:hello"
        async with asyncio.timeout(30):
            assert await silent[0][0].read() == b""
        for _, writer in silent:
            writer.close()


async def test_a_silent_connection_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_port, "FIRST_BYTE_SECONDS", 0.1)
    async with listening(tmp_path) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with closing(writer):
            async with asyncio.timeout(30):
                assert await reader.read() == b""


async def test_a_broken_handshake_harms_nobody(tmp_path: Path) -> None:
    async with listening(tmp_path) as port:
        assert not (await heard(port, b"\x16\x03\x01\xff\xff" + bytes(70_000))).startswith(b"web:")
        assert await heard(port, b"hello", trusting()) == b"web:hello"


async def test_one_machine_does_not_hold_all_handshakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_port, "Crowd", lambda: Crowd(2))
    async with listening(tmp_path) as port:
        begun = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        for _, writer in begun:
            writer.write(b"\x16")
        await asyncio.sleep(0.1)
        with pytest.raises(ConnectionError):
            await heard(port, b"hello", trusting())
        for _, writer in begun:
            writer.close()
        async with asyncio.timeout(30):
            for reader, _ in begun:
                await reader.read()
        assert await heard(port, b"hello", trusting()) == b"web:hello"
        assert await heard(port, b"again", trusting()) == b"web:again"


def test_the_servers_tls_port_answers_stun_in_the_clear(tmp_path: Path) -> None:
    with belvedere(tmp_path, public_url="https://127.0.0.1:{port}") as server:
        assert server.call("GET", "/readyz")[0] == 200
        with socket.create_connection(("127.0.0.1", server.port), 5) as stream:
            stream.sendall(STUN_FRAME)
            answer = stream.recv(100)
        assert answer[2:4] == b"\x01\x01" and answer[10:22] == STUN_FRAME[10:22]
        assert server.call("GET", "/healthz")[0] == 200
        assert server.stop() == 0
        assert "Traceback" not in server.output
