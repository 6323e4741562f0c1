"""Making a session: `connect`, `invite`, `trickle`, and what the parties say about it afterwards.

Part of the broker: plain functions over the table.
"""

from dataclasses import dataclass, field

import msgspec

from signaling.bucket import full
from signaling.effects import AskConnect, Counted, Effect, FirstFrame, Reported, Send
from signaling.endings import answer, end, notice, refuse, step
from signaling.leases import Refusal, lease_until, ticket_for
from signaling.protocol import messages as wire
from signaling.protocol.errors import Fault, Notice, ProtocolError
from signaling.protocol.sessions import CONNECT_SECONDS, Event, State, advance
from signaling.table import Party, Pending, Role, Session, Table

MAX_SUBPROTOCOLS = 16
MAX_SUBPROTOCOL_CHARS = 64
"""ONVIF names a handful, each a short word."""
MAX_NAME_CHARS = 128
"""Of a camera id, a profile token (ONVIF: 64) or the name of an event."""


@dataclass(frozen=True, slots=True)
class ConnectGrant:
    """The viewer may watch. `session`: a fresh id. `expires_at`: of its login, Unix seconds."""

    session: str
    expires_at: float
    client_ice: list[wire.IceServer] = field(default_factory=list)
    device_ice: list[wire.IceServer] = field(default_factory=list)


# --- connect ---


def ask_connect(party: Party, request: wire.Request) -> list[Effect]:
    """A viewer wants to see a camera."""
    if party.role != "client":
        raise ProtocolError(Fault.FORBIDDEN, "a camera cannot connect to a camera")
    params = wire.params_as(wire.ConnectParams, request.params)
    if len(params.peer) > MAX_NAME_CHARS or len(params.profile or "") > MAX_NAME_CHARS:
        raise ProtocolError(Fault.INVALID_PARAMS, f"peer and profile have at most {MAX_NAME_CHARS} characters")
    return [AskConnect(party.address, request.id, params.peer, params.authorization, params.profile)]


def connected(table: Table, ask: AskConnect, grant: ConnectGrant | Refusal, now: float) -> list[Effect]:
    """The answer to `AskConnect`. The viewer hears at once, so that it prepares while the camera makes its offer."""
    party = table.parties.get(ask.peer)
    if party is None or party.role != "client":
        return []
    if isinstance(grant, Refusal):
        return _refused(party, ask, grant)
    device = table.device(ask.camera)
    if device is None:
        return _refused(party, ask, Refusal(Fault.CAMERA_UNAVAILABLE, "the camera is not connected"))
    crowd = _crowd(table, party, device)
    if crowd is not None:
        return _refused(party, ask, crowd)
    session = Session(
        id=grant.session,
        camera=ask.camera,
        user=party.user,
        login=party.login,
        state=State.ASKED,
        lease=lease_until(now, grant.expires_at),
        deadline=now + CONNECT_SECONDS,
        client=party.address,
    )
    table.add(session)
    return [
        _ask_device(table, device, session, ask, grant, now),
        Send(party.address, wire.result(ask.id, _connect_result(table, device, session, grant, now))),
    ]


def _refused(party: Party, ask: AskConnect, refusal: Refusal) -> list[Effect]:
    return [Counted("connect_refused"), Send(party.address, wire.failure(ask.id, refusal.fault, refusal.message))]


def _crowd(table: Table, party: Party, device: Party) -> Refusal | None:
    limits = table.limits
    if len(table.by_camera.get(device.camera, ())) >= limits.sessions_per_camera:
        return Refusal(Fault.TOO_MANY_REQUESTS, "this camera has as many viewers as it may have")
    mine = len(table.by_user.get(party.user, ()))
    if mine >= limits.sessions_per_user or len(party.sessions) >= limits.sessions_per_socket:
        return Refusal(Fault.TOO_MANY_REQUESTS, "this account watches as much as it may at the same time")
    if len(device.pending) >= limits.pending_per_socket:
        return Refusal(Fault.CAMERA_UNAVAILABLE, "the camera does not answer")
    return None


def _ask_device(
    table: Table, device: Party, session: Session, ask: AskConnect, grant: ConnectGrant, now: float
) -> Send:
    device.last_id += 1
    device.pending[device.last_id] = Pending("connect", session.id)
    params = wire.DeviceConnectParams(
        session=session.id,
        profile=ask.profile,
        ice_servers=grant.device_ice,
        expiry_time_seconds=int(session.lease - now),
        belvedere=wire.ConnectExtra(ticket_for(table, session)),
    )
    return Send(device.address, wire.request(device.last_id, "connect", params))


def _connect_result(
    table: Table, device: Party, session: Session, grant: ConnectGrant, now: float
) -> wire.ConnectResult:
    return wire.ConnectResult(
        session=session.id,
        ice_servers=grant.client_ice,
        expiry_time_seconds=int(session.lease - now),
        capabilities=device.capabilities,
        belvedere=wire.ConnectedExtra(ticket_for(table, session)),
    )


def device_connected(table: Table, pending: Pending, reply: wire.Result | wire.Failure, now: float) -> list[Effect]:
    """The camera's yes or no."""
    session = table.sessions[pending.session]
    if isinstance(reply, wire.Result):
        step(table, session, Event.ACCEPT, now)
        return []
    reason = reply.message[: table.limits.reason_chars] or "the camera refused"
    return end(table, session, Event.REFUSE, reason, to_device=None, to_client=reply.code)


# --- invite ---


def invite(table: Table, party: Party, session: Session, request: wire.Request, now: float) -> list[Effect]:
    """The camera's offer goes to the viewer, and the candidates that were ahead of it follow."""
    if party.role != "device":
        raise ProtocolError(Fault.FORBIDDEN, "the camera makes the offer")
    params = wire.params_as(wire.InviteParams, request.params)
    if not params.offer:
        raise ProtocolError(Fault.BAD_REQUEST, "the offer is empty")
    _check_subprotocols(params.subprotocols)
    client = _other(table, party, session)
    if client is None:
        raise ProtocolError(Fault.GONE, "the viewer is gone")
    step(table, session, Event.INVITE, now)
    client.last_id += 1
    client.pending[client.last_id] = Pending("invite", session.id, (party.address, request.id))
    party.answering.add(request.id)
    effects: list[Effect] = [Send(client.address, wire.request(client.last_id, "invite", params))]
    return effects + _release(session, "device", client)


def _check_subprotocols(names: list[str] | None) -> None:
    names = names or []
    if len(names) > MAX_SUBPROTOCOLS or any(len(name) > MAX_SUBPROTOCOL_CHARS for name in names):
        raise ProtocolError(Fault.INVALID_PARAMS, "too many subprotocols, or too long ones")


def client_answered(table: Table, pending: Pending, reply: wire.Result | wire.Failure, now: float) -> list[Effect]:
    """The viewer's answer goes to the camera; without a good one the session is over."""
    session = table.sessions[pending.session]
    if isinstance(reply, wire.Failure):
        reason = reply.message[: table.limits.reason_chars]
        effects = refuse(table, pending.reply_to, reply.code, reason)
        return effects + end(table, session, Event.DECLINE, reason, to_device=None, to_client=None)
    try:
        result = wire.params_as(wire.InviteResult, reply.result)
        _check_subprotocols(result.subprotocols)
    except ProtocolError as error:
        effects = refuse(table, pending.reply_to, Fault.BAD_REQUEST, "the viewer's answer is malformed")
        reason = error.message[: table.limits.reason_chars]
        return effects + end(table, session, Event.DECLINE, reason, to_device=None, to_client=Fault.BAD_REQUEST)
    step(table, session, Event.ANSWER, now)
    return answer(table, pending.reply_to, result) + _release(session, "client", table.device(session.camera))


# --- trickle ---


def trickle(table: Table, party: Party, session: Session, message: wire.Notification) -> list[Effect]:
    """A candidate goes to the other party as it is; one that is ahead of its description waits (DESIGN §4)."""
    advance(session.state, Event.TRICKLE)
    role = _role(party)
    session.candidates[role] += 1
    if session.candidates[role] > table.limits.candidates_per_side:
        return [Counted("candidate_refused"), *_complain_once(table, party, session)]
    try:
        candidate = _candidate(message, table.limits.candidate_bytes)
    except ProtocolError as error:
        reason = error.message[: table.limits.reason_chars]
        complaint = notice(party, session.id, Notice.MALFORMED_CANDIDATE, reason)
        return [Counted("candidate_malformed"), Send(party.address, complaint)]
    text = wire.notification("trickle", wire.RawTrickleParams(session.id, candidate))
    if not _described(session, role):
        session.held.append((role, text))
        return []
    other = _other(table, party, session)
    return [Send(other.address, text)] if other is not None else [Counted("candidate_unheard")]


def _candidate(message: wire.Notification, limit: int) -> msgspec.Raw:
    """The candidate as it was written, once it is known to be one."""
    wire.params_as(wire.TrickleParams, message.params)
    candidate = wire.params_as(wire.RawTrickleParams, message.params).candidate
    if len(bytes(candidate)) > limit:
        raise ProtocolError(Fault.INVALID_PARAMS, f"a candidate has at most {limit} bytes")
    return candidate


def _role(party: Party) -> Role:
    return "device" if party.role == "device" else "client"


def _described(session: Session, role: Role) -> bool:
    """Whether the description that this party's candidates belong to has reached the other party."""
    return session.state is State.FLOWING or (role == "device" and session.state is State.OFFERED)


def _complain_once(table: Table, party: Party, session: Session) -> list[Effect]:
    limit = table.limits.candidates_per_side
    if session.candidates[_role(party)] != limit + 1:
        return []
    return [Send(party.address, notice(party, session.id, Notice.RESOURCES, f"at most {limit} candidates a session"))]


def _release(session: Session, sender: Role, to: Party | None) -> list[Effect]:
    """Hand on what was held."""
    held = [text for role, text in session.held if role == sender]
    session.held = [(role, text) for role, text in session.held if role != sender]
    return [] if to is None else [Send(to.address, text) for text in held]


def _other(table: Table, party: Party, session: Session) -> Party | None:
    if party.role == "client":
        return table.device(session.camera)
    return None if session.client is None else table.parties.get(session.client)


# --- what the parties say about it ---


def complaint(table: Table, party: Party, session: Session, message: wire.Notification) -> list[Effect]:
    """`error`: one bad candidate (1003) is no more than that; anything else ends the session."""
    params = wire.params_as(wire.ErrorParams, message.params)
    reason = params.message[: table.limits.reason_chars]
    if params.code == Notice.MALFORMED_CANDIDATE:
        other = _other(table, party, session)
        return [] if other is None else [Send(other.address, notice(other, session.id, params.code, reason))]
    return _close(table, party, session, reason, params.code)


def close(table: Table, party: Party, session: Session, message: wire.Notification) -> list[Effect]:
    """`belvedere.close`."""
    params = wire.params_as(wire.CloseParams, message.params)
    return _close(table, party, session, params.reason[: table.limits.reason_chars], Notice.PEER_DISCONNECTED)


def _close(table: Table, party: Party, session: Session, reason: str, code: int) -> list[Effect]:
    if party.role == "device":
        return end(table, session, Event.CLOSE, reason, to_device=None, to_client=code)
    return end(table, session, Event.CLOSE, reason, to_device=code, to_client=None)


def stats(table: Table, party: Party, session: Session, message: wire.Notification, now: float) -> list[Effect]:
    """`belvedere.stats`: the first one with a picture in it is news."""
    params = wire.params_as(wire.StatsParams, message.params)
    if party.role != "client" or params.first_frame_ms is None or session.seen:
        return []
    if not _may_report(table, party, table.limits.sessions_per_socket, now):
        return [Counted("stats_refused")]
    session.seen = True
    return [FirstFrame(session.camera)]


def report(table: Table, party: Party, message: wire.Notification, now: float) -> list[Effect]:
    """`belvedere.event`: a camera tells of itself."""
    params = wire.params_as(wire.EventParams, message.params)
    if party.role != "device" or len(params.name) > MAX_NAME_CHARS:
        return [Counted("event_refused")]
    if not _may_report(table, party, table.limits.reports_burst, now):
        return [Counted("event_refused")]
    return [Reported(party.camera, params.name, params.detail[: table.limits.detail_chars])]


def _may_report(table: Table, party: Party, burst: int, now: float) -> bool:
    """One tenant's reports must not delay another's: beyond the rate they are dropped, not kept waiting."""
    if party.reports is None:
        party.reports = full(table.limits.reports_per_second, burst, now)
    return party.reports.spend(now)
