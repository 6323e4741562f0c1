"""`belvedere-camera pair TEXT|IMAGE|-`: what the lens would have read, given by hand."""

import io
import sys
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from camera_peer.lens import texts_in
from signaling.protocol.qr import MAX_TEXT_BYTES, BadPayload, OnboardingCode, read

MAX_IMAGE_BYTES = 16 * 1024 * 1024
MAX_IMAGE_PIXELS = 4096 * 4096
MARGIN = 64
"""White pixels added around an image: a code that was cropped tightly has no quiet zone (ISO/IEC 18004 §9.1)."""
STANDARD_INPUT = "-"


def code_from(argument: str) -> OnboardingCode:
    """The onboarding code in a text, an image file, a text file, or standard input. Raises `BadPayload`."""
    if argument == STANDARD_INPUT:
        return _code_in(sys.stdin.buffer.read(MAX_IMAGE_BYTES + 1), "standard input")
    if argument.lstrip().startswith("{") or argument.upper().startswith("WIFI:"):
        return read(argument.strip())
    try:
        with Path(argument).open("rb") as file:
            data = file.read(MAX_IMAGE_BYTES + 1)
    except (OSError, ValueError):
        raise BadPayload("this is neither an onboarding code nor a file that can be read") from None
    return _code_in(data, argument)


def _code_in(data: bytes, name: str) -> OnboardingCode:
    if len(data) > MAX_IMAGE_BYTES:
        raise BadPayload(f"{name} is larger than {MAX_IMAGE_BYTES // 2**20} MiB, so it is no picture of a code")
    text = _text(data)
    if text is not None:
        return read(text)
    return _code_in_image(data, name)


def _text(data: bytes) -> str | None:
    if len(data) > MAX_TEXT_BYTES + 2:
        return None
    try:
        return data.decode().strip()
    except UnicodeDecodeError:
        return None


def _code_in_image(data: bytes, name: str) -> OnboardingCode:
    texts = texts_in(_pixels(data, name))
    if not texts:
        raise BadPayload(f"there is no QR code in {name} that can be read; try a sharper or larger picture")
    refusal = BadPayload("")
    for text in texts:
        try:
            return read(text)
        except BadPayload as error:
            refusal = error
    raise refusal


def _pixels(data: bytes, name: str) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.width * image.height > MAX_IMAGE_PIXELS:
                raise BadPayload(f"the picture {name} is too large")
            flat = Image.new("L", (image.width + 2 * MARGIN, image.height + 2 * MARGIN), 255)
            flat.paste(image.convert("L"), (MARGIN, MARGIN))
            return np.asarray(flat)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, ValueError) as error:
        raise BadPayload(f"{name} is neither an onboarding code nor a picture of one") from error
