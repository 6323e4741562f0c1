"""The device key: made once, kept, and what is signed with it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import jwt
import pytest

from camera_peer import identity, label
from camera_peer.identity import DamagedKey
from signaling.protocol.identity import DEVICE_TOKEN_TYPE, activation_is_genuine, decode_bytes


def test_the_key_is_made_once(tmp_path: Path) -> None:
    first = identity.load_or_make(tmp_path / "camera", lambda count: bytes(range(count)))
    second = identity.load_or_make(tmp_path / "camera", os.urandom)
    assert first.public_key == second.public_key
    assert first.hardware_id == second.hardware_id


def test_no_two_cameras_have_a_secret_in_common(tmp_path: Path) -> None:
    """The programs themselves, with the randomness that they ship with."""
    secrets: list[str] = []
    for name in ("garden", "cellar"):
        words = [sys.executable, "-m", "camera_peer", "label", "--data", str(tmp_path / name)]
        printed = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        secrets += re.findall(r"(?:Setup code|Label key) +(\S+)", printed)
        secrets += [(tmp_path / name / identity.KEY_FILE).read_bytes().hex()]
        secrets += re.findall(r'"private_key":"([^"]+)"', (tmp_path / name / label.LABEL_FILE).read_text())
    assert len(secrets) == 8 == len(set(secrets))


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
