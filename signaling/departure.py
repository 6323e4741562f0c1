"""How parties go, and what becomes of their sessions: `unregister`, and a socket that is closed or as good as dead.

Part of the broker: plain functions over the table.
"""

from signaling.effects import Address, Effect, Outlived, Send, Went
from signaling.endings import end, refuse, step
from signaling.protocol import messages as wire
from signaling.protocol.errors import Fault
from signaling.protocol.sessions import Event, State
from signaling.table import Party, Table


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
    del table.devices[party.device]
    who = "relay" if party.relay else "camera"
    effects: list[Effect] = []
    for session in table.of_device(party.device):
        if left:
            effects += end(table, session, Event.CLOSE, f"the {who} left", to_device=None)
        elif session.state is State.FLOWING:
            step(table, session, Event.DEVICE_LOST, now)
        else:
            effects += end(table, session, Event.DEVICE_LOST, f"the {who} disconnected", to_device=None)
    return effects if party.relay else [*effects, Went(party.device, party.epoch)]


def _client_lost(table: Table, party: Party, now: float, *, left: bool) -> list[Effect]:
    if party.relay:
        del table.uploads[party.relay]
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


def question(old: Party, newer: str = "") -> Outlived | None:
    """What to tell if a superseded camera still answers. `newer`: the word of the newer connection, as far as it is
    known here. Where both say one, the words tell more (`signaling.rivals`), and nobody is asked."""
    if old.role != "device" or old.relay or (old.instance and newer):
        return None
    return Outlived(old.device, old.epoch, old.instance, old.came_from)


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
