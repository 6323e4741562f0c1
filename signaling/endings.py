"""How sessions go from state to state and how they end: the one place that calls `sessions.advance`.

Part of the broker: plain functions over the table.
"""

import msgspec

from signaling.effects import Address, Effect, Send, Watched, Watching
from signaling.greetings import behind
from signaling.protocol import messages as wire
from signaling.protocol.errors import Fault, Notice
from signaling.protocol.relay_token import is_relay
from signaling.protocol.sessions import SECONDS, Event, State, advance
from signaling.table import Party, Session, Table

Waiting = tuple[Address, wire.MessageId]
"""Whose request, and its id."""


def step(table: Table, session: Session, event: Event, now: float) -> None:
    """Move the session along and set its next deadline. Raises `OutOfTurn`; what ends a session goes to `end`."""
    before, session.state = session.state, advance(session.state, event)
    if session.state is not before:
        seconds = SECONDS.get(session.state)
        session.deadline = session.lease if seconds is None else min(now + seconds, session.lease)
        table.wake_at(session.deadline, session.id)


def end(
    table: Table,
    session: Session,
    event: Event,
    reason: str,
    *,
    to_device: int | None = Notice.PEER_DISCONNECTED,
    to_client: int | None = Notice.PEER_DISCONNECTED,
    to_camera: bool = True,
    fault: Fault = Fault.GONE,
) -> list[Effect]:
    """End the session and tell whom it concerns.

    `to_device`, `to_client`: the code in the `error` notification; None for a party that knows, having caused it.
    `to_camera`: whether a camera that a relay shows is told. Requests that wait for an answer are refused with `fault`.
    """
    closing = event is Event.CLOSE or session.state is State.FLOWING
    seen = session.state is State.FLOWING and not is_relay(session.user)
    session.state = advance(session.state, event)
    device = table.device(session.device)
    client = None if session.client is None else table.parties.get(session.client)
    effects = _refuse_waiting(table, device, session, fault, reason)
    effects += _refuse_waiting(table, client, session, fault, reason)
    for party, code in ((device, to_device), (client, to_client)):
        if party is not None and code is not None:
            effects.append(Send(party.address, _farewell(party, session.id, code, reason, closing=closing)))
    effects += _tell_camera(table, session, reason) if to_camera else []
    table.remove(session)
    return [*effects, Watched(session.id)] if seen else effects


def _tell_camera(table: Table, session: Session, reason: str) -> list[Effect]:
    """The camera that a relay shows need not keep in mind who watched."""
    camera = behind(table, session)
    if camera is None:
        return []
    return [Send(camera.address, wire.notification("belvedere.close", wire.CloseParams(session.id, reason)))]


def watching(session: Session) -> list[Effect]:
    """The session flows. A relay is nobody who watches."""
    if is_relay(session.user):
        return []
    way: wire.Way = "relay" if session.relayed else "direct"
    return [Watching(session.id, session.camera, session.user, session.owner, way, session.began)]


def _farewell(party: Party, session: str, code: int, reason: str, *, closing: bool) -> str:
    """What failed says how, by its code; media that flowed, or was closed on purpose, ends by `belvedere.close`."""
    if party.ours and closing and code == Notice.PEER_DISCONNECTED:
        return wire.notification("belvedere.close", wire.CloseParams(session, reason))
    return notice(party, session, code, reason)


def notice(party: Party, session: str, code: int, reason: str) -> str:
    """An `error` notification: with a method for ours, as ONVIF writes it for others."""
    params = wire.ErrorParams(session, code, reason)
    return wire.notification("error", params) if party.ours else wire.onvif_error(params)


def _refuse_waiting(table: Table, party: Party | None, session: Session, fault: Fault, reason: str) -> list[Effect]:
    """Drop what we asked this party about the session, and refuse whoever waits for that."""
    effects: list[Effect] = []
    if party is not None:
        for number in [number for number, pending in party.pending.items() if pending.session == session.id]:
            effects += refuse(table, party.pending.pop(number).reply_to, fault, reason)
    return effects


def refuse(table: Table, waiting: Waiting | None, fault: int, reason: str) -> list[Effect]:
    """Refuse a request that waited for the other party."""
    return [] if waiting is None else _answer(table, waiting, wire.failure(waiting[1], fault, reason))


def answer(table: Table, waiting: Waiting | None, value: msgspec.Struct) -> list[Effect]:
    """Answer a request that waited for the other party."""
    return [] if waiting is None else _answer(table, waiting, wire.result(waiting[1], value))


def _answer(table: Table, waiting: Waiting, text: str) -> list[Effect]:
    party = table.parties.get(waiting[0])
    if party is None:
        return []
    party.answering.discard(waiting[1])
    return [Send(party.address, text)]
