"""What camera and viewer tell each other through the server about who they are: the shapes of it, and their bounds.

The server looks at nothing in it but its size, and hands it on as it came (`signaling.protocol.trust` says what it
means). Re-exported by `signaling.protocol.messages`.
"""

from typing import Annotated

import msgspec

from signaling.protocol.trust.keyring import MAX_CHAIN_CHARS, MAX_STATEMENTS
from signaling.protocol.trust.statement import MAX_STATEMENT_CHARS

MAX_GRANTS = 2
"""The owner's word to an invitation's key, and that key's word to a guest."""

Statement = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_STATEMENT_CHARS, pattern=r"^[A-Za-z0-9_.-]+\Z")]
"""A JWS in compact form (RFC 7515 §3.1), not looked into."""
Statements = Annotated[list[Statement], msgspec.Meta(max_length=MAX_STATEMENTS)]
"""Of a keyring, oldest first; `_check_length` bounds them together."""
Grants = Annotated[list[Statement], msgspec.Meta(max_length=MAX_GRANTS)]


def _check_length(texts: list[str]) -> None:
    """Raises `ValueError`, which a reader of messages takes for invalid params."""
    if sum(map(len, texts)) > MAX_CHAIN_CHARS:
        raise ValueError(f"the statements of a keyring have at most {MAX_CHAIN_CHARS} characters together")


class Trust(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who a viewer is: its `hello` for this session, the keyring that its key belongs to, and, of a guest, the grants
    by which that keyring may watch. 45 KiB at most."""

    hello: Statement
    keyring: Statements = []
    chain: Grants = []

    def __post_init__(self) -> None:
        _check_length(self.keyring)


class ProofExtra(msgspec.Struct, frozen=True, omit_defaults=True):
    """With a description: the statement about it, of the camera (offer) or of the viewer (answer)."""

    proof: Statement | None = None


class HelloParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """`belvedere.hello`, viewer → server → camera: who watches the camera over a relay, in that session of the relay's.

    The server says it when the session begins and whenever the camera registers; a viewer says it again where server or
    camera may have lost it. Without `trust`: somebody that does not say who it is.
    """

    session: str
    trust: Trust | None = None


class EnvelopeParams(msgspec.Struct, frozen=True):
    """`belvedere.envelope`, camera → server → viewer: the key of the camera's frames, for who said that hello.

    Or the statement that there is none, because the owner allows it (`Plain`). There may be many in a session.
    """

    session: str
    envelope: Statement


class OrdersParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """`belvedere.orders`, server → camera: its owner's keyring as far as the server knows it, and his newest orders."""

    keyring: Statements = []
    orders: Statement | None = None

    def __post_init__(self) -> None:
        _check_length(self.keyring)


class ReceiptParams(msgspec.Struct, frozen=True):
    """`belvedere.receipt`, camera → server: what it knows of its owner's orders, signed by it."""

    receipt: Statement
