"""The setup code of a camera: twelve signs that a person reads off its label and types into the app.

Eleven signs of five random bits each (Crockford's Base32: no I, L, O, U) and one that checks them. The check is a
polynomial over GF(32): it finds every single wrong sign and every two neighbours that changed places.
"""

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM_SIGNS = 11
"""55 bits. Whoever photographs a code may guess at home as long as they like; what a guess costs: `sealed_wifi`."""
GROUP = 4
_ALIKE = str.maketrans({"I": "1", "L": "1", "O": "0"})
_FIELD = 0b100101
"""x⁵ + x² + 1, primitive over GF(2)."""


class BadSetupCode(ValueError):
    """No setup code, or mistyped; the message is one sentence for a person."""


def made_of(random: bytes) -> str:
    """The code that eight random bytes make, in groups of four."""
    number = int.from_bytes(random[:8])
    values = [number >> (5 * place) & 31 for place in range(RANDOM_SIGNS)]
    return grouped("".join(ALPHABET[value] for value in [*values, _check(values)]))


def read(text: str) -> str:
    """The code as typed, in its one spelling, without hyphens. Raises `BadSetupCode`."""
    plain = "".join(text.upper().split()).replace("-", "").translate(_ALIKE)
    if len(plain) != RANDOM_SIGNS + 1 or any(sign not in ALPHABET for sign in plain):
        raise BadSetupCode("a setup code has twelve letters and digits")
    values = [ALPHABET.index(sign) for sign in plain]
    if _check(values[:-1]) != values[-1]:
        raise BadSetupCode("this setup code has a typing mistake")
    return plain


def grouped(plain: str) -> str:
    """As it stands on a label."""
    return "-".join(plain[at : at + GROUP] for at in range(0, len(plain), GROUP))


def _check(values: list[int]) -> int:
    total = 0
    for value in values:
        total = _times_x(total ^ value)
    return total


def _times_x(value: int) -> int:
    shifted = value << 1
    return shifted ^ _FIELD if shifted & 32 else shifted
