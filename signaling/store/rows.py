"""The rows as frozen values: column names of `schema`, JSON text already read."""

import json
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from sqlalchemy import Row

from signaling.audit import Entry
from signaling.ways import DIRECT_VIEWERS, Policy


@dataclass(frozen=True, slots=True)
class Account:
    id: str
    email: str
    password_hash: str
    administrator: bool
    created_at: float
    ways: Policy = "auto"
    passkey_only: bool = False


@dataclass(frozen=True, slots=True)
class Login:
    """A signed-in browser or app."""

    id: str
    account_id: str
    created_at: float
    expires_at: float
    address: str
    agent: str


@dataclass(frozen=True, slots=True)
class Totp:
    """An authenticator app. `secret` is sealed; it counts once `confirmed`; codes up to `last_step` are used up."""

    account_id: str
    secret: str
    confirmed: bool
    last_step: int
    created_at: float


@dataclass(frozen=True, slots=True)
class Passkey:
    """`credential_id` and `public_key` (COSE) in base64url. `verified`: it has shown that it knows its person."""

    id: str
    account_id: str
    credential_id: str
    public_key: str
    sign_count: int
    verified: bool
    transports: list[str]
    name: str
    created_at: float
    last_used_at: float | None = None


@dataclass(frozen=True, slots=True)
class Invitation:
    secret_hash: str
    administrator: bool
    created_by: str | None
    created_at: float
    expires_at: float
    used_at: float | None = None


@dataclass(frozen=True, slots=True)
class Pairing:
    """One QR code. `winner` is the key (or `bearer`) that activated it. `owner_head`: the newest statement of the
    owner's keyring, by its digest; `owner_proof`: the MAC over it that the camera is to check."""

    id: str
    camera_id: str
    token_hash: str
    created_at: float
    expires_at: float
    step: str
    winner: str | None
    ssid: str
    hidden: bool
    allowed_networks: list[str]
    owner_head: str | None = None
    owner_proof: str | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """A link by which a camera goes to whoever accepts it."""

    camera_id: str
    secret_hash: str
    expires_at: float


@dataclass(frozen=True, slots=True)
class Camera:
    """`public_key` and `bearer_hash`: how its device proves itself; at most one is set."""

    id: str
    account_id: str
    name: str
    model: str
    state: str
    confirmed: bool
    first_frame: bool
    created_at: float
    last_seen_at: float | None
    hardware_id: str | None
    local_ip: str | None
    capabilities: dict[str, Any]
    public_key: str | None
    bearer_hash: str | None
    problem_code: str | None
    problem_detail: str | None
    pairing_id: str | None
    direct_viewers: int = DIRECT_VIEWERS
    rivals: dict[str, Any] = field(default_factory=dict)
    contested_at: float | None = None
    alarm: str | None = None
    """What an app or the camera itself saw that cannot be, in words."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What the owner of a camera lets another account do. Times in seconds since the epoch; None: no bound.

    `chain`: what the camera believes instead of us (`protocol.trust.grant`). `link_proof`: how its guest knows that the
    camera's key is the owner's word."""

    id: str
    camera_id: str
    account_id: str
    scopes: list[str]
    history_since: float | None
    expires_at: float | None
    created_at: float
    chain: list[str] = field(default_factory=list)
    link_proof: str | None = None


@dataclass(frozen=True, slots=True)
class GrantInvitation:
    """A link that makes one grant. `expires_at`: of the link; `grant_expires_at`: of the grant it makes. `statement`:
    the owner's signed grant to whoever has the link."""

    id: str
    secret_hash: str
    camera_id: str
    scopes: list[str]
    history_since: float | None
    grant_expires_at: float | None
    created_at: float
    expires_at: float
    used_at: float | None = None
    statement: str | None = None
    link_proof: str | None = None


@dataclass(frozen=True, slots=True)
class CameraTrust:
    """What camera and owner have said to each other. `camera_key`: whose word it is. `pairing_proof`: the camera's MAC,
    where its newest code had a secret of a browser; `protected`: the owner sent his as well. `orders`, `receipt`: the
    newest statements."""

    camera_id: str
    camera_key: str
    pairing_proof: str | None = None
    protected: bool = False
    orders: str | None = None
    receipt: str | None = None


@dataclass(frozen=True, slots=True)
class InstallationRequest:
    """A browser that wants to belong to the account's keyring. `proof`, `welcome`: MACs under a code that we never
    see."""

    account_id: str
    id: str
    key: str
    proof: str
    label: str
    created_at: float
    expires_at: float
    welcome: str | None = None


Value = (
    Account
    | Login
    | Totp
    | Passkey
    | Invitation
    | Pairing
    | Transfer
    | Camera
    | Grant
    | GrantInvitation
    | CameraTrust
    | InstallationRequest
    | Entry
)
Kind = TypeVar(
    "Kind",
    Account,
    Login,
    Totp,
    Passkey,
    Invitation,
    Pairing,
    Transfer,
    Camera,
    Grant,
    GrantInvitation,
    CameraTrust,
    InstallationRequest,
    Entry,
)
_JSON = frozenset({"capabilities", "allowed_networks", "rivals", "scopes", "transports", "chain"})


def read(kind: type[Kind], row: Row[Any]) -> Kind:
    """A row of the table as a value."""
    values = row._mapping
    return kind(**{f.name: json.loads(values[f.name]) if f.name in _JSON else values[f.name] for f in fields(kind)})


def written(value: Value) -> dict[str, Any]:
    """The value as column values."""
    return column_values({f.name: getattr(value, f.name) for f in fields(value)})


def column_values(values: dict[str, Any]) -> dict[str, Any]:
    """Members of a value as column values."""
    return {name: json.dumps(value) if name in _JSON else value for name, value in values.items()}
