"""The server's self-made key changes, and nobody pairs a camera again."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from camera_peer import state
from signaling import certificate
from signaling.protocol.messages import SOCKET_PATH
from tests.home import CameraProcess, Household, household, wait_until
from tests.signaling.test_main import run
from tests.signaling.viewer_client import connected


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Household]:
    with household(tmp_path, public_url="https://127.0.0.1:{port}") as made:
        yield made


def believed(camera: CameraProcess) -> tuple[str, ...]:
    """The pins on the camera's disk."""
    pairing = state.load(camera.folder / "data").pairing
    return pairing.pins if pairing is not None else ()


def change_key(home: Household) -> None:
    """As the README says."""
    changed = run("rotate-key", data_dir=str(home.server.data_dir))
    assert changed.returncode == 0, changed.stderr
    home.server.stop()
    home.server.start()


def key_in_use(home: Household) -> str:
    return str(home.pending("Shed")[1].pin)


def test_a_camera_follows_one_change_after_another(home: Household) -> None:
    """Also a data folder from before there were next keys, a camera that stays on, and one that was off meanwhile."""
    home.server.stop()
    (home.server.data_dir / certificate.NEXT_KEY_FILE).unlink()
    home.server.start()
    first = key_in_use(home)
    staying, leaving = home.add_camera("Garden"), home.add_camera("Door")
    wait_until(lambda: len(believed(staying)) == 2, "the next key is known as well")
    keys = believed(staying)
    assert keys[0] == first
    for _ in range(2):
        leaving.stop()
        change_key(home)
        assert key_in_use(home) == keys[1] != keys[0]
        leaving.start()
        for camera in (staying, leaving):
            home.wait_online(camera)
            wait_until(lambda camera=camera: believed(camera)[0] == key_in_use(home), "the new keys are kept")
        keys = believed(staying)
        assert believed(leaving) == keys
    assert first not in keys


def test_a_second_change_must_not_outrun_the_cameras(home: Household) -> None:
    folder = str(home.server.data_dir)
    assert run("rotate-key", data_dir=folder).returncode == 0
    again = run("rotate-key", data_dir=folder)
    assert again.returncode == 1
    assert "let every camera be online once" in again.stderr


def test_a_camera_that_was_away_too_long_says_what_to_do(home: Household) -> None:
    camera = home.add_camera("Garden")
    wait_until(lambda: len(believed(camera)) == 2, "the next key is known as well")
    keys = believed(camera)
    camera.stop()
    change_key(home)
    change_key(home)
    camera.start()
    wait_until(lambda: "pair the camera again" in camera.output, "the camera says what to do")
    assert home.camera(camera.id)["online"] is False
    assert believed(camera) == keys
    assert "Traceback" not in camera.output


async def test_a_viewer_is_told_no_keys(home: Household) -> None:
    async with connected(home.server.url + SOCKET_PATH, f"Bearer {home.token}", ssl=False) as wire:
        answer = await wire.register()
    assert answer["id"]
    assert "pins" not in answer.get("belvedere", {})


async def test_with_a_certificate_of_ones_own_no_key_is_named_and_none_changed(tmp_path: Path) -> None:
    """The self-made key, now under a certificate that the operator brought: cameras keep what they believe."""
    with household(tmp_path, public_url="https://127.0.0.1:{port}") as home:
        camera = home.add_camera("Garden")
        await asyncio.to_thread(wait_until, lambda: len(believed(camera)) == 2, "the next key is known as well")
        keys = believed(camera)
        home.server.stop()
        folder = home.server.data_dir
        own = {"tls_cert": str(folder / certificate.CERTIFICATE_FILE), "tls_key": str(folder / certificate.KEY_FILE)}
        home.server.settings |= own
        home.server.start()
        await asyncio.to_thread(home.wait_online, camera)
        assert home.pending("Shed")[1].pin is None
        assert believed(camera) == keys
        refused = run("rotate-key", data_dir=str(folder), **own)
        assert refused.returncode == 1
        assert "BELVEDERE_TLS_KEY" in refused.stderr
