"""The chain of the audit log: whatever is changed in it, is found."""

from dataclasses import replace
from typing import Any

import pytest

from signaling.audit import NO_ENTRY, START, Body, Broken, Entry, Head, entry, follow

DAY = 86400.0


def log_of(length: int) -> list[Entry]:
    made: list[Entry] = []
    for number in range(length):
        body = Body("owner@example.org", "192.0.2.7", {"name": f"Yard {number}"})
        previous = made[-1] if made else None
        made.append(entry(previous, "a", "camera_added", f"c{number}", body, salt=f"{number:032x}", now=number * DAY))
    return made


def test_a_chain_holds_and_its_head_is_its_newest_entry() -> None:
    made = log_of(5)
    assert follow(NO_ENTRY, made) == Head(5, made[-1].hash)
    assert follow(follow(NO_ENTRY, made[:2]), made[2:]) == Head(5, made[-1].hash)
    assert follow(NO_ENTRY, []) == Head(0, START)


CHANGES: list[dict[str, Any]] = [
    {"number": 9},
    {"at_ms": 1},
    {"account_id": "b"},
    {"deed": "signed_in"},
    {"subject": "c9"},
    {"digest": "0" * 64},
    {"hash": "0" * 64},
    {"salt": "f" * 32},
    {"salt": None},
    {"body": '{"address":"","by":"somebody","details":{}}'},
    {"body": None},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: "-".join(change))
@pytest.mark.parametrize("place", [0, 2, 4])
def test_a_changed_entry_is_found(change: dict[str, Any], place: int) -> None:
    made = log_of(5)
    made[place] = replace(made[place], **change)
    with pytest.raises(Broken):
        follow(NO_ENTRY, made)


def test_an_entry_taken_out_swapped_or_put_in_is_found() -> None:
    made = log_of(5)
    for wrong in (made[:2] + made[3:], [made[1], made[0], *made[2:]], [*made, made[-1]], made[1:]):
        with pytest.raises(Broken):
            follow(NO_ENTRY, wrong)


def test_an_entry_made_up_with_a_right_hash_of_its_own_is_found_by_the_next() -> None:
    made = log_of(3)
    made[1] = entry(made[0], "a", "camera_removed", "c1", Body("x", "", {}), salt="1" * 32, now=DAY)
    with pytest.raises(Broken, match="entry 3"):
        follow(NO_ENTRY, made)


def test_what_was_said_can_be_erased_and_the_chain_holds() -> None:
    made = log_of(4)
    erased = [replace(made[0], salt=None, body=None), *made[1:3], replace(made[3], salt=None, body=None)]
    assert follow(NO_ENTRY, erased) == Head(4, made[3].hash)


def test_details_are_bounded() -> None:
    made = entry(None, "a", "signed_in", "", Body("x", "", {"agent": "A" * 5000}), salt="", now=0)
    assert made.body is not None and len(made.body) < 300
