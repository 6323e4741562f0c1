"""Receipts: the camera alone says what it knows."""

import pytest

from signaling.protocol.trust import keyring, statement
from signaling.protocol.trust.orders import Known, read_orders
from signaling.protocol.trust.receipt import KIND, Receipt, read_receipt, receipt
from signaling.protocol.trust.statement import Untrue, digest
from tests.signaling.trust.people import NOW, key, misspelt, name, ordered, ring_of

CAMERA = name("camera")
OWNER = keyring.follow(ring_of("phone", "laptop"))
KNOWN = read_orders(ordered(), CAMERA, OWNER, Known())


def given(by: str = "camera", known: Known = KNOWN) -> str:
    return receipt(key(by), known, OWNER.head, NOW)


def test_a_signed_receipt_names_orders_and_keyring() -> None:
    assert read_receipt(given(), CAMERA) == Receipt(digest(ordered()), 0, OWNER.head, NOW)
    assert read_receipt(given(known=Known()), CAMERA) == Receipt("", -1, OWNER.head, NOW)


NO_RECEIPTS = {
    "by another camera": given("other camera"),
    "by the owner": given("phone"),
    "a number without orders": statement.sign(key("camera"), KIND, Receipt("", 0, OWNER.head, NOW)),
    "orders without a number": statement.sign(key("camera"), KIND, Receipt(digest(""), -1, OWNER.head, NOW)),
    "orders of another form": statement.sign(key("camera"), KIND, Receipt("x", 0, OWNER.head, NOW)),
    "a keyring of another form": statement.sign(key("camera"), KIND, Receipt("", -1, "x", NOW)),
    "misspelt orders": statement.sign(key("camera"), KIND, Receipt(misspelt(KNOWN.digest), 0, OWNER.head, NOW)),
    "a misspelt keyring": statement.sign(key("camera"), KIND, Receipt("", -1, misspelt(OWNER.head), NOW)),
    "a number below none": statement.sign(key("camera"), KIND, Receipt("", -2, OWNER.head, NOW)),
    "orders as a receipt": ordered("camera"),
    "no statement": "",
}


@pytest.mark.parametrize("what", NO_RECEIPTS)
def test_what_is_no_signed_receipt_confirms_nothing(what: str) -> None:
    with pytest.raises(Untrue):
        read_receipt(NO_RECEIPTS[what], CAMERA)
