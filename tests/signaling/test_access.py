"""What an account may do with a camera, as a table."""

import math
from dataclasses import replace

import pytest

from signaling.access import SCOPES, Access, counts, may_watch
from signaling.store.rows import Camera, Grant

NOW = 1_800_000_000.0
CAMERA = Camera(
    id="c",
    account_id="owner",
    name="Garden",
    model="m",
    state="active",
    confirmed=True,
    first_frame=False,
    created_at=NOW,
    last_seen_at=None,
    hardware_id=None,
    local_ip=None,
    capabilities={},
    public_key="k",
    bearer_hash=None,
    problem_code=None,
    problem_detail=None,
    pairing_id=None,
)
GRANT = Grant("g", "c", "guest", ["live"], None, None, NOW)


def test_owners_watch_what_is_active_confirmed_or_not() -> None:
    assert may_watch(CAMERA, "owner", None, NOW) == math.inf
    assert may_watch(replace(CAMERA, confirmed=False), "owner", None, NOW) == math.inf
    assert may_watch(replace(CAMERA, state="unpaired"), "owner", None, NOW) is None


@pytest.mark.parametrize(
    ("changes", "until"),
    [
        ({}, math.inf),
        ({"expires_at": NOW + 60}, NOW + 60),
        ({"expires_at": NOW}, None),
        ({"expires_at": NOW - 1}, None),
        ({"scopes": ["live", "manage"]}, math.inf),
        ({"scopes": ["manage", "talk", "history"]}, None),
        ({"scopes": []}, None),
    ],
)
def test_a_guest_watches_by_a_live_grant(changes: dict[str, object], until: float | None) -> None:
    assert may_watch(CAMERA, "guest", replace(GRANT, **changes), NOW) == until  # type: ignore[arg-type]


@pytest.mark.parametrize("changes", [{"confirmed": False}, {"state": "pending"}, {"state": "unpaired"}])
def test_grants_sleep_while_the_camera_is_not_confirmed(changes: dict[str, object]) -> None:
    camera = replace(CAMERA, **changes)  # type: ignore[arg-type]
    assert may_watch(camera, "guest", GRANT, NOW) is None and not counts(GRANT, camera, NOW)


def test_strangers_watch_nothing() -> None:
    assert may_watch(CAMERA, "stranger", None, NOW) is None


def test_the_owner_may_everything_and_a_guest_what_was_granted() -> None:
    assert all(Access("owner@example.org").may(scope) for scope in SCOPES)
    assert [scope for scope in SCOPES if Access("owner@example.org", GRANT).may(scope)] == ["live"]
