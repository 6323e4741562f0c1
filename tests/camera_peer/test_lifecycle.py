"""The table of a camera's life: complete, and every way leads back."""

import pytest

from camera_peer.lifecycle import TRANSITIONS, Event, ImpossibleTransition, State, first_state, step
from camera_peer.problem import FINAL, SENTENCES, CameraProblem, Problem


def walk(state: State, *events: Event) -> State:
    for event in events:
        state = step(state, event)
    return state


def test_the_way_from_the_box_to_the_picture() -> None:
    events = (Event.LENS_OPENED, Event.CODE_READ, Event.JOINED, Event.ACTIVATED, Event.REGISTERED)
    assert walk(first_state(paired=False), *events) is State.ONLINE


def test_a_paired_camera_starts_by_connecting_and_never_gives_up() -> None:
    state = first_state(paired=True)
    assert state is State.CONNECTING
    assert walk(state, Event.SOCKET_LOST, Event.SOCKET_LOST, Event.REGISTERED, Event.SOCKET_LOST) is State.CONNECTING


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ((Event.LENS_OPENED, Event.CODE_READ, Event.JOIN_FAILED), State.UNPROVISIONED),
        ((Event.LENS_OPENED, Event.CODE_READ, Event.JOINED, Event.ACTIVATION_REFUSED), State.UNPROVISIONED),
        ((Event.LENS_OPENED, Event.CODE_READ, Event.JOINED, Event.ACTIVATION_DELAYED), State.ACTIVATING),
        ((Event.LENS_OPENED, Event.LENS_LOST), State.UNPROVISIONED),
        ((Event.PAIRED_ELSEWHERE,), State.CONNECTING),
    ],
)
def test_where_failures_go(events: tuple[Event, ...], state: State) -> None:
    assert walk(State.UNPROVISIONED, *events) is state


def test_a_paired_camera_does_not_look_for_codes() -> None:
    for state in (State.CONNECTING, State.ONLINE):
        with pytest.raises(ImpossibleTransition):
            step(state, Event.LENS_OPENED)
        with pytest.raises(ImpossibleTransition):
            step(state, Event.CODE_READ)


def test_a_missing_row_names_state_and_event() -> None:
    with pytest.raises(ImpossibleTransition, match=r"online cannot take the event joined"):
        step(State.ONLINE, Event.JOINED)


def test_every_state_can_be_reset_and_reached() -> None:
    assert all((state, Event.RESET) in TRANSITIONS for state in State)
    reached = {State.UNPROVISIONED}
    while more := {after for (before, _), after in TRANSITIONS.items() if before in reached} - reached:
        reached |= more
    assert reached == set(State)


def test_every_problem_has_its_wire_name_and_a_sentence() -> None:
    assert set(SENTENCES) == set(Problem)
    contract = (
        "wifi_password_wrong network_not_found no_internet server_unreachable token_expired token_used clock_wrong"
    )
    assert set(contract.split()) <= {str(problem) for problem in Problem}
    assert str(CameraProblem(Problem.TOKEN_USED)) == SENTENCES[Problem.TOKEN_USED]


def test_what_may_pass_is_tried_again() -> None:
    passing = {Problem.NO_INTERNET, Problem.SERVER_UNREACHABLE, Problem.CLOCK_WRONG}
    assert not passing & FINAL
