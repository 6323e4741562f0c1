"""Coming and going of parties: `register`, `unregister`, a dead socket, and what becomes of their sessions.

Part of the broker: plain functions over the table.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

from signaling.effects import (
    Address,
    AskRegister,
    Came,
    Counted,
    Effect,
    Hangup,
    Send,
    Went,
)
from signaling.endings import end, refuse, step
from signaling.leases import Refusal, tell_lease, watch_under
from signaling.protocol import messages as wire
from signaling.protocol import tickets
from signaling.protocol.errors import CloseCode, Fault, ProtocolError
from signaling.protocol.sessions import Event, State
from signaling.table import Party, Session, Table


@dataclass(frozen=True, slots=True)
class DeviceIdentity:
    """The peer is this camera. `epoch`: claimed for this very connection."""

    camera: str
    epoch: int
    ice_servers: list[wire.IceServer] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ClientIdentity:
    """The peer is somebody's viewer. `id`: a fresh one. `expires_at`: of the login, Unix seconds.

    `only_camera`: the one its ticket is for; None: any of the account's.
    """

    id: str
    user: str
    login: str
    expires_at: float
    only_camera: str | None = None


Identity = DeviceIdentity | ClientIdentity


def ask_register(table: Table, party: Party, request: wire.Request, now: float) -> list[Effect]:
    """The first message of every socket."""
    if party.role is not None:
        raise ProtocolError(Fault.BAD_REQUEST, "this connection is registered already")
    params = wire.params_as(wire.RegisterParams, request.params)
    limits = table.limits
    if params.name is not None and len(params.name) > limits.name_chars:
        raise ProtocolError(Fault.INVALID_PARAMS, f"name has at most {limits.name_chars} characters")
    if len(request.params) > limits.capabilities_bytes and _size(params) > limits.capabilities_bytes:
        raise ProtocolError(Fault.INVALID_PARAMS, f"capabilities have at most {limits.capabilities_bytes} bytes")
    listed = params.belvedere.tickets if params.belvedere is not None else []
    if len(listed) > limits.tickets_per_register:
        raise ProtocolError(Fault.INVALID_PARAMS, f"at most {limits.tickets_per_register} tickets")
    read = [(text, tickets.read(table.ticket_key, text, now)) for text in listed]
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
        )
    ]


def _size(params: wire.RegisterParams) -> int:
    return len(wire.encode(params.capabilities or []))


def registered(
    table: Table, ask: AskRegister, identity: Identity | Refusal, alive: Collection[str], now: float
) -> list[Effect]:
    """The answer to `AskRegister`. `alive`: session ids of its tickets whose viewer may still watch."""
    party = table.parties.get(ask.peer)
    if party is None or party.role is not None:
        return []
    if isinstance(identity, Refusal):
        del table.parties[party.address]
        code = CloseCode.SIGNED_OUT if identity.fault is Fault.UNAUTHORIZED else CloseCode.TRY_AGAIN_LATER
        return [
            Counted("register_refused"),
            Send(party.address, wire.failure(ask.id, identity.fault, identity.message)),
            Hangup(party.address, code, identity.message),
        ]
    party.ours, party.capabilities = ask.ours, ask.capabilities
    if isinstance(identity, DeviceIdentity):
        return _register_device(table, party, ask, identity, alive, now)
    return _register_client(table, party, ask, identity, alive, now)


def _register_device(
    table: Table, party: Party, ask: AskRegister, identity: DeviceIdentity, alive: Collection[str], now: float
) -> list[Effect]:
    old = table.device(identity.camera)
    if old is not None and old.epoch > identity.epoch:
        del table.parties[party.address]
        return [Hangup(party.address, CloseCode.SUPERSEDED, "a newer connection of this camera is here")]
    effects: list[Effect] = []
    if old is not None:
        effects += [effect for effect in lost(table, old, now, left=False) if not isinstance(effect, Went)]
        effects.append(Hangup(old.address, CloseCode.SUPERSEDED, "a newer connection of this camera is here"))
    table.registered += 1
    party.role, party.camera, party.epoch = "device", identity.camera, identity.epoch
    party.deadline = float("inf")
    table.devices[identity.camera] = party.address
    mine = [ticket for ticket in ask.tickets if ticket.camera == identity.camera]
    adopted, adoption = _adopt(table, party, mine, alive, now)
    result = wire.RegisterResult(
        identity.camera, wire.RegisteredExtra(ice_servers=identity.ice_servers, adopted=sorted(adopted))
    )
    effects.append(Send(party.address, wire.result(ask.id, result)))
    effects += _not_adopted(party, ask, adopted) + adoption
    effects += _forgotten(table, party, adopted)
    return [*effects, Came(identity.camera, identity.epoch, ask.capabilities)]


def _register_client(
    table: Table, party: Party, ask: AskRegister, identity: ClientIdentity, alive: Collection[str], now: float
) -> list[Effect]:
    table.registered += 1
    party.role, party.user, party.login = "client", identity.user, identity.login
    party.deadline, party.only_camera = identity.expires_at, identity.only_camera
    table.wake_at(party.deadline, *party.address)
    mine = [ticket for ticket in ask.tickets if ticket.user == identity.user]
    mine = [ticket for ticket in mine if identity.only_camera in {None, ticket.camera}]
    adopted, adoption = _adopt(table, party, mine, alive, now)
    result = wire.RegisterResult(identity.id, wire.RegisteredExtra(adopted=sorted(adopted)))
    return [Send(party.address, wire.result(ask.id, result)), *_not_adopted(party, ask, adopted), *adoption]


def _adopt(
    table: Table, party: Party, mine: list[tickets.Ticket], alive: Collection[str], now: float
) -> tuple[set[str], list[Effect]]:
    """Take up the sessions that this party still runs. Returns their ids, and what to do."""
    adopted: set[str] = set()
    effects: list[Effect] = []
    for ticket in mine:
        if ticket.session not in alive or ticket.session in adopted:
            continue
        session = table.sessions.get(ticket.session) or _restore(table, ticket)
        if session is None or session.camera != ticket.camera or session.state is not State.FLOWING:
            continue
        step(table, session, Event.RETURN, now)
        adopted.add(session.id)
        if party.role == "client":
            table.attach(session, party.address)
            effects += watch_under(table, session, party.login, party.deadline, now)
        elif ticket.exp < int(session.lease):
            effects.append(tell_lease(table, party, session, now))
    return adopted, effects


def _restore(table: Table, ticket: tickets.Ticket) -> Session | None:
    """A session this server knew before it was restarted; None if it has ended, or there are too many."""
    crowd = len(table.by_camera.get(ticket.camera, ()))
    if ticket.session in table.ended or crowd >= table.limits.sessions_per_camera:
        return None
    session = Session(
        ticket.session, ticket.camera, ticket.user, ticket.login, State.FLOWING, ticket.exp, ticket.exp, client=None
    )
    table.add(session)
    return session


def _not_adopted(party: Party, ask: AskRegister, adopted: set[str]) -> list[Effect]:
    """Sessions that the party believes in and we do not. Only where nothing can be read is nothing said."""
    genuine = {ticket.session for ticket in ask.tickets} - adopted
    names = sorted((genuine | set(ask.over)) - adopted)
    reason = "this session is over"
    effects: list[Effect] = [Counted("ticket_refused")] * (ask.refused + len(genuine))
    return effects + [
        Send(party.address, wire.notification("belvedere.close", wire.CloseParams(name, reason))) for name in names
    ]


def _forgotten(table: Table, party: Party, adopted: set[str]) -> list[Effect]:
    """A camera of ours that comes back without the ticket of a session has restarted: no media flows there."""
    effects: list[Effect] = []
    if party.ours:
        for session in table.of_camera(party.camera):
            if session.id not in adopted:
                effects += end(table, session, Event.CLOSE, "the camera was restarted", to_device=None)
    return effects


def lost(table: Table, party: Party, now: float, *, left: bool) -> list[Effect]:
    """The socket is gone, or as good as gone. `left`: on purpose, so that its media has ended as well."""
    del table.parties[party.address]
    table.registered -= party.role is not None
    effects: list[Effect] = []
    for pending in party.pending.values():
        effects += refuse(table, pending.reply_to, Fault.GONE, "the other side is gone")
    if party.role == "device":
        effects += _device_lost(table, party, now, left=left)
    elif party.role == "client":
        effects += _client_lost(table, party, now, left=left)
    return effects


def _device_lost(table: Table, party: Party, now: float, *, left: bool) -> list[Effect]:
    del table.devices[party.camera]
    effects: list[Effect] = []
    for session in table.of_camera(party.camera):
        if left:
            effects += end(table, session, Event.CLOSE, "the camera left", to_device=None)
        elif session.state is State.FLOWING:
            step(table, session, Event.DEVICE_LOST, now)
        else:
            effects += end(table, session, Event.DEVICE_LOST, "the camera disconnected", to_device=None)
    return [*effects, Went(party.camera, party.epoch)]


def _client_lost(table: Table, party: Party, now: float, *, left: bool) -> list[Effect]:
    effects: list[Effect] = []
    for name in sorted(party.sessions):
        session = table.sessions[name]
        session.client = None
        if left:
            effects += end(table, session, Event.CLOSE, "the viewer left", to_client=None)
        elif session.state is State.FLOWING:
            step(table, session, Event.CLIENT_LOST, now)
        else:
            effects += end(table, session, Event.CLIENT_LOST, "the viewer disconnected", to_client=None)
    return effects


def unregister(table: Table, party: Party, request: wire.Request, now: float) -> list[Effect]:
    """The party stops on purpose; its socket may register anew."""
    effects = lost(table, party, now, left=True)
    opened(table, party.address, now, last_id=party.last_id)
    return [*effects, Send(party.address, wire.result(request.id, wire.Nothing()))]


def opened(table: Table, address: Address, now: float, last_id: int = 0) -> None:
    """A socket is open and has to register in time. `last_id`: of what this server asked it, never used again."""
    deadline = now + table.limits.register_seconds
    table.parties[address] = Party(address, deadline=deadline, last_id=last_id)
    table.wake_at(deadline, *address)
