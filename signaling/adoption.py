"""What becomes of sessions when a party comes back: those that it still runs go on, the others are over.

A party lists its tickets when it registers. Whoever is of ours and leaves a session out has forgotten it, or was
restarted. Part of the broker: plain functions over the table.
"""

from collections.abc import Mapping, Sequence

from signaling.effects import AskRegister, Counted, Effect, Send
from signaling.endings import end, step, watching
from signaling.leases import rest_on, tell_lease, watch_under
from signaling.protocol import messages as wire
from signaling.protocol import tickets
from signaling.protocol.sessions import Event, State
from signaling.table import Party, Session, Table
from signaling.ways import Terms


def adopt(
    table: Table, party: Party, mine: list[tickets.Ticket], alive: Mapping[str, Terms], now: float
) -> tuple[set[str], list[Effect]]:
    """Take up the sessions that this party still runs. Returns their ids, and what to do."""
    adopted: set[str] = set()
    effects: list[Effect] = []
    for ticket in mine:
        if ticket.session not in alive or ticket.session in adopted:
            continue
        terms, known = alive[ticket.session], table.sessions.get(ticket.session)
        session = known or _restore(table, party, ticket, terms, now)
        if known is None and session is not None:
            effects += watching(session)
        if session is None or session.state is not State.FLOWING or not _is_about(ticket, session):
            continue
        step(table, session, Event.RETURN, now)
        adopted.add(session.id)
        effects += rest_on(table, session, terms.until, now)
        if party.role == "client":
            table.attach(session, party.address)
            effects += watch_under(table, session, party.login, party.deadline, now)
        elif ticket.exp < int(session.lease):
            effects.append(tell_lease(table, party, session, now))
    return adopted, effects


def _is_about(ticket: tickets.Ticket, session: Session) -> bool:
    return (ticket.camera, ticket.device) == (session.camera, session.device)


def _restore(table: Table, party: Party, ticket: tickets.Ticket, terms: Terms, now: float) -> Session | None:
    """A session this server knew before it was restarted; None if it has ended, or there are too many.

    A viewer's has ended where the device came back first and did not list it: that was restarted too, as a relay inside
    the server always is.
    """
    device = table.device(ticket.device)
    if party.role == "client" and device is not None and device.ours:
        return None
    crowd = len(table.by_device.get(ticket.device, ()))
    limits = table.relay_limits if ticket.relay else table.limits
    if ticket.session in table.ended or crowd >= limits.sessions_per_device:
        return None
    session = Session(
        id=ticket.session,
        camera=ticket.camera,
        device=ticket.device,
        user=ticket.user,
        login=ticket.login,
        owner=terms.owner,
        state=State.FLOWING,
        lease=ticket.exp,
        deadline=ticket.exp,
        client=None,
        began=float(ticket.began or now),
    )
    table.add(session)
    return session


def not_adopted(party: Party, ask: AskRegister, adopted: set[str]) -> list[Effect]:
    """Sessions that the party believes in and we do not. Only where nothing can be read is nothing said."""
    genuine = {ticket.session for ticket in ask.tickets} - adopted
    names = sorted((genuine | set(ask.over)) - adopted)
    reason = "this session is over"
    effects: list[Effect] = [Counted("ticket_refused")] * (ask.refused + len(genuine))
    return effects + [
        Send(party.address, wire.notification("belvedere.close", wire.CloseParams(name, reason))) for name in names
    ]


def forgotten(table: Table, party: Party, sessions: Sequence[Session], adopted: set[str]) -> list[Effect]:
    """A party of ours that comes back without the ticket of a session was restarted: no media flows there."""
    if not party.ours:
        return []
    reason = f"the {'relay' if party.relay else 'camera'} was restarted"
    effects: list[Effect] = []
    for session in sessions:
        if session.id in adopted:
            continue
        if party.role == "device":
            effects += end(table, session, Event.CLOSE, reason, to_device=None)
        else:
            effects += end(table, session, Event.CLOSE, reason, to_client=None)
    return effects


def wake(table: Table, adopted: set[str]) -> list[Effect]:
    """The camera's addresses changed: whoever watches it makes a new session beside the one that is about to fail."""
    effects: list[Effect] = []
    for name in sorted(adopted):
        session = table.sessions.get(name)
        client = table.parties.get(session.client) if session is not None and session.client is not None else None
        if client is not None and client.ours:
            effects.append(Send(client.address, wire.notification("belvedere.wake", wire.WakeParams(name))))
    return effects
