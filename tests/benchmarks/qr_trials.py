"""QR codes before the simulated sensor: what is shown, how it is held, and how often it is read."""

import base64
from dataclasses import dataclass, replace

import numpy as np
import qrcode
from PIL import Image

from camera_peer.lens import texts_in
from camera_peer.sensor import View, render
from signaling.protocol.qr import OnboardingCode, to_compact, to_long

QUIET_ZONE = 4
MODULE_PIXELS = 8
LARGEST_VERSION = 10
"""Larger ones are refused (DESIGN §6.2)."""
HEIGHT_SHARE = 0.4
"""The symbol without its quiet zone, as part of the frame's height: what is judged."""
BAD_LIGHT = View(blur=2.0, contrast=0.25, noise=4.0, quality=50)
"""Blurred by 2 pixels (out of focus at arm's length), black and white 64 of 255 levels apart, noisy, compressed."""
LEVELS = {"L": qrcode.constants.ERROR_CORRECT_L, "M": qrcode.constants.ERROR_CORRECT_M}


@dataclass(frozen=True)
class Shown:
    """`image` with its quiet zone; `modules`: per side, without it."""

    label: str
    text: str
    level: str
    image: Image.Image
    modules: int
    version: int


def secret(first: int) -> str:
    """128 bits in base64url, as tokens, pins and pairing secrets are."""
    return base64.urlsafe_b64encode(bytes((first + 37 * i) % 256 for i in range(16))).rstrip(b"=").decode()


PLAIN = OnboardingCode(
    "https://camera.example.org:8443", secret(1), "HomeNetwork-2.4", "correct horse battery", user_id="u-" + secret(9)
)
FULL = replace(PLAIN, hidden=True, pin=secret(2), pairing_secret=secret(3))
FORMS = {"compact": to_compact(PLAIN), "compact+k,x,h": to_compact(FULL), "long": to_long(PLAIN)}


def draw(label: str, level: str = "L") -> Shown:
    """One of `FORMS` as an image."""
    code = _code(FORMS[label], level)
    return Shown(label, FORMS[label], level, code.make_image().get_image(), code.modules_count, code.version)


def version_of(text: str) -> int:
    """Of the smallest code that holds this text."""
    return int(_code(text, "L").version)


def draw_text(text: str) -> Image.Image:
    """Any text as an image."""
    return _code(text, "L").make_image().get_image()


def _code(text: str, level: str) -> qrcode.QRCode:
    code = qrcode.QRCode(error_correction=LEVELS[level], border=QUIET_ZONE, box_size=MODULE_PIXELS)
    code.add_data(text)
    code.make(fit=True)
    return code


def held(base: View, share: float, tilt: float, modules: int, random: np.random.Generator) -> View:
    """`base`, somewhere in the frame, turned and tilted at random up to `tilt` degrees either way."""
    return replace(
        base,
        size=share * (modules + 2 * QUIET_ZONE) / modules,
        pitch=float(random.uniform(-tilt, tilt)),
        yaw=float(random.uniform(-tilt, tilt)),
        turn=float(random.uniform(-180, 180)),
        x=float(random.uniform(0.35, 0.65)),
        y=float(random.uniform(0.42, 0.58)),
    )


def read_rate(shown: Shown, base: View, *, share: float, tilt: float, trials: int) -> float:
    """Part of the frames, each judged alone, in which the text was read; 0..1. A wrong text raises."""
    read = 0
    for seed in range(trials):
        random = np.random.default_rng(seed)
        texts = texts_in(render(shown.image, held(base, share, tilt, shown.modules, random), random))
        if texts and texts != [shown.text]:
            raise AssertionError(f"misread: {texts}")
        read += bool(texts)
    return read / trials
