"""What goes over the wire: bodies and answers of the REST API. These types validate and make the OpenAPI document."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from signaling.access import Scope
from signaling.audit import Deed
from signaling.protocol.trust.statement import KEY_PATTERN
from signaling.ways import MAX_DIRECT_VIEWERS, Policy

PRINTABLE = r"^[^\u0000-\u001f\u007f]*$"
"""No control characters: nothing we keep needs them, and PostgreSQL refuses NUL."""
MAX_AUDIT_PAGE = 200
URL_SAFE = r"^[A-Za-z0-9_-]+$"

Email = Annotated[str, Meta(min_length=3, max_length=254, pattern=PRINTABLE, description="E-mail address")]
Password = Annotated[str, Meta(min_length=1, max_length=1024, description="8 to 1024 characters")]
Name = Annotated[str, Meta(min_length=1, max_length=100, pattern=PRINTABLE)]
Secret = Annotated[str, Meta(min_length=1, max_length=128, pattern=URL_SAFE)]
Ssid = Annotated[str, Meta(max_length=32, pattern=PRINTABLE, description="Wi-Fi name, at most 32 bytes of UTF-8")]
WifiPassword = Annotated[str, Meta(max_length=64, pattern=PRINTABLE, description="Used to draw the code, never kept")]
Cidr = Annotated[str, Meta(min_length=1, max_length=64, pattern=PRINTABLE, examples=["192.0.2.0/24"])]
Key = Annotated[str, Meta(max_length=64, pattern=URL_SAFE, description="Ed25519 public key, 32 bytes in base64url")]
Proof = Annotated[str, Meta(max_length=128, pattern=URL_SAFE, description="Signature over the activation, base64url")]
Time = Annotated[str, Meta(description="RFC 3339, UTC", examples=["2026-01-31T12:00:00Z"])]
DirectViewers = Annotated[int, Meta(ge=0, le=MAX_DIRECT_VIEWERS, description="Viewers that a camera serves itself")]
QrForm = Literal["compact", "long"]
State = Literal["pending", "active", "unpaired"]
Step = Literal["waiting", "seen", "activated", "online", "first_frame", "expired", "failed"]


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A request's body: unknown members are refused."""


class AccountBody(Body, frozen=True):
    """`invitation`: the secret at the end of an invitation link, or of a sharing link, whose camera comes with it."""

    email: Email
    password: Password
    invitation: Secret | None = None


class InvitationBody(Body, frozen=True):
    """`invitation`: the secret at the end of an invitation link."""

    invitation: Secret


class SessionBody(Body, frozen=True):
    """`cookie`: set a cookie for this browser instead of answering with a token. `device`: of an earlier answer."""

    email: Email
    password: Password
    cookie: bool = False
    device: Secret | None = None


class ResetBody(Body, frozen=True):
    """The e-mail of an account whose password is forgotten."""

    email: Email


class ResetCheckBody(Body, frozen=True):
    """`reset`: the secret at the end of a link."""

    reset: Secret


class ResetUseBody(ResetCheckBody, frozen=True):
    """`cookie`: this browser keeps `device` as a cookie."""

    new_password: Password
    cookie: bool = False


class AccountChangeBody(Body, frozen=True):
    """`ways`: which ways the video of this account's cameras may go; sessions that go another way end."""

    ways: Policy


class PairingBody(Body, frozen=True, kw_only=True):
    """`wifi_password` only where the server is to draw the code; then the answer has its text in `payload`.

    `allowed_networks`: from where alone the code may be used. `from_here`: from the network of this request as well.
    """

    ssid: Ssid = ""
    hidden: bool = False
    wifi_password: WifiPassword | None = None
    qr_form: QrForm = "compact"
    allowed_networks: Annotated[list[Cidr], Meta(max_length=16)] = []
    from_here: bool = False


class CameraBody(PairingBody, frozen=True, kw_only=True):
    """A new camera."""

    name: Name
    model: Name


class CameraChangeBody(Body, frozen=True):
    """What is left out stays as it is. `direct_viewers`: further viewers go through the relay, where there is one."""

    name: Name | msgspec.UnsetType = msgspec.UNSET
    direct_viewers: DirectViewers | msgspec.UnsetType = msgspec.UNSET


class QrBody(Body, frozen=True):
    """What to draw. Nothing of it is kept."""

    token: Secret
    ssid: Ssid = ""
    wifi_password: WifiPassword = ""
    hidden: bool = False
    form: QrForm = "compact"


class ConfirmBody(Body, frozen=True):
    """`false` revokes the camera's key. `pairing`: id of the one that was shown; another one is not meant."""

    mine: bool
    pairing: Annotated[str, Meta(min_length=1, max_length=64, pattern=URL_SAFE)] | None = None


class TicketBody(Body, frozen=True):
    """The one camera that the ticket is for."""

    camera: Annotated[str, Meta(min_length=1, max_length=64, pattern=URL_SAFE, description="Id of a camera")]


class AuditQuery(Body, frozen=True):
    """`before`: only entries with smaller numbers, for the next page. `camera`: only what concerns this one."""

    before: Annotated[int, Meta(ge=1, le=2**31)] | None = None
    camera: Annotated[str, Meta(min_length=1, max_length=64, pattern=URL_SAFE)] | None = None
    limit: Annotated[int, Meta(ge=1, le=MAX_AUDIT_PAGE)] = 50


class ActivateBody(Body, frozen=True):
    """`proof` and `public_key` come together; without them the answer has a bearer secret. `pairing_proof`: the MAC
    over the key, where the code has a secret of the browser that drew it (`x`)."""

    secret_token: Secret
    my_hardware_id: Annotated[str, Meta(min_length=1, max_length=128, pattern=PRINTABLE)]
    my_local_ip: Annotated[str, Meta(max_length=64, pattern=PRINTABLE)]
    public_key: Key | None = None
    proof: Proof | None = None
    pairing_proof: Annotated[str, Meta(min_length=43, max_length=43, pattern=f"^{KEY_PATTERN}$")] | None = None


class CameraResetBody(Body, frozen=True):
    """`token`: as the camera signs it for each connect; good once."""

    token: Annotated[str, Meta(min_length=1, max_length=1024, pattern=r"^[A-Za-z0-9_.-]+$")]


class SeenBody(Body, frozen=True):
    """Sent by the camera as soon as it has a network."""

    secret_token: Secret


class Account(msgspec.Struct, frozen=True):
    """A person."""

    id: str
    email: str
    administrator: bool
    created_at: Time
    ways: Policy


class Export(msgspec.Struct, frozen=True):
    """All data of an account except what proves something. `data`: the rows of each kind, times in RFC 3339."""

    form: Literal["belvedere-export-1"]
    exported_at: Time
    data: dict[str, list[dict[str, Any]]]


class SessionAnswer(msgspec.Struct, frozen=True):
    """`token` and `device` are null where a cookie was asked for.

    Keep `device` and send it at the next sign-in: whoever comes with it is not kept out by others who guess.
    """

    account: Account
    token: str | None
    expires_at: Time
    device: str | None = None


class Session(msgspec.Struct, frozen=True):
    """A signed-in browser or app; `current` is the one that asks."""

    id: str
    created_at: Time
    expires_at: Time
    address: str
    agent: str
    current: bool


class Sessions(msgspec.Struct, frozen=True):
    """Newest first."""

    sessions: list[Session]


class ResetAnswer(msgspec.Struct, frozen=True):
    """`device`: for the next sign-in, see `SessionAnswer`; null where a cookie was asked for."""

    device: str | None


class Setup(msgspec.Struct, frozen=True):
    """What a sign-in page needs to know. `password_reset`: who sends a link to those who forgot theirs.

    `passkeys_at`: the origin where passkeys work; null where they cannot.
    """

    registration: Literal["closed", "open"]
    administrator_exists: bool
    version: str
    password_reset: Literal["mail", "administrator"]
    passkeys_at: str | None


class Invitation(msgspec.Struct, frozen=True):
    """`link` is shown once."""

    link: str
    expires_at: Time


class Pairing(msgspec.Struct, frozen=True, kw_only=True):
    """The newest QR code. `id`: for `confirm`. `token` and `payload` stand only in the answer that made it.
    `allowed_networks`: from where alone it may be used; empty: from anywhere."""

    id: str
    step: Step
    expires_at: Time
    server_url: str
    pin: str | None
    ssid: str
    hidden: bool
    allowed_networks: list[str]
    token: str | msgspec.UnsetType = msgspec.UNSET
    payload: str | msgspec.UnsetType = msgspec.UNSET


class CameraProblem(msgspec.Struct, frozen=True):
    """The camera's last report; what the code means is in /api/verdicts."""

    code: str
    detail: str


class Access(msgspec.Struct, frozen=True):
    """What the caller may do with a camera. `owner`: the owner's e-mail. `grant`: a guest's, to leave by."""

    role: Literal["owner", "guest"]
    owner: str
    scopes: list[Scope]
    expires_at: Time | None
    grant: str | None


class Camera(msgspec.Struct, frozen=True, kw_only=True):
    """A camera as the caller sees it. A guest is not told `pairing`, `hardware_id` and `local_ip`; nor `problem`
    without the scope `manage`. `protected`: camera and owner have proven themselves to each other, says the server."""

    id: str
    name: str
    model: str
    state: State
    online: bool
    pairing: Pairing | None
    confirmed: bool
    first_frame: bool
    created_at: Time
    last_seen_at: Time | None
    hardware_id: str | None
    local_ip: str | None
    capabilities: dict[str, Any]
    problem: CameraProblem | None
    direct_viewers: int
    protected: bool
    access: Access


class CameraList(msgspec.Struct, frozen=True):
    """The caller's own, oldest first, then those that others share with it."""

    cameras: list[Camera]


class CameraWithPairing(msgspec.Struct, frozen=True):
    """The camera and its new code."""

    camera: Camera
    pairing: Pairing


class DeviceToken(msgspec.Struct, frozen=True):
    """Bearer for an ONVIF device that is not ours; shown once."""

    token: str


class Ticket(msgspec.Struct, frozen=True):
    """Good once, for 30 s, to watch one camera live: `register.params.authorization = "Ticket …"`."""

    ticket: str
    expires_at: Time


class Owner(msgspec.Struct, frozen=True):
    """Whose the camera is: the owner's keyring, and the MAC over its end that the camera checks."""

    keyring: list[str]
    proof: str


class Activated(msgspec.Struct, frozen=True, omit_defaults=True):
    """`bearer` only where the camera sent no public key; `owner` only where the owner has sent a proof."""

    camera_id: str
    name: str
    signaling_url: str
    server_time: Time
    bearer: str | None = None
    owner: Owner | None = None


class Verdict(msgspec.Struct, frozen=True):
    """A failure in words, and what to do about it."""

    code: str
    sentence: str
    advice: str


class Verdicts(msgspec.Struct, frozen=True):
    """All of them."""

    verdicts: list[Verdict]


class Health(msgspec.Struct, frozen=True):
    """`ok`."""

    status: Literal["ok"]


class Readiness(msgspec.Struct, frozen=True):
    """`your_address`: unknown where the proxy in front of the server does not say whose request this was."""

    status: Literal["ok"]
    your_address: Literal["known", "unknown"]


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong with a body; `field` is its path, for instance `allowed_networks[0]`."""

    detail: str
    field: str


class SecondFactor(msgspec.Struct, frozen=True):
    """How to go on at `POST /api/sessions/second-step`. `passkey`: JSON for `parseRequestOptionsFromJSON`, or null."""

    ticket: str
    expires_at: Time
    methods: list[Literal["totp", "passkey", "recovery_code"]]
    passkey: dict[str, Any] | None


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """RFC 9457. `code` is stable; `type` is a reference that stands for it. `second_factor`: of
    `second_factor_required` alone."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[Fault] = []
    second_factor: SecondFactor | None = None


class AuditEntry(msgspec.Struct, frozen=True):
    """One deed. `by`: an e-mail, `camera`, `visitor` or `server`. `camera`: id of the one it was done to, or empty.

    `erased`: somebody took what was said (`by`, `address`, `details`) out of the database before its time.
    """

    number: int
    at: Time
    deed: Deed
    camera: str
    by: str
    address: str
    details: dict[str, str]
    hash: str
    erased: bool


class AuditLog(msgspec.Struct, frozen=True):
    """Newest first. `more`: there are older ones; ask with `before`."""

    entries: list[AuditEntry]
    more: bool
