"""The picture comes back without a click, whatever happens to networks, camera and server.

That it comes back is tested here, with room for a busy machine; how soon is judged by `make bench-recovery`.
"""

import pytest

from tests.natlab import picture
from tests.natlab.lab import Lab
from tests.natlab.mishaps import CASES, Case
from tests.natlab.recovery import Stop, recovers, stop_after

pytestmark = [pytest.mark.namespace, pytest.mark.browser]

DELAY_MS = 10.0
BUSY_SECONDS = 15.0
"""Added to each aim where it is asserted."""


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_the_picture_comes_back(case: Case) -> None:
    with Lab(case.camera, case.viewer, delay_ms=DELAY_MS) as lab:
        async with picture.watching(lab) as (running, who):
            assert await who.click() is not None, picture.logs(running)
            assert await who.pictures(2) > 0
            try:
                stop = await recovers(who, lambda: case.happens(running), case.aim + BUSY_SECONDS)
            except AssertionError as error:
                raise AssertionError(f"{error}\n{picture.logs(running)}") from None
            if case.aim == 0:
                assert stop.back == 0, picture.logs(running)


def test_stops_are_measured() -> None:
    flowing = [moment / 8 for moment in range(80)]
    assert stop_after(flowing, event=9.0, now=10.0) is None, "too early to say that nothing stops"
    assert stop_after(flowing, event=4.0, now=10.0) == Stop(0.0, 0.125)
    stopped = [moment for moment in flowing if not 5.0 < moment < 7.0]
    assert stop_after(stopped, event=5.5, now=10.0) == Stop(1.5, 2.0)
    assert stop_after(stopped, event=5.5, now=8.0) is None, "it may stop again"
    assert stop_after(stopped[:41], event=5.5, now=10.0) is None, "not back"
