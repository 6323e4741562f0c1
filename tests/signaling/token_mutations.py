"""Every way we know to make out of a good token one that must not be taken for it (RFC 8725, and what broke others)."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

Json = dict[str, Any]
Sign = Callable[[bytes], bytes]
Mutation = tuple[str, str]
"""What was done, and the token that came of it."""
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@dataclass(frozen=True)
class Good:
    """A token that is good, and what made it. `sign`: with the right key. `known`: what an attacker knows of keys and
    names and may try as a secret. `claims_wrong`: claims that make it bad though its signature is right."""

    token: str
    sign: Sign
    known: dict[str, bytes]
    claims_wrong: dict[str, Json]
    removable: tuple[str, ...]

    @property
    def header(self) -> Json:
        return dict(json.loads(_decoded(self.token.split(".")[0])))

    @property
    def claims(self) -> Json:
        return dict(json.loads(_decoded(self.token.split(".")[1])))

    @property
    def signature(self) -> bytes:
        return _decoded(self.token.split(".")[2])


def mutations(good: Good) -> Iterator[Mutation]:
    """All of them; the names tell them apart."""
    for family in (_algorithms, _confusions, _own_keys, _headers, _claims, _bits, _cuts, _writings, _repetitions):
        yield from family(good)


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _text(value: Json) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _made(header: Json | bytes, claims: Json | bytes, sign: Sign) -> str:
    parts = [part if isinstance(part, bytes) else _text(part) for part in (header, claims)]
    body = ".".join(encoded(part) for part in parts)
    return f"{body}.{encoded(sign(body.encode()))}"


def _hmac(key: bytes, digest: str = "sha256") -> Sign:
    return lambda data: hmac.digest(key, data, digest)


def _nothing(_data: bytes) -> bytes:
    return b""


def _algorithms(good: Good) -> Iterator[Mutation]:
    """RFC 8725 §3.1."""
    for name in ("none", "None", "NONE", "nOnE", "", "null", "HS1", "dir", "PBES2-HS256+A128KW"):
        for kind, sign in (("unsigned", _nothing), ("with the old signature", lambda _: good.signature)):
            yield f"algorithm {name!r} {kind}", _made(good.header | {"alg": name}, good.claims, sign)
    for name in ("HS256", "HS384", "HS512", "RS256", "ES256", "PS256", "EdDSA", "ES256K", "hs256"):
        if name != good.header["alg"]:
            yield (
                f"algorithm {name} signed by the right key",
                _made(good.header | {"alg": name}, good.claims, good.sign),
            )
    yield "no algorithm", _made({n: v for n, v in good.header.items() if n != "alg"}, good.claims, good.sign)
    for value in (None, 5, ["HS256"], {"alg": "HS256"}):
        yield f"algorithm {value!r}", _made(good.header | {"alg": value}, good.claims, good.sign)


def _confusions(good: Good) -> Iterator[Mutation]:
    """A public thing as the secret of an HMAC (RFC 8725 §2.1)."""
    common = {"nothing": b"", "NUL": b"\0", "secret": b"secret", "the header": _text(good.header)}
    for name, key in (common | good.known).items():
        for algorithm, digest in (("HS256", "sha256"), ("HS384", "sha384"), ("HS512", "sha512")):
            made = _made(good.header | {"alg": algorithm}, good.claims, _hmac(key, digest))
            yield f"{algorithm} with {name} as the secret", made


def _own_keys(good: Good) -> Iterator[Mutation]:
    """A key that the token brings along, and signatures of keys that nobody here knows."""
    ed, curve = Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256R1())
    numbers = rsa.generate_private_key(65537, 2048)
    point = encoded(ed.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
    signers: dict[str, Sign] = {
        "EdDSA": ed.sign,
        "ES256": lambda data: _raw(curve.sign(data, ec.ECDSA(SHA256()))),
        "RS256": lambda data: numbers.sign(data, padding.PKCS1v15(), SHA256()),
        "HS256": _hmac(b"k" * 64),
    }
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": point}
    brought: dict[str, Any] = {
        "jwk": jwk,
        "jku": "https://evil.example/keys.json",
        "x5u": "https://evil.example/key.pem",
        "x5c": [point],
        "x5t": point,
    }
    for algorithm, sign in signers.items():
        yield f"{algorithm} by another key", _made(good.header | {"alg": algorithm}, good.claims, sign)
        for name, value in brought.items():
            header = good.header | {"alg": algorithm, name: value}
            yield f"{algorithm} by the key in {name}", _made(header, good.claims, sign)
    octets = {"kty": "oct", "k": encoded(b"k" * 64)}
    yield (
        "HS256 by the secret in jwk",
        _made(good.header | {"alg": "HS256", "jwk": octets}, good.claims, signers["HS256"]),
    )
    for name, value in brought.items():
        yield f"{name} beside the right signature", _made(good.header | {name: value}, good.claims, good.sign)


def _raw(der: bytes) -> bytes:
    r, s = decode_dss_signature(der)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _headers(good: Good) -> Iterator[Mutation]:
    """With the right signature: kind, critical extensions, and places where a key is looked up."""
    for typ in ("JWT", "", None, 5, "at+jwt", good.header["typ"].upper(), good.header["typ"] + " ", ["x"]):
        yield f"typ {typ!r}", _made(good.header | {"typ": typ}, good.claims, good.sign)
    yield "no typ", _made({n: v for n, v in good.header.items() if n != "typ"}, good.claims, good.sign)
    for name, more in {
        "crit": {"crit": ["exp"]},
        "crit of nothing": {"crit": []},
        "crit of what nobody knows": {"crit": ["evil"], "evil": 1},
        "b64": {"b64": False, "crit": ["b64"]},
        "b64 alone": {"b64": False},
        "zip": {"zip": "DEF"},
        "cty": {"cty": "JWT"},
        "enc": {"enc": "A128GCM"},
    }.items():
        yield f"header {name}", _made(good.header | more, good.claims, good.sign)
    forged = _hmac(b"")
    for kid in (
        "../../../../dev/null",
        "/dev/null",
        "' OR '1'='1",
        "x' UNION SELECT 'x",
        "\0",
        "x" * 5000,
        5,
        None,
        {},
    ):
        yield f"kid {str(kid)[:30]!r}", _made(good.header | {"kid": kid, "alg": "HS256"}, good.claims, forged)
    for text in (b"", b"{}", b"[]", b"null", b"{", b"\xff\xfe", b'"x"', b"[" * 2000):
        yield f"header {text[:8]!r}", _made(text, good.claims, good.sign)


def _claims(good: Good) -> Iterator[Mutation]:
    """With the right signature and wrong claims, and with a claim changed under the old signature."""
    for name, changed in good.claims_wrong.items():
        yield f"claims: {name}", _made(good.header, good.claims | changed, good.sign)
    for name in good.removable:
        yield f"without {name}", _made(good.header, {n: v for n, v in good.claims.items() if n != name}, good.sign)
    for name, value in good.claims.items():
        for other in (0, 1, "", None, [value], {"$ne": 0}, f"{value}x"):
            made = _made(good.header, good.claims | {name: other}, lambda _: good.signature)
            yield f"{name} {other!r} under the old signature", made
    for text in (b"", b"{}", b"[]", b"null", b"{", b"\xff", b"[" * 1000):
        yield f"payload {text[:8]!r}", _made(good.header, text, good.sign)


def _bits(good: Good) -> Iterator[Mutation]:
    """One bit of the signature, each byte in turn; and signatures that are special numbers."""
    head, signature = good.token.rpartition(".")[0], good.signature
    for place in range(len(signature)):
        flipped = bytearray(signature)
        flipped[place] ^= 1 << (place % 8)
        yield f"bit {place % 8} of byte {place}", f"{head}.{encoded(bytes(flipped))}"
    for name, other in {"zeros": bytes(len(signature)), "ones": b"\xff" * len(signature), "one byte": b"\0"}.items():
        yield f"signature of {name}", f"{head}.{encoded(other)}"
    yield "a hash for a signature", f"{head}.{encoded(hashlib.sha256(head.encode()).digest())}"
    last = ALPHABET.index(good.token[-1])
    for bits in range(1, 4 if len(signature) % 3 == 2 else 16):
        yield f"unused bits {bits} of the last character", good.token[:-1] + ALPHABET[last ^ bits]


def _cuts(good: Good) -> Iterator[Mutation]:
    header, payload, signature = good.token.split(".")
    for cut in (1, 2, 3, 4, 8, 16, 32, len(signature), len(signature) + 1):
        yield f"{cut} characters cut off", good.token[:-cut]
    for cut in (1, 2, 5):
        yield f"{cut} characters cut off in front", good.token[cut:]
    for parts in (
        [header, payload],
        [header],
        [payload, header, signature],
        [header, signature, payload],
        ["", "", ""],
    ):
        yield f"parts of {[len(part) for part in parts]}", ".".join(parts)
    for parts in ([header, "", signature], ["", payload, signature], [header, payload, ""]):
        yield f"an empty part, {[len(part) for part in parts]}", ".".join(parts)


def _writings(good: Good) -> Iterator[Mutation]:
    """The very same bytes, written in another way."""
    token = good.token
    header, payload, signature = token.split(".")
    yield "padded", token + "=" * (-len(signature) % 4 or 1)
    for number, part in enumerate((header, payload, signature)):
        parts = [header, payload, signature]
        for name, other in {
            "=": part + "=",
            "a line break": part[:4] + "\n" + part[4:],
            "a space": part[:4] + " " + part[4:],
            "NUL": part + "\0",
            "percent": part + "%3D",
            "Cyrillic A": part.replace("A", "\u0410") if "A" in part else part + "\u0410",
            "a zero-width space": part + "\u200b",
            "full width": part[:-1] + chr(ord(part[-1]) + 0xFEE0),
            "+": part + "+",
            "a quote": f'"{part}"',
        }.items():
            yield f"{name} in part {number}", ".".join([*parts[:number], other, *parts[number + 1 :]])
    yield "in lower case", token.lower()
    yield "in upper case", token.upper()
    yield "in reverse", token[::-1]
    yield "with a colon", token.replace(".", ":")
    yield "with JSON around it", json.dumps({"token": token})
    yield "as JSON serialization", json.dumps({"protected": header, "payload": payload, "signature": signature})
    spaced = json.dumps(good.claims, indent=1).encode()
    yield "claims with white space under the old signature", _made(good.header, spaced, lambda _: good.signature)


def _repetitions(good: Good) -> Iterator[Mutation]:
    token, header, claims = good.token, _text(good.header), _text(good.claims)
    yield "twice", token + token
    yield "twice with a dot", f"{token}.{token}"
    yield "twice with a comma", f"{token},{token}"
    yield "twice with a space", f"{token} {token}"
    yield "a part more", f"{token}.{token.split('.')[2]}"
    yield "two parts more", f"{token}.x.y"
    yield "huge", token + "A" * 6000
    yield "a huge claim", _made(good.header, good.claims | {"x": "x" * 3000}, good.sign)
    yield "a huge header", _made(good.header | {"x": "x" * 3000}, good.claims, good.sign)
    for name, value in good.claims.items():
        again = claims[:-1] + b"," + _text({name: value})[1:]
        yield f"{name} stands there twice", _made(good.header, again, good.sign)
    yield "alg stands there twice", _made(b'{"alg":"none",' + header[1:], good.claims, good.sign)
    yield "NaN in the claims", _made(good.header, claims[:-1] + b',"x":NaN}', good.sign)


def opaque_mutations(secret: str) -> Iterator[Mutation]:
    """Of a secret that is kept as a hash: each character changed, and the usual."""
    for place, character in enumerate(secret):
        other = ALPHABET[ALPHABET.index(character) ^ 1]
        yield f"character {place} changed", secret[:place] + other + secret[place + 1 :]
        yield f"character {place} left out", secret[:place] + secret[place + 1 :]
    yield "twice", secret + secret
    yield "in reverse", secret[::-1]
    yield "in upper case", secret.upper()
    yield "one more", secret + "A"
    yield "its hash", hashlib.sha256(secret.encode()).hexdigest()
    yield "a wildcard", secret[:-1] + "_"
    yield "another wildcard", "%"
