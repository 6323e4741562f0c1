"""What the two parties of a session say to each other: yes or no, `invite`, `trickle`, and what comes afterwards.

Part of the broker: plain functions over the table.
"""

import msgspec

from signaling.bucket import full
from signaling.effects import Counted, Effect, FirstFrame, Reported, Send
from signaling.endings import answer, end, notice, refuse, step, watching
from signaling.greetings import is_past_relay
from signaling.protocol import messages as wire
from signaling.protocol.errors import Fault, Notice, ProtocolError
from signaling.protocol.relay_token import is_relay
from signaling.protocol.sessions import Event, State, advance
from signaling.table import Party, Pending, Session, Table

MAX_SUBPROTOCOLS = 16
MAX_SUBPROTOCOL_CHARS = 64
"""ONVIF names a handful, each a short word."""
MAX_NAME_CHARS = 128
"""Of the name of an event."""


def device_connected(table: Table, pending: Pending, reply: wire.Result | wire.Failure, now: float) -> list[Effect]:
    """The camera's yes or no."""
    session = table.sessions[pending.session]
    if isinstance(reply, wire.Result):
        step(table, session, Event.ACCEPT, now)
        return []
    reason = reply.message[: table.limits.reason_chars] or "the camera refused"
    return _counted(reply.code) + end(table, session, Event.REFUSE, reason, to_device=None, to_client=reply.code)


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
    client.pending[client.last_id] = Pending("invite", session.id, now, (party.address, request.id))
    party.answering.add(request.id)
    shown = msgspec.structs.replace(params, belvedere=_between(params.belvedere, client, session))
    effects: list[Effect] = [Send(client.address, wire.request(client.last_id, "invite", shown))]
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
    device = table.device(session.device)
    shown = msgspec.structs.replace(result, belvedere=_between(result.belvedere, device, session))
    return answer(table, pending.reply_to, shown) + _release(session, "client", device) + watching(session)


def _between(extra: wire.ProofExtra | None, to: Party | None, session: Session) -> wire.ProofExtra | None:
    """The statement about a description, for a party that understands it. A relay makes and checks none: over it the
    two ends of the DTLS are not camera and viewer."""
    understood = to is not None and to.ours and not session.relayed and not is_relay(session.user)
    return extra if understood else None


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


def _role(party: Party) -> wire.Role:
    return "device" if party.role == "device" else "client"


def _described(session: Session, role: wire.Role) -> bool:
    """Whether the description that this party's candidates belong to has reached the other party."""
    return session.state is State.FLOWING or (role == "device" and session.state is State.OFFERED)


def _complain_once(table: Table, party: Party, session: Session) -> list[Effect]:
    limit = table.limits.candidates_per_side
    if session.candidates[_role(party)] != limit + 1:
        return []
    return [Send(party.address, notice(party, session.id, Notice.RESOURCES, f"at most {limit} candidates a session"))]


def _release(session: Session, sender: wire.Role, to: Party | None) -> list[Effect]:
    """Hand on what was held."""
    held = [text for role, text in session.held if role == sender]
    session.held = [(role, text) for role, text in session.held if role != sender]
    return [] if to is None else [Send(to.address, text) for text in held]


def _other(table: Table, party: Party, session: Session) -> Party | None:
    if party.role == "client":
        return table.device(session.device)
    return None if session.client is None else table.parties.get(session.client)


# --- what the parties say about it ---


def complaint(table: Table, party: Party, session: Session, message: wire.Notification) -> list[Effect]:
    """`error`: one bad candidate (1003) is no more than that; anything else ends the session."""
    params = wire.params_as(wire.ErrorParams, message.params)
    reason = params.message[: table.limits.reason_chars]
    if params.code == Notice.MALFORMED_CANDIDATE:
        if is_past_relay(party, session):
            raise ProtocolError(Fault.FORBIDDEN, "none of these candidates is for the camera")
        other = _other(table, party, session)
        return [] if other is None else [Send(other.address, notice(other, session.id, params.code, reason))]
    return _close(table, party, session, reason, params.code)


def close(table: Table, party: Party, session: Session, message: wire.Notification) -> list[Effect]:
    """`belvedere.close`."""
    params = wire.params_as(wire.CloseParams, message.params)
    return _close(table, party, session, params.reason[: table.limits.reason_chars], Notice.PEER_DISCONNECTED)


def _close(table: Table, party: Party, session: Session, reason: str, code: int) -> list[Effect]:
    if is_past_relay(party, session):
        return _counted(code) + end(table, session, Event.CLOSE, reason, to_client=code, to_camera=False)
    if party.role == "device":
        return _counted(code) + end(table, session, Event.CLOSE, reason, to_device=None, to_client=code)
    return end(table, session, Event.CLOSE, reason, to_device=code, to_client=None)


def _counted(code: int) -> list[Effect]:
    """A camera's word that it does not know a viewer."""
    return [Counted("not_trusted")] if code == Fault.NOT_TRUSTED else []


def stats(table: Table, party: Party, session: Session, message: wire.Notification, now: float) -> list[Effect]:
    """`belvedere.stats`: the first one with a picture in it is news."""
    params = wire.params_as(wire.StatsParams, message.params)
    if party.role != "client" or party.relay or params.first_frame_ms is None or session.seen:
        return []
    if not may_report(table, party, table.limits.sessions_per_socket, now):
        return [Counted("stats_refused")]
    session.seen = True
    return [FirstFrame(session.camera)]


def report(table: Table, party: Party, message: wire.Notification, now: float) -> list[Effect]:
    """`belvedere.event`: a camera tells of itself."""
    params = wire.params_as(wire.EventParams, message.params)
    if party.role != "device" or party.relay or len(params.name) > MAX_NAME_CHARS:
        return [Counted("event_refused")]
    if not may_report(table, party, table.limits.reports_burst, now):
        return [Counted("event_refused")]
    return [Reported(party.device, params.name, params.detail[: table.limits.detail_chars])]


def may_report(table: Table, party: Party, burst: int, now: float) -> bool:
    """One tenant's reports must not delay another's: beyond the rate they are dropped, not kept waiting."""
    if party.reports is None:
        party.reports = full(table.limits.reports_per_second, burst, now)
    return party.reports.spend(now)
