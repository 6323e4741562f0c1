"""What happens to networks, camera and server while somebody watches, and how soon the picture should be back."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.natlab.plan import CAMERA, SERVER, VIEWER
from tests.natlab.product import Product

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
