"""Receipts: a camera says which orders and which end of its owner's keyring it knows.

So the owner's app need not believe the server that a revocation has arrived.
"""

from typing import Annotated

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signaling.protocol.trust import statement
from signaling.protocol.trust.orders import Known
from signaling.protocol.trust.statement import KEY_PATTERN, Key, Seconds, Untrue

KIND = "belvedere-receipt+jwt"


class Receipt(msgspec.Struct, frozen=True):
    """`orders`: digest of their text, empty where there are none; `n`: their number, -1 there. `head`: digest of the
    newest statement of the owner's keyring."""

    orders: Annotated[str, msgspec.Meta(pattern=rf"^({KEY_PATTERN})?\Z")]
    n: Annotated[int, msgspec.Meta(ge=-1, lt=2**53)]
    head: Key
    iat: Seconds


def receipt(key: Ed25519PrivateKey, known: Known, head: Key, now: int) -> str:
    """What a camera says after it has taken orders or a longer keyring."""
    return statement.sign(key, KIND, Receipt(known.digest, known.n, head, now))


def read_receipt(text: str, camera: Key) -> Receipt:
    """Raises `Untrue` unless this camera said it."""
    said = statement.read(text, KIND, Receipt)
    if said.by != camera:
        raise Untrue("this receipt was given by another camera")
    if (said.what.n < 0) != (said.what.orders == ""):
        raise Untrue("this receipt is for orders without a number")
    return said.what
