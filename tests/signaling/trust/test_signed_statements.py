"""Statements: what is signed is believed, and nothing else."""

import json
from typing import Any

import jwt
import pytest

from signaling.protocol.identity import decode_bytes, encode_bytes
from signaling.protocol.trust import keyring, statement
from signaling.protocol.trust.keyring import KIND, Link
from signaling.protocol.trust.statement import MAX_STATEMENT_CHARS, Untrue
from tests.signaling.trust.people import NOW, key, misspelt, name

GOOD = keyring.begin(key("phone"), NOW)


def parts(text: str) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    header, payload, signature = text.split(".")
    return json.loads(decode_bytes(header)), json.loads(decode_bytes(payload)), decode_bytes(signature)


def joined(header: dict[str, Any], payload: dict[str, Any], signature: bytes) -> str:
    texts = (json.dumps(part, separators=(",", ":")).encode() for part in (header, payload))
    return ".".join(encode_bytes(part) for part in (*texts, signature))


def signed_by(person: str, header: dict[str, Any], payload: dict[str, Any]) -> str:
    return jwt.encode(payload, key(person), algorithm="EdDSA", headers=header)


def test_a_signed_statement_says_who_signed_it() -> None:
    said = statement.read(GOOD, KIND, Link)
    assert (said.by, said.what) == (name("phone"), Link(0, [name("phone")], NOW))
    assert said.digest == statement.digest(GOOD)
    assert joined(*parts(GOOD)) == GOOD


def signed_text(header: str, payload: str, person: str = "phone") -> str:
    """Signed as it stands, by the letter."""
    body = f"{encode_bytes(header.encode())}.{encode_bytes(payload.encode())}"
    return f"{body}.{encode_bytes(key(person).sign(body.encode()))}"


HEADER, PAYLOAD = (decode_bytes(part).decode() for part in GOOD.split(".")[:2])
UNASKED = {
    "an audience": '"aud":"somebody"',
    "audiences": '"aud":["a","b"]',
    "an audience that is none": '"aud":{}',
    "a subject that is no text": '"sub":7',
    "a name that is no text": '"jti":[1]',
    "an issuer that is no text": '"iss":null',
    "an end in the past": '"exp":1',
    "an end that is no number": '"exp":"soon"',
    "a beginning in the future": '"nbf":9007199254740991',
    "a beginning that is no number": '"nbf":true',
    "a critical member": '"crit":["exp"]',
    "a fraction": '"x":-1.5',
    "an exponent": '"x":[1e3,{"y":1E+2}]',
    "a member with an odd name": '"__proto__":{"n":7}',
}
SAYS_MORE = {why: signed_text(HEADER, PAYLOAD.replace("{", f"{{{more},", 1)) for why, more in UNASKED.items()}
MISSPELT = {
    "a misspelt signature": misspelt(GOOD),
    "a misspelt key": signed_text(
        *(text.replace(name("phone"), misspelt(name("phone"))) for text in (HEADER, PAYLOAD))
    ),
}


@pytest.mark.parametrize("why", SAYS_MORE)
def test_a_signed_statement_may_say_more_than_anybody_asks_for(why: str) -> None:
    said = statement.read(SAYS_MORE[why], KIND, Link)
    assert (said.by, said.what) == (name("phone"), Link(0, [name("phone")], NOW))


@pytest.mark.parametrize("why", MISSPELT)
def test_a_signed_statement_is_spelt_in_one_way(why: str) -> None:
    with pytest.raises(Untrue):
        statement.read(MISSPELT[why], KIND, Link)


def mutations() -> dict[str, str]:
    header, payload, signature = parts(GOOD)
    typed = {"typ": KIND, "kid": name("phone")}
    unsigned = encode_bytes(json.dumps({"alg": "none", "typ": KIND, "kid": name("phone")}).encode())
    secret = name("phone")
    flipped = {
        f"bit {bit} of the signature": joined(
            header, payload, (int.from_bytes(signature, "big") ^ (1 << bit)).to_bytes(64, "big")
        )
        for bit in range(0, 512, 37)
    }
    return flipped | {
        "another key named": joined(header | {"kid": name("stranger")}, payload, signature),
        "signed by another": signed_by("stranger", header, payload),
        "no key named": signed_by("phone", {"typ": KIND}, payload),
        "a key that is no text": joined(header | {"kid": 7}, payload, signature),
        "a key with a line break": joined(header | {"kid": name("phone") + "\n"}, payload, signature),
        "a name with a line break": signed_by("phone", header, payload | {"keys": [name("phone")[:42] + "\n"]}),
        "key of another length": signed_by("phone", {"typ": KIND, "kid": name("phone")[:-2]}, payload),
        "key by itself": signed_by("stranger", header | {"jwk": {"kty": "OKP"}}, payload),
        "another kind": signed_by("phone", header | {"typ": "belvedere-grant+jwt"}, payload),
        "no kind": signed_by("phone", {"kid": name("phone")}, payload),
        "no algorithm": f"{unsigned}.{GOOD.split('.')[1]}.",
        "a shared secret instead": jwt.encode(payload, secret, algorithm="HS256", headers=typed),
        "another payload": joined(header, payload | {"n": 1}, signature),
        "another form": signed_by("phone", header, {"n": 0}),
        "no object": GOOD.replace(GOOD.split(".")[1], encode_bytes(b"[]")),
        "cut off": GOOD[:-1],
        "empty": "",
        "two parts": ".".join(GOOD.split(".")[:2]),
        "padded": GOOD + "=",
        "too long": GOOD + "A" * MAX_STATEMENT_CHARS,
        "no ASCII": GOOD[:-1] + "ä",
    }


@pytest.mark.parametrize("what", mutations())
def test_a_signed_statement_that_was_changed_says_nothing(what: str) -> None:
    with pytest.raises(Untrue):
        statement.read(mutations()[what], KIND, Link)


def test_a_signed_statement_has_a_bound_that_a_full_keyring_keeps() -> None:
    chain = [keyring.begin(key("phone"), NOW)]
    people = [name(f"installation {number}") for number in range(keyring.MAX_KEYS - 1)]
    full = keyring.change(key("phone"), keyring.follow(chain), [name("phone"), *people], NOW)
    assert len(full) < 1500 < MAX_STATEMENT_CHARS
    assert len(keyring.follow([*chain, full]).keys) == keyring.MAX_KEYS
    too_many = statement.sign(key("phone"), KIND, Link(1, [name(str(n)) for n in range(keyring.MAX_KEYS + 1)], NOW))
    with pytest.raises(Untrue):
        statement.read(too_many, KIND, Link)
