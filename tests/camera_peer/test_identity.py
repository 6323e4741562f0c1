"""The device key: made once, kept, and what is signed with it."""

import os
from pathlib import Path

import jwt
import pytest

from camera_peer import identity
from camera_peer.identity import DamagedKey
from signaling.protocol.identity import DEVICE_TOKEN_TYPE, activation_is_genuine, decode_bytes


def test_the_key_is_made_once(tmp_path: Path) -> None:
    first = identity.load_or_make(tmp_path / "camera", lambda count: bytes(range(count)))
    second = identity.load_or_make(tmp_path / "camera", os.urandom)
    assert first.public_key == second.public_key
    assert first.hardware_id == second.hardware_id


def test_a_damaged_key_is_not_silently_replaced(tmp_path: Path) -> None:
    (tmp_path / identity.KEY_FILE).write_bytes(b"short")
    with pytest.raises(DamagedKey, match="belvedere-camera reset"):
        identity.load_or_make(tmp_path, os.urandom)


def test_the_proof_convinces_the_server(tmp_path: Path) -> None:
    ours = identity.load_or_make(tmp_path, os.urandom)
    fields = ours.activation_fields("https://a", "token")
    key = decode_bytes(fields["public_key"])
    assert activation_is_genuine("https://a", "token", ours.hardware_id, key, fields["proof"])


def test_the_device_token_is_the_one_of_the_contract(tmp_path: Path) -> None:
    ours = identity.load_or_make(tmp_path, os.urandom)
    token = ours.device_token("cam1", "https://a", now=1_700_000_000.9, jti="once")
    assert jwt.get_unverified_header(token) == {"alg": "EdDSA", "typ": DEVICE_TOKEN_TYPE, "kid": "cam1"}
    claims = jwt.decode(
        token, ours.key.public_key(), algorithms=["EdDSA"], audience="https://a", options={"verify_exp": False}
    )
    assert claims == {
        "iss": "cam1",
        "aud": "https://a",
        "iat": 1_700_000_000,
        "exp": 1_700_000_060,
        "jti": "once",
    }
