"""The life of a session, as one table.

A session is one viewer's try to see one camera. Its first event makes it: a viewer asked (`connect`), the server
found nothing against it and has passed the question on to the camera. That is `ASKED`.

    ASKED ──accept──▶ ACCEPTED ──invite──▶ OFFERED ──answer──▶ FLOWING
      └──────────────── invite ──────────────▲

The camera says yes and makes its offer; a camera that sends its offer before its yes is understood as well, because
the offer says it all. The viewer answers, and from then on media flows between the two without us. Before
that, whatever goes wrong ends the session at once: nobody should wait for a party that is not there. Afterwards
hardly anything does. A dead socket says nothing about the media, so `FLOWING` survives the loss of either
party, and of this server: a party that comes back with its ticket continues here (`RETURN`).

Whatever is not in the table does not happen. `advance` then raises `OutOfTurn`, which names state and event, and the
session stays as it was. `ENDED` has no rows: a session id is never used again.
"""

from enum import Enum

CONNECT_SECONDS = 5.0
"""A camera answers `connect` out of hand; one that does not within this time is half-open or stuck."""
OFFER_SECONDS = 10.0
"""From the camera's yes to its offer: gathering takes up to 5 s where a STUN server is silent (FACTS §4)."""
ANSWER_SECONDS = 15.0
"""From the offer to the viewer's answer: Chromium gives up on ICE after 15 s as well."""
LEASE_SECONDS = 3600.0
"""How long media may flow before the viewer must show again that it may watch (DESIGN §4)."""


class State(Enum):
    """Where a session is."""

    ASKED = "asked"
    ACCEPTED = "accepted"
    OFFERED = "offered"
    FLOWING = "flowing"
    ENDED = "ended"


class Event(Enum):
    """What can happen to it; the value is how an error names it."""

    ACCEPT = "the camera's yes"
    REFUSE = "the camera's refusal"
    INVITE = "an offer"
    ANSWER = "an answer"
    DECLINE = "the viewer's refusal"
    TRICKLE = "a candidate"
    EXTEND = "an extension"
    RETURN = "a party's return"
    DEVICE_LOST = "the loss of the camera"
    CLIENT_LOST = "the loss of the viewer"
    CLOSE = "a close"
    DEADLINE = "a deadline"


S, E = State, Event

TABLE: dict[tuple[State, Event], State] = {
    (S.ASKED, E.ACCEPT): S.ACCEPTED,
    (S.ASKED, E.REFUSE): S.ENDED,
    (S.ASKED, E.INVITE): S.OFFERED,
    (S.ASKED, E.TRICKLE): S.ASKED,
    (S.ASKED, E.DEVICE_LOST): S.ENDED,
    (S.ASKED, E.CLIENT_LOST): S.ENDED,
    (S.ASKED, E.CLOSE): S.ENDED,
    (S.ASKED, E.DEADLINE): S.ENDED,
    (S.ACCEPTED, E.INVITE): S.OFFERED,
    (S.ACCEPTED, E.TRICKLE): S.ACCEPTED,
    (S.ACCEPTED, E.DEVICE_LOST): S.ENDED,
    (S.ACCEPTED, E.CLIENT_LOST): S.ENDED,
    (S.ACCEPTED, E.CLOSE): S.ENDED,
    (S.ACCEPTED, E.DEADLINE): S.ENDED,
    (S.OFFERED, E.ACCEPT): S.OFFERED,
    (S.OFFERED, E.REFUSE): S.ENDED,
    (S.OFFERED, E.ANSWER): S.FLOWING,
    (S.OFFERED, E.DECLINE): S.ENDED,
    (S.OFFERED, E.TRICKLE): S.OFFERED,
    (S.OFFERED, E.DEVICE_LOST): S.ENDED,
    (S.OFFERED, E.CLIENT_LOST): S.ENDED,
    (S.OFFERED, E.CLOSE): S.ENDED,
    (S.OFFERED, E.DEADLINE): S.ENDED,
    (S.FLOWING, E.ACCEPT): S.FLOWING,
    (S.FLOWING, E.TRICKLE): S.FLOWING,
    (S.FLOWING, E.EXTEND): S.FLOWING,
    (S.FLOWING, E.RETURN): S.FLOWING,
    (S.FLOWING, E.DEVICE_LOST): S.FLOWING,
    (S.FLOWING, E.CLIENT_LOST): S.FLOWING,
    (S.FLOWING, E.CLOSE): S.ENDED,
    (S.FLOWING, E.DEADLINE): S.ENDED,
}

SECONDS: dict[State, float] = {
    S.ASKED: CONNECT_SECONDS,
    S.ACCEPTED: OFFER_SECONDS,
    S.OFFERED: ANSWER_SECONDS,
}
"""How long a session may stay in a state; `FLOWING` ends with its lease."""


class OutOfTurn(Exception):
    """The event has no row in this state; the text names both."""

    def __init__(self, state: State, event: Event) -> None:
        super().__init__(f"{event.value} does not fit a session that is {state.value}")
        self.state = state
        self.event = event


def advance(state: State, event: Event) -> State:
    """The next state. Raises `OutOfTurn`."""
    try:
        return TABLE[state, event]
    except KeyError:
        raise OutOfTurn(state, event) from None
