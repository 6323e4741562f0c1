"""ONVIF WebRTC signaling: the messages, their types and the one codec.

JSON-RPC 2.0 over a WebSocket with subprotocol `webrtc.onvif.org`. `decode` turns one text message into a
`Request`, a `Notification`, a `Result` or a `Failure`; `params_as` reads its params strictly typed. Unknown
members are ignored, as JSON-RPC peers expect; what is ours alone stands under a `belvedere` key, which a
conformant peer does not look at.
"""

from typing import Annotated, Any, Literal, TypeVar, get_args

import msgspec

from signaling.protocol.errors import Fault, ProtocolError
from signaling.protocol.trust_wire import EnvelopeParams as EnvelopeParams
from signaling.protocol.trust_wire import HelloParams as HelloParams
from signaling.protocol.trust_wire import OrdersParams as OrdersParams
from signaling.protocol.trust_wire import ProofExtra as ProofExtra
from signaling.protocol.trust_wire import ReceiptParams as ReceiptParams
from signaling.protocol.trust_wire import Trust as Trust

SUBPROTOCOL = "webrtc.onvif.org"
SOCKET_PATH = "/api/signaling"

MAX_MESSAGE_BYTES = 64 * 1024
"""A large SDP with many codecs has under 16 KiB, the longest `Trust` 45; the rest is headroom (DESIGN §4)."""
MAX_CANDIDATES = 64
"""Per session and side; a dual-stack host with VPNs makes about 20."""
HEARTBEAT_SECONDS = 10.0

MessageId = int | str
MAX_ID_CHARS = 64
"""Of a JSON-RPC id that is text; a UUID has 36."""

Number = Annotated[int, msgspec.Meta(ge=-(2**31), lt=2**31)]
"""A code or a count of seconds; what a peer writes larger than that is no use to the other."""

Capabilities = list[str] | dict[str, Any]
"""ONVIF: a list of words (`extend`, `subProtocols`). Ours are a mapping."""

RequestMethod = Literal["register", "unregister", "connect", "invite", "extend"]
NotificationMethod = Literal[
    "trickle",
    "error",
    "belvedere.close",
    "belvedere.goAway",
    "belvedere.event",
    "belvedere.stats",
    "belvedere.wake",
    "belvedere.hello",
    "belvedere.envelope",
    "belvedere.orders",
    "belvedere.receipt",
]
REQUESTS: frozenset[str] = frozenset(get_args(RequestMethod))
NOTIFICATIONS: frozenset[str] = frozenset(get_args(NotificationMethod))


class Request(msgspec.Struct, frozen=True):
    """A call that expects an answer with the same id."""

    id: MessageId
    method: str
    params: msgspec.Raw


class Notification(msgspec.Struct, frozen=True):
    """A call without an answer."""

    method: str
    params: msgspec.Raw


class Result(msgspec.Struct, frozen=True):
    """The answer to our request `id`."""

    id: MessageId
    result: msgspec.Raw


class Failure(msgspec.Struct, frozen=True):
    """The refusal of our request `id`; `id` is None where the peer could not read it."""

    id: MessageId | None
    code: int
    message: str


Message = Request | Notification | Result | Failure


class IceServer(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """RTCIceServer (W3C WebRTC §4.2.4); `urls` is always an array."""

    urls: list[str]
    username: str | None = None
    credential: str | None = None


class Candidate(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """RTCIceCandidateInit. An empty `candidate` means end of candidates (RFC 8838 §8.2)."""

    candidate: str = ""
    sdp_mid: str | None = None
    sdp_m_line_index: int | None = msgspec.field(name="sdpMLineIndex", default=None)
    username_fragment: str | None = None


# --- ours, under the `belvedere` key ---


Way = Literal["direct", "relay"]
"""How a session's media goes: between viewer and camera (through TURN, where ICE chooses so), or through our relay."""

Role = Literal["device", "client"]
"""Which of a session's two parties one is: who shows, or who sees."""

Attempt = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
"""A count of tries; nobody tries more often."""


class RegisterExtra(msgspec.Struct, frozen=True, omit_defaults=True):
    """`tickets`: sessions this party still runs, to be adopted. `version`: of the agent, for the operator.

    Whoever sends this member, even empty, understands `belvedere.close` and knows that a session it did not list is
    over. To others the server speaks plain ONVIF.

    `role`, `tunnel` and `stun` are for relays alone (`signaling.protocol.relay_token`): which of the two parties this
    socket is, where cameras without UDP find the relay's WebSocket, and the URLs of a STUN server for its viewers, at
    none of the addresses that its media comes from. `moved`: this camera's addresses have changed. `instance`: a random
    word of this camera's process, the same at each of its registrations (`signaling.rivals`).
    """

    tickets: list[str] = []
    version: str | None = None
    role: Role | None = None
    tunnel: str | None = None
    stun: list[str] = []
    moved: bool = False
    instance: str = ""


class RegisteredExtra(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """Answer to it. `adopted`: session ids that go on.

    `ice_servers`: for gathering before `connect` (devices only). `pins`: of the server's self-made key and of the next
    one, as in the QR code; a camera that holds a pin takes them in its place (devices only). `network`: an opaque name
    of the client's network, by which it may remember what way won there (clients only).
    """

    ice_servers: list[IceServer] = []
    adopted: list[str] = []
    network: str | None = None
    pins: list[str] = []


class WishExtra(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a client asks of `connect`. Without `via` the server picks. `attempt`: which try for this picture it is.
    `trust`: who watches, for the camera to judge."""

    via: Way | None = None
    attempt: Attempt | None = None
    trust: Trust | None = None


class TicketExtra(msgspec.Struct, frozen=True, omit_defaults=True):
    """`ticket`: the server-signed session ticket each party keeps for after a reconnect."""

    ticket: str | None = None


class ConnectExtra(TicketExtra, frozen=True, omit_defaults=True):
    """What a device is told with `connect`.

    A camera: `via` is "relay" where the client is a relay, and `tunnel` is then the WebSocket that takes its datagrams
    where UDP does not go; `trust` is the client's own, as it came, where the client is no relay. A relay: `camera` is
    what it shall show, `owner` the account whose camera that is.
    """

    via: Way | None = None
    tunnel: str | None = None
    camera: str | None = None
    owner: str | None = None
    trust: Trust | None = None


class ConnectedExtra(TicketExtra, frozen=True, omit_defaults=True, rename="camel"):
    """What a client is told. `via`: the way of this session. `ways`: those that owner and load allow now.

    `round_trip_ms`: between the camera and the server, as last measured.
    """

    via: Way | None = None
    ways: list[Way] = []
    round_trip_ms: float | None = None


# --- params and results ---


class RegisterParams(msgspec.Struct, frozen=True, omit_defaults=True):
    authorization: str | None = None
    name: str | None = None
    capabilities: Capabilities | None = None
    belvedere: RegisterExtra | None = None


class RegisterResult(msgspec.Struct, frozen=True, omit_defaults=True):
    id: str
    belvedere: RegisteredExtra | None = None


class ConnectParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """Client → server."""

    peer: str
    authorization: str | None = None
    profile: str | None = None
    belvedere: WishExtra | None = None


class DeviceConnectParams(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """Server → device."""

    session: str
    profile: str | None = None
    ice_servers: list[IceServer] = []
    expiry_time_seconds: Number | None = None
    belvedere: ConnectExtra | None = None


class ConnectResult(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """Server → client. `ice_servers` is there even when empty."""

    session: str
    ice_servers: list[IceServer]
    expiry_time_seconds: Number | None = None
    capabilities: Capabilities | None = None
    belvedere: ConnectedExtra | None = None


class InviteParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """Device → server → client. `offer` is SDP. The proof passes where a camera and a viewer without a relay speak."""

    session: str
    offer: str
    subprotocols: list[str] | None = None
    belvedere: ProofExtra | None = None


class InviteResult(msgspec.Struct, frozen=True, omit_defaults=True):
    answer: str
    subprotocols: list[str] | None = None
    belvedere: ProofExtra | None = None


class TrickleParams(msgspec.Struct, frozen=True):
    session: str
    candidate: Candidate


class RawTrickleParams(msgspec.Struct, frozen=True):
    """What the server relays: the candidate untouched, the session as it read it."""

    session: str
    candidate: msgspec.Raw


class ExtendParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """Client → server."""

    session: str
    authorization: str | None = None


class DeviceExtendParams(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """Server → device: the new lease, counted from now, and the ticket that says so."""

    session: str
    expiry_time_seconds: Number | None = None
    belvedere: TicketExtra | None = None


class ExtendResult(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """`belvedere.ticket` replaces the one the client holds."""

    expiry_time_seconds: Number | None = None
    belvedere: TicketExtra | None = None


class Nothing(msgspec.Struct, frozen=True):
    """No params, or a result without members."""


class ErrorParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """`code` is a `Notice`, or a `Fault` where a device refuses a session it was asked for."""

    session: str
    code: Number
    message: str = ""


class CloseParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """`belvedere.close`, either direction: the session ends now, media included."""

    session: str
    reason: str = ""


class GoAwayParams(msgspec.Struct, frozen=True, rename="camel"):
    """`belvedere.goAway`: the server drains; reconnect after `grace_seconds` plus a random part of `jitter_seconds`."""

    grace_seconds: float
    jitter_seconds: float


class WakeParams(msgspec.Struct, frozen=True):
    """`belvedere.wake`, server → client: the camera has moved; make a new session beside this one."""

    session: str


class EventParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """`belvedere.event`, device → server: `name` is a code (for instance a pairing failure), `detail` plain words."""

    name: str
    detail: str = ""


class StatsParams(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """`belvedere.stats`, client → server: what the viewer measured. Times in milliseconds."""

    session: str
    first_frame_ms: float | None = None
    way: Literal["direct", "turn", "relay"] | None = None


# --- the codec ---


_WireId = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)] | str
"""RFC 8259 §6: whole numbers that every peer reads alike."""


class _ErrorObject(msgspec.Struct, frozen=True):
    code: Number
    message: str = ""


class _Envelope(msgspec.Struct, frozen=True):
    jsonrpc: str
    id: _WireId | msgspec.UnsetType | None = msgspec.UNSET
    method: str | None = None
    params: msgspec.Raw = msgspec.Raw(b"{}")
    result: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_decoder = msgspec.json.Decoder(_Envelope)
_encoder = msgspec.json.Encoder()
T = TypeVar("T")


def decode(text: str | bytes, most: int = MAX_MESSAGE_BYTES) -> Message:
    """Read one message of at most so many bytes. Raises `ProtocolError` (parse error, invalid request) and no other."""
    if len(text) > most:
        raise ProtocolError(Fault.INVALID_REQUEST, f"message larger than {most} bytes")
    try:
        envelope = _decoder.decode(text)
    except msgspec.ValidationError as error:
        raise ProtocolError(Fault.INVALID_REQUEST, str(error)) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise ProtocolError(Fault.PARSE_ERROR, "not JSON") from None
    if envelope.jsonrpc != "2.0":
        raise ProtocolError(Fault.INVALID_REQUEST, "jsonrpc must be 2.0")
    if envelope.method is not None:
        return _call(envelope.method, envelope)
    return _answer(envelope)


def _call(method: str, envelope: _Envelope) -> Message:
    if isinstance(envelope.id, msgspec.UnsetType):
        return Notification(method, envelope.params)
    return Request(_named(envelope.id), method, envelope.params)


def _answer(envelope: _Envelope) -> Message:
    if not isinstance(envelope.error, msgspec.UnsetType):
        if isinstance(envelope.id, msgspec.UnsetType):
            # ONVIF writes the `error` notification as an error object without id.
            return Notification("error", envelope.error)
        refusal = params_as(_ErrorObject, envelope.error)
        return Failure(envelope.id, refusal.code, refusal.message)
    if isinstance(envelope.id, msgspec.UnsetType) or isinstance(envelope.result, msgspec.UnsetType):
        raise ProtocolError(Fault.INVALID_REQUEST, "neither a call nor an answer")
    return Result(_named(envelope.id), envelope.result)


def _named(message_id: MessageId | None) -> MessageId:
    if message_id is None:
        raise ProtocolError(Fault.INVALID_REQUEST, "id must not be null")
    if isinstance(message_id, str) and len(message_id) > MAX_ID_CHARS:
        raise ProtocolError(Fault.INVALID_REQUEST, f"an id has at most {MAX_ID_CHARS} characters")
    return message_id


def params_as(kind: type[T], raw: msgspec.Raw) -> T:
    """Read params or a result as `kind`. Raises `ProtocolError` (invalid params) naming the member at fault."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ProtocolError(Fault.INVALID_PARAMS, str(error)) from None


def request(message_id: MessageId, method: RequestMethod, params: msgspec.Struct) -> str:
    """One JSON-RPC request as text."""
    return encode({"jsonrpc": "2.0", "id": message_id, "method": method, "params": params})


def notification(method: NotificationMethod, params: msgspec.Struct) -> str:
    """One JSON-RPC notification as text."""
    return encode({"jsonrpc": "2.0", "method": method, "params": params})


def onvif_error(params: ErrorParams) -> str:
    """The `error` notification as ONVIF writes it: an error object without id."""
    return encode({"jsonrpc": "2.0", "error": params})


def result(message_id: MessageId, value: msgspec.Struct | dict[str, Any]) -> str:
    """The answer to `message_id` as text."""
    return encode({"jsonrpc": "2.0", "id": message_id, "result": value})


def failure(message_id: MessageId | None, code: int, message: str) -> str:
    """The refusal of `message_id` as text; `None` where the request's id could not be read."""
    return encode({"jsonrpc": "2.0", "id": message_id, "error": {"code": int(code), "message": message}})


def encode(value: Any) -> str:
    """JSON text of anything that the message types are made of."""
    return _encoder.encode(value).decode()
