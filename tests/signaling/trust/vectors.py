"""What others must say of each case: `python -m tests.signaling.trust.vectors > tests/vectors/trust.json`.

Everything is made from fixed seeds, so that a run always writes the same file; a test holds it against the one that is
kept.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from media.frames import EncodedFrame
from media.sealed_frames import sealed
from media.sframe import sealer
from signaling.protocol.identity import encode_bytes
from signaling.protocol.trust import keyring, pairing, session, statement
from signaling.protocol.trust.installation import installation_proof, welcome_proof
from signaling.protocol.trust.introduction import read_introduction
from signaling.protocol.trust.link import link_proof
from signaling.protocol.trust.orders import Known
from signaling.protocol.trust.receipt import read_receipt
from tests.signaling.trust import (
    test_pairing_installations,
    test_pairing_proofs,
    test_signed_envelopes,
    test_signed_grants,
    test_signed_introductions,
    test_signed_keyring,
    test_signed_links,
    test_signed_orders,
    test_signed_plain,
    test_signed_receipts,
    test_signed_recovery,
)
from tests.signaling.trust import test_swap_sessions as sessions
from tests.signaling.trust.people import NOW, exchange_key, hello, name, ordered, ring_of, sdp, seed
from tests.signaling.trust.test_signed_introductions import introduced

FRAME_KEY, FRAME_EPOCH = seed("frames"), 0x1234
SLICE = b"\x65" + bytes(range(256)) * 3 + bytes(40) + b"\x80"


def pairings() -> dict[str, Any]:
    secret, origin, token, camera = test_pairing_proofs.CAMERA
    ring, head = test_pairing_proofs.OWNER[3:]
    return {
        "secret": encode_bytes(secret),
        "origin": origin,
        "token": token,
        "camera": camera,
        "ring": ring,
        "head": head,
        "camera_proof": pairing.camera_proof(*test_pairing_proofs.CAMERA),
        "owner_proof": pairing.owner_proof(*test_pairing_proofs.OWNER),
    }


def keyrings() -> list[dict[str, Any]]:
    ring = keyring.follow(test_signed_keyring.CHAIN)
    good = {"why": "whole", "chain": test_signed_keyring.CHAIN, "name": ring.name, "keys": sorted(ring.keys)}
    broken = [{"why": why, "chain": chain} for why, chain in test_signed_keyring.BROKEN.items() if why != "endless"]
    return [good, *broken]


def grants() -> dict[str, Any]:
    good: dict[str, Sequence[str]] = {
        "to the guest": [test_signed_grants.FOR_GUEST],
        "by a link": [test_signed_grants.LINK, test_signed_grants.accepted()],
    }
    cases = [{"why": why, "chain": chain, "scopes": ["live"]} for why, chain in good.items()]
    bad = [{"why": why, "chain": chain} for why, chain in test_signed_grants.NO_RIGHTS.items()]
    return {
        "camera": name("camera"),
        "owner": ring_of("phone", "laptop"),
        "viewer": ring_of("guest"),
        "now": NOW,
        "orders": ordered(),
        "cases": [*cases, *bad],
    }


def orders_given() -> dict[str, Any]:
    known = test_signed_orders.after(ordered())
    later = ordered(n=1, floor=8, serials=(9,), standard=True)
    return {
        "camera": name("camera"),
        "owner": test_signed_orders.CHAIN,
        "text": ordered(),
        "digest": known.digest,
        "later": {"text": later, "n": 1, "floor": 8, "serials": [9], "standard": True},
        "taken_back": [{"why": why, "texts": texts} for why, texts in test_signed_orders.TAKEN_BACK.items()],
        "refused": refused(test_signed_orders.NO_ORDERS),
    }


def receipts() -> dict[str, Any]:
    what = read_receipt(test_signed_receipts.given(), name("camera"))
    return {
        "camera": name("camera"),
        "text": test_signed_receipts.given(),
        "says": msgspec.to_builtins(what),
        "of_nothing": test_signed_receipts.given(known=Known()),
        "refused": refused(test_signed_receipts.NO_RECEIPTS),
    }


def introductions() -> dict[str, Any]:
    what = read_introduction(introduced(), test_signed_introductions.RING, test_signed_introductions.ID)
    return {
        "ring": ring_of("phone", "laptop"),
        "id": test_signed_introductions.ID,
        "text": introduced(),
        "says": msgspec.to_builtins(what),
        "later": introduced(camera=name("other camera"), iat=NOW + 1),
        "refused": refused(test_signed_introductions.NO_INTRODUCTIONS),
    }


def plains() -> dict[str, Any]:
    return {
        "camera": name("camera"),
        "hello": hello(),
        "text": test_signed_plain.said(),
        "refused": refused(test_signed_plain.NOT_PLAIN),
    }


def links() -> dict[str, Any]:
    link_seed, camera, owner, grant = test_signed_links.FACTS
    return {
        "seed": encode_bytes(link_seed),
        "secret": test_signed_links.KEYS.secret,
        "key": statement.name_of(test_signed_links.KEYS.key),
        "camera": camera,
        "owner": owner,
        "grant": grant,
        "proof": link_proof(*test_signed_links.FACTS),
    }


def installations() -> dict[str, Any]:
    secret, new, ring, head = test_pairing_installations.WELCOME
    code = test_pairing_installations.CODE
    return {
        "code": code,
        "secret": encode_bytes(secret),
        "spelt": test_pairing_installations.SPELT,
        "refused": test_pairing_installations.NO_CODES,
        "key": new,
        "ring": ring,
        "head": head,
        "proof": installation_proof(secret, new),
        "welcome": welcome_proof(*test_pairing_installations.WELCOME),
    }


def recoveries() -> dict[str, Any]:
    return {
        "text": test_signed_recovery.TEXT,
        "ring": test_signed_recovery.PAPER.ring,
        "key": name("paper"),
        "refused": refused(test_signed_recovery.NO_RECOVERY),
    }


def refused(cases: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"why": why, "text": text} for why, text in cases.items()]


def offers() -> dict[str, Any]:
    untouched = {"text": sessions.offered(), "with_sdp": sdp("camera")}
    swapped = [{"why": why} | untouched | change for why, change in sessions.SWAPPED_OFFERS.items()]
    answer = {"text": sessions.answered(), "with_sdp": sdp("phone")}
    return {
        "camera": name("camera"),
        "viewer": name("phone"),
        "session": "s1",
        "hello": hello(),
        "owner_hello": hello(seen=3),
        "ring": ring_of("phone", "laptop"),
        "swapped_hellos": refused(sessions.SWAPPED_HELLOS),
        "good": untouched | {"fingerprint": session.fingerprint_of(sdp("camera"))},
        "swapped": swapped,
        "answer": answer | {"seed": encode_bytes(seed("phone")), "now": NOW},
        "swapped_answers": [{"why": why} | answer | change for why, change in sessions.SWAPPED_ANSWERS.items()],
    }


def envelopes() -> dict[str, Any]:
    return {
        "camera": name("camera"),
        "hello": hello(),
        "exchange_seed": encode_bytes(exchange_key("phone").private_bytes_raw()),
        "text": test_signed_envelopes.sealed(),
        "epoch": test_signed_envelopes.SENDER.epoch,
        "secret": encode_bytes(test_signed_envelopes.SENDER.secret),
        "counter": 99,
        "refused": [
            {"why": "for another viewer", "text": test_signed_envelopes.sealed(to=hello("stranger"))},
            {"why": "for an earlier session", "text": test_signed_envelopes.sealed(to=hello(label="earlier"))},
            {"why": "by another camera", "text": test_signed_envelopes.sealed(by="stranger")},
        ],
    }


def frames() -> dict[str, Any]:
    unit = b"\x67\x42\xe0\x1f\x8c\x8d\x40\x80"
    h264 = b"".join(b"\0\0\0\1" + part for part in (unit, b"\x68\xce\x3c\x80", SLICE))
    plain = {"h264": h264, "vp8": b"\x10" + bytes(range(200)), "opus": b"\xfc" + bytes(range(90))}
    ours = sealer(FRAME_EPOCH, FRAME_KEY)
    shut = {
        codec: sealed(EncodedFrame(codec, data, 0, keyframe=True, captured_at=0.0), ours)  # type: ignore[arg-type]
        for codec, data in plain.items()
    }
    return {
        "epoch": FRAME_EPOCH,
        "secret": encode_bytes(FRAME_KEY),
        "frames": [
            {"codec": codec, "plain": data.hex(), "sealed": shut[codec].data.hex()} for codec, data in plain.items()
        ],
    }


def everything() -> str:
    parts = {
        "pairing": pairings(),
        "keyrings": keyrings(),
        "grants": grants(),
        "orders": orders_given(),
        "receipts": receipts(),
        "introductions": introductions(),
        "plain": plains(),
        "links": links(),
        "installations": installations(),
        "recovery": recoveries(),
        "sessions": offers(),
        "envelopes": envelopes(),
        "frames": frames(),
    }
    return json.dumps(parts, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(everything(), end="")
