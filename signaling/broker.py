"""The broker: who is told what, when a message comes in.

`handle(table, peer, message, now)` returns effects and touches nothing but the table. It never raises, whatever
a peer sends: a request that does not fit is refused with a fault, a notification that does not fit is dropped and
counted. Where a question must go outside (who is this, may it watch), the effect is an `Ask`; the rim finds out and
comes back with `registered`, `connected` or `extended`.

Every message that names a session is checked against the two parties of that session. One that names somebody
else's is answered exactly as if there were no such session, and counted as `foreign_session`.
"""

from collections.abc import Mapping

import msgspec

from signaling import calls, departure, greetings, introduction, leases, owners, registration
from signaling.effects import (
    Address,
    AskConnect,
    AskExtend,
    AskRegister,
    Counted,
    Effect,
    Hangup,
    Send,
)
from signaling.endings import end, refuse
from signaling.protocol import messages as wire
from signaling.protocol.errors import CloseCode, Fault, ProtocolError
from signaling.protocol.relay_token import is_relay
from signaling.protocol.sessions import Event, OutOfTurn, State
from signaling.table import Party, Session, Table
from signaling.ways import Policy, Terms, permits


def opened(table: Table, peer: Address, now: float) -> list[Effect]:
    """A socket is open."""
    departure.opened(table, peer, now)
    return []


def closed(table: Table, peer: Address, now: float, *, left: bool) -> list[Effect]:
    """A socket is closed. `left`: the peer closed it properly and on purpose (RFC 6455 §7.4.1, codes 1000 and 1001)."""
    party = table.parties.get(peer)
    return [] if party is None else departure.lost(table, party, now, left=left)


def handle(table: Table, peer: Address, message: wire.Message, now: float) -> list[Effect]:
    """One message of one peer. Sockets that the broker has given up are not listened to."""
    party = table.parties.get(peer)
    if party is None:
        return []
    match message:
        case wire.Request():
            return _request(table, party, message, now)
        case wire.Notification():
            return _notification(table, party, message, now)
        case wire.Result() | wire.Failure():
            return _reply(table, party, message, now)


def malformed(table: Table, peer: Address, error: ProtocolError) -> list[Effect]:
    """A text that is no message at all."""
    if peer not in table.parties:
        return []
    return [Counted("malformed"), Send(peer, wire.failure(None, error.code, error.message))]


def _request(table: Table, party: Party, request: wire.Request, now: float) -> list[Effect]:
    try:
        return _call(table, party, request, now)
    except (ProtocolError, OutOfTurn) as error:
        code = error.code if isinstance(error, ProtocolError) else Fault.BAD_REQUEST
        text = str(error)[: table.limits.reason_chars]
        return [Counted("request_refused"), Send(party.address, wire.failure(request.id, code, text))]
    except _Foreign:
        refusal = wire.failure(request.id, Fault.BAD_REQUEST, "there is no such session")
        return [Counted("foreign_session"), Send(party.address, refusal)]


def _call(table: Table, party: Party, request: wire.Request, now: float) -> list[Effect]:
    if request.id in party.answering:
        raise ProtocolError(Fault.BAD_REQUEST, "another request with this id is still open")
    if request.method not in wire.REQUESTS:
        raise ProtocolError(Fault.METHOD_NOT_FOUND, "there is no such method")
    if request.method == "register":
        return registration.ask_register(table, party, request, now)
    if party.role is None:
        known = Fault.NOT_FOUND if request.method == "unregister" else Fault.UNAUTHORIZED
        raise ProtocolError(known, "register first")
    if request.method == "unregister":
        return departure.unregister(table, party, request, now)
    if request.method == "connect":
        return introduction.ask_connect(party, request)
    session = _session_of(table, party, request.params)
    if request.method == "invite":
        return calls.invite(table, party, session, request, now)
    if party.role != "client":
        raise ProtocolError(Fault.FORBIDDEN, "the viewer asks for more time")
    return leases.ask_extend(party, session, request)


def _notification(table: Table, party: Party, message: wire.Notification, now: float) -> list[Effect]:
    try:
        if party.role is None or message.method not in _HEARD:
            return [Counted("notification_refused")]
        if message.method in _OF_ITSELF:
            return _OF_ITSELF[message.method](table, party, message, now)
        session = _session_of(table, party, message.params, past_relay=message.method in _PAST_RELAY)
        if message.method in _RATED:
            return _RATED[message.method](table, party, session, message, now)
        return _SAYINGS[message.method](table, party, session, message)
    except (ProtocolError, OutOfTurn):
        return [Counted("notification_refused")]
    except _Foreign:
        return [Counted("foreign_session")]


_HEARD = wire.NOTIFICATIONS - {"belvedere.goAway", "belvedere.wake", "belvedere.orders"}
"""Those the server alone says."""

_PAST_RELAY = frozenset({"belvedere.envelope", "belvedere.close", "error"})
"""What a camera may say of a session in which a relay shows it, once it has heard who watches."""

_OF_ITSELF = {"belvedere.event": calls.report, "belvedere.receipt": owners.receipt}
_RATED = {
    "belvedere.stats": calls.stats,
    "belvedere.hello": greetings.hello,
    "belvedere.envelope": greetings.envelope,
}
_SAYINGS = {
    "trickle": calls.trickle,
    "error": calls.complaint,
    "belvedere.close": calls.close,
}


def _reply(table: Table, party: Party, reply: wire.Result | wire.Failure, now: float) -> list[Effect]:
    """An answer counts only for a request that still waits: late ones, of an attempt that is over, find nothing."""
    pending = party.pending.pop(reply.id, None) if isinstance(reply.id, int) else None
    if pending is None:
        return [Counted("late_answer")]
    if pending.purpose == "connect":
        # A party answers it out of hand; to an `invite` it would have to work.
        party.round_trip = max(0.0, now - pending.asked)
    answered = {
        "connect": calls.device_connected,
        "invite": calls.client_answered,
        "extend": leases.device_extended,
    }
    try:
        return answered[pending.purpose](table, pending, reply, now)
    except OutOfTurn:
        return [Counted("late_answer")]


class _Foreign(Exception):
    """The session belongs to others."""


class _Named(wire.Nothing, frozen=True):
    """What every message about a session has."""

    session: str


def _session_of(table: Table, party: Party, params: msgspec.Raw, *, past_relay: bool = False) -> Session:
    name = wire.params_as(_Named, params).session
    session = table.sessions.get(name)
    if session is None:
        if name in table.ended:
            raise ProtocolError(Fault.GONE, "this session is over")
        raise ProtocolError(Fault.BAD_REQUEST, "there is no such session")
    mine = session.device == party.device if party.role == "device" else session.client == party.address
    if not mine and not (past_relay and greetings.behind(table, session) is party):
        raise _Foreign
    return session


# --- answers to what the broker asked ---


def registered(
    table: Table,
    ask: AskRegister,
    identity: registration.Identity | leases.Refusal,
    alive: Mapping[str, Terms],
    now: float,
) -> list[Effect]:
    """Who it is, or why it may not come in. `alive`: ids of the sessions of its tickets that may go on, under what."""
    return registration.registered(table, ask, identity, alive, now)


def connected(
    table: Table, ask: AskConnect, grant: introduction.ConnectGrant | leases.Refusal, now: float
) -> list[Effect]:
    """Whether the viewer may watch."""
    return introduction.connected(table, ask, grant, now)


def extended(table: Table, ask: AskExtend, grant: leases.ExtendGrant | leases.Refusal, now: float) -> list[Effect]:
    """Whether the viewer may go on."""
    return leases.extended(table, ask, grant, now)


# --- time and revocation ---


def expire(table: Table, now: float) -> list[Effect]:
    """Everything that is due. `table.next_deadline()` says when to call again."""
    effects: list[Effect] = []
    for _, first, second, number in table.due(now):
        if not second:
            if first in table.sessions:
                effects += _session_due(table, table.sessions[first])
        elif (party := table.parties.get(Address(first, second))) is not None:
            effects += _request_due(table, party, number) if number else _party_due(table, party, now)
    return effects


def _session_due(table: Table, session: Session) -> list[Effect]:
    if session.state is State.FLOWING:
        return leases.ended(table, session)
    reason = "the viewer did not answer" if session.state is State.OFFERED else "the camera did not answer"
    return [
        Counted("session_timeout"),
        *end(
            table,
            session,
            Event.DEADLINE,
            reason,
            to_device=Fault.TIMEOUT,
            to_client=Fault.TIMEOUT,
            fault=Fault.TIMEOUT,
        ),
    ]


def _request_due(table: Table, party: Party, number: int) -> list[Effect]:
    pending = party.pending.pop(number, None)
    return [] if pending is None else refuse(table, pending.reply_to, Fault.TIMEOUT, "the camera did not answer")


def _party_due(table: Table, party: Party, now: float) -> list[Effect]:
    hangup = Hangup(party.address, CloseCode.SIGNED_OUT, "signed out")
    if party.role is None:
        hangup = Hangup(party.address, CloseCode.REGISTER_TIMEOUT, "no register in time")
    return [*departure.lost(table, party, now, left=False), hangup]


def superseded(table: Table, peer: Address, now: float) -> list[Effect]:
    """The camera has a newer connection on another node."""
    party = table.parties.get(peer)
    if party is None:
        return []
    effects = departure.lost(table, party, now, left=False)
    reason = "a newer connection of this camera is elsewhere"
    return [*effects, Hangup(peer, CloseCode.SUPERSEDED, reason, departure.question(party))]


def revoke_login(table: Table, login: str, now: float) -> list[Effect]:
    """The login is over: its sockets close, its sessions end, wherever they run."""
    effects = _end_all(table, [s for s in table.sessions.values() if s.login == login], "signed out")
    return effects + _drop(table, [p for p in table.parties.values() if p.role and p.login == login], now)


def revoke_camera(table: Table, camera: str, now: float) -> list[Effect]:
    """The camera's key no longer counts, or the camera was removed."""
    effects = _end_all(table, table.of_camera(camera), "this camera was removed or paired anew")
    device = table.device(camera)
    return effects + ([] if device is None else _drop(table, [device], now))


def end_watching(table: Table, camera: str) -> list[Effect]:
    """The camera has a new owner: nobody goes on watching by what the old one allowed."""
    return _end_all(table, table.of_camera(camera), "this camera has a new owner")


def revoke_watching(table: Table, user: str, camera: str) -> list[Effect]:
    """This account may no longer watch this camera."""
    return _end_all(table, table.of_viewer(user, camera), "this camera can no longer be watched")


def watch_until(table: Table, user: str, camera: str, until: float, now: float) -> list[Effect]:
    """This account may watch this camera until then, Unix seconds, and no longer."""
    effects: list[Effect] = []
    for session in table.of_viewer(user, camera):
        effects += leases.rest_on(table, session, until, now)
    return effects


def push_orders(table: Table, camera: str, orders: wire.OrdersParams | None) -> list[Effect]:
    """The camera's owner has signed something new. None: the camera knows no owner."""
    return owners.push(table, camera, orders)


def close_ways(table: Table, owner: str, policy: Policy) -> list[Effect]:
    """The owner has changed what ways are allowed: what goes another one ends, whoever watches. A relay's upload ends
    by the relay."""
    seen = [s for s in table.sessions.values() if s.owner == owner and not is_relay(s.user)]
    sessions = [s for s in seen if not permits(policy, "relay" if is_relay(s.device) else "direct")]
    return _end_all(table, sessions, "the owner of this camera has closed this way")


def _end_all(table: Table, sessions: list[Session], reason: str) -> list[Effect]:
    effects: list[Effect] = []
    for session in sessions:
        effects += end(table, session, Event.CLOSE, reason)
    return effects


def _drop(table: Table, parties: list[Party], now: float) -> list[Effect]:
    effects: list[Effect] = []
    for party in parties:
        effects += departure.lost(table, party, now, left=False)
        effects.append(Hangup(party.address, CloseCode.SIGNED_OUT, "no longer authorized"))
    return effects


def go_away(table: Table, grace_seconds: float, jitter_seconds: float) -> list[Effect]:
    """Tell everybody that the server is about to go."""
    text = wire.notification("belvedere.goAway", wire.GoAwayParams(grace_seconds, jitter_seconds))
    return [Send(party.address, text) for party in table.parties.values() if party.ours]
