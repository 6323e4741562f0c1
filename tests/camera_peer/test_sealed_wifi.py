"""A Wi-Fi password that only one camera can read: the vectors that the browser's tests read as well, and tampering."""

import base64
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from camera_peer import label
from camera_peer.label import DamagedLabel
from camera_peer.problem import CameraProblem, Problem
from camera_peer.sealed_wifi import opened
from signaling.protocol import qr, setup_code
from signaling.protocol.identity import decode_bytes, encode_bytes
from signaling.protocol.qr import OnboardingCode
from tests.benchmarks.qr_trials import FULL, LARGEST_VERSION, version_of
from tests.camera_peer.sealing import by_setup_code, to_label_key

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/sealed_wifi.json").read_text())
SETUP_CODE = setup_code.read(VECTORS["setup_code"])
KEY = X25519PrivateKey.from_private_bytes(decode_bytes(VECTORS["label_private_key"]))


def code_of(vector: dict[str, str]) -> OnboardingCode:
    return OnboardingCode(vector["u"], vector["t"], vector["s"], vector["p"], encryption=vector["e"])


@pytest.mark.parametrize("vector", VECTORS["sealed"], ids=lambda vector: vector["e"])
def test_the_vectors_open(vector: dict[str, str]) -> None:
    read = qr.read(qr.to_compact(code_of(vector)))
    clear = opened(read, setup_code=SETUP_CODE, label_key=KEY)
    assert (clear.password, clear.encryption) == (vector["password"], None)
    if vector["e"] == "s":
        again = by_setup_code(replace(read, password=vector["password"]), SETUP_CODE, decode_bytes(vector["nonce"]))
        assert again.password == vector["p"]


@pytest.mark.parametrize("vector", VECTORS["sealed"][:2], ids=lambda vector: vector["e"])
def test_it_opens_with_nothing_but_its_own_code_and_camera(vector: dict[str, str]) -> None:
    code = code_of(vector)
    raw = bytearray(decode_bytes(code.password))
    raw[-1] ^= 1
    changed = [
        replace(code, token=code.token[::-1]),
        replace(code, server_url="https://evil.example"),
        replace(code, ssid=code.ssid + "x"),
        replace(code, password=encode_bytes(bytes(raw))),
        replace(code, password=""),
        replace(code, password="AAAA"),
        replace(code, password="not base64url!"),
        replace(code, encryption="h" if code.encryption == "s" else "s"),
    ]
    for wrong in changed:
        assert _refused(wrong, SETUP_CODE, KEY) is Problem.CODE_WRONG, wrong
    other = setup_code.read(setup_code.made_of(os.urandom(8)))
    assert _refused(code, other, X25519PrivateKey.generate()) is Problem.CODE_WRONG
    assert _refused(replace(code, encryption="x"), SETUP_CODE, KEY) is Problem.ACTIVATION_REFUSED


def _refused(code: OnboardingCode, typed: str, key: X25519PrivateKey) -> Problem:
    with pytest.raises(CameraProblem) as refused:
        opened(code, setup_code=typed, label_key=key)
    assert code.password not in str(refused.value) or not code.password
    return refused.value.problem


def test_what_is_encrypted_still_has_to_be_a_password() -> None:
    plain = OnboardingCode("https://a", "t" * 22, "net", "short")
    assert _refused(by_setup_code(plain, SETUP_CODE, bytes(12)), SETUP_CODE, KEY) is Problem.CODE_WRONG


def test_encrypted_codes_stay_readable() -> None:
    """With pin, hidden network and pairing secret as well."""
    public = encode_bytes(KEY.public_key().public_bytes_raw())
    for sealed in (by_setup_code(FULL, SETUP_CODE, bytes(12)), to_label_key(FULL, public)):
        assert version_of(qr.to_compact(sealed)) <= LARGEST_VERSION


def test_the_label_is_made_once_and_kept_private(tmp_path: Path) -> None:
    first = label.load_or_make(tmp_path / "data", os.urandom)
    again = label.load_or_make(tmp_path / "data", os.urandom)
    assert (first.setup_code, first.public_key) == (again.setup_code, again.public_key)
    assert (tmp_path / "data" / label.LABEL_FILE).stat().st_mode & 0o777 == 0o600
    assert setup_code.grouped(first.setup_code) in first.text and first.public_key in first.text
    private = base64.urlsafe_b64encode(first.key.private_bytes_raw()).decode().rstrip("=")
    assert private not in first.text


@pytest.mark.parametrize("content", [b"", b"{}", b'{"setup_code": "A", "private_key": "B"}', b"\xff"])
def test_a_damaged_label_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / label.LABEL_FILE).write_bytes(content)
    with pytest.raises(DamagedLabel, match="is damaged"):
        label.load_or_make(tmp_path, os.urandom)
