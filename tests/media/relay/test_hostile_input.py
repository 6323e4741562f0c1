"""Whatever strangers, or viewers gone mad, send to the media port: no session is lost, nothing is amplified."""

import asyncio
import os
import random
import re
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Any

import psutil
import pytest
from aioice import stun

from media.relay import tcp
from media.relay.framing import framed
from media.relay.rates import BURST, PER_SECOND
from tests.media.fixtures import client_hello

COUNT = int(os.environ.get("HOSTILE_DATAGRAMS", "24000")) // 12
"""Of each kind; `make fuzz` sends a million in all."""
STUN_ANSWER = 44
LEAST_WITH_ATTRIBUTES = 32
GROWTH = 8 * 1024 * 1024

MakeScene = Callable[..., Awaitable[Any]]
NewViewer = Callable[[], Any]
Eventually = Callable[..., Awaitable[None]]
NewLink = Callable[..., Awaitable[Any]]
Maker = Callable[[random.Random, str], bytes]
HELLO = client_hello()


def check(username: str | None, password: bytes | None, chance: random.Random) -> bytes:
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST, chance.randbytes(12))
    if username is not None:
        message.attributes["USERNAME"] = username
        message.attributes["PRIORITY"] = 1
        message.attributes["USE-CANDIDATE"] = None
    if password is not None:
        message.add_message_integrity(password)
    return bytes(message)


def bad_attributes(chance: random.Random, _: str) -> bytes:
    body = struct.pack("!HH", chance.choice((6, 8, 0x20, 0x8028)), chance.randrange(65536)) + chance.randbytes(8)
    return struct.pack("!HHI", 1, len(body), stun.COOKIE) + chance.randbytes(12) + body


KINDS: dict[str, Maker] = {
    "empty": lambda _chance, _ufrag: b"",
    "random bytes": lambda chance, _ufrag: chance.randbytes(chance.randrange(1, 1400)),
    "truncated STUN": lambda chance, ufrag: check(f"{ufrag}:x", b"wrong", chance)[: chance.randrange(1, 80)],
    "wrong password": lambda chance, ufrag: check(f"{ufrag}:abcd", chance.randbytes(16), chance),
    "no password": lambda chance, ufrag: check(f"{ufrag}:abcd", None, chance),
    "guessed ufrag": lambda chance, _ufrag: check(f"{chance.randbytes(6).hex()}:abcd", b"guess", chance),
    "STUN of a stranger": lambda chance, _ufrag: check(None, None, chance),
    "bad attributes": bad_attributes,
    "client hello": lambda _chance, _ufrag: HELLO,
    "DTLS junk": lambda chance, _ufrag: bytes((chance.randrange(20, 64),)) + chance.randbytes(60),
    "RTP": lambda chance, _ufrag: b"\x90\x66" + chance.randbytes(chance.randrange(0, 1400)),
    "RTCP": lambda chance, _ufrag: b"\x81" + bytes((chance.randrange(192, 224),)) + chance.randbytes(60),
}


def caught(packets: list[bytes]) -> Maker:
    """Sends what a viewer was sent, or sent itself, again: whole, or cut."""

    def make(chance: random.Random, _: str) -> bytes:
        packet = chance.choice(packets)
        return packet if chance.random() < 0.5 else packet[: chance.randrange(len(packet))]

    return make


def ufrag_of(sdp: str) -> str:
    found = re.search(r"a=ice-ufrag:(\S+)", sdp)
    assert found
    return found[1]


async def attack(port: int, maker: Maker, ufrag: str) -> tuple[int, int]:
    """Send from one stranger's socket; returns bytes got and the longest answer."""
    chance = random.Random(1)
    got = longest = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.connect(("127.0.0.1", port))
        out.setblocking(False)
        for number in range(COUNT):
            data = maker(chance, ufrag)
            out.send(data)
            if number % 50 == 49 or number == COUNT - 1:
                await asyncio.sleep(0.001 if number < COUNT - 1 else 0.1)
                while True:
                    try:
                        answer = out.recv(2048)
                    except BlockingIOError:
                        break
                    got += len(answer)
                    longest = max(longest, len(answer))
    return got, longest


@pytest.mark.parametrize("kind", KINDS)
async def test_no_session_is_lost_and_nothing_is_amplified(
    make_scene: MakeScene, new_viewer: NewViewer, eventually: Eventually, kind: str
) -> None:
    scene = await make_scene()
    running, starting = new_viewer(), new_viewer()
    await scene.watch("running", running)
    await eventually(lambda: running.packets > 10)
    offer = await scene.relay.viewer_offer("cam", "starting", "owner")
    memory = psutil.Process().memory_info().rss
    got, longest = await attack(scene.relay.port, KINDS[kind], ufrag_of(offer))
    if kind == "STUN of a stranger":
        assert 0 < got <= (BURST + PER_SECOND * 10) * STUN_ANSWER and longest <= STUN_ANSWER
    elif kind == "bad attributes":
        assert longest <= LEAST_WITH_ATTRIBUTES, "a few of them are good enough for a STUN server, and get no more back"
    else:
        assert got == 0
    before = running.packets
    scene.relay.viewer_answer("starting", await starting.answer(offer))
    await eventually(lambda: running.packets > before + 50 and starting.packets > 50)
    assert scene.ended == {}
    assert psutil.Process().memory_info().rss - memory < GROWTH
    assert len(scene.relay._switchboard._by_source) < 64


@pytest.mark.parametrize("who", ["viewer", "camera"])
async def test_what_was_caught_on_its_way_is_worth_nothing(
    make_scene: MakeScene, new_viewer: NewViewer, new_link: NewLink, eventually: Eventually, who: str
) -> None:
    """Checks, DTLS, RTP and RTCP of a session in progress, sent again by a stranger."""
    scene = await make_scene()
    packets: list[bytes] = []
    link = await new_link(scene.relay.port, lambda *_: False, seen=packets.append)
    viewer = new_viewer()
    if who == "camera":
        scene.edit_upload = link.edit
    await scene.watch("a", viewer, edit=link.edit if who == "viewer" else str)
    await eventually(lambda: viewer.packets > 200)
    memory = psutil.Process().memory_info().rss
    got, _ = await attack(scene.relay.port, caught(packets[-5000:]), "")
    assert got == 0
    before = viewer.packets
    await eventually(lambda: viewer.packets > before + 100)
    assert scene.ended == {} and scene.over == 0
    assert psutil.Process().memory_info().rss - memory < GROWTH


async def test_a_viewer_gone_mad_harms_only_itself(
    make_scene: MakeScene, new_viewer: NewViewer, eventually: Eventually
) -> None:
    """It replays what it was sent, sends damaged RTCP, and NACKs everything for ever."""
    scene = await make_scene()
    calm, mad = new_viewer(), new_viewer()
    seen: list[bytes] = []
    mad.connection.on_media = lambda data: seen.append(data) if len(seen) < 100 else None
    await scene.watch("calm", calm)
    await scene.watch("mad", mad)
    await eventually(lambda: len(seen) == 100)
    ssrc = int.from_bytes(seen[-1][8:12], "big")
    nack = struct.pack("!BBHII", 0x81, 205, 2 + 30, 1, ssrc) + b"".join(
        struct.pack("!HH", number * 17 % 65536, 0xFFFF) for number in range(30)
    )
    for packet in [*seen, *(packet[:20] for packet in seen), b"\x80", b"\x81\xc8"]:
        await mad.connection.send(packet)
    before, mad_before = calm.packets, mad.packets
    for _ in range(300):
        await mad.connection.send(mad.dtls._tx_srtp.protect_rtcp(nack))
        await mad.connection.send(mad.dtls._tx_srtp.protect_rtcp(nack[:13]))
    await eventually(lambda: calm.packets > before + 100)
    assert mad.packets - mad_before < 3 * 1000 + (calm.packets - before) * 2
    assert scene.ended == {}


@pytest.mark.parametrize("mute", [False, True], ids=["answers", "never answers"])
async def test_a_viewer_cannot_aim_the_picture_at_somebody_else(
    make_scene: MakeScene, new_viewer: NewViewer, eventually: Eventually, mute: bool
) -> None:
    """It signs a check that seems to come from there. The way is followed, and given up when nobody there answers,
    whatever comes from the viewer's own address."""
    scene = await make_scene()
    viewer = new_viewer()
    if mute:
        viewer.connection.request_received = lambda *_: None
    await scene.watch("a", viewer)
    (leg,) = [leg for _, leg in scene.relay._viewers.values()]
    await eventually(lambda: viewer.packets > 20 and leg.liveness.answers is not mute)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as somebody:
        somebody.connect(("127.0.0.1", scene.relay.port))
        somebody.setblocking(False)
        somebody.send(check(f"{leg.ufrag}:x", leg.password, random.Random(1)))
        await eventually(lambda: scene.ended == {"a": "the viewer fell silent"}, seconds=10)


async def test_nobody_can_take_the_way_of_another_session(
    make_scene: MakeScene, new_viewer: NewViewer, new_link: NewLink, eventually: Eventually
) -> None:
    """A stranger with an offer of its own signs checks that seem to come from the viewer, and from the camera."""
    scene = await make_scene()
    lines = [await new_link(scene.relay.port, lambda *_: False) for _ in range(2)]
    scene.edit_upload = lines[0].edit
    viewer = new_viewer()
    await scene.watch("a", viewer, edit=lines[1].edit)
    await eventually(lambda: viewer.packets > 50)
    victims = [scene.relay._channels["cam"].publisher, scene.relay._viewers["a"][1]]
    ways = [line.way_from(leg.path.address[1]) for line, leg in zip(lines, victims, strict=True)]
    await scene.relay.viewer_offer("cam", "stranger", "stranger")
    stranger, chance = scene.relay._viewers["stranger"][1], random.Random(1)
    before = viewer.packets
    for _ in range(40):
        for way in ways:
            way.sendto(check(f"{stranger.ufrag}:x", stranger.password, chance), ("127.0.0.1", scene.relay.port))
        await asyncio.sleep(0.1)
    assert stranger.path is None
    assert viewer.packets > before + 150
    assert (scene.ended, scene.over, len(scene.uploads), scene.errors) == ({}, 0, 1, [])


async def open_tcp(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port)


@pytest.mark.parametrize(
    "data",
    [b"GET / HTTP/1.1\r\n\r\n", b"\x00\x00", b"\xff\xff", framed(b"\x16\xfe\xfd"), framed(HELLO), b"\x16\x03\x01"],
    ids=["http", "empty frame", "endless frame", "short DTLS", "client hello", "tls"],
)
async def test_tcp_garbage_is_cut_off(make_scene: MakeScene, monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(tcp, "PROOF_SECONDS", 0.5)
    scene = await make_scene()
    reader, writer = await open_tcp(scene.relay.port)
    writer.write(data)
    async with asyncio.timeout(2):
        with pytest.raises((ConnectionError, EOFError)):
            await reader.readexactly(1)
    writer.close()
    assert len(scene.relay._entrance.tcp) == 0


async def test_a_slow_tcp_stranger_has_seconds_not_minutes(
    make_scene: MakeScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcp, "PROOF_SECONDS", 0.5)
    scene = await make_scene()
    _, writer = await open_tcp(scene.relay.port)
    request = framed(check("nobody:abcd", b"guess", random.Random(1)))
    async with asyncio.timeout(3):
        for byte in request * 100:
            writer.write(bytes((byte,)))
            await asyncio.sleep(0.02)
            if len(scene.relay._entrance.tcp) == 0:
                break
    assert len(scene.relay._entrance.tcp) == 0
    writer.close()


async def test_tcp_connections_of_strangers_are_numbered(
    make_scene: MakeScene, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    monkeypatch.setattr(tcp, "MAX_PER_SUBSCRIBER", 5)
    scene = await make_scene()
    opened = [await open_tcp(scene.relay.port) for _ in range(12)]
    await eventually(lambda: len(scene.relay._entrance.tcp) == 5)
    for _, writer in opened:
        writer.close()
    await eventually(lambda: len(scene.relay._entrance.tcp) == 0)


async def cut_off(reader: asyncio.StreamReader) -> bool:
    """Whether the relay ends it, rather than waiting."""
    try:
        async with asyncio.timeout(0.5):
            return not await reader.read(1)
    except ConnectionError:
        return True
    except TimeoutError:
        return False


async def test_strangers_on_tcp_push_out_each_other_and_nobody_else(
    make_scene: MakeScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcp, "MAX_UNPROVEN_PER_SUBSCRIBER", 3)
    scene = await make_scene()
    await scene.relay.viewer_offer("cam", "a", "owner")
    leg = scene.relay._viewers["a"][1]

    async def come(host: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", scene.relay.port, local_addr=(host, 0))

    honest, neighbour = await come("127.0.0.3"), await come("127.0.0.2")
    neighbour[1].write(framed(check(f"{leg.ufrag}:x", leg.password, random.Random(1))))
    async with asyncio.timeout(2):
        await neighbour[0].read(1)
    crowd = [await come("127.0.0.2") for _ in range(6)]
    assert [await cut_off(reader) for reader, _ in crowd] == [True] * 3 + [False] * 3
    assert not neighbour[0].at_eof() and not await cut_off(honest[0]) and len(scene.relay._entrance.tcp) == 5
    for _, writer in (honest, neighbour, *crowd):
        writer.close()


async def test_strangers_on_tcp_from_everywhere_do_not_shut_the_door(
    make_scene: MakeScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcp, "MAX_UNPROVEN", 4)
    scene = await make_scene()
    crowd = [await asyncio.open_connection("127.0.0.1", scene.relay.port) for _ in range(5)]
    assert [await cut_off(reader) for reader, _ in crowd] == [True, False, False, False, False]
    for _, writer in crowd:
        writer.close()
