"""How many tickets fit into one `register` (DESIGN §4)."""

from collections.abc import Sequence

from signaling.protocol import messages as wire

ROOM_BYTES = 2048
"""For all else that `register` says."""
QUOTES_BYTES = 3
"""Two quotes and a comma around each ticket."""


def shown(tickets: Sequence[str], limit: int = wire.MAX_MESSAGE_BYTES) -> list[str]:
    """The newest of these, given oldest first, that fit into a message of `limit` bytes."""
    room = limit - ROOM_BYTES
    fitting: list[str] = []
    for ticket in reversed(tickets):
        room -= len(ticket) + QUOTES_BYTES
        if room < 0:
            break
        fitting.append(ticket)
    return fitting[::-1]
