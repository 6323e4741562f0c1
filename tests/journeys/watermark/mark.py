"""A camera's number twice in each frame: in the pixels, and in an SEI message beside them; and how both are read.

The pixels: two rows of eight fields, the number's bits above their opposites, so that a damaged or mixed picture reads
as none. The SEI: user data (ITU-T H.264 §D.1.7), which a light viewer finds without decoding anything.
"""

import re
from fractions import Fraction
from uuid import UUID

import av
import numpy as np

from media.h264 import split

WIDTH, HEIGHT, FPS = 160, 90, 5
GROUP = 10
"""Frames of a clip: it begins with a key frame, and so does each time round."""
BITS = 8
CAMERAS = 2**BITS
OURS = UUID("5f1d2c0e-8f7b-4c55-9e11-6a2f0f3f7a90").bytes
NAL_SEI, NAL_STAP_A = 6, 24
SEI_USER_DATA, SEI_END = 5, 0x80
SLICES = (1, 5)
START = b"\x00\x00\x00\x01"
TEXT = re.compile(rb"camera (\d{3})")


def marked_clip(camera: int) -> list[tuple[bytes, bool]]:
    """Annex B access units with the camera's number, and whether each is a key frame."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.framerate, encoder.time_base, encoder.gop_size = Fraction(FPS), Fraction(1, FPS), GROUP
    encoder.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "profile": "baseline",
        "x264-params": f"keyint={GROUP}:min-keyint={GROUP}:scenecut=0:repeat-headers=1",
    }
    packets = [packet for number in range(GROUP) for packet in encoder.encode(_picture(camera, number))]
    packets += encoder.encode(None)
    return [(_with_mark(bytes(packet), camera), packet.is_keyframe) for packet in packets]


def _picture(camera: int, number: int) -> av.VideoFrame:
    """The fields, and between them a bar that moves."""
    luma = np.full((HEIGHT, WIDTH), 16, dtype=np.uint8)
    field = WIDTH // BITS
    for bit in range(BITS):
        on = bool(camera >> (BITS - 1 - bit) & 1)
        luma[: HEIGHT // 3, bit * field : (bit + 1) * field] = 235 if on else 16
        luma[2 * HEIGHT // 3 :, bit * field : (bit + 1) * field] = 16 if on else 235
    luma[HEIGHT // 3 : 2 * HEIGHT // 3, number * WIDTH // GROUP : (number + 1) * WIDTH // GROUP] = 235
    chroma = np.full((HEIGHT // 2, WIDTH), 128, dtype=np.uint8)
    picture = av.VideoFrame.from_ndarray(np.vstack([luma, chroma]), format="yuv420p")
    picture.pts = number
    return picture


def _with_mark(unit: bytes, camera: int) -> bytes:
    """The SEI goes before the first slice (ITU-T H.264 §7.4.1.2.3)."""
    units = split(unit)
    at = next(index for index, nal in enumerate(units) if nal[0] & 0x1F in SLICES)
    text = b"camera %03d" % camera
    sei = bytes((NAL_SEI, SEI_USER_DATA, len(OURS) + len(text))) + OURS + text + bytes((SEI_END,))
    return b"".join(START + nal for nal in [*units[:at], sei, *units[at:]])


def number_beside(payload: bytes) -> int | None:
    """The number in the SEI of one RTP payload (RFC 6184); none where there is no such SEI in it."""
    for nal in _units(payload):
        if nal[0] & 0x1F == NAL_SEI and nal[3 : 3 + len(OURS)] == OURS:
            found = TEXT.match(nal, 3 + len(OURS))
            return int(found[1]) if found else None
    return None


def _units(payload: bytes) -> list[bytes]:
    """The whole NAL units of a payload; the SEI is too small to come in fragments."""
    if not payload or payload[0] & 0x1F != NAL_STAP_A:
        return [payload] if payload else []
    units, at = [], 1
    while at + 2 < len(payload):
        size = int.from_bytes(payload[at : at + 2], "big")
        units.append(payload[at + 2 : at + 2 + size])
        at += 2 + size
    return [unit for unit in units if unit]


def number_in(luma: np.ndarray) -> int | None:
    """The number in the pixels of a decoded picture, as `READ_NUMBER` reads it in a page."""
    field = WIDTH // BITS
    columns = [bit * field + field // 2 for bit in range(BITS)]
    above = [int(luma[HEIGHT // 6, column] > 127) for column in columns]
    below = [int(luma[5 * HEIGHT // 6, column] > 127) for column in columns]
    if any(one == other for one, other in zip(above, below, strict=True)):
        return None
    return sum(bit << (BITS - 1 - at) for at, bit in enumerate(above))


READ_NUMBER = """
window.numberIn = (video) => {
  const bits = 8;
  if (!video?.videoWidth) return null;
  const canvas = (window.numberCanvas ??= new OffscreenCanvas(160, 90));
  const context = canvas.getContext('2d', { willReadFrequently: true });
  // A video without a current frame draws nothing, and what the canvas showed before would be read again.
  context.clearRect(0, 0, 160, 90);
  context.drawImage(video, 0, 0, 160, 90);
  const { data } = context.getImageData(0, 0, 160, 90);
  const level = (x, y) => (data[(y * 160 + x) * 4 + 1] > 127 ? 1 : 0);
  let number = 0;
  for (let bit = 0; bit < bits; bit++) {
    const x = bit * 20 + 10;
    if (level(x, 15) === level(x, 75)) return null;
    number = number * 2 + level(x, 15);
  }
  return number;
};
"""
