"""What belongs to an account: its row, whatever refers to it, however far away, and its part of the audit log.

The foreign keys say so, and with them it goes (`ON DELETE CASCADE`). What of it an export shows is said here, column by
column; a house rule demands it of every new one.
"""

import json
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from signaling.store import schema

SHOWN: dict[str, tuple[str, ...]] = {
    "accounts": ("id", "email", "administrator", "created_at", "ways", "passkey_only"),
    "logins": ("id", "account_id", "created_at", "expires_at", "address", "agent"),
    "resets": ("account_id", "created_at", "expires_at"),
    "known_devices": ("account_id", "created_at", "last_used_at"),
    "invitations": ("administrator", "created_by", "created_at", "expires_at", "used_at"),
    "cameras": (
        "id",
        "account_id",
        "name",
        "model",
        "state",
        "confirmed",
        "first_frame",
        "created_at",
        "last_seen_at",
        "hardware_id",
        "local_ip",
        "capabilities",
        "public_key",
        "problem_code",
        "problem_detail",
        "pairing_id",
        "direct_viewers",
        "rivals",
        "contested_at",
        "alarm",
    ),
    "pairings": (
        "id",
        "camera_id",
        "created_at",
        "expires_at",
        "step",
        "ssid",
        "hidden",
        "allowed_networks",
        "owner_head",
    ),
    "grants": (
        "id",
        "camera_id",
        "account_id",
        "scopes",
        "history_since",
        "expires_at",
        "created_at",
        "chain",
    ),
    "grant_invitations": (
        "id",
        "camera_id",
        "scopes",
        "history_since",
        "grant_expires_at",
        "created_at",
        "expires_at",
        "used_at",
        "statement",
    ),
    "transfers": ("camera_id", "expires_at"),
    "keyrings": ("account_id", "statements"),
    "camera_trust": ("camera_id", "camera_key", "protected", "orders", "receipt"),
    "introductions": ("camera_id", "account_id", "statement"),
    "installation_requests": ("account_id", "id", "key", "label", "created_at", "expires_at"),
    "totp": ("account_id", "confirmed", "created_at"),
    "passkeys": ("id", "account_id", "name", "verified", "transports", "created_at", "last_used_at"),
    "recovery_codes": ("account_id",),
    "audit": ("number", "at_ms", "account_id", "deed", "subject", "hash", "body"),
}
WITHHELD: dict[str, tuple[str, ...]] = {
    "accounts": ("password_hash",),
    "resets": ("secret_hash",),
    "known_devices": ("secret_hash",),
    "invitations": ("secret_hash",),
    "cameras": ("bearer_hash",),
    "pairings": ("token_hash", "winner", "owner_proof"),
    "grants": ("link_proof",),
    "grant_invitations": ("secret_hash", "link_proof"),
    "camera_trust": ("pairing_proof",),
    "installation_requests": ("proof", "welcome"),
    "transfers": ("secret_hash",),
    "totp": ("secret", "last_step"),
    "passkeys": ("credential_id", "public_key", "sign_count"),
    "recovery_codes": ("code_hash",),
    "audit": ("digest", "salt"),
}
"""What proves something, or helps to. An export lies about in a folder for downloads."""
JSON_COLUMNS = frozenset(
    {"capabilities", "allowed_networks", "rivals", "scopes", "transports", "body", "statements", "chain"}
)
AT_MOST = 1000
"""Rows in one answer of the database."""


def belongs_to(account_id: str, table: Table) -> "ColumnElement[bool]":
    """Which rows of a table are the account's. A guest's word about a camera is the guest's, not the owner's."""
    if table is schema.accounts:
        return table.c.id == account_id
    if table in {schema.audit, schema.introductions}:
        return table.c.account_id == account_id
    owners = [key for key in table.foreign_keys if key.column.table is not table]
    return or_(*(key.parent.in_(select(key.column).where(belongs_to(account_id, key.column.table))) for key in owners))


async def rows_of(connection: AsyncConnection, account_id: str, table: Table, *, skip: int) -> list[dict[str, Any]]:
    """At most `AT_MOST` rows as an export shows them, in the order of their primary key, after the first `skip`."""
    shown = [table.c[name] for name in SHOWN[table.name]]
    query = select(*shown).where(belongs_to(account_id, table)).order_by(*table.primary_key.columns)
    found = await connection.execute(query.offset(skip).limit(AT_MOST))
    return [{name: _readable(name, value) for name, value in row._mapping.items()} for row in found]


async def delete_account(connection: AsyncConnection, account_id: str) -> None:
    """The account and all that refers to it. The audit log is not deleted: see `audit.erase_account`."""
    await connection.execute(delete(schema.accounts).where(schema.accounts.c.id == account_id))


def _readable(name: str, value: Any) -> Any:
    return json.loads(value) if name in JSON_COLUMNS and value is not None else value
