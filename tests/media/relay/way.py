"""The way of pictures through the relay, from a camera's upload to its viewers, with the lines that were run for it."""

import os
import socket
import sys
from collections.abc import Hashable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from aiortc import RTCCertificate
from aiortc.rtp import RtpPacket

import media.relay
from media.answer import Answer
from media.frames import EncodedFrame
from media.offer import VIDEO_PAYLOAD_TYPES, VP8_PAYLOAD_TYPE
from media.packetiser import cut
from media.relay import srtp
from media.relay.channel import Channel
from media.relay.feedback import negative_acknowledgement, picture_loss
from media.relay.inbox import Inbox
from media.relay.leg import RTCP_TYPES
from media.relay.publisher import PublisherLeg
from media.relay.publisher_sdp import PublisherOffer
from media.relay.udp import UdpPath, UdpPort
from media.relay.viewer import ViewerLeg
from media.rtp_stream import RtpStream, StreamState

RELAY = Path(media.relay.__file__).parent
PROFILE = next(iter(srtp.TAG_BYTES))
FPS, STEPS = 30, 6
"""Pictures a second; how often in the time of one the relay looks what is due to whom."""
LATE = 46
"""Number of the picture with which the last viewer comes: behind the beginning of a group."""
CERTIFICATE = RTCCertificate.generateCertificate()


class Line:
    """A reliable way to a viewer, and what arrives there: `payloads`, each once, as the viewer decrypts them."""

    reliable = True

    def __init__(self) -> None:
        self.source: Hashable = id(self)
        material = os.urandom(srtp.material_bytes(PROFILE))
        self.ours = srtp.keyed(PROFILE, material, as_server=True)
        self.theirs = srtp.keyed(PROFILE, material, as_server=False)
        self._inbox = Inbox()
        self.payloads: list[bytes] = []
        self.sequence = -1
        self.again = 0

    def send(self, packets: list[bytes]) -> None:
        for data in packets:
            self._inbox.put(data)
            if self.theirs.unprotect(self._inbox.pointer, self._inbox.length):
                packet = RtpPacket.parse(self._inbox.bytes())
                self.payloads.append(packet.payload)
                self.sequence = packet.sequence_number
            elif data[1] not in RTCP_TYPES:
                self.again += 1

    def backlog(self) -> int:
        return 0

    def close(self) -> None: ...


class Datagrams:
    """A line of UDP, to a socket of its own."""

    def __init__(self, stack: ExitStack, port: UdpPort) -> None:
        self.line = Line()
        self._socket = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.path = UdpPath(port, self._socket.getsockname())

    def read(self) -> None:
        while True:
            try:
                self.line.send([self._socket.recv(2048)])
            except BlockingIOError:
                return


class Way:
    """Of some frames. `early`, `late` watch over UDP, `slow` over TCP. `lines`: of the relay's code that ran."""

    def __init__(self, codec: Any, frames: list[EncodedFrame]) -> None:
        self.lines: set[tuple[str, int]] = set()
        self.early, self.late, self.slow = Line(), Line(), Line()
        self._pieces = [cut(frame, 0.0) for frame in frames]
        self.went_in = [payload for piece in self._pieces for payload in piece.payloads]
        self._type = VP8_PAYLOAD_TYPE if codec == "vp8" else VIDEO_PAYLOAD_TYPES[0]
        self._now = 0.0
        self._camera = Line()
        self._channel = Channel("cam", lambda: self._now, lambda _: None)
        self._upload = PublisherLeg("upload", CERTIFICATE, 0.0, lambda _: None)
        self._upload.srtp = self._camera.ours
        offer = PublisherOffer("", "", (), codec, 0, self._type, (), None, None, None, {}, ())
        self._channel.publish(self._upload, offer)

    def run(self) -> None:
        """All of them, in the time that they take."""
        with ExitStack() as stack:
            out = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            out.bind(("127.0.0.1", 0))
            port = UdpPort(out, Inbox(), lambda *_: None)
            ends = [Datagrams(stack, port) for _ in range(2)]
            self.early, self.late = (end.line for end in ends)
            with self._traced():
                self._play(ends)
            for end in ends:
                end.read()
        self._channel.stop()

    def _play(self, ends: list[Datagrams]) -> None:
        early = self._joins("early", self.early, ends[0].path)
        self._joins("slow", self.slow, self.slow)
        late: ViewerLeg | None = None
        stream = RtpStream(StreamState(7, 7, 7), self._type, None)
        for number, piece in enumerate(self._pieces):
            if number == LATE:
                late = self._joins("late", self.late, ends[1].path)
            for packet in stream.build(piece, piece.timestamp, 0.0):
                self._comes(packet)
            self._passes(ends)
        for leg, line in ((early, self.early), (late, self.late)):
            assert leg is not None and leg.video is not None and leg.is_live
            leg.take_rtcp(negative_acknowledgement(1, leg.video.output.ssrc, [line.sequence]), self._now)
            leg.take_rtcp(picture_loss(1, leg.video.output.ssrc), self._now)
            self._passes(ends)

    def _comes(self, packet: bytes) -> None:
        """From the camera, encrypted for the relay."""
        inbox = Inbox()
        inbox.put(self._camera.theirs.protect(packet))
        self._upload.take_media(inbox, self._now, self._now)

    def _joins(self, name: str, line: Line, path: Line | UdpPath) -> ViewerLeg:
        leg = ViewerLeg(name, CERTIFICATE, self._now, lambda _: None)
        leg.srtp, leg.path = line.ours, path
        assert self._channel.streams is not None
        self._channel.viewers[name] = leg
        answer = Answer("", "", (), "client", self._type, None, False, None, ())
        self._channel.join(leg, answer, self._channel.streams)
        leg.connected()
        return leg

    def _passes(self, ends: list[Datagrams]) -> None:
        """The time of a picture."""
        for _ in range(STEPS):
            self._now += 1 / FPS / STEPS
            self._channel.flush()
        self._channel.housekeep(self._now)
        for end in ends:
            end.read()

    @contextmanager
    def _traced(self) -> Iterator[None]:
        before = sys.gettrace()
        sys.settrace(self._trace)
        try:
            yield
        finally:
            sys.settrace(before)

    def _trace(self, frame: FrameType, event: str, _: Any) -> Any:
        name = frame.f_code.co_filename
        if not name.startswith(str(RELAY)):
            return None
        if event == "line":
            self.lines.add((Path(name).name, frame.f_lineno))
        return self._trace
