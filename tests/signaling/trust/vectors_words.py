"""What others must say of each word between camera, owner and guest; a part of `vectors`."""

from collections.abc import Mapping
from typing import Any

import msgspec

from signaling.protocol.identity import encode_bytes
from signaling.protocol.trust import statement
from signaling.protocol.trust.installation import installation_proof, welcome_proof
from signaling.protocol.trust.introduction import read_introduction
from signaling.protocol.trust.link import link_proof
from signaling.protocol.trust.orders import Known
from signaling.protocol.trust.receipt import read_receipt
from tests.signaling.trust import (
    test_pairing_installations,
    test_signed_introductions,
    test_signed_links,
    test_signed_orders,
    test_signed_plain,
    test_signed_receipts,
    test_signed_recovery,
    test_signed_statements,
)
from tests.signaling.trust.people import NOW, hello, name, ordered, ring_of
from tests.signaling.trust.test_signed_introductions import introduced


def statements() -> dict[str, Any]:
    return {
        "by": name("phone"),
        "says_more": [{"why": why, "text": text} for why, text in test_signed_statements.SAYS_MORE.items()],
        "refused": refused(test_signed_statements.MISSPELT),
    }


def orders_given() -> dict[str, Any]:
    known = test_signed_orders.after(ordered())
    later = ordered(n=1, floor=8, serials=(9,), standard=True)
    return {
        "camera": name("camera"),
        "owner": test_signed_orders.CHAIN,
        "text": ordered(),
        "digest": known.digest,
        "of_the_same_number": ordered(serials=(7, 8)),
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


def words() -> dict[str, Any]:
    return {
        "statements": statements(),
        "orders": orders_given(),
        "receipts": receipts(),
        "introductions": introductions(),
        "plain": plains(),
        "links": links(),
        "installations": installations(),
        "recovery": recoveries(),
    }
