"""The tables. Times are seconds since the epoch, secrets are SHA-256 in hex, lists and objects are JSON text."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _owner(name: str, target: str) -> "Column[str]":
    return Column(name, String(64), ForeignKey(target, ondelete="CASCADE"), nullable=False)


accounts = Table(
    "accounts",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("email", String(320), nullable=False, unique=True),
    Column("password_hash", String(100), nullable=False),
    Column("administrator", Boolean, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("ways", String(16), nullable=False, server_default="auto"),
    Column("passkey_only", Boolean, nullable=False, server_default=false()),
)

logins = Table(
    "logins",
    metadata,
    Column("id", String(64), primary_key=True),
    _owner("account_id", "accounts.id"),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("address", String(64), nullable=False),
    Column("agent", String(200), nullable=False),
    Index("ix_logins_account_id", "account_id"),
    Index("ix_logins_expires_at", "expires_at"),
)

invitations = Table(
    "invitations",
    metadata,
    Column("secret_hash", String(64), primary_key=True),
    Column("administrator", Boolean, nullable=False),
    Column("created_by", String(64), ForeignKey("accounts.id", ondelete="CASCADE"), nullable=True),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("used_at", Double, nullable=True),
)

cameras = Table(
    "cameras",
    metadata,
    Column("id", String(64), primary_key=True),
    _owner("account_id", "accounts.id"),
    Column("name", String(100), nullable=False),
    Column("model", String(100), nullable=False),
    Column("state", String(16), nullable=False),
    Column("confirmed", Boolean, nullable=False),
    Column("first_frame", Boolean, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("last_seen_at", Double, nullable=True),
    Column("hardware_id", String(128), nullable=True),
    Column("local_ip", String(64), nullable=True),
    Column("capabilities", Text, nullable=False),
    Column("public_key", String(64), nullable=True),
    Column("bearer_hash", String(64), nullable=True, unique=True),
    Column("problem_code", String(64), nullable=True),
    Column("problem_detail", String(300), nullable=True),
    Column("pairing_id", String(64), nullable=True),
    Column("direct_viewers", Integer, nullable=False, server_default="2"),
    Column("rivals", Text, nullable=False, server_default="{}"),
    Column("contested_at", Double, nullable=True),
    Column("alarm", String(300), nullable=True),
    Index("ix_cameras_account_id", "account_id"),
)

pairings = Table(
    "pairings",
    metadata,
    Column("id", String(64), primary_key=True),
    _owner("camera_id", "cameras.id"),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("step", String(16), nullable=False),
    Column("winner", String(64), nullable=True),
    Column("ssid", String(128), nullable=False),
    Column("hidden", Boolean, nullable=False),
    Column("allowed_networks", Text, nullable=False),
    Column("owner_head", String(64), nullable=True),
    Column("owner_proof", String(64), nullable=True),
    Index("ix_pairings_camera_id", "camera_id"),
    Index("ix_pairings_expires_at", "expires_at"),
)

resets = Table(
    "resets",
    metadata,
    Column("secret_hash", String(64), primary_key=True),
    Column("account_id", String(64), ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
)

known_devices = Table(
    "known_devices",
    metadata,
    Column("secret_hash", String(64), nullable=False),
    _owner("account_id", "accounts.id"),
    Column("created_at", Double, nullable=False),
    Column("last_used_at", Double, nullable=False),
    PrimaryKeyConstraint("secret_hash", "account_id"),
    Index("ix_known_devices_account_id", "account_id"),
)

grants = Table(
    "grants",
    metadata,
    Column("id", String(64), primary_key=True),
    _owner("camera_id", "cameras.id"),
    _owner("account_id", "accounts.id"),
    Column("scopes", Text, nullable=False),
    Column("history_since", Double, nullable=True),
    Column("expires_at", Double, nullable=True),
    Column("created_at", Double, nullable=False),
    Column("chain", Text, nullable=False, server_default="[]"),
    Column("link_proof", String(64), nullable=True),
    UniqueConstraint("camera_id", "account_id"),
    Index("ix_grants_account_id", "account_id"),
)

grant_invitations = Table(
    "grant_invitations",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("secret_hash", String(64), nullable=False, unique=True),
    _owner("camera_id", "cameras.id"),
    Column("scopes", Text, nullable=False),
    Column("history_since", Double, nullable=True),
    Column("grant_expires_at", Double, nullable=True),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("used_at", Double, nullable=True),
    Column("statement", Text, nullable=True),
    Column("link_proof", String(64), nullable=True),
    Index("ix_grant_invitations_camera_id", "camera_id"),
)

transfers = Table(
    "transfers",
    metadata,
    Column("camera_id", String(64), ForeignKey("cameras.id", ondelete="CASCADE"), primary_key=True),
    Column("secret_hash", String(64), nullable=False, unique=True),
    Column("expires_at", Double, nullable=False),
)
"""At most one link a camera."""

totp = Table(
    "totp",
    metadata,
    Column("account_id", String(64), ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    Column("secret", String(200), nullable=False),
    Column("confirmed", Boolean, nullable=False),
    Column("last_step", BigInteger, nullable=False),
    Column("created_at", Double, nullable=False),
)
"""`secret` is sealed (`signaling.vault`)."""

passkeys = Table(
    "passkeys",
    metadata,
    Column("id", String(64), primary_key=True),
    _owner("account_id", "accounts.id"),
    Column("credential_id", String(1400), nullable=False, unique=True),
    Column("public_key", String(1400), nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("verified", Boolean, nullable=False),
    Column("transports", Text, nullable=False),
    Column("name", String(100), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("last_used_at", Double, nullable=True),
    Index("ix_passkeys_account_id", "account_id"),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("account_id", String(64), ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    Column("code_hash", String(64), primary_key=True),
)
"""Keyed hashes (`signaling.vault`), of those that are still good."""

keyrings = Table(
    "keyrings",
    metadata,
    Column("account_id", String(64), ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    Column("statements", Text, nullable=False),
)
"""A chain is short (`keyring.MAX_CHAIN_CHARS`) and wanted whole."""

camera_trust = Table(
    "camera_trust",
    metadata,
    Column("camera_id", String(64), ForeignKey("cameras.id", ondelete="CASCADE"), primary_key=True),
    Column("camera_key", String(64), nullable=False),
    Column("pairing_proof", String(64), nullable=True),
    Column("protected", Boolean, nullable=False),
    Column("orders", Text, nullable=True),
    Column("receipt", Text, nullable=True),
)
"""What camera and owner have said to each other; a proof belongs to the newest activation."""

introductions = Table(
    "introductions",
    metadata,
    _owner("camera_id", "cameras.id"),
    _owner("account_id", "accounts.id"),
    Column("statement", Text, nullable=False),
    PrimaryKeyConstraint("camera_id", "account_id"),
    Index("ix_introductions_account_id", "account_id"),
)

installation_requests = Table(
    "installation_requests",
    metadata,
    Column("account_id", String(64), ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    Column("id", String(64), nullable=False),
    Column("key", String(64), nullable=False),
    Column("proof", String(64), nullable=False),
    Column("label", String(80), nullable=False),
    Column("welcome", String(64), nullable=True),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    PrimaryKeyConstraint("account_id", "id"),
)
"""The browser that asks draws the id, because its proof names it."""

audit = Table(
    "audit",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("account_id", String(64), nullable=False),
    Column("deed", String(32), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("salt", String(32), nullable=True),
    Column("body", Text, nullable=True),
    Index("ix_audit_account_id", "account_id", "number"),
    Index("ix_audit_at_ms", "at_ms"),
)
"""No foreign key: an entry stays when what it is about is gone. Triggers refuse changes (migration 0003)."""
