"""Pairing proofs: whoever has not seen the code proves nothing, and what one side said proves nothing for the other."""

import itertools

import pytest

from signaling.protocol.identity import encode_bytes
from signaling.protocol.trust import keyring, pairing
from signaling.protocol.trust.proof import is_proof
from tests.signaling.trust.people import name, ring_of, seed

SECRET = seed("pairing")[:16]
ORIGIN, TOKEN = "https://cameras.example.org", "a-one-time-token-22-ch"
RING = keyring.follow(ring_of("phone"))
CAMERA = (SECRET, ORIGIN, TOKEN, name("camera"))
OWNER = (SECRET, ORIGIN, TOKEN, RING.name, RING.head)
OTHER = (seed("other")[:16], "https://evil.example", "another-one-time-token", name("stranger"), name("laptop"))


def test_pairing_is_proven_by_who_read_the_code() -> None:
    assert is_proof(pairing.camera_proof(*CAMERA), pairing.camera_proof(*CAMERA))
    assert is_proof(pairing.owner_proof(*OWNER), pairing.owner_proof(*OWNER))


@pytest.mark.parametrize("at", range(4))
def test_pairing_with_anything_swapped_is_not_proven_by_the_camera(at: int) -> None:
    swapped = (*CAMERA[:at], OTHER[at], *CAMERA[at + 1 :])
    assert not is_proof(pairing.camera_proof(*CAMERA), pairing.camera_proof(*swapped))  # type: ignore[arg-type]


@pytest.mark.parametrize("at", range(5))
def test_pairing_with_anything_swapped_is_not_proven_by_the_owner(at: int) -> None:
    swapped = (*OWNER[:at], OTHER[at], *OWNER[at + 1 :])
    assert not is_proof(pairing.owner_proof(*OWNER), pairing.owner_proof(*swapped))  # type: ignore[arg-type]


def test_pairing_proofs_of_one_side_are_none_of_the_other() -> None:
    """Not even where one is made to sign the other's words."""
    same = (SECRET, ORIGIN, TOKEN, RING.name)
    assert pairing.camera_proof(*same) != pairing.owner_proof(*same, RING.name)
    camera, owner = pairing.camera_proof(*CAMERA), pairing.owner_proof(*OWNER)
    assert len({camera, owner}) == 2


@pytest.mark.parametrize("text", ["", "AA", encode_bytes(bytes(15)), encode_bytes(bytes(17)), "ä" * 22, "?" * 22])
def test_pairing_secrets_have_sixteen_bytes(text: str) -> None:
    with pytest.raises(ValueError, match=r"bytes|base64url"):
        pairing.read_secret(text)
    assert pairing.read_secret(encode_bytes(SECRET)) == SECRET


def test_pairing_words_cannot_be_moved_from_one_field_to_the_next() -> None:
    with pytest.raises(ValueError, match="NUL"):
        pairing.camera_proof(SECRET, ORIGIN, TOKEN, "a\0b")
    moved = {pairing.owner_proof(SECRET, ORIGIN, TOKEN, *pair) for pair in itertools.permutations(("a", "ab", "b"), 2)}
    assert len(moved) == 6


def test_pairing_proofs_take_any_text_without_a_fault() -> None:
    assert not is_proof(pairing.camera_proof(*CAMERA), "\udc00 no proof")
