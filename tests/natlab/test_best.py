"""The best way of each pair, beside theory's word on direct ones: the cells that decide between TURN and relay."""

import pytest

from tests.natlab import expected
from tests.natlab.best import best
from tests.natlab.kinds import CELLS, KINDS


@pytest.mark.parametrize(("camera", "viewer"), CELLS)
def test_direct_goes_first_and_without_turn_the_relay_carries_the_rest(camera: str, viewer: str) -> None:
    one, other = KINDS[camera], KINDS[viewer]
    direct = expected.direct(one, other).direct
    assert (best(one, other, turn=True).way == "direct") == direct
    assert best(one, other, turn=False).way == ("direct" if direct else "relay")


@pytest.mark.parametrize(
    ("camera", "viewer", "way"),
    [
        ("symmetric", "symmetric", "turn"),
        ("none", "ipv6-only", "turn"),
        ("udp-blocked", "symmetric", "turn"),
        ("symmetric", "only-tcp-443", "turn"),
        ("udp-blocked", "udp-blocked", "relay"),
        ("udp-blocked", "ipv6-only", "relay"),
        ("ipv6-only", "none", "relay"),
        ("ipv6-only", "udp-blocked", "relay"),
    ],
)
def test_turn_needs_one_side_with_udp_over_ipv4(camera: str, viewer: str, way: str) -> None:
    assert best(KINDS[camera], KINDS[viewer], turn=True).way == way


def test_how_each_side_reaches_the_relay() -> None:
    blocked = best(KINDS["udp-blocked"], KINDS["udp-blocked"], turn=False)
    assert (blocked.camera, blocked.viewer) == ("https", "relay tcp")
    strict = best(KINDS["symmetric"], KINDS["only-tcp-443"], turn=False)
    assert (strict.camera, strict.viewer) == ("relay udp", "https")
