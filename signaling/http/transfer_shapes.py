"""What goes over the wire about giving a camera to another account.

`stays_paired`: false where the camera proves itself with a bearer instead of a key of its own, which ends with the
transfer, and where it knows its owner's keys, which it would go on believing. The new owner pairs such a camera anew.
"""

import msgspec

from signaling.http.shapes import Body, Secret, Time


class TransferBody(Body, frozen=True):
    """`transfer`: the secret at the end of a transfer link."""

    transfer: Secret


class TransferLink(msgspec.Struct, frozen=True):
    """`link` is shown once."""

    link: str
    expires_at: Time
    stays_paired: bool


class TransferStanding(msgspec.Struct, frozen=True):
    """When the open link ends; null where there is none."""

    expires_at: Time | None
    stays_paired: bool


class TransferOffer(msgspec.Struct, frozen=True):
    """What the link gives. `giver`: e-mail of the owner."""

    name: str
    model: str
    giver: str
    expires_at: Time
    stays_paired: bool
