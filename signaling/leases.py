"""How long media may flow: leases, their tickets, and `extend`.

Part of the broker: plain functions over the table.
"""

from dataclasses import dataclass

from signaling.effects import AskExtend, Effect, Send
from signaling.endings import Waiting, answer, end, refuse
from signaling.protocol import messages as wire
from signaling.protocol import tickets
from signaling.protocol.errors import Fault
from signaling.protocol.sessions import LEASE_SECONDS, Event, OutOfTurn, State
from signaling.table import Party, Pending, Session, Table


@dataclass(frozen=True, slots=True)
class Refusal:
    """The answer to an `Ask` that says no."""

    fault: Fault
    message: str


@dataclass(frozen=True, slots=True)
class ExtendGrant:
    """The viewer may go on. `expires_at`: of its login, Unix seconds; no lease outlives it."""

    expires_at: float


def lease_until(now: float, expires_at: float) -> float:
    """The end of a lease that begins now: whole seconds, as tickets have them."""
    return float(int(min(now + LEASE_SECONDS, expires_at)))


def ticket_for(table: Table, session: Session) -> str:
    """The session's ticket as of its present lease."""
    return _ticket(table, session, session.lease)


def _ticket(table: Table, session: Session, lease: float) -> str:
    relay = session.device if session.relayed else ""
    about = (session.id, session.camera, session.user, session.login)
    ticket = tickets.Ticket(*about, int(lease), relay, int(session.began))
    return tickets.sign(table.ticket_key, ticket)


def ask_extend(party: Party, session: Session, request: wire.Request) -> list[Effect]:
    """A viewer wants more time."""
    if session.state is not State.FLOWING:
        raise OutOfTurn(session.state, Event.EXTEND)
    params = wire.params_as(wire.ExtendParams, request.params)
    via: wire.Way = "relay" if session.relayed else "direct"
    return [AskExtend(party.address, request.id, session.id, session.camera, params.authorization, via)]


def extended(table: Table, ask: AskExtend, grant: ExtendGrant | Refusal, now: float) -> list[Effect]:
    """The answer to `AskExtend`: the camera is asked, and its yes makes the lease longer."""
    party, session = table.parties.get(ask.peer), table.sessions.get(ask.session)
    if party is None:
        return []
    if isinstance(grant, Refusal):
        return [Send(party.address, wire.failure(ask.id, grant.fault, grant.message))]
    if session is None or session.client != party.address:
        return [Send(party.address, wire.failure(ask.id, Fault.GONE, "this session is over"))]
    device = table.device(session.device)
    if device is None or not has_room(table, device):
        return [Send(party.address, wire.failure(ask.id, Fault.CAMERA_UNAVAILABLE, "the camera is not connected"))]
    party.answering.add(ask.id)
    lease = lease_until(now, min(grant.expires_at, session.until))
    return [_ask_device(table, device, session, lease, now, (party.address, ask.id))]


def has_room(table: Table, party: Party) -> bool:
    """Whether this party may be asked another question."""
    return len(party.pending) < table.limits_of(party).pending_per_socket


def tell_lease(table: Table, device: Party, session: Session, now: float) -> Send:
    """Tell the camera until when the session may go on, and under which login."""
    return _ask_device(table, device, session, session.lease, now, None)


def _ask_device(
    table: Table, device: Party, session: Session, lease: float, now: float, waiting: Waiting | None
) -> Send:
    """`waiting`: the viewer's request for this lease; None where the session has it already."""
    device.last_id += 1
    deadline = now + table.limits.extend_seconds
    device.pending[device.last_id] = Pending("extend", session.id, now, waiting, deadline, lease)
    table.wake_at(deadline, *device.address, device.last_id)
    params = wire.DeviceExtendParams(session.id, int(lease - now), wire.TicketExtra(_ticket(table, session, lease)))
    return Send(device.address, wire.request(device.last_id, "extend", params))


def device_extended(table: Table, pending: Pending, reply: wire.Result | wire.Failure, now: float) -> list[Effect]:
    """The camera's word on it. One that knows no `extend` has no lease of its own, so ours counts."""
    session = table.sessions[pending.session]
    if isinstance(reply, wire.Failure) and reply.code != Fault.METHOD_NOT_FOUND:
        return refuse(table, pending.reply_to, reply.code, reply.message[: table.limits.reason_chars])
    if pending.reply_to is not None and pending.reply_to[0] == session.client:
        # A viewer that is gone by now may have been sent away, and its login is what the new lease rests on.
        _set_lease(table, session, pending.lease)
    extra = wire.TicketExtra(ticket_for(table, session))
    effects = answer(table, pending.reply_to, wire.ExtendResult(int(session.lease - now), extra))
    # While the camera was asked the right to watch may have been cut short.
    return effects + (_tell_if_it_can(table, session, now) if session.until < pending.lease else [])


def watch_under(table: Table, session: Session, login: str, expires_at: float, now: float) -> list[Effect]:
    """The viewer came back under this login: the session ends with it from now on, and so says the camera's ticket."""
    if session.login == login:
        return []
    session.login = login
    _set_lease(table, session, min(session.lease, lease_until(now, expires_at)))
    return _tell_if_it_can(table, session, now)


def rest_on(table: Table, session: Session, until: float, now: float) -> list[Effect]:
    """The right to watch ends then: the lease becomes as short, and so says the camera's ticket."""
    session.until = until
    if session.lease <= until:
        return []
    if session.state is State.FLOWING:
        _set_lease(table, session, float(int(until)))
        return _tell_if_it_can(table, session, now)
    session.lease = float(int(until))
    return []


def _tell_if_it_can(table: Table, session: Session, now: float) -> list[Effect]:
    """A camera that is away hears of the end when it returns."""
    device = table.device(session.device)
    return [tell_lease(table, device, session, now)] if device is not None and has_room(table, device) else []


def _set_lease(table: Table, session: Session, lease: float) -> None:
    """Only for media that flows: before, the deadline is that of the set-up."""
    session.lease = session.deadline = min(lease, session.until)
    table.wake_at(session.lease, session.id)


def ended(table: Table, session: Session) -> list[Effect]:
    """The lease is over."""
    return end(table, session, Event.DEADLINE, "the time for this session is over", fault=Fault.TIMEOUT)
