"""What listens, and whom it speaks to: a camera dials its server and nobody else; a server has the ports it names."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.home import SMALL_SOURCE, Household, household, wait_until
from tests.program import Program
from tests.servers import free_port

LOOPBACK = "127.0.0.1"


@pytest.fixture
def relay() -> str:
    return "1"


@pytest.fixture
def home(tmp_path: Path, relay: str) -> Iterator[Household]:
    ports = {"metrics_port": str(free_port()), "relay_port": str(free_port()), "relay_stun_port": str(free_port())}
    with household(tmp_path, relay=relay, relay_addresses=LOOPBACK, **ports) as made:
        yield made


def connections(program: Program, kind: str) -> list[Any]:
    """Of a program and its children, as `psutil` tells them. `kind`: tcp, udp."""
    assert program.process is not None
    process = psutil.Process(program.process.pid)
    return [one for each in (process, *process.children(recursive=True)) for one in each.net_connections(kind)]


def listening(program: Program) -> dict[int, str]:
    """Own TCP ports, and at which address."""
    return {one.laddr.port: one.laddr.ip for one in connections(program, "tcp") if one.status == psutil.CONN_LISTEN}


def spoken_to(program: Program) -> set[tuple[str, int]]:
    return {tuple(one.raddr) for one in connections(program, "tcp") if one.raddr}


def test_a_camera_listens_at_no_port_and_speaks_to_its_server_alone(home: Household) -> None:
    unpaired = home.new_camera("--source", SMALL_SOURCE)
    unpaired.start()
    wait_until(lambda: "belvedere-camera pair" in unpaired.output, "the camera says how to pair it")
    assert not connections(unpaired, "tcp") and not connections(unpaired, "udp")
    camera = home.add_camera("Garden")
    assert not listening(camera)
    assert spoken_to(camera) == {(LOOPBACK, home.server.port)}


@pytest.mark.parametrize("relay", ["0", "1"])
def test_a_server_listens_at_the_ports_it_names_and_no_others(home: Household, relay: str) -> None:
    """But for a door on loopback, where its own relay comes in like one from elsewhere."""
    metrics, media, stun = (int(home.server.settings[f"{name}_port"]) for name in ("metrics", "relay", "relay_stun"))
    home.add_camera("Garden")
    found, udp = listening(home.server), {one.laddr.port for one in connections(home.server, "udp")}
    if relay == "0":
        assert (found.keys(), udp) == ({home.server.port, metrics}, set())
    else:
        assert found.keys() > {home.server.port, metrics, media} and udp == {media, stun}
        assert [found[door] for door in found.keys() - {home.server.port, metrics, media}] == [LOOPBACK]
