"""One sequence number, one text: what a newcomer is sent again is the same to the last bit (RFC 7714 §8.4)."""

import socket
import struct
from collections.abc import Hashable, Iterator

import pytest
from aiortc import RTCCertificate

from media.relay.audience import Audience
from media.relay.inbox import Inbox
from media.relay.output import OutputStream
from media.relay.rtp import HEADER, Packet
from media.relay.srtp import keyed
from media.relay.store import PacketStore
from media.relay.streams import Batch
from media.relay.udp import UdpPath, UdpPort
from media.relay.viewer import Lane, ViewerLeg
from media.rtp_stream import StreamState

PROFILE = b"SRTP_AEAD_AES_128_GCM"
MATERIAL = bytes(range(56))
SSRC, TYPE = 7, 102
RATE, FPS, PER_FRAME = 90_000, 30, 5
SIZE = 1100


class Screen:
    """One newcomer and all datagrams it hears. The stream began at second 0 and is watched from second 2."""

    def __init__(self, relay: socket.socket, browser: socket.socket) -> None:
        self.heard: dict[int, list[bytes]] = {}
        self.store = PacketStore()
        self.number = 0
        self._browser = browser
        output = OutputStream(StreamState(SSRC, 0, 0), "h264", TYPE, None)
        self.viewer = ViewerLeg("newcomer", RTCCertificate.generateCertificate(), 2.0, lambda _: None)
        self.viewer.srtp = keyed(PROFILE, MATERIAL, as_server=True)
        self.viewer.path = UdpPath(UdpPort(relay, Inbox(), lambda *_: None), browser.getsockname())
        self.viewer.video = Lane(output, self.store, TYPE)
        self.audience = Audience()

    def made(self, number: int, now: float, *, key: bool = False) -> Packet:
        time = int(now * RATE)
        return Packet(number, time, HEADER.pack(0x80, TYPE, number, time, SSRC) + bytes(SIZE), now, key)

    def frame(self, now: float, *, key: bool = False) -> list[Packet]:
        packets = [self.made(self.number + at, now, key=key and not at) for at in range(PER_FRAME)]
        self.number += PER_FRAME
        return packets

    def send(self, packets: list[Packet], now: float) -> None:
        """What the camera's channel does with a batch."""
        late = [packet for packet in packets if packet.number < self.store.head]
        for packet in packets:
            self.store.add(packet)
        self.audience.send(Batch(packets, late, []), now)
        self.hear()

    def begin(self, now: float) -> None:
        self.viewer.start(now)
        self.audience.separate(self.viewer)
        self.audience.serve_alone(now=now)
        self.hear()

    def asks_for_all(self, now: float) -> None:
        for number in range(self.number):
            nack = struct.pack("!BBHIIHH", 0x81, 205, 3, 1, SSRC, number, 0)
            self.viewer.take_rtcp(nack, now + number)
        self.hear()

    def hear(self) -> None:
        """Equal keys, numbers and texts make equal datagrams."""
        while True:
            try:
                data = self._browser.recv(2048)
            except BlockingIOError:
                return
            self.heard.setdefault(int.from_bytes(data[2:4], "big"), []).append(data)

    def ambiguous(self) -> list[int]:
        """Numbers under which two texts came."""
        return [number for number, copies in self.heard.items() if len(set(copies)) > 1]


@pytest.fixture
def screen() -> Iterator[Screen]:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as relay,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as browser,
    ):
        for side in (relay, browser):
            side.bind(("127.0.0.1", 0))
            side.setblocking(False)
            side.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        yield Screen(relay, browser)


def watching(screen: Screen) -> None:
    """Two seconds are cached, and the newcomer begins to catch up."""
    for frame in range(2 * FPS):
        screen.send(screen.frame(frame / FPS, key=not frame), frame / FPS)
    screen.begin(2.001)


class Line:
    """A newcomer's TCP connection; who has one is sent to alone."""

    reliable = True

    def __init__(self, path: UdpPath) -> None:
        self.source: Hashable = "line"
        self._path = path

    def send(self, packets: list[bytes]) -> None:
        self._path.send(packets)

    def backlog(self) -> int:
        return 0

    def close(self) -> None: ...


def test_a_second_fresh_key_frame_changes_nothing_that_was_sent(screen: Screen) -> None:
    assert isinstance(screen.viewer.path, UdpPath)
    screen.viewer.path = Line(screen.viewer.path)
    watching(screen)
    screen.send(screen.frame(2.01, key=True), 2.01)
    screen.send(screen.frame(2.04), 2.04)
    screen.send(screen.frame(2.07) + screen.frame(2.1, key=True), 2.1)
    screen.asks_for_all(2.2)
    assert sum(len(copies) > 1 for copies in screen.heard.values()) > PER_FRAME
    assert screen.ambiguous() == []


def test_what_was_lost_while_catching_up_and_comes_afterwards_has_one_time_stamp(screen: Screen) -> None:
    watching(screen)
    lost, now = None, 2.001
    while not screen.viewer.is_live:
        now += 1 / FPS
        if now < 2.6:
            screen.number = (missing := screen.number) + 1
            lost = screen.made(missing, now)
        screen.send(screen.frame(now), now + 0.001)
        assert now < 4
    assert lost is not None and lost.number not in screen.heard
    screen.send([lost, *screen.frame(now + 0.01)], now + 0.011)
    assert lost.number in screen.heard and screen.number - 1 in screen.heard
    screen.send(screen.frame(now + 0.04), now + 0.041)
    screen.asks_for_all(now + 0.05)
    assert len(screen.heard[lost.number]) > 1 and screen.ambiguous() == []
    assert len(screen.heard[screen.number - 1]) == 2, "it goes on with its group, and misses nothing"
