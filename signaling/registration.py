"""`register`: who somebody is, and what then goes on. How parties go: `signaling.departure`.

Part of the broker: plain functions over the table.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from signaling import owners
from signaling.adoption import adopt, forgotten, not_adopted, wake
from signaling.departure import lost, question
from signaling.effects import AskRegister, Came, Counted, Effect, Hangup, Send, Went
from signaling.greetings import greet_all
from signaling.leases import Refusal
from signaling.limits import Limits
from signaling.protocol import messages as wire
from signaling.protocol import tickets
from signaling.protocol.errors import CloseCode, Fault, ProtocolError
from signaling.table import Party, Table
from signaling.ways import Terms


@dataclass(frozen=True, slots=True)
class DeviceIdentity:
    """The peer is this camera. `epoch`: claimed for this very connection. `pins`: of our self-made keys. `address`:
    where it came from. `orders`: of its owner, where it knows one."""

    camera: str
    epoch: int
    ice_servers: list[wire.IceServer] = field(default_factory=list)
    pins: list[str] = field(default_factory=list)
    address: str = ""
    orders: wire.OrdersParams | None = None


@dataclass(frozen=True, slots=True)
class ClientIdentity:
    """The peer is somebody's viewer. `id`: a fresh one. `expires_at`: of the login, Unix seconds.

    `only_camera`: the one its ticket is for; None: any of the account's. `network`: an opaque name of where it is.
    """

    id: str
    user: str
    login: str
    expires_at: float
    only_camera: str | None = None
    network: str | None = None


@dataclass(frozen=True, slots=True)
class RelayIdentity:
    """The peer is the relay with this key. As `device` it plays cameras to viewers, as `client` it asks cameras."""

    key: str
    role: wire.Role


Identity = DeviceIdentity | ClientIdentity | RelayIdentity


def ask_register(table: Table, party: Party, request: wire.Request, now: float) -> list[Effect]:
    """The first message of every socket."""
    if party.role is not None:
        raise ProtocolError(Fault.BAD_REQUEST, "this connection is registered already")
    params = wire.params_as(wire.RegisterParams, request.params)
    extra = params.belvedere or wire.RegisterExtra()
    _check_bounds(params, extra, request, table.relay_limits if extra.role is not None else table.limits)
    read = [(text, tickets.read(table.ticket_key, text, now)) for text in extra.tickets]
    worthless = [text for text, ticket in read if ticket is None]
    return [
        AskRegister(
            peer=party.address,
            id=request.id,
            authorization=params.authorization,
            capabilities=params.capabilities or [],
            ours=params.belvedere is not None,
            tickets=tuple(ticket for _, ticket in read if ticket is not None),
            refused=len(worthless),
            over=tuple(name for text in worthless if (name := tickets.named(text)) is not None),
            role=extra.role,
            tunnel=extra.tunnel,
            stun=tuple(extra.stun),
            moved=extra.moved,
            instance=extra.instance,
        )
    ]


def _check_bounds(
    params: wire.RegisterParams, extra: wire.RegisterExtra, request: wire.Request, limits: Limits
) -> None:
    """Raises `ProtocolError`."""
    if params.name is not None and len(params.name) > limits.name_chars:
        raise ProtocolError(Fault.INVALID_PARAMS, f"name has at most {limits.name_chars} characters")
    if len(request.params) > limits.capabilities_bytes and _size(params) > limits.capabilities_bytes:
        raise ProtocolError(Fault.INVALID_PARAMS, f"capabilities have at most {limits.capabilities_bytes} bytes")
    if len(extra.tickets) > limits.tickets_per_register:
        raise ProtocolError(Fault.INVALID_PARAMS, f"at most {limits.tickets_per_register} tickets")
    if len(extra.instance) > limits.instance_chars or not re.fullmatch(r"[\w-]*", extra.instance, re.ASCII):
        raise ProtocolError(Fault.INVALID_PARAMS, f"instance is a word of at most {limits.instance_chars} characters")
    if extra.tunnel is not None and not _is_url(extra.tunnel, limits.url_chars, "wss://", "ws://"):
        raise ProtocolError(Fault.INVALID_PARAMS, f"tunnel is a ws or wss URL of at most {limits.url_chars} characters")
    if len(extra.stun) > limits.stun_urls or not all(_is_url(url, limits.url_chars, "stun:") for url in extra.stun):
        raise ProtocolError(Fault.INVALID_PARAMS, f"stun has at most {limits.stun_urls} stun: URLs")


def _is_url(url: str, most: int, *schemes: str) -> bool:
    return url.startswith(schemes) and len(url) <= most and url.isascii() and url.isprintable()


def _size(params: wire.RegisterParams) -> int:
    return len(wire.encode(params.capabilities or []))


def registered(
    table: Table, ask: AskRegister, identity: Identity | Refusal, alive: Mapping[str, Terms], now: float
) -> list[Effect]:
    """The answer to `AskRegister`. `alive`: ids of the sessions of its tickets whose viewer may still watch, and
    under what."""
    party = table.parties.get(ask.peer)
    if party is None or party.role is not None:
        return []
    if isinstance(identity, Refusal):
        return _turned_away(table, party, ask, identity)
    party.ours, party.capabilities = ask.ours, ask.capabilities
    match identity:
        case DeviceIdentity():
            return _register_camera(table, party, ask, identity, alive, now)
        case ClientIdentity():
            return _register_viewer(table, party, ask, identity, alive, now)
        case RelayIdentity(key, "device"):
            party.relay, party.tunnel, party.stun = key, ask.tunnel, ask.stun
            return _register_device(table, party, ask, wire.RegisterResult(key), alive, now)
        case RelayIdentity():
            return _register_uploads(table, party, ask, identity.key, alive, now)


def _turned_away(table: Table, party: Party, ask: AskRegister, refusal: Refusal) -> list[Effect]:
    del table.parties[party.address]
    code = CloseCode.SIGNED_OUT if refusal.fault is Fault.UNAUTHORIZED else CloseCode.TRY_AGAIN_LATER
    return [
        Counted("register_refused"),
        Send(party.address, wire.failure(ask.id, refusal.fault, refusal.message)),
        Hangup(party.address, code, refusal.message),
    ]


def _register_camera(
    table: Table, party: Party, ask: AskRegister, identity: DeviceIdentity, alive: Mapping[str, Terms], now: float
) -> list[Effect]:
    old = table.device(identity.camera)
    if old is not None and old.epoch > identity.epoch:
        del table.parties[party.address]
        return [Hangup(party.address, CloseCode.SUPERSEDED, "a newer connection of this camera is here")]
    party.epoch, party.instance, party.came_from = identity.epoch, ask.instance, identity.address
    extra = wire.RegisteredExtra(ice_servers=identity.ice_servers, pins=identity.pins)
    result = wire.RegisterResult(identity.camera, extra)
    effects = _register_device(table, party, ask, result, alive, now)
    # First what its owner says, then whom it shall judge by that.
    effects += owners.tell(party, identity.orders) + greet_all(table, party, now)
    came = Came(identity.camera, identity.epoch, ask.capabilities, ask.instance, identity.address)
    return [*effects, came]


def _register_device(
    table: Table,
    party: Party,
    ask: AskRegister,
    result: wire.RegisterResult,
    alive: Mapping[str, Terms],
    now: float,
) -> list[Effect]:
    """A camera, or a relay that plays cameras. `result`: the answer, but for the sessions that go on."""
    key = result.id
    effects = _supersede(table, table.device(key), party, now)
    table.registered += 1
    party.role, party.device, party.deadline = "device", key, float("inf")
    table.devices[key] = party.address
    adopted, adoption = adopt(table, party, [ticket for ticket in ask.tickets if ticket.device == key], alive, now)
    effects += _welcome(party, ask, result, adopted)
    effects += adoption + forgotten(table, party, table.of_device(key), adopted)
    return effects + (wake(table, adopted) if ask.moved else [])


def _register_viewer(
    table: Table, party: Party, ask: AskRegister, identity: ClientIdentity, alive: Mapping[str, Terms], now: float
) -> list[Effect]:
    table.registered += 1
    party.role, party.user, party.login = "client", identity.user, identity.login
    party.deadline, party.only_camera = identity.expires_at, identity.only_camera
    table.wake_at(party.deadline, *party.address)
    mine = [ticket for ticket in ask.tickets if ticket.user == identity.user]
    mine = [ticket for ticket in mine if identity.only_camera in {None, ticket.camera}]
    adopted, adoption = adopt(table, party, mine, alive, now)
    result = wire.RegisterResult(identity.id, wire.RegisteredExtra(network=identity.network))
    return _welcome(party, ask, result, adopted) + adoption


def _register_uploads(
    table: Table, party: Party, ask: AskRegister, key: str, alive: Mapping[str, Terms], now: float
) -> list[Effect]:
    """A relay as a client of cameras. It has one such socket, so what it does not list is over."""
    old = table.uploads.get(key)
    effects = _supersede(table, table.parties[old] if old is not None else None, party, now)
    table.registered += 1
    party.role, party.relay, party.user, party.login = "client", key, key, key
    party.deadline = float("inf")
    table.uploads[key] = party.address
    adopted, adoption = adopt(table, party, [ticket for ticket in ask.tickets if ticket.user == key], alive, now)
    effects += _welcome(party, ask, wire.RegisterResult(key), adopted)
    return effects + adoption + forgotten(table, party, table.of_user(key), adopted)


def _supersede(table: Table, old: Party | None, new: Party, now: float) -> list[Effect]:
    """The newest connection wins. That the old one went is no news: the party is here."""
    if old is None:
        return []
    effects = [effect for effect in lost(table, old, now, left=False) if not isinstance(effect, Went)]
    who = "relay" if old.relay else "camera"
    reason = f"a newer connection of this {who} is here"
    return [*effects, Hangup(old.address, CloseCode.SUPERSEDED, reason, question(old, new.instance))]


def _welcome(party: Party, ask: AskRegister, result: wire.RegisterResult, adopted: set[str]) -> list[Effect]:
    extra = msgspec.structs.replace(result.belvedere or wire.RegisteredExtra(), adopted=sorted(adopted))
    answer = wire.result(ask.id, wire.RegisterResult(result.id, extra))
    return [Send(party.address, answer), *not_adopted(party, ask, adopted)]
