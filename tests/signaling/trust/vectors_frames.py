"""The part of the vectors that is about frames: as a camera seals them, and torn as only a relay could."""

from collections.abc import Sequence
from typing import Any

from media.frames import EncodedFrame, VideoCodec
from media.h264 import split
from media.sealed_frames import START, sealed
from media.sframe import Sealer, sealer
from signaling.protocol.identity import encode_bytes
from tests.signaling.trust.people import seed

KEY, EPOCH = seed("frames"), 0x1234
SETS = (b"\x67\x42\xe0\x1f\x8c\x8d\x40\x80", b"\x68\xce\x3c\x80")
SLICE = b"\x65" + bytes(range(256)) * 3 + bytes(40) + b"\x80"
SLICES = tuple(b"\x65" + bytes(range(at, at + size)) + b"\x80" for at, size in ((1, 60), (70, 5), (90, 40)))
"""Of one picture; the second has no more bytes than stay readable."""


def stream(units: Sequence[bytes]) -> bytes:
    return b"".join(START + unit for unit in units)


def shut(codec: VideoCodec | str, data: bytes, ours: Sealer) -> bytes:
    return sealed(EncodedFrame(codec, data, 0, keyframe=True, captured_at=0.0), ours).data  # type: ignore[arg-type]


def pieces(ours: Sealer) -> list[bytes]:
    """A picture's sealed parameter sets and three slices, with their start codes."""
    units = split(shut("h264", stream([*SETS, *SLICES]), ours))
    return [START + unit for unit in units if unit[0] & 0x1F in (5, 6)]


def torn(ours: Sealer) -> dict[str, Sequence[bytes]]:
    """Each piece is a camera's, and no picture is."""
    one, two, three = (pieces(ours) for _ in range(3))
    return {
        "its first slice alone": one[:2],
        "one slice alone": one[2:3],
        "a slice in the middle left out": (*one[:2], one[3]),
        "its last slice left out": one[:3],
        "its parameter sets left out": one[1:],
        "its parameter sets alone": one[:1],
        "its parameter sets after a slice": (one[1], one[0], *one[2:]),
        "its slices in another order": (one[0], one[2], one[1], one[3]),
        "a slice more, twice the same": (*one, one[3]),
        "a slice twice, another left out": (*one[:2], one[1], one[3]),
        "one slice from each of three pictures": (*one[:2], two[2], three[3]),
        "the parameter sets of another picture": (two[0], *one[1:]),
        "the first slice of a later picture": (one[0], two[1], *one[2:]),
        "the last slice of a later picture": (*one[:3], two[3]),
        "two pictures in one": (*one, *two),
    }


def frames() -> dict[str, Any]:
    ours = sealer(EPOCH, KEY)
    plain = (
        ("h264", stream([*SETS, SLICE])),
        ("vp8", b"\x10" + bytes(range(200))),
        ("opus", b"\xfc" + bytes(range(90))),
        ("h264", stream([*SETS, *SLICES])),
    )
    return {
        "epoch": EPOCH,
        "secret": encode_bytes(KEY),
        "frames": [
            {"codec": codec, "plain": data.hex(), "sealed": shut(codec, data, ours).hex()} for codec, data in plain
        ],
        "torn": [{"why": why, "codec": "h264", "sealed": b"".join(left).hex()} for why, left in torn(ours).items()],
    }
