"""What stands still in the test picture: dusk over a lake, hills, a belvedere; and the balloon that will drift by.

Painted once per start, at any size; coordinates are fractions of width and height.
"""

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from camera_peer.sources.stamp import Pixels
from media.frames import SourceError

Floats = npt.NDArray[np.float64]
Colour = tuple[int, int, int]

TITLE = "Belvedere demo camera"
HORIZON = 0.60
_FINER = 3
"""Shapes are drawn so many times larger and scaled down, which smooths their edges."""

_SKY: tuple[tuple[float, Colour], ...] = (
    (0.00, (22, 30, 66)),
    (0.22, (56, 52, 108)),
    (0.40, (134, 88, 134)),
    (0.52, (222, 140, 122)),
    (0.60, (250, 204, 158)),
)
_SUN: tuple[float, float] = (0.73, 0.555)
_FAR, _NEAR = (88, 72, 122), (24, 24, 50)
_HILLS_FAR = ((0, 0.53), (0.14, 0.5), (0.3, 0.555), (0.46, 0.52), (0.6, 0.575), (0.8, 0.56), (0.92, 0.52), (1, 0.54))
_HILLS_NEAR = ((0, 0.625), (0.1, 0.6), (0.22, 0.59), (0.36, 0.63), (0.5, 0.72), (0.66, 0.84), (0.85, 0.93), (1, 0.97))
_STRIPES = ((0.0, (214, 92, 76)), (0.09, (246, 214, 170)), (0.19, (226, 122, 88)), (0.285, (250, 226, 190)))
_SKIRT = ((0.26, 0.55), (0.74, 0.55), (0.57, 0.76), (0.43, 0.76))
_BELVEDERE = 0.2


def font(size: float) -> ImageFont.FreeTypeFont:
    """The typeface that comes inside Pillow, so that every machine shows the same picture."""
    loaded = ImageFont.load_default(max(8.0, size))
    if isinstance(loaded, ImageFont.FreeTypeFont):
        return loaded
    raise SourceError("The test picture needs a Pillow that was built with FreeType.")


def landscape(width: int, height: int) -> Pixels:
    """RGB, shape (height, width, 3)."""
    picture = _sky(width, height)
    _blend(picture, _hills(width, height, _HILLS_FAR), _FAR)
    water = round(HORIZON * height)
    picture[water:] = _water(picture, water)
    near = np.maximum(_hills(width, height, _HILLS_NEAR), _belvedere(width, height))
    _blend(picture, near, _NEAR)
    return _title(picture.round().clip(0, 255).astype(np.uint8))


def water_mask(width: int, height: int) -> Floats:
    """1 where the lake shows, 0 elsewhere, shape (height, width)."""
    mask = 1.0 - _hills(width, height, _HILLS_NEAR)
    mask[: round(HORIZON * height)] = 0
    return mask


def balloon(height: int) -> Image.Image:
    """An RGBA sprite for a picture of this height."""
    size = max(24, height // 6) // 2 * 2
    fine = size * _FINER
    image = Image.new("RGBA", (fine, fine))
    draw = ImageDraw.Draw(image)
    for side in (-1, 1):
        ends = ((0.5 + 0.1 * side) * fine, 0.6 * fine, (0.5 + 0.06 * side) * fine, 0.86 * fine)
        draw.line(ends, (70, 52, 60, 255), _FINER)
    draw.polygon([(x * fine, y * fine) for x, y in _SKIRT], (206, 84, 70, 255))
    for inset, colour in _STRIPES:
        draw.ellipse(((0.17 + inset) * fine, 0.02 * fine, (0.83 - inset) * fine, 0.66 * fine), (*colour, 255))
    draw.rounded_rectangle((0.43 * fine, 0.85 * fine, 0.57 * fine, 0.97 * fine), 0.02 * fine, (92, 62, 56, 255))
    return image.resize((size, size), Image.Resampling.LANCZOS)


def _sky(width: int, height: int) -> Floats:
    rows = (np.arange(height) + 0.5) / height
    stops = [stop for stop, _ in _SKY]
    channels = [np.interp(rows, stops, [colour[i] for _, colour in _SKY]) for i in range(3)]
    sky = np.repeat(np.stack(channels, axis=-1)[:, None, :], width, axis=1)
    x = (np.arange(width) + 0.5) / height
    distance = np.hypot(x[None, :] - _SUN[0] * width / height, rows[:, None] - _SUN[1])
    glow = 0.5 * np.exp(-distance / 0.16)
    disc = np.clip((0.052 - distance) * height, 0, 1)
    _blend(sky, np.maximum(glow, disc), (255, 238, 206))
    return sky


def _water(picture: Floats, top: int) -> Floats:
    """The sky upside down, darker and bluer with nearness."""
    rows = picture.shape[0] - top
    mirror = picture[top - 1 - (np.arange(rows) * 5 // 4) % top]
    nearness = np.linspace(0.25, 0.8, rows)[:, None, None]
    water: Floats = mirror * (1 - nearness) + np.array((36, 44, 86)) * nearness
    return water


def _hills(width: int, height: int, ridge: tuple[tuple[float, float], ...]) -> Floats:
    """Coverage of the land under a ridge, smoothed between its points by half a cosine."""
    x = (np.arange(width) + 0.5) / width
    xs, ys = np.array(ridge).T
    i = np.clip(np.searchsorted(xs, x) - 1, 0, len(xs) - 2)
    t = (1 - np.cos(np.pi * (x - xs[i]) / (xs[i + 1] - xs[i]))) / 2
    top = (ys[i] * (1 - t) + ys[i + 1] * t) * height
    covered: Floats = np.clip(np.arange(height)[:, None] + 1.0 - top[None, :], 0, 1)
    return covered


def _belvedere(width: int, height: int) -> Floats:
    """The silhouette of a round temple on the near hill."""
    image = Image.new("L", (width * _FINER, height * _FINER))
    draw = ImageDraw.Draw(image)
    unit = 0.01 * height * _FINER
    x, base = _BELVEDERE * width * _FINER, 0.60 * height * _FINER

    def box(left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
        return (x + left * unit, base + top * unit, x + right * unit, base + bottom * unit)

    draw.rectangle(box(-9, -1.2, 9, 2), 255)
    draw.rectangle(box(-8, -2.2, 8, -1.2), 255)
    for column in (-6.6, -3.5, 0, 3.5, 6.6):
        draw.rectangle(box(column - 0.55, -12.5, column + 0.55, -2), 255)
    draw.rectangle(box(-8, -14, 8, -12.3), 255)
    draw.pieslice(box(-6.6, -20.4, 6.6, -7.4), 180, 360, 255)
    draw.rectangle(box(-0.3, -23, 0.3, -20), 255)
    draw.ellipse(box(-0.8, -23.6, 0.8, -22), 255)
    return np.asarray(image.resize((width, height), Image.Resampling.BOX), dtype=float) / 255


def _title(pixels: Pixels) -> Pixels:
    height = pixels.shape[0]
    image = Image.fromarray(pixels)
    ImageDraw.Draw(image).text((0.05 * height, 0.045 * height), TITLE, (236, 232, 244), font(0.042 * height))
    return np.asarray(image)


def _blend(picture: Floats, coverage: Floats, colour: Colour) -> None:
    picture += (np.array(colour) - picture) * coverage[..., None]
