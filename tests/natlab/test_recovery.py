"""The picture comes back without a click, whatever happens to networks, camera and server.

Measurements are printed (`pytest -s`). The limits asserted leave room for a busy machine; what the product aims at
stands beside each.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.natlab import picture
from tests.natlab.lab import Lab
from tests.natlab.plan import CAMERA, SERVER, VIEWER
from tests.natlab.product import Product
from tests.natlab.recovery import Stop, recovers, stop_after

pytestmark = [pytest.mark.namespace, pytest.mark.browser]

DELAY_MS = 10.0
BUSY_SECONDS = 15.0
"""Added to each aim where it is asserted."""
CUT_SECONDS = 6.0


def viewer_moves(running: Product) -> None:
    running.lab.move(VIEWER)


def camera_moves(running: Product) -> None:
    running.lab.move(CAMERA)


def viewers_router_restarts(running: Product) -> None:
    running.lab.reboot(VIEWER)


def cameras_router_restarts(running: Product) -> None:
    running.lab.reboot(CAMERA)


def camera_loses_power(running: Product) -> None:
    running.camera.kill()
    running.camera.start()


def line_is_cut(running: Product) -> None:
    running.lab.cut(VIEWER)
    time.sleep(CUT_SECONDS)
    running.lab.mend(VIEWER)


def server_is_lost(running: Product) -> None:
    running.lab.cut(SERVER)


def server_restarts(running: Product) -> None:
    running.server.kill()
    running.server.start()


@dataclass(frozen=True)
class Case:
    """`aim`: seconds within which the picture should be back."""

    happens: Callable[[Product], None]
    camera: str
    viewer: str
    aim: float

    def __str__(self) -> str:
        return f"{self.happens.__name__} {self.camera} {self.viewer}"


CASES = (
    Case(viewer_moves, "port-restricted", "port-restricted", 2),
    Case(viewer_moves, "symmetric", "symmetric", 2),
    Case(camera_moves, "port-restricted", "port-restricted", 2),
    Case(camera_moves, "symmetric", "symmetric", 2),
    Case(viewers_router_restarts, "port-restricted", "port-restricted", 5),
    Case(viewers_router_restarts, "none", "symmetric", 5),
    Case(cameras_router_restarts, "symmetric", "none", 5),
    Case(camera_loses_power, "port-restricted", "port-restricted", 6),
    Case(line_is_cut, "port-restricted", "port-restricted", CUT_SECONDS + 5),
    Case(server_is_lost, "port-restricted", "port-restricted", 0),
    Case(server_is_lost, "same-lan", "same-lan", 0),
    Case(server_restarts, "port-restricted", "port-restricted", 0),
)


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
            print(f"\n{case}: back after {stop.back:.1f} s (aim {case.aim}), stood still {stop.longest:.1f} s")
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
