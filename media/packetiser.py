"""One frame, cut into RTP payloads once for all viewers."""

from dataclasses import dataclass

from media import h264, vp8
from media.frames import Codec, EncodedFrame

MAX_PAYLOAD = 1180
"""Bytes. With 20 of RTP header, 16 of SRTP tag and 28 to 48 of UDP and IP it stays under the 1,280 that every IPv6
path carries (RFC 8200 §5)."""


@dataclass(frozen=True, slots=True)
class CutFrame:
    """An `EncodedFrame` whose data became `payloads`: what follows the RTP header, packet by packet.

    `size`: bytes of all payloads. `arrived_at`: `time.monotonic()` at which the source handed the frame over.
    """

    codec: Codec
    timestamp: int
    keyframe: bool
    captured_at: float
    arrived_at: float
    payloads: tuple[bytes, ...]
    size: int

    @property
    def is_video(self) -> bool:
        return is_video(self.codec)


def is_video(codec: Codec) -> bool:
    return codec in ("h264", "vp8")


def is_empty(frame: EncodedFrame) -> bool:
    """Nothing of it can be sent, however it is cut."""
    return h264.START_CODE.search(frame.data) is None if frame.codec == "h264" else not frame.data


def cut(frame: EncodedFrame, now: float) -> CutFrame:
    """Cut a frame. An H.264 frame without any NAL unit gives no payloads."""
    match frame.codec:
        case "h264":
            parts = h264.payloads(frame.data, MAX_PAYLOAD)
        case "vp8":
            parts = vp8.payloads(frame.data, MAX_PAYLOAD)
        case _:
            parts = packet(frame.data)
    return cut_into(parts, frame, now)


def packet(data: bytes) -> list[bytes]:
    """Sound is not cut: it fits, or is left out."""
    return [data] if 0 < len(data) <= MAX_PAYLOAD else []


def cut_into(parts: list[bytes], frame: EncodedFrame, now: float) -> CutFrame:
    """The frame with these payloads."""
    return CutFrame(
        codec=frame.codec,
        timestamp=frame.timestamp,
        keyframe=frame.keyframe,
        captured_at=frame.captured_at,
        arrived_at=now,
        payloads=tuple(parts),
        size=sum(map(len, parts)),
    )
