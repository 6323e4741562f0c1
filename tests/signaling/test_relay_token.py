"""A relay's token: only of one who knows the secret, for this server, and for a minute."""

import json
from typing import Any

import jwt
import pytest

from signaling.protocol import relay_token

SECRET = b"0123456789abcdef0123456789abcdef"
ORIGIN = "https://home.example"


def token(secret: bytes = SECRET, now: float = 1_000.0) -> str:
    return relay_token.sign(secret, name="attic-1", origin=ORIGIN, jti="j1", now=now)


def read(text: str, now: float = 1_010.0) -> relay_token.RelayClaims | None:
    return relay_token.read(SECRET, text, origin=ORIGIN, now=now)


def test_it_says_who_and_how_long_its_id_must_be_kept() -> None:
    assert read(token()) == relay_token.RelayClaims("attic-1", "j1", 80.0)


@pytest.mark.parametrize(("now", "good"), [(969.9, False), (970.0, True), (1_089.9, True), (1_090.0, False)])
def test_it_counts_for_a_minute_by_the_clock_it_is_given(now: float, good: bool) -> None:
    assert (read(token(), now) is not None) is good


def test_another_secret_or_server_makes_it_nothing() -> None:
    assert read(token(b"x" * 32)) is None
    assert relay_token.read(SECRET, token(), origin="https://other.example", now=1_010.0) is None


@pytest.mark.parametrize(
    ("headers", "claims"),
    [
        ({"typ": "JWT"}, {}),
        ({}, {"iss": "Attic"}),
        ({}, {"iss": "a" * 33}),
        ({}, {"iss": ""}),
        ({}, {"iss": "attic\n"}),
        ({}, {"iss": ["attic"]}),
        ({}, {"jti": ""}),
        ({}, {"jti": "x" * 65}),
        ({}, {"jti": 5}),
        ({}, {"exp": 1_061}),
        ({}, {"exp": 1_000}),
        ({}, {"exp": 10**30, "iat": 10**30 - 1}),
        ({}, {"iat": True}),
        ({}, {"exp": "1060"}),
        ({}, {"aud": [ORIGIN]}),
        ({}, {"aud": None}),
    ],
)
def test_what_a_relay_of_ours_would_never_say(headers: dict[str, str], claims: dict[str, Any]) -> None:
    whole = {"iss": "attic-1", "aud": ORIGIN, "iat": 1_000, "exp": 1_060, "jti": "j1"}
    typed = {"typ": relay_token.RELAY_TOKEN_TYPE}
    assert read(jwt.encode(whole, SECRET, headers=typed)) is not None
    # Lists and numbers where texts belong: the library would not sign them, whoever holds the secret could.
    text = jwt.api_jws.encode(jwt_body(whole | claims), SECRET, headers=typed | headers)
    assert read(text) is None


def jwt_body(claims: dict[str, Any]) -> bytes:
    return json.dumps(claims).encode()


@pytest.mark.parametrize("text", ["", "a.b.c", "x" * 5_000, "é.é.é", token()[:-2]])
def test_what_is_no_token(text: str) -> None:
    assert read(text) is None


def test_one_signed_by_nothing_is_nothing() -> None:
    claims = {"iss": "attic-1", "aud": ORIGIN, "iat": 1_000, "exp": 1_060, "jti": "j1"}
    headers = {"typ": relay_token.RELAY_TOKEN_TYPE}
    assert read(jwt.encode(claims, None, algorithm="none", headers=headers)) is None
    assert read(jwt.encode(claims, SECRET * 2, algorithm="HS512", headers=headers)) is None


def test_a_relay_cannot_sign_what_would_be_refused() -> None:
    with pytest.raises(ValueError, match="name"):
        relay_token.sign(SECRET, name="Attic", origin=ORIGIN, jti="j", now=0.0)
    with pytest.raises(ValueError, match="secret"):
        relay_token.sign(b"short", name="attic", origin=ORIGIN, jti="j", now=0.0)
