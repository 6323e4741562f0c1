"""The machine-readable clock in the picture: when it was painted and which one it is, in 64 black or white cells.

The strip is the bottom thirtieth of the picture, over its whole width, one row of equal cells. White is 1.

    cells  0-3    1 0 1 0                      levels to compare with, and where the row begins
    cells  4-35   wall clock, milliseconds     low 32 bits of Unix time in ms, most significant bit first
    cells 36-51   frame counter                low 16 bits, most significant bit first
    cells 52-59   CRC-8 of the 48 bits above   polynomial x^8+x^2+x+1 (0x07), start 0, most significant bit first
    cells 60-63   0 1 0 1

To read it, take the middle of each cell on the row's middle line (height x 59/60), compare with the mean of the eight
level cells, check those eight and the CRC. It survives scaling down to 320x180 and H.264 at 150 kbit/s, because a cell
is a flat block of full contrast. The age of a picture is `(now_ms - stamp.wall_ms) mod 2**32`; it wraps after 49 days.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]

CELLS = 64
STRIP_OF_HEIGHT = 30
"""The strip is this fraction of the picture's height."""

HEAD, TAIL = (1, 0, 1, 0), (0, 1, 0, 1)
WALL_BITS, COUNT_BITS, CRC_BITS = 32, 16, 8
CRC_POLYNOMIAL = 0x07
MIN_CONTRAST = 64
"""Least difference between white and black, of 255, for a row to be believed."""

BLACK, WHITE = 16, 235
"""Luma of the cells: the ends of the video range (BT.601)."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """`wall_ms`: Unix time in milliseconds modulo 2**32; `count`: frame counter modulo 2**16."""

    wall_ms: int
    count: int


def cells_of(stamp: Stamp) -> list[int]:
    """The 64 cells, left to right."""
    value = (stamp.wall_ms % 2**WALL_BITS) << COUNT_BITS | stamp.count % 2**COUNT_BITS
    payload = value << CRC_BITS | _crc8(value)
    bits = WALL_BITS + COUNT_BITS + CRC_BITS
    return [*HEAD, *((payload >> shift) & 1 for shift in range(bits - 1, -1, -1)), *TAIL]


def strip_rows(height: int) -> int:
    """Height of the strip in pixels."""
    return max(2, height // STRIP_OF_HEIGHT)


def draw_stamp(luma: Pixels, stamp: Stamp) -> None:
    """Draw into the luma plane (height, width), under a black edge that keeps bright pictures from bleeding in."""
    height, width = luma.shape
    edges = np.arange(CELLS + 1) * width // CELLS
    levels = np.where(np.array(cells_of(stamp)) == 1, WHITE, BLACK).astype(np.uint8)
    top = height - strip_rows(height)
    luma[top - max(2, height // 360) : top] = BLACK
    luma[top:] = np.repeat(levels, np.diff(edges))


def read_stamp(rgb: npt.NDArray[Any]) -> Stamp | None:
    """Read the stamp of a picture of shape (height, width, 3) or (height, width), 0 to 255, of any size from 320x180
    upwards. None where there is no stamp or it is damaged."""
    height, width = rgb.shape[:2]
    columns = (2 * np.arange(CELLS) + 1) * width // (2 * CELLS)
    middle = height - 1 - strip_rows(height) // 2
    cells = rgb[middle, columns].astype(float)
    levels = cells.mean(axis=1) if cells.ndim > 1 else cells
    edge_cells = np.array([*HEAD, *TAIL])
    edges = np.concatenate([levels[: len(HEAD)], levels[-len(TAIL) :]])
    white, black = edges[edge_cells == 1].min(), edges[edge_cells == 0].max()
    if white - black < MIN_CONTRAST:
        return None
    return _stamp_of([int(level > (white + black) / 2) for level in levels[len(HEAD) : -len(TAIL)]])


def _stamp_of(bits: list[int]) -> Stamp | None:
    payload = int("".join(map(str, bits)), 2)
    value, crc = payload >> CRC_BITS, payload % 2**CRC_BITS
    if crc != _crc8(value):
        return None
    return Stamp(wall_ms=value >> COUNT_BITS, count=value % 2**COUNT_BITS)


def _crc8(value: int) -> int:
    crc = 0
    for byte in value.to_bytes((WALL_BITS + COUNT_BITS) // 8, "big"):
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1) ^ CRC_POLYNOMIAL if crc & 0x80 else crc << 1
            crc &= 0xFF
    return crc
