"""A verifier written from docs/end-to-end.md alone, with nothing of ours: what the page leaves out, it cannot know."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

Members = dict[str, Any]
Ring = dict[str, Any]
SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
FORMS: dict[str, dict[str, str]] = {
    "keyring": {"n": "0..255", "keys": "keys", "ring": "text=", "before": "text=", "label": "label=", "iat": "count"},
    "camera": {"ring": "key", "id": "id", "camera": "key", "owner": "key", "iat": "count"},
    "grant": {
        "camera": "key",
        "ring": "key",
        "to": "key",
        "scopes": "scopes",
        "nbf": "count",
        "serial": "count",
        "exp": "count=None",
        "link": "flag=",
    },
    "acceptance": {"grant": "key", "to": "key", "iat": "count"},
    "orders": {
        "camera": "key",
        "ring": "key",
        "n": "count",
        "floor": "count",
        "serials": "counts",
        "standard": "flag=",
    },
    "receipt": {"orders": "key or none", "n": "-1..", "head": "key", "iat": "count"},
    "hello": {"camera": "key", "ring": "key", "nonce": "nonce", "exchange": "key", "iat": "count", "orders": "-1..="},
    "offer": {"hello": "key", "session": "text", "fingerprint": "text", "nonce": "nonce", "iat": "count"},
    "answer": {"offer": "key", "session": "text", "fingerprint": "text", "camera": "text", "iat": "count"},
    "key": {"hello": "key", "exchange": "key", "epoch": "count", "counter": "count", "sealed": "text", "iat": "count"},
    "plain": {"hello": "key", "iat": "count"},
}


class Refused(Exception):
    """Whatever is not as the page says."""


def demand(holds: object) -> None:
    if not holds:
        raise Refused


# --- words ---


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decoded(text: str) -> bytes:
    demand(re.fullmatch(r"[A-Za-z0-9_-]*", text, re.ASCII) and len(text) % 4 != 1)
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    demand(encoded(data) == text)
    return data


def digest(text: str) -> str:
    return encoded(hashlib.sha256(text.encode()).digest())


def derived(secret: bytes, size: int, info: str, salt: bytes = b"") -> bytes:
    return HKDF(hashes.SHA256(), size, salt, info.encode()).derive(secret)


def mac(key: bytes, *words: str) -> str:
    demand(all("\0" not in word for word in words))
    return encoded(hmac.digest(key, "\0".join(words).encode(), "sha256"))


# --- statements ---


def _members(data: bytes) -> Members:
    def once(pairs: list[tuple[str, Any]]) -> Members:
        demand(len(dict(pairs)) == len(pairs))
        return dict(pairs)

    demand(data[:1] == b"{")
    try:
        return dict(json.loads(data.decode(), object_pairs_hook=once))
    except ValueError as error:
        raise Refused from error


def _is_count(value: object, least: int = 0) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value < 2**53


def _is(value: Any, form: str) -> bool:
    match form:
        case "key":
            return isinstance(value, str) and len(decoded(value)) == 32
        case "key or none":
            return value == "" or _is(value, "key")
        case "nonce":
            return isinstance(value, str) and len(decoded(value)) == 16
        case "count" | "-1..":
            return _is_count(value, 0 if form == "count" else -1)
        case "0..255":
            return _is_count(value) and value <= 255
        case "flag":
            return isinstance(value, bool)
        case "keys":
            return isinstance(value, list) and 1 <= len(value) <= 16 and all(_is(each, "key") for each in value)
        case "counts":
            return isinstance(value, list) and len(value) <= 64 and all(_is_count(each) for each in value)
        case "scopes":
            known = {"live", "talk", "history", "manage"}
            return isinstance(value, list) and 1 <= len(value) <= 4 and all(each in known for each in value)
        case "label":
            return isinstance(value, str) and len(value) <= 80
        case "id":
            return isinstance(value, str) and 1 <= len(value) <= 64
    return isinstance(value, str)


def read(text: str, kind: str) -> tuple[str, Members]:
    """Who said it, and what."""
    parts = text.split(".")
    demand(len(text) <= 4096 and text.isascii() and len(parts) == 3)
    head, payload, signature = map(decoded, parts)
    header, said = _members(head), _members(payload)
    demand(header.keys() <= {"alg", "kid", "typ"})
    demand(header.get("alg") == "EdDSA" and header.get("typ") == f"belvedere-{kind}+jwt")
    by = str(header.get("kid"))
    demand(_is(by, "key"))
    try:
        Ed25519PublicKey.from_public_bytes(decoded(by)).verify(signature, f"{parts[0]}.{parts[1]}".encode())
    except (InvalidSignature, ValueError) as error:
        raise Refused from error
    for name, form in FORMS[kind].items():
        word, optional, _ = form.partition("=")
        demand(
            (optional and name not in said)
            or (form == "count=None" and said[name] is None)
            or _is(said.get(name), word)
        )
    return by, said


# --- keyrings, grants, orders ---


def follow(chain: Sequence[str]) -> Ring:
    demand(1 <= len(chain) <= 256 and sum(map(len, chain)) <= 32_768)
    ring: Ring | None = None
    for text in chain:
        by, said = read(text, "keyring")
        place = (said["n"], said.get("ring", ""), said.get("before", ""))
        demand(len(set(said["keys"])) == len(said["keys"]))
        if ring is None:
            demand(place == (0, "", "") and said["keys"] == [by])
            ring = {"name": digest(text)}
        else:
            demand(place == (ring["n"] + 1, ring["name"], ring["head"]) and by in ring["keys"])
        ring |= {"n": said["n"], "keys": set(said["keys"]), "head": digest(text)}
    assert ring is not None
    return ring


def ordered(text: str, camera: str, owner: Ring, known: Members) -> Members:
    by, said = read(text, "orders")
    demand((said["camera"], said["ring"]) == (camera, owner["name"]) and by in owner["keys"])
    if said["n"] <= known["n"]:
        return known
    demand(said["n"] <= known["n"] + 65_536 and said["floor"] >= known["floor"])
    demand(all(serial < said["floor"] or serial in said["serials"] for serial in known["serials"]))
    return {"standard": False} | {name: said[name] for name in ("n", "floor", "serials", "standard") if name in said}


def rights(camera: str, owner: Ring, known: Members, viewer: Ring, chain: Sequence[str], now: float) -> set[str]:
    if viewer["name"] == owner["name"]:
        return {"live", "talk", "history", "manage"}
    demand(1 <= len(chain) <= 2)
    by, said = read(chain[0], "grant")
    demand(by in owner["keys"] and said["ring"] == owner["name"] and said["camera"] == camera)
    demand(said["serial"] >= known["floor"] and said["serial"] not in known["serials"])
    demand(said["nbf"] <= now + 120 and (said.get("exp") is None or said["exp"] > now))
    if not said.get("link", False):
        demand(len(chain) == 1 and said["to"] == viewer["name"])
        return set(said["scopes"])
    demand(len(chain) == 2)
    taker, accepted = read(chain[1], "acceptance")
    demand(taker == said["to"] and accepted["grant"] == digest(chain[0]) and accepted["to"] == viewer["name"])
    return set(said["scopes"])


# --- sessions ---


def fingerprint(sdp: str) -> str:
    demand(not re.search(r"[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]|\r(?!\n)", sdp))
    lines = [line for line in re.split(r"\r?\n", sdp) if line.lower().startswith("a=fingerprint")]
    found = {re.fullmatch(r"a=fingerprint:(\S+)[ \t]+([0-9A-Fa-f:]+)[ \t]*", line) for line in lines}
    demand(found and None not in found)
    names = {f"{match[1].lower()} {match[2].upper()}" for match in found if match is not None}
    demand(len(names) == 1)
    (name,) = names
    demand(re.fullmatch(r"sha-256 [0-9A-F]{2}(:[0-9A-F]{2}){31}", name))
    return name


def check_hello(text: str, camera: str, ring: Ring) -> Members:
    by, said = read(text, "hello")
    demand(by in ring["keys"] and said["camera"] == camera and said["ring"] == ring["name"])
    return said


def check_offer(text: str, hello: str, camera: str, session: str, sdp: str) -> Members:
    by, said = read(text, "offer")
    demand(by == camera and said["hello"] == digest(hello))
    demand(said["session"] == session and said["fingerprint"] == fingerprint(sdp))
    return said


def check_answer(text: str, offer: str, viewer: str, sdp: str) -> Members:
    (by, said), (_, ours) = read(text, "answer"), read(offer, "offer")
    demand(by == viewer and said["offer"] == digest(offer))
    demand((said["session"], said["camera"]) == (ours["session"], ours["fingerprint"]))
    demand(said["fingerprint"] == fingerprint(sdp))
    return said


def open_envelope(text: str, camera: str, hello: str, own: bytes) -> tuple[int, bytes, int]:
    by, said = read(text, "key")
    demand(by == camera and said["hello"] == digest(hello))
    shared = X25519PrivateKey.from_private_bytes(own).exchange(
        X25519PublicKey.from_public_bytes(decoded(said["exchange"]))
    )
    wrapping = derived(shared, 32, "belvedere-key-1", decoded(said["hello"]))
    try:
        secret = AESGCM(wrapping).decrypt(bytes(12), decoded(said["sealed"]), None)
    except InvalidTag as error:
        raise Refused from error
    demand(len(secret) == 32)
    return said["epoch"], secret, said["counter"]


def check_plain(text: str, camera: str, hello: str) -> None:
    by, said = read(text, "plain")
    demand(by == camera and said["hello"] == digest(hello))


def receipt(text: str, camera: str) -> Members:
    by, said = read(text, "receipt")
    demand(by == camera and (said["n"] == -1) == (said["orders"] == ""))
    return said


def introduction(text: str, ring: Ring, name: str) -> Members:
    by, said = read(text, "camera")
    demand(by in ring["keys"] and said["ring"] == ring["name"] and said["id"] == name)
    return said


# --- codes ---


def pairing_proofs(secret: bytes, origin: str, token: str, camera: str, ring: str, head: str) -> tuple[str, str]:
    keys = derived(secret, 64, "belvedere-pairing-1", hashlib.sha256(token.encode()).digest())
    hashed = hashlib.sha256(token.encode()).hexdigest()
    return (
        mac(keys[:32], "belvedere-pairing-camera-1", origin, hashed, camera),
        mac(keys[32:], "belvedere-pairing-owner-1", origin, hashed, ring, head),
    )


def link(seed: bytes, camera: str, owner: str, grant: str) -> tuple[str, str, str]:
    """The server's secret, the link's key, the proof."""
    keys = derived(seed, 80, "belvedere-link-1")
    return encoded(keys[:16]), key_of(keys[16:48]), mac(keys[48:], "belvedere-link-1", camera, owner, grant)


def key_of(seed: bytes) -> str:
    return encoded(Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw())


def code_secret(code: str) -> bytes:
    demand(code.isascii())
    signs = code.upper().replace(" ", "").replace("-", "").replace("O", "0").replace("I", "1").replace("L", "1")
    demand(len(signs) == 16 and all(sign in SIGNS for sign in signs))
    return hashlib.sha256(b"belvedere-installation-1\0" + signs.encode()).digest()[:16]


def installation_proofs(secret: bytes, key: str, ring: str, head: str) -> tuple[str, str]:
    keys = derived(secret, 64, "belvedere-installation-1")
    return (
        mac(keys[:32], "belvedere-installation-new-1", key),
        mac(keys[32:], "belvedere-installation-welcome-1", key, ring, head),
    )


def recovery(text: str) -> tuple[str, str]:
    """The ring's name, and the key on paper."""
    parts = text.strip().split(":")
    demand(len(parts) == 3 and parts[0] == "BELVEDERE-RECOVERY-1")
    demand(len(decoded(parts[1])) == 32 and len(decoded(parts[2])) == 32)
    return parts[1], key_of(decoded(parts[2]))
