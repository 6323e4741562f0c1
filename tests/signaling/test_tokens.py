"""Tokens: only ours, only now, only for this server; time is an argument."""

from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signaling.protocol.identity import DEVICE_TOKEN_TYPE, encode_bytes
from signaling.tokens import (
    ACCOUNT_JWT_TYPE,
    LOGIN_SECONDS,
    BadToken,
    device_named_in,
    read_account_token,
    read_device_token,
    sign_account_token,
)

KEY, NOW, ORIGIN = "k" * 64, 1_800_000_000.0, "https://cameras.example.org"
DEVICE = Ed25519PrivateKey.generate()
PUBLIC = encode_bytes(DEVICE.public_key().public_bytes_raw())


def account_token() -> str:
    return sign_account_token(KEY, origin=ORIGIN, account_id="a", login_id="login", jti="j", now=NOW)


def forged(changed: dict[str, Any], *, key: Any = KEY, algorithm: str = "HS256", typ: str = ACCOUNT_JWT_TYPE) -> str:
    claims = {"iss": ORIGIN, "aud": ORIGIN, "sub": "a", "sid": "login", "jti": "j", "iat": NOW, "exp": NOW + 60}
    return jwt.encode(claims | changed, key, algorithm=algorithm, headers={"typ": typ})


def test_a_login_lasts_a_day() -> None:
    assert read_account_token(KEY, account_token(), origin=ORIGIN, now=NOW + LOGIN_SECONDS - 1) == "login"
    with pytest.raises(BadToken):
        read_account_token(KEY, account_token(), origin=ORIGIN, now=NOW + LOGIN_SECONDS)


@pytest.mark.parametrize(
    "token",
    [
        forged({"aud": "https://other.example.org"}),
        forged({"aud": [ORIGIN, "x"]}),
        forged({"iss": "https://other.example.org"}),
        forged({"sid": 5}),
        forged({"exp": "tomorrow"}),
        forged({"exp": True}),
        forged({}, typ="JWT"),
        forged({}, typ=DEVICE_TOKEN_TYPE),
        forged({}, key="x" * 64),
        forged({}, algorithm="HS512"),
        jwt.encode({"sid": "login"}, "", algorithm="none"),
        "a.b.c",
        "",
        "\0.\0.\0",
        account_token()[:-2],
    ],
)
def test_what_is_not_ours_is_refused(token: str) -> None:
    with pytest.raises(BadToken):
        read_account_token(KEY, token, origin=ORIGIN, now=NOW)


def device_token(changed: dict[str, Any], *, key: Any = DEVICE, algorithm: str = "EdDSA", kid: Any = "camera") -> str:
    claims = {"iss": "camera", "aud": ORIGIN, "iat": NOW, "exp": NOW + 60, "jti": "j"}
    return jwt.encode(claims | changed, key, algorithm=algorithm, headers={"typ": DEVICE_TOKEN_TYPE, "kid": kid})


def read(token: str, now: float = NOW) -> float:
    return read_device_token(PUBLIC, token, camera_id="camera", origin=ORIGIN, now=now).keep_seconds


def test_a_device_speaks_for_itself_for_a_minute() -> None:
    token = device_token({})
    assert device_named_in(token) == "camera"
    assert read(token) == 90 and read(token, NOW - 30) == 120 and read(token, NOW + 89) == 1
    for late in (NOW + 90, NOW - 31):
        with pytest.raises(BadToken):
            read(token, late)


@pytest.mark.parametrize(
    "token",
    [
        device_token({"iss": "another"}),
        device_token({"aud": "https://other.example.org"}),
        device_token({"exp": NOW + 61}),
        device_token({"exp": NOW}),
        device_token({"jti": ""}),
        device_token({"jti": "j" * 65}),
        device_token({"jti": 5}),
        device_token({"iat": "now"}),
        device_token({}, key=Ed25519PrivateKey.generate()),
        device_token({}, key=PUBLIC.ljust(64), algorithm="HS256"),
    ],
)
def test_other_devices_and_longer_lives_are_refused(token: str) -> None:
    with pytest.raises(BadToken):
        read(token)


def test_tokens_of_accounts_name_no_device() -> None:
    assert device_named_in(account_token()) is None
    assert device_named_in("nonsense") is None and device_named_in("a.b.c") is None


def test_an_unusable_key_is_a_refusal() -> None:
    with pytest.raises(BadToken):
        read_device_token("AAAA", device_token({}), camera_id="camera", origin=ORIGIN, now=NOW)
