"""The vectors that other implementations are held to are what this one says."""

from pathlib import Path

from tests.signaling.trust.vectors import everything

KEPT = Path(__file__).parents[2] / "vectors/trust.json"


def test_signed_vectors_are_as_they_were() -> None:
    assert KEPT.read_text() == everything(), "the wire has changed; python -m tests.signaling.trust.vectors"
