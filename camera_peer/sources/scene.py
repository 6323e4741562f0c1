"""The picture of the test source, thirty times a second: landscape, balloon, a large clock, frame number, stamp.

What stands still is painted once; a picture then costs the redrawing of what moved. Planes are YUV 4:2:0 (I420).
"""

import math
import time

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from camera_peer.sources.landscape import HORIZON, Floats, balloon, font, landscape, water_mask
from camera_peer.sources.stamp import BLACK, WHITE, Pixels, Stamp, draw_stamp

CROSSING = 40.0
"""Seconds the balloon takes from one side to the other."""

_WATER_LOOKS = 8
_WATER_CONTRAST = 16
_CLOCK_CHARACTERS = "0123456789:."
_NOTE_CHARACTERS = "0123456789# adeghiilnoprtuvyADFJMNOSTWbcfms"


class Scene:
    """One per source. `paint` returns the same array each time: copy it before the next call."""

    def __init__(self, width: int, height: int, *, busy: bool = False, stamped: bool = True) -> None:
        rgb = av.VideoFrame.from_ndarray(landscape(width, height), format="rgb24")
        still = _pixels(rgb.reformat(format="yuv420p"))
        self._size = (width, height)
        self._still, self._canvas = still, still.copy()
        self._balloon = _Balloon(height)
        unit = min(height, width * 9 / 16)
        self._clock = _Line(self._luma, (0.05, 0.71), 0.125 * unit, _CLOCK_CHARACTERS)
        self._note = _Line(self._luma, (0.053, 0.865), 0.036 * unit, _NOTE_CHARACTERS)
        self._stamped = stamped
        self._water = _Water(self._luma, water_mask(width, height)) if busy else None

    def paint(self, wall: float, count: int) -> Pixels:
        """The picture of `wall` (Unix time, seconds), `count` in its frame counter. Shape (height * 3 / 2, width)."""
        if self._water is not None:
            self._water.shimmer(self._luma, count)
        self._balloon.move(self._still, self._canvas, self._size, wall)
        local = time.localtime(wall)
        self._clock.write(self._luma, f"{time.strftime('%H:%M:%S', local)}.{int(wall * 1000) % 1000:03d}")
        self._note.write(self._luma, f"{time.strftime('%a %d %b %Y', local)}   frame {count}")
        if self._stamped:
            draw_stamp(self._luma, Stamp(int(wall * 1000), count))
        return self._canvas

    @property
    def _luma(self) -> Pixels:
        return self._canvas[: self._size[1]]


class _Line:
    """A line of text in cells of equal width, so that only the characters that changed are drawn again."""

    def __init__(self, luma: Pixels, at: tuple[float, float], size: float, characters: str) -> None:
        height = luma.shape[0]
        self._x, self._y = round(at[0] * height), round(at[1] * height)
        face = font(size)
        tall = math.ceil(face.size * 1.2)
        self._advance = {c: math.ceil(face.getlength("0" if c.isdigit() else c)) for c in set(characters)}
        self._glyphs = {c: _glyph(c, face, self._advance[c], tall) for c in set(characters)}
        self._behind = luma[self._y : self._y + tall].copy()
        self._shown: list[tuple[int, str]] = []

    def write(self, luma: Pixels, text: str) -> None:
        x, shown = self._x, []
        for i, character in enumerate(text):
            shown.append((x, character))
            if self._shown[i : i + 1] != [(x, character)]:
                self._draw(luma, x, character)
            x += self._advance.get(character, 0)
        self._shown = shown

    def _draw(self, luma: Pixels, x: int, character: str) -> None:
        glyph = self._glyphs.get(character)
        if glyph is None:
            return
        behind = self._behind[:, x : x + glyph.shape[1]]
        ink = glyph[: behind.shape[0], : behind.shape[1]]
        luma[self._y : self._y + len(ink), x : x + ink.shape[1]] = behind + (WHITE - behind.astype(float)) * ink


class _Water:
    """A few looks of the lake's right half, one after the other: nothing in it can be predicted from the last."""

    def __init__(self, luma: Pixels, mask: Floats) -> None:
        height, width = luma.shape
        self._place = slice(round(HORIZON * height), round(0.955 * height)), slice(width // 2, width)
        random = np.random.default_rng(0)
        calm, cover = luma[self._place].astype(float), mask[self._place]
        waves = random.normal(0, _WATER_CONTRAST, (_WATER_LOOKS, *calm.shape)) * cover
        self._looks = (calm + waves).clip(BLACK, WHITE).astype(np.uint8)

    def shimmer(self, luma: Pixels, count: int) -> None:
        luma[self._place] = self._looks[count % _WATER_LOOKS]


def _glyph(character: str, face: ImageFont.FreeTypeFont, width: int, height: int) -> Floats:
    image = Image.new("L", (width, height))
    draw = ImageDraw.Draw(image)
    draw.text((width / 2, 0), character, 255, face, anchor="ma")
    return np.asarray(image, dtype=float) / 255


class _Balloon:
    """The sprite in YUV with its coverage, for both plane sizes, and where it stands now."""

    def __init__(self, height: int) -> None:
        sprite = balloon(height)
        self._side = sprite.width
        frame = av.VideoFrame.from_ndarray(np.asarray(sprite.convert("RGB")), format="rgb24")
        planes = _planes(_pixels(frame.reformat(format="yuv420p")), (self._side, self._side))
        coverage = np.asarray(sprite.getchannel("A"), dtype=float) / 255
        half = coverage.reshape(self._side // 2, 2, self._side // 2, 2).mean(axis=(1, 3))
        self._layers = [
            (plane.astype(float), cover) for plane, cover in zip(planes, (coverage, half, half), strict=True)
        ]
        self._at: tuple[int, int] | None = None

    def move(self, still: Pixels, canvas: Pixels, size: tuple[int, int], wall: float) -> None:
        """Clear the old place, draw at the new one. Places are even, because colour has half the resolution."""
        width, height = size
        along = (wall % CROSSING) / CROSSING * (width + self._side) - self._side
        x = round(along / 2) * 2
        y = round(height * (0.2 + 0.03 * math.sin(wall * 0.7)) / 2) * 2
        if (x, y) == self._at:
            return
        planes, clean = _planes(canvas, size), _planes(still, size)
        for plane, under, (ink, cover), scale in zip(planes, clean, self._layers, (1, 2, 2), strict=True):
            if self._at is not None:
                old = _window(plane, self._at, scale, len(cover))
                plane[old] = under[old]
            new = _window(plane, (x, y), scale, len(cover))
            part = slice(max(0, -x // scale), max(0, -x // scale) + (new[1].stop - new[1].start))
            behind = under[new].astype(float)
            plane[new] = behind + (ink[:, part] - behind) * cover[:, part]
        self._at = (x, y)


def _window(plane: Pixels, at: tuple[int, int], scale: int, side: int) -> tuple[slice, slice]:
    """The part of the plane that a square at this place covers; it may stick out on the left and the right."""
    x, y = at[0] // scale, at[1] // scale
    return slice(y, y + side), slice(max(0, x), max(0, min(plane.shape[1], x + side)))


def _planes(pixels: Pixels, size: tuple[int, int]) -> tuple[Pixels, Pixels, Pixels]:
    """Views of the three planes of an I420 picture."""
    width, height = size
    chroma = pixels[height:].reshape(2, height // 2, width // 2)
    return pixels[:height], chroma[0], chroma[1]


def _pixels(frame: av.VideoFrame) -> Pixels:
    return np.array(frame.to_ndarray(), dtype=np.uint8)
