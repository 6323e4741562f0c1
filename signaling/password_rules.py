"""Which passwords are refused: short ones, and such as a patient guesser finds. Nobody outside is asked.

zxcvbn knows 30,000 passwords from breaches, words, names, rows of keys, dates and how people alter them, and tells in
how many guesses somebody who knows all that gets there.
"""

import threading
from typing import Any

from signaling.refusals import Refused

MIN_LENGTH = 8
"""Length is what counts (NIST SP 800-63B §3.1.1.2)."""
MAX_LENGTH = 1024
MIN_GUESSES = 10**7
"""An account may be tried 600 times an hour (`signaling.rates`): 5.3 million times in a year."""
JUDGED_CHARS = 40
"""The work grows with the square of the length: 15 ms for so many. With what follows no password gets easier."""
OURS = ("belvedere", "camera", "cameras")
"""What everybody tries first here."""
ADVICE = "a few words that have nothing to do with each other are easy to remember and hard to guess"

_one_at_a_time = threading.Lock()
"""zxcvbn keeps the words of the person it judges for in a global."""


def check_password_rules(password: str, email: str) -> None:
    """Raises `Refused` (password_unsuitable) with a sentence that helps. Takes milliseconds: not for the event loop."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise Refused("password_unsuitable", f"a password has {MIN_LENGTH} to {MAX_LENGTH} characters")
    judged = _judged(password[:JUDGED_CHARS], email)
    if judged["guesses"] < MIN_GUESSES:
        why = judged["feedback"]["warning"].rstrip(".").lower()
        raise Refused("password_unsuitable", f"this password is too easy to guess{why and f' ({why})'}: {ADVICE}")


def _judged(password: str, email: str) -> dict[str, Any]:
    from zxcvbn import zxcvbn  # 13 MB of lists: only for a server on which somebody chooses a password

    name, _, domain = email.partition("@")
    with _one_at_a_time:
        judged: dict[str, Any] = zxcvbn(password, user_inputs=[email, name, *domain.split("."), *OURS])
    return judged
