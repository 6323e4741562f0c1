"""A simulated image sensor: shows a picture as a camera would see it that somebody holds it up to.

Used by the demo and by the tests of the lens: the picture is moved, tilted, turned, blurred, badly lit, noisy and
compressed. Everything random comes from the seed, so a frame can be made again.
"""

import asyncio
import io
import math
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter, UnidentifiedImageError

GrayFrame = NDArray[np.uint8]
"""(height, width), 0 is black."""

WIDTH, HEIGHT = 1280, 720
FOCAL_LENGTH = 1.2
"""In frame heights: a field of view of 45°, as webcams have."""
MAX_IMAGE_PIXELS = 4096 * 4096
FRAMES_PER_SECOND = 10.0


@dataclass(frozen=True, slots=True)
class View:
    """How the picture is held.

    `size`: its height as part of the frame's height; `x`, `y`: its centre, 0..1; `pitch`, `yaw`, `turn` in degrees;
    `blur`: standard deviation in pixels; `contrast`: 1 is black on white, 0.2 is dark grey on lighter grey; `noise`:
    standard deviation in grey levels; `quality`: JPEG, 1..95.
    """

    size: float = 0.5
    x: float = 0.5
    y: float = 0.5
    pitch: float = 0.0
    yaw: float = 0.0
    turn: float = 0.0
    blur: float = 0.0
    contrast: float = 1.0
    noise: float = 0.0
    quality: int = 90


def render(picture: Image.Image | None, view: View, random: np.random.Generator) -> GrayFrame:
    """One frame with `picture` (any mode, with its white margin) in front of a wall, or the wall alone."""
    scene = _wall()
    if picture is not None:
        flat = picture.convert("L")
        outline = Image.new("L", flat.size, 255)
        coefficients = _coefficients(flat.size, view)
        size = (WIDTH, HEIGHT)
        warped = flat.transform(size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BICUBIC)
        mask = outline.transform(size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BILINEAR)
        scene.paste(warped, mask=mask)
    return _expose(scene, view, random)


def unsteady(base: View, random: np.random.Generator) -> View:
    """A hand that holds the picture: every frame a little different around `base`."""
    spread = random.normal(size=8)
    return replace(
        base,
        size=base.size * float(np.clip(1 + 0.03 * spread[0], 0.9, 1.1)),
        x=float(np.clip(base.x + 0.03 * spread[1], 0.35, 0.65)),
        y=float(np.clip(base.y + 0.02 * spread[2], 0.4, 0.6)),
        pitch=base.pitch + float(5 * spread[3]),
        yaw=base.yaw + float(5 * spread[4]),
        turn=base.turn + float(3 * spread[5]),
        blur=max(0.0, base.blur + float(0.3 * spread[6])),
        contrast=float(np.clip(base.contrast + 0.05 * spread[7], 0.1, 1.0)),
    )


DEMO_VIEW = View(size=0.6, pitch=12, yaw=-14, turn=6, blur=1.2, contrast=0.5, noise=5, quality=60)


async def frames_of_file(path: Path, seed: int, base: View = DEMO_VIEW) -> AsyncGenerator[GrayFrame, None]:
    """An endless film of the wall, and of the picture at `path` for as long as that file is there."""
    random = np.random.default_rng(seed)
    while True:
        yield render(_picture(path), unsteady(base, random), random)
        await asyncio.sleep(1 / FRAMES_PER_SECOND)


def _picture(path: Path) -> Image.Image | None:
    try:
        with Image.open(path) as image:
            if image.width * image.height > MAX_IMAGE_PIXELS:
                return None
            return image.convert("L")
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError):
        return None


def _wall() -> Image.Image:
    shade = np.linspace(150, 110, WIDTH)[None, :] + np.linspace(10, -20, HEIGHT)[:, None]
    return Image.fromarray(shade.astype(np.uint8))


def _expose(scene: Image.Image, view: View, random: np.random.Generator) -> GrayFrame:
    if view.blur > 0:
        scene = scene.filter(ImageFilter.GaussianBlur(view.blur))
    light = 128 + (np.asarray(scene, dtype=np.float32) - 128) * view.contrast
    if view.noise > 0:
        light += random.normal(0, view.noise, light.shape).astype(np.float32)
    frame = Image.fromarray(np.clip(light, 0, 255).astype(np.uint8))
    packed = io.BytesIO()
    frame.save(packed, "JPEG", quality=view.quality)
    packed.seek(0)
    return np.asarray(Image.open(packed).convert("L"))


def _coefficients(size: tuple[int, int], view: View) -> tuple[float, ...]:
    """The eight numbers that take a point of the frame to a point of the picture (a homography)."""
    width, height = size
    tall = view.size
    wide = tall * width / height
    corners = [(-wide / 2, -tall / 2), (wide / 2, -tall / 2), (wide / 2, tall / 2), (-wide / 2, tall / 2)]
    seen = [_project(corner, view) for corner in corners]
    rows: list[list[float]] = []
    values: list[float] = []
    for (x, y), (u, v) in zip(seen, [(0, 0), (width, 0), (width, height), (0, height)], strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return tuple(float(c) for c in np.linalg.solve(np.array(rows), np.array(values)))


def _project(point: tuple[float, float], view: View) -> tuple[float, float]:
    """A point of the picture (in frame heights, from its centre), turned in space, as a pixel of the frame."""
    turn, yaw, pitch = (math.radians(angle) for angle in (view.turn, view.yaw, view.pitch))
    x = point[0] * math.cos(turn) - point[1] * math.sin(turn)
    y = point[0] * math.sin(turn) + point[1] * math.cos(turn)
    x, z = x * math.cos(yaw), x * math.sin(yaw)
    y, z = y * math.cos(pitch) - z * math.sin(pitch), y * math.sin(pitch) + z * math.cos(pitch)
    scale = HEIGHT * FOCAL_LENGTH / (FOCAL_LENGTH + z)
    return view.x * WIDTH + x * scale, view.y * HEIGHT + y * scale
