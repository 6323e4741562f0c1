"""The activation proof and its encoding: bound to server, token, label and key."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from signaling.protocol.identity import (
    activation_is_genuine,
    activation_statement,
    decode_bytes,
    encode_bytes,
    server_pin,
    sign_activation,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
ORIGIN, TOKEN, LABEL = "https://camera.example.org", "token", "belvedere-0123"


@given(st.binary(max_size=80))
def test_base64url_comes_back_without_padding(data: bytes) -> None:
    text = encode_bytes(data)
    assert "=" not in text
    assert decode_bytes(text) == data


@pytest.mark.parametrize("text", ["a", "a===", "++++", "aaa\n", "é", "AB"])
def test_only_the_canonical_spelling_is_accepted(text: str) -> None:
    with pytest.raises(ValueError, match="base64url"):
        decode_bytes(text)


def test_the_statement_is_the_one_of_the_contract() -> None:
    token_hash = hashlib.sha256(b"token").hexdigest()
    expected = "\0".join(["belvedere-activate-1", ORIGIN, token_hash, LABEL, PUBLIC.hex()]).encode()
    assert activation_statement(ORIGIN, TOKEN, LABEL, PUBLIC) == expected


def test_a_proof_holds_for_exactly_what_was_signed() -> None:
    proof = sign_activation(KEY, ORIGIN, TOKEN, LABEL)
    assert activation_is_genuine(ORIGIN, TOKEN, LABEL, PUBLIC, proof)
    assert not activation_is_genuine("https://other.example.org", TOKEN, LABEL, PUBLIC, proof)
    assert not activation_is_genuine(ORIGIN, "other", LABEL, PUBLIC, proof)
    assert not activation_is_genuine(ORIGIN, TOKEN, "other", PUBLIC, proof)
    other = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()
    assert not activation_is_genuine(ORIGIN, TOKEN, LABEL, other, proof)


@pytest.mark.parametrize("proof", ["", "x", "é", "A" * 86, "\ud800"])
def test_a_malformed_proof_is_only_false(proof: str) -> None:
    assert not activation_is_genuine(ORIGIN, TOKEN, LABEL, PUBLIC, proof)


@pytest.mark.parametrize(("key", "label"), [(b"", LABEL), (bytes(31), LABEL), (PUBLIC, "a\0b"), (PUBLIC, "\ud800")])
def test_malformed_fields_are_only_false(key: bytes, label: str) -> None:
    assert not activation_is_genuine(ORIGIN, TOKEN, label, key, sign_activation(KEY, ORIGIN, TOKEN, LABEL))


def test_a_pin_is_half_a_sha256() -> None:
    assert decode_bytes(server_pin(b"spki")) == hashlib.sha256(b"spki").digest()[:16]
