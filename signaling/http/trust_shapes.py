"""What goes over the wire about trust: statements that the server passes on, and believes no more than its clients do.

What statements say, and how they are checked, is in ARCHITECTURE and `signaling/protocol/trust`.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from signaling.http.shapes import PRINTABLE, Body, Time
from signaling.protocol.trust.keyring import MAX_STATEMENTS
from signaling.protocol.trust.statement import KEY_PATTERN, MAX_STATEMENT_CHARS

MAX_LABEL_CHARS = 80
"""Of a browser, as its person would call it."""
MAX_REASON_CHARS = 200
"""A sentence."""

Statement = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_STATEMENT_CHARS,
        pattern=r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$",
        description="Signed by a key of a person or a camera: a JWS in compact form",
    ),
]
Statements = Annotated[list[str], Meta(max_length=MAX_STATEMENTS, description="Statements, the first one first")]
Key32 = Annotated[
    str,
    Meta(min_length=43, max_length=43, pattern=f"^{KEY_PATTERN}$", description="32 bytes in base64url"),
]
"""A key, a digest or a MAC."""
Label = Annotated[str, Meta(min_length=1, max_length=MAX_LABEL_CHARS, pattern=PRINTABLE)]
Reason = Annotated[str, Meta(min_length=1, max_length=MAX_REASON_CHARS, pattern=PRINTABLE)]


class StatementBody(Body, frozen=True):
    """One statement."""

    statement: Statement


class Keyring(msgspec.Struct, frozen=True):
    """Which installations of the app speak for the account; empty where none does."""

    statements: Statements


class PairingOwnerBody(Body, frozen=True):
    """`head`: digest of the newest statement of the owner's keyring. `proof`: the MAC over it for the camera."""

    head: Key32
    proof: Key32


class CameraTrust(msgspec.Struct, frozen=True):
    """What was said about a camera. `camera_key`: as the server has it; `pairing_proof`: the camera's, for its owner
    alone. `origin`: what proofs name. `introduction`: of the caller's own keyring. `chain`: a guest's grant and
    acceptance. `protected`: camera and owner have both sent a proof."""

    camera_key: str | None
    pairing_proof: str | None
    origin: str
    introduction: str | None
    owner_keyring: Statements
    orders: str | None
    receipt: str | None
    chain: Statements
    link_proof: str | None
    protected: bool


class InstallationBody(Body, frozen=True):
    """`key`: of the browser that asks; `proof`: the MAC over it; `label`: how a person recognises it."""

    key: Key32
    proof: Key32
    label: Label


class InstallationAsked(msgspec.Struct, frozen=True):
    """Until when somebody may answer."""

    id: str
    expires_at: Time


class InstallationRequest(msgspec.Struct, frozen=True):
    """A browser that wants to belong to the keyring."""

    id: str
    key: str
    proof: str
    label: str
    created_at: Time


class InstallationRequests(msgspec.Struct, frozen=True):
    """Those that nobody has answered, oldest first."""

    requests: list[InstallationRequest]


class WelcomeBody(Body, frozen=True):
    """`proof`: the MAC over the keyring that has the key now."""

    proof: Key32


class InstallationState(msgspec.Struct, frozen=True):
    """`proof`: of the one who welcomed."""

    state: Literal["waiting", "welcomed"]
    proof: str | None


class AlarmBody(Body, frozen=True):
    """`reason`: what did not fit, in plain words."""

    reason: Reason
