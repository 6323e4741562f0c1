"""The life of a camera, as one table.

    unprovisioned ──lens──▶ scanning ──code──▶ joining ──joined──▶ activating ──activated──▶ connecting ⇄ online
          ▲                                       │                    │                         │         │
          └───────────────────────────────────────┴────────────────────┴─────────────────────────┴─────────┘
                                               failed               refused                   rejected, reset

A camera that belongs to nobody is *unprovisioned*. With a lens it is at once *scanning*; without one it waits until
`belvedere-camera pair` gives it a code, which is the same event as a code seen by the lens. A code leads to *joining*
(a camera that is already online passes through it without doing anything) and to *activating*, where the server binds
the camera's key to an account. From then on the camera is *connecting* or *online*, for ever: a lost socket, a dead
server or a lost network only ever leads back to connecting, with backoff. Running pictures do not depend on the socket
and are no state of this table.

Every failure says where it goes. A network that cannot be joined and a code that can never work (`problem.FINAL`)
lead back to the beginning, which with a lens is scanning; a server that does not answer yet leaves the camera
activating, and it tries again as long as the token can live. Meanwhile the lens is open: another code takes the place
of the one whose server does not answer. So does `pair`, in every state. An identity that the server rejects leads back
to the beginning only when the server has said so `REJECTIONS_BEFORE_RESET` times in a row: one wrong answer, for
instance of a server that is just being restored from a backup, must not cost a camera on a roof its pairing.

A paired camera does not look for codes: who can hold a code in front of it and cut its network could otherwise take it
over. It takes a reset, or `pair` on the machine itself. One that knows its owner and was rejected looks for his codes
alone (`camera_peer.kept_owner`): the server, which alone can reject it, may be on the side of who holds the code.

`step` is the only way to change state. A missing row is an error that names the state and the event.
"""

from enum import StrEnum

REJECTIONS_BEFORE_RESET = 5
"""Answers 401 in a row, each after a full backoff, before a camera gives up its identity."""


class State(StrEnum):
    UNPROVISIONED = "unprovisioned"
    SCANNING = "scanning"
    JOINING = "joining"
    ACTIVATING = "activating"
    CONNECTING = "connecting"
    ONLINE = "online"


class Event(StrEnum):
    LENS_OPENED = "lens_opened"
    LENS_LOST = "lens_lost"
    CODE_READ = "code_read"
    JOINED = "joined"
    JOIN_FAILED = "join_failed"
    ACTIVATED = "activated"
    ACTIVATION_DELAYED = "activation_delayed"
    ACTIVATION_REFUSED = "activation_refused"
    REGISTERED = "registered"
    SOCKET_LOST = "socket_lost"
    REJECTED = "rejected"
    PAIRED_ELSEWHERE = "paired_elsewhere"
    RESET = "reset"


TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.UNPROVISIONED, Event.LENS_OPENED): State.SCANNING,
    (State.UNPROVISIONED, Event.CODE_READ): State.JOINING,
    (State.UNPROVISIONED, Event.PAIRED_ELSEWHERE): State.CONNECTING,
    (State.UNPROVISIONED, Event.RESET): State.UNPROVISIONED,
    (State.SCANNING, Event.CODE_READ): State.JOINING,
    (State.SCANNING, Event.LENS_LOST): State.UNPROVISIONED,
    (State.SCANNING, Event.PAIRED_ELSEWHERE): State.CONNECTING,
    (State.SCANNING, Event.RESET): State.UNPROVISIONED,
    (State.JOINING, Event.JOINED): State.ACTIVATING,
    (State.JOINING, Event.JOIN_FAILED): State.UNPROVISIONED,
    (State.JOINING, Event.PAIRED_ELSEWHERE): State.CONNECTING,
    (State.JOINING, Event.RESET): State.UNPROVISIONED,
    (State.ACTIVATING, Event.ACTIVATED): State.CONNECTING,
    (State.ACTIVATING, Event.ACTIVATION_DELAYED): State.ACTIVATING,
    (State.ACTIVATING, Event.ACTIVATION_REFUSED): State.UNPROVISIONED,
    (State.ACTIVATING, Event.CODE_READ): State.JOINING,
    (State.ACTIVATING, Event.PAIRED_ELSEWHERE): State.CONNECTING,
    (State.ACTIVATING, Event.RESET): State.UNPROVISIONED,
    (State.CONNECTING, Event.REGISTERED): State.ONLINE,
    (State.CONNECTING, Event.SOCKET_LOST): State.CONNECTING,
    (State.CONNECTING, Event.REJECTED): State.UNPROVISIONED,
    (State.CONNECTING, Event.PAIRED_ELSEWHERE): State.CONNECTING,
    (State.CONNECTING, Event.RESET): State.UNPROVISIONED,
    (State.ONLINE, Event.SOCKET_LOST): State.CONNECTING,
    (State.ONLINE, Event.REJECTED): State.UNPROVISIONED,
    (State.ONLINE, Event.PAIRED_ELSEWHERE): State.CONNECTING,
    (State.ONLINE, Event.RESET): State.UNPROVISIONED,
}


class ImpossibleTransition(Exception):
    """Our own mistake: this event cannot happen in this state."""

    def __init__(self, state: State, event: Event) -> None:
        super().__init__(f"a camera that is {state} cannot take the event {event}")
        self.state = state
        self.event = event


def step(state: State, event: Event) -> State:
    """The state after `event`. Raises `ImpossibleTransition`."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise ImpossibleTransition(state, event) from None


def first_state(paired: bool) -> State:
    """Where a camera begins when its process starts."""
    return State.CONNECTING if paired else State.UNPROVISIONED
