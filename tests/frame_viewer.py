"""A viewer that takes whole frames out of the one video stream it is sent; nothing is decoded."""

from collections import deque

from aiortc.rtp import RtpPacket

from media.relay.leg import RTCP_TYPES
from tests.benchmarks.light_client import LightViewer
from tests.media.recording import joined

EARLY_PACKETS = 300
"""That wait for the end of the handshake: pictures may come before it."""


class Frames:
    """Puts the packets of one video stream together again; a frame with a gap in it is left out."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._next: int | None = None
        self._whole = False

    def take(self, packet: RtpPacket) -> bytes | None:
        """The frame that this packet ends."""
        follows = self._next in (None, packet.sequence_number)
        self._whole = follows and (self._whole or not self._parts)
        self._next = (packet.sequence_number + 1) & 0xFFFF
        self._parts.append(packet.payload)
        if not packet.marker:
            return None
        parts, self._parts = self._parts, []
        return joined("h264", parts) if self._whole else None


class FrameViewer(LightViewer):
    """Who inherits says what becomes of a frame."""

    def __init__(self) -> None:
        super().__init__()
        self._frames = Frames()
        self._early: deque[bytes] = deque(maxlen=EARLY_PACKETS)
        self.connection.on_media = self._take

    def take_frame(self, frame: bytes) -> None:
        raise NotImplementedError

    def _take(self, data: bytes) -> None:
        if data[1] in RTCP_TYPES:
            return
        self._early.append(data)
        if self.dtls is None or self.dtls._rx_srtp is None:
            return
        while self._early:
            frame = self._frames.take(RtpPacket.parse(self.dtls._rx_srtp.unprotect(self._early.popleft())))
            if frame is not None:
                self.take_frame(frame)
