"""Draws an onboarding code: PNG and SVG, error correction L, version 10 at most (FACTS: fewer modules beat more)."""

import io

import qrcode
from qrcode.constants import ERROR_CORRECT_L
from qrcode.exceptions import DataOverflowError
from qrcode.image.pil import PilImage

from signaling.protocol.qr import BadPayload, OnboardingCode, check_wifi, to_compact, to_long
from signaling.refusals import Refused

MAX_VERSION = 10
QUIET_ZONE = 4
"""Modules of white around the code (ISO/IEC 18004 §5.3.8)."""
PIXELS_PER_MODULE = 12


def payload(code: OnboardingCode, form: str) -> str:
    """The text of the code. Raises `Refused` (wifi_invalid)."""
    try:
        check_wifi(code.ssid, code.password)
    except BadPayload as error:
        raise Refused("wifi_invalid", str(error)) from None
    return to_long(code) if form == "long" else to_compact(code)


def png(text: str) -> bytes:
    """Raises `Refused` (code_too_large)."""
    image = _drawn(text).make_image()
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def svg(text: str) -> bytes:
    """Raises `Refused` (code_too_large)."""
    matrix = _drawn(text).get_matrix()
    side = len(matrix)
    runs = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(matrix) for x, dark in enumerate(row) if dark)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path d="{runs}"/></svg>'
    ).encode()


def _drawn(text: str) -> "qrcode.QRCode[PilImage]":
    drawing = qrcode.QRCode(
        error_correction=ERROR_CORRECT_L, box_size=PIXELS_PER_MODULE, border=QUIET_ZONE, image_factory=PilImage
    )
    drawing.add_data(text.encode(), optimize=0)
    try:
        drawing.make(fit=True)
    except (DataOverflowError, ValueError):
        raise _too_large() from None
    if drawing.version > MAX_VERSION:
        raise _too_large()
    return drawing


def _too_large() -> Refused:
    return Refused("code_too_large", "Wi-Fi name, password and address together are too long for a readable code")
