"""What people call their cameras: it must be seen, and must not reorder the text around it."""

import unicodedata

BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Unicode's property Bidi_Control (UAX #9 §2): a name with one can make another camera's look like itself."""
BREAKS = frozenset({"Zl", "Zp", "Cc"})
SEEN = frozenset("LNPS")
BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols by category that fonts draw as nothing."""


def cleaned(text: str) -> str:
    """Without space around it. Raises ValueError with a sentence. Joiners inside stay: emoji and Persian need them."""
    name = text.strip()
    if any(character in BIDI_CONTROLS or unicodedata.category(character) in BREAKS for character in name):
        raise ValueError("a name must not contain characters that control the direction or the lines of text")
    if not any(unicodedata.category(character)[0] in SEEN and character not in BLANKS for character in name):
        raise ValueError("a name needs at least one visible character")
    return name
