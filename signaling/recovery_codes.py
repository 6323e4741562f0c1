"""Recovery codes: what is left when the phone is gone. Plain functions; randomness is an argument."""

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Without I, O, 0 and 1, which people mix up; 32 of them, so a byte picks one without bias."""
LENGTH = 12
"""60 bits."""
GROUP = 4
COUNT = 10


def codes_from(random: bytes) -> list[str]:
    """As people read them: `K7QX-M2PD-94HW`. `random`: `COUNT` times `LENGTH` bytes."""
    letters = [ALPHABET[byte % len(ALPHABET)] for byte in random]
    return [_grouped("".join(letters[start : start + LENGTH])) for start in range(0, len(letters), LENGTH)]


def normalised(text: str) -> str | None:
    """As it is hashed; None where it cannot be one."""
    code = "".join(text.upper().split()).replace("-", "")
    return code if len(code) == LENGTH and set(code) <= set(ALPHABET) else None


def _grouped(code: str) -> str:
    return "-".join(code[start : start + GROUP] for start in range(0, LENGTH, GROUP))
