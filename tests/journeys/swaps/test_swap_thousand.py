"""A thousand swaps by whoever owns the server: each is noticed by the one it would deceive, and no frame is shown.

Cameras and viewers are the real ones, with real DTLS and frames; the server between them is a double that has all that
server has. What it swaps stands in `offers.py`, `answers.py`, `hellos.py` and `letters.py`.
"""

from collections import Counter
from typing import Any

import pytest

from camera_peer import visitors
from camera_peer.door import Door
from camera_peer.problem import Problem
from signaling.protocol.trust import envelope, session, statement
from signaling.protocol.trust.envelope import Envelope
from signaling.protocol.trust.grant import ALL, Rights
from signaling.protocol.trust.session import OFFER, Offer
from tests.journeys.swaps.answers import ANSWERS
from tests.journeys.swaps.broker import HONEST
from tests.journeys.swaps.hellos import HELLOS
from tests.journeys.swaps.letters import LETTERS
from tests.journeys.swaps.offers import OFFERS
from tests.journeys.swaps.stage import RELAYED, staged

SESSIONS = 1_000
CONTROLS = 10
"""Of each way, among them."""
KINDS = [*OFFERS, *ANSWERS, *HELLOS, *LETTERS]
NAMED = {swap.name: swap for swap in KINDS}


async def test_swap_of_anything_signed_in_a_thousand_sessions_shows_nothing() -> None:
    assert len(NAMED) == len(KINDS)
    async with staged() as stage:
        outcomes, honest = [], []
        for number in range(SESSIONS):
            outcomes.append(await stage.play(KINDS[number % len(KINDS)]))
            if number % (SESSIONS // CONTROLS) == 0:
                honest += [await stage.control(HONEST), await stage.control(RELAYED)]
    missed = Counter(str(outcome) for outcome in outcomes if not outcome.detected)
    assert not missed, missed.most_common(5)
    assert len(outcomes) == SESSIONS and sum(outcome.shown + outcome.packets for outcome in outcomes) == 0
    assert ("event", str(Problem.NOT_TRUSTED)) in {said[:2] for said in stage.broker.heard}, "the owner is told"
    assert len(honest) == 2 * CONTROLS and all(honest), "the same sessions show frames when nothing is swapped"


def believe_any_offer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "check_offer", lambda text, *_: statement.read(text, OFFER, Offer))


def believe_any_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Door, "check", lambda *_: None)


def believe_any_envelope(monkeypatch: pytest.MonkeyPatch) -> None:
    checked = envelope.open_

    def opened(text: str, _: str, *rest: Any) -> Any:
        return checked(text, statement.read(text, envelope.KIND, Envelope).by, *rest)

    monkeypatch.setattr(envelope, "open_", opened)


def believe_any_viewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitors, "rights", lambda *_: Rights(ALL))


@pytest.mark.parametrize(
    ("believe", "what"),
    [
        (believe_any_offer, "camera and description"),
        (believe_any_answer, "the description in the answer"),
        (believe_any_envelope, "envelope by the thief"),
    ],
)
async def test_swap_would_show_frames_without_the_check(
    monkeypatch: pytest.MonkeyPatch, believe: Any, what: str
) -> None:
    async with staged() as stage:
        assert (await stage.play(NAMED[what])).detected
        believe(monkeypatch)
        outcome = await stage.play(NAMED[what])
        assert not outcome.detected and outcome.shown + outcome.packets > 0


async def test_swap_of_a_viewer_would_be_offered_the_camera_without_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    async with staged() as stage:
        believe_any_viewer(monkeypatch)
        for swap in (NAMED["the viewer"], NAMED["revoked grant"]):
            assert (await stage.play(swap)).seen_by != "camera"
