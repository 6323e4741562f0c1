"""What others must say of each case: `python -m tests.signaling.trust.vectors > tests/vectors/trust.json`.

Everything is made from fixed seeds, so that a run always writes the same file; a test holds it against the one that is
kept.
"""

import json
from collections.abc import Sequence
from typing import Any

from signaling.protocol.identity import encode_bytes
from signaling.protocol.trust import keyring, pairing, session
from tests.signaling.trust import test_pairing_proofs, test_signed_envelopes, test_signed_grants, test_signed_keyring
from tests.signaling.trust import test_swap_sessions as sessions
from tests.signaling.trust.people import NOW, exchange_key, hello, name, ordered, ring_of, sdp, seed
from tests.signaling.trust.vectors_frames import frames
from tests.signaling.trust.vectors_words import refused, words


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
            {"why": "a misspelt exchange key", "text": test_signed_envelopes.MISSPELT},
        ],
    }


def everything() -> str:
    parts = {
        "pairing": pairings(),
        "keyrings": keyrings(),
        "grants": grants(),
        **words(),
        "sessions": offers(),
        "envelopes": envelopes(),
        "frames": frames(),
    }
    return json.dumps(parts, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(everything(), end="")
