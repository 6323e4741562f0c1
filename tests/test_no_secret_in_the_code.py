"""No key, password or token stands in what we ship: each is made where it is used (SECURITY.md)."""

import math
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SHIPPED = (
    "signaling",
    "media",
    "camera_peer",
    "web/core",
    "web/ui",
    "web/public",
    "coturn",
    "demo",
    "docker-compose.yml",
    "Dockerfile",
    "Caddyfile",
    "render.yaml",
    "pyproject.toml",
)
TEXTS = {".py", ".ts", ".js", ".html", ".css", ".svg", ".json", ".yml", ".yaml", ".toml", ".conf", ".mako", ".ini", ""}
PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
WORD = re.compile(r"[A-Za-z0-9+/_=-]{20,}")
"""As random bits are written in hex or base64; 80 of them have 20 hex digits."""
RANDOM_BITS = 3.6
"""Entropy for each sign. Hex digits at random have nearly 4, base64 more; English words have less and hold vowels."""


def shipped() -> list[Path]:
    names = subprocess.run(["git", "ls-files", "-z", *SHIPPED], cwd=ROOT, capture_output=True, text=True, check=True)
    paths = [ROOT / name for name in names.stdout.split("\0") if name]
    return [path for path in paths if path.suffix in TEXTS]


def entropy(word: str) -> float:
    """Bits for each sign, by how often each occurs in this word."""
    return sum(-n / len(word) * math.log2(n / len(word)) for n in Counter(word).values())


def looks_random(word: str) -> bool:
    """Digits among the letters, more than a date or a number has, and no order."""
    changes = len(re.findall(r"[A-Za-z][0-9]|[0-9][A-Za-z]", word))
    return changes >= 4 and entropy(word) >= RANDOM_BITS


def secrets_in(text: str) -> list[str]:
    return PRIVATE_KEY.findall(text) + [word for word in WORD.findall(text) if looks_random(word)]


def test_nothing_that_we_ship_holds_a_secret() -> None:
    paths = shipped()
    assert len(paths) > 300
    found = {str(path.relative_to(ROOT)): words for path in paths if (words := secrets_in(path.read_text()))}
    assert not found


@pytest.mark.parametrize(
    "planted",
    [
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN EC PRIVATE KEY-----",
        'KEY = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"',
        "const token = 'q83vEjRWeJCrze8SNFZ4kA7fQ2';",
        "TURN_SECRET=b3JpZ2luYWwgNzY1NDMyMSBrZXk1",
    ],
)
def test_the_look_finds_what_is_planted(planted: str) -> None:
    assert secrets_in(planted)
