"""The audit log: who did what and when, in a chain that nobody can change unseen.

Each entry carries the hash of the one before. What was said in it (`body`) is in the chain only by its salted digest,
so that it can be erased and the chain still holds: where the account is deleted, and where it is old. Words that are
gone from any other entry are missed (`signaling.store.audit.wrongly_erased`). Entries are never changed otherwise and
never deleted; the database refuses both.

What a chain cannot show is that its newest entries were cut off, or that the whole was written anew by somebody who
holds the database: compare its head with one that was noted elsewhere (`belvedere audit --head`).

Plain functions; the rows are in `signaling.store.audit`.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import msgspec

Deed = Literal[
    "account_made",
    "account_deleted",
    "administrator_made",
    "exported",
    "signed_in",
    "sign_in_failed",
    "signed_out",
    "password_changed",
    "reset_link_made",
    "password_reset",
    "second_factor_failed",
    "proof_failed",
    "factor_added",
    "factor_removed",
    "recovery_codes_made",
    "recovery_code_used",
    "passkey_only_changed",
    "ways_changed",
    "invited",
    "camera_added",
    "camera_changed",
    "camera_removed",
    "camera_activated",
    "camera_confirmed",
    "camera_denied",
    "code_made",
    "code_cancelled",
    "device_token_made",
    "guest_invited",
    "guest_invitation_withdrawn",
    "guest_accepted",
    "guest_changed",
    "guest_revoked",
    "guest_left",
    "watched",
    "transfer_offered",
    "transfer_withdrawn",
    "camera_given",
    "camera_reset",
    "identity_contested",
    "alert_dismissed",
    "camera_taken",
    "keyring_begun",
    "keyring_changed",
    "keyring_deleted",
    "installation_asked",
    "installation_welcomed",
    "orders_changed",
    "session_mismatch",
]
CONTEXT = "belvedere-audit-1"
START = "0" * 64
"""Stands where the hash of an entry before the first one would."""
MAX_DETAIL_CHARS = 200
KEEP_BODY_SECONDS = 400 * 24 * 3600.0
"""Thirteen months, so that a year can be looked back on; afterwards only the chain is kept."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row. `account_id`: who may read it. `subject`: a camera's id, or empty. `at_ms`: since the epoch.

    `body` and `salt` are None where they were erased.
    """

    number: int
    at_ms: int
    account_id: str
    deed: str
    subject: str
    digest: str
    hash: str
    salt: str | None
    body: str | None


class Body(msgspec.Struct, frozen=True):
    """What an entry says. `by` and `address`: see `signaling.acting`. `details`: short texts, which ones depends on the
    deed."""

    by: str
    address: str
    details: dict[str, str]


def entry(
    previous: Entry | None, account_id: str, deed: Deed, subject: str, body: Body, *, salt: str, now: float
) -> Entry:
    """The entry that follows. `salt`: 128 random bits in hex."""
    kept = msgspec.structs.replace(body, details={k: v[:MAX_DETAIL_CHARS] for k, v in body.details.items()})
    text = msgspec.json.encode(kept, order="sorted").decode()
    number, at_ms = (previous.number + 1 if previous else 1), int(now * 1000)
    digest = digest_of(salt, text)
    before = previous.hash if previous else START
    hashed = link(before, number, at_ms, account_id, deed, subject, digest)
    return Entry(number, at_ms, account_id, deed, subject, digest, hashed, salt, text)


def digest_of(salt: str, body: str) -> str:
    return hashlib.sha256(f"{salt}\0{body}".encode()).hexdigest()


def link(before: str, number: int, at_ms: int, account_id: str, deed: str, subject: str, digest: str) -> str:
    """The hash of an entry, over everything in it and the hash of the one before; fields separated by NUL."""
    fields = (CONTEXT, before, str(number), str(at_ms), account_id, deed, subject, digest)
    return hashlib.sha256("\0".join(fields).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry: what to note elsewhere."""

    number: int
    hash: str

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"


NO_ENTRY = Head(0, START)


class Broken(Exception):
    """The chain does not hold; the text says where and how."""


def follow(head: Head, entries: Iterable[Entry]) -> Head:
    """Check the entries that come after `head`, in order; the new head. Raises `Broken`."""
    for found in entries:
        if found.number != head.number + 1:
            raise Broken(f"entry {head.number + 1} is missing: after {head.number} comes {found.number}")
        expected = link(head.hash, found.number, found.at_ms, found.account_id, found.deed, found.subject, found.digest)
        if found.hash != expected:
            raise Broken(f"entry {found.number} was changed, or does not follow entry {head.number}")
        if (found.body is None) != (found.salt is None):
            raise Broken(f"entry {found.number} is half erased")
        if found.body is not None and found.salt is not None and digest_of(found.salt, found.body) != found.digest:
            raise Broken(f"what entry {found.number} says was changed")
        head = Head(found.number, found.hash)
    return head
