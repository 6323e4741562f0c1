"""Codes of authenticator apps (RFC 6238): six digits, SHA-1, every 30 s, as all of them know. Plain functions."""

import base64
import hmac
from urllib.parse import urlsplit

import pyotp

SECRET_BYTES = 20
"""RFC 4226 §4, R6: 160 bits."""
PERIOD_SECONDS = 30
DRIFT_STEPS = 1
"""RFC 6238 §5.2: for the clock of a phone, and for who types slowly."""
DIGITS = 6


def secret_of(random: bytes) -> str:
    """What the app is given, in base32."""
    return base64.b32encode(random).decode()


def uri_of(secret: str, email: str, origin: str) -> str:
    """What its QR code says. The host tells the servers of one person apart."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=f"Belvedere {urlsplit(origin).hostname}")


def is_code(text: str) -> bool:
    return len(text) == DIGITS and text.isascii() and text.isdigit()


def step_of(secret: str, code: str, *, after: int, now: float) -> int | None:
    """The time step whose code this is, later than `after`; None where there is none around `now`."""
    current = int(now) // PERIOD_SECONDS
    app = pyotp.TOTP(secret)
    steps = range(max(current - DRIFT_STEPS, after + 1), current + DRIFT_STEPS + 1)
    return next((step for step in steps if hmac.compare_digest(app.generate_otp(step), code)), None)
