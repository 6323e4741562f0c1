"""What a relay can write down: the frames in the RTP packets that it decrypts, and what is to be seen in them."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence

import av
import numpy as np
from aiortc.rtp import RtpPacket

from media.h264 import NAL_FU_A, NAL_STAP_A

START = b"\x00\x00\x00\x01"


def frames_in(codec: str, packets: Sequence[RtpPacket]) -> list[bytes]:
    """Put together again: all whole frames, in order. Retransmissions and padding are put in and left out."""
    kept = {packet.sequence_number: packet for packet in packets}
    first = packets[0].sequence_number
    frames, parts, time = [], [], packets[0].timestamp
    for number in sorted(kept, key=lambda number: (number - first) % 65_536):
        packet = kept[number]
        if packet.timestamp != time:
            parts, time = [], packet.timestamp
        parts.append(packet.payload)
        if packet.marker:
            frames.append(joined(codec, parts))
            parts = []
    return frames


def joined(codec: str, payloads: Iterable[bytes]) -> bytes:
    if codec == "h264":
        return b"".join(map(_units, payloads))
    return b"".join(payload[codec == "vp8" :] for payload in payloads)


def _units(payload: bytes) -> bytes:
    """RFC 6184 §5.6 to §5.8, as a byte stream."""
    kind = payload[0] & 0x1F
    if kind == NAL_FU_A:
        begins = START + bytes((payload[0] & 0xE0 | payload[1] & 0x1F,)) if payload[1] & 0x80 else b""
        return begins + payload[2:]
    if kind != NAL_STAP_A:
        return START + payload
    at, units = 1, b""
    while at < len(payload):
        size = int.from_bytes(payload[at : at + 2], "big")
        units += START + payload[at + 2 : at + 2 + size]
        at += 2 + size
    return units


def pictures_in(codec: str, frames: Sequence[bytes]) -> dict[int, np.ndarray]:
    """What libav makes of the frames, in grey, by their place; whatever it takes for a picture counts."""
    decoder = av.CodecContext.create(codec, "r")
    decoder.thread_count = 1
    pictures = {}
    for place, frame in enumerate(frames):
        packet = av.Packet(frame)
        packet.pts = place
        try:
            shown = decoder.decode(packet)
        except av.FFmpegError:
            continue
        pictures |= {picture.pts: picture.to_ndarray(format="gray") for picture in shown}
    return pictures


def likeness(picture: np.ndarray, truth: np.ndarray) -> float:
    """0 for two pictures that have nothing in common, 1 for two that are the same but for their brightness. Judged at
    an eighth of their size, where noise is gone and the scene is not."""
    one, two = (_small(each) for each in (picture, truth))
    if picture.shape != truth.shape or not one.std() or not two.std():
        return 0.0
    return abs(float(np.corrcoef(one.ravel(), two.ravel())[0, 1]))


def _small(picture: np.ndarray) -> np.ndarray:
    height, width = (side // 8 * 8 for side in picture.shape)
    blocks = picture[:height, :width].reshape(height // 8, 8, width // 8, 8)
    small: np.ndarray = blocks.mean(axis=(1, 3))
    return small


def entropy(data: bytes) -> float:
    """Bits for each byte, by how often each value stands in `data` (Shannon)."""
    return -sum(count / len(data) * math.log2(count / len(data)) for count in Counter(data).values())
