"""The QR payload: what is written is read again, and what is not ours is refused in plain words."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.protocol.qr import MAX_SSID_BYTES, BadPayload, OnboardingCode, read, to_compact, to_long

TOKEN = "AAECAwQFBgcICQoLDA0ODw"
CODE = OnboardingCode("https://camera.example.org:8443", TOKEN, "Hillside", "correct horse")
SSIDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=32).filter(lambda s: len(s.encode()) <= 32)
PASSWORDS = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=8, max_size=63) | st.just("")
IDS = st.from_regex(r"[A-Za-z0-9_-]{22}", fullmatch=True)


@given(ssid=SSIDS, password=PASSWORDS, hidden=st.booleans(), pin=st.none() | IDS, secret=st.none() | IDS, token=IDS)
def test_the_compact_form_comes_back(
    ssid: str, password: str, hidden: bool, pin: str | None, secret: str | None, token: str
) -> None:
    code = OnboardingCode(
        "https://[2001:db8::1]:8443", token, ssid, password, hidden=hidden, pin=pin, pairing_secret=secret
    )
    assert read(to_compact(code)) == code


@given(ssid=SSIDS, password=PASSWORDS)
def test_the_long_form_comes_back(ssid: str, password: str) -> None:
    code = OnboardingCode("http://192.168.1.2:8080", TOKEN, ssid, password, user_id="u1")
    assert read(to_long(code)) == code


def test_the_compact_form_has_the_keys_of_the_contract() -> None:
    full = OnboardingCode(
        CODE.server_url, TOKEN, "Hillside", "correct horse", hidden=True, pin="k" * 22, pairing_secret="x" * 22
    )
    assert json.loads(to_compact(full)) == {
        "v": 1,
        "s": "Hillside",
        "p": "correct horse",
        "u": CODE.server_url,
        "t": TOKEN,
        "h": 1,
        "k": "k" * 22,
        "x": "x" * 22,
    }
    assert " " not in to_compact(CODE).replace("correct horse", "")


def test_the_long_form_has_the_keys_that_firmware_expects() -> None:
    keys = ["wifi_name", "wifi_password", "server_address", "secret_token", "your_user_id"]
    assert list(json.loads(to_long(CODE))) == keys


def test_a_wifi_uri_with_our_fields_is_read() -> None:
    text = rf"WIFI:T:WPA;S:Hill\;side;P:a\\b\:c\,d123;H:true;U:https\://cam.example.org;K:{TOKEN};I:pin;X:secret;;"
    code = read(text)
    assert (code.ssid, code.password, code.hidden) == ("Hill;side", "a\\b:c,d123", True)
    assert (code.server_url, code.token, code.pin, code.pairing_secret) == (
        "https://cam.example.org",
        TOKEN,
        "pin",
        "secret",
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("https://example.org/menu", "not an onboarding code"),
        ("[1, 2]", "not an onboarding code"),
        ('{"v":2}', "another version"),
        ('{"v":1,"s":7,"p":"","u":"https://a","t":"t"}', "not text"),
        ('{"v":1,"s":"a","p":"","u":"https://a","t":""}', "no server or token"),
        ("WIFI:S:guest;P:12345678;;", "no server or token"),
        ('{"v":1,"s":"a","p":"","u":"ftp://a","t":"t"}', "not a web address"),
        ('{"v":1,"s":"a","p":"","u":"https://a/path","t":"t"}', "not a web address"),
        ('{"v":1,"s":"a","p":"","u":"https://me@a","t":"t"}', "not a web address"),
        ('{"v":1,"s":"a","p":"","u":"https://a:99999","t":"t"}', "not a web address"),
        ('{"v":1,"s":"a","p":"","u":"https://a\\n","t":"t"}', "not a web address"),
        ('{"v":1,"s":"a","p":"","u":"https://a..b","t":"t"}', "not a web address"),
        (f'{{"v":1,"s":"a","p":"","u":"https://{"a" * 64}.b","t":"t"}}', "not a web address"),
        ('{"v":1,"s":"a","p":"short","u":"https://a","t":"t"}', "8 to 63"),
        ('{"v":1,"s":"a","p":"","u":"https://a","t":"t\\u0000"}', "token in this code is damaged"),
        ('{"v":1,"s":"\\ud800","p":"","u":"https://a","t":"t"}', "characters that are none"),
        ("{" * 900, "not an onboarding code"),
        ("x" * 2000, "too long"),
    ],
)
def test_what_is_not_ours_is_refused_in_words(text: str, sentence: str) -> None:
    with pytest.raises(BadPayload, match=sentence):
        read(text)


def test_a_wifi_name_is_measured_in_bytes() -> None:
    fits = OnboardingCode(CODE.server_url, TOKEN, "é" * (MAX_SSID_BYTES // 2))
    assert read(to_compact(fits)) == fits
    with pytest.raises(BadPayload, match="32 bytes"):
        read(to_compact(OnboardingCode(CODE.server_url, TOKEN, "é" * 17)))


def test_a_raw_key_of_64_hex_digits_is_a_password() -> None:
    raw = OnboardingCode(CODE.server_url, TOKEN, "Hillside", "0f" * 32)
    assert read(to_compact(raw)).password == "0f" * 32
    with pytest.raises(BadPayload):
        read(to_compact(OnboardingCode(CODE.server_url, TOKEN, "Hillside", "g" * 64)))


@given(st.text(max_size=300) | st.dictionaries(st.sampled_from("vsputhkex"), st.text() | st.integers()).map(json.dumps))
def test_nothing_but_bad_payload_is_ever_raised(text: str) -> None:
    with contextlib.suppress(BadPayload):
        assert read(text).token
