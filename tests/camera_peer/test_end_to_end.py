"""The camera as its own process, a real server, and a viewer on the wire: paired, watched, revoked, paired anew."""

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import qrcode
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from camera_peer.state import STATE_FILE
from signaling.protocol import qr
from signaling.protocol.errors import Fault
from signaling.protocol.messages import SOCKET_PATH
from tests.home import SMALL_SOURCE, CameraProcess, Household, household, wait_until
from tests.servers import free_port
from tests.signaling.viewer_client import WirePeer, connected

FRAME_SECONDS = 15.0
GONE_SECONDS = 5.0
"""A frame is 66 ms; a picture that stands for so long has ended."""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Household]:
    with household(tmp_path) as made:
        yield made


class Viewer:
    """One aiortc peer that watches."""

    def __init__(self, wire: WirePeer) -> None:
        self.wire = wire
        self.track: MediaStreamTrack | None = None
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.peer.on("track", self._on_track)

    def _on_track(self, track: MediaStreamTrack) -> None:
        if track.kind == "video":
            self.track = track

    async def watch(self, camera: str) -> None:
        """Up to the first frame."""
        await self.wire.request("connect", peer=camera)
        invite = await self.wire.expect("invite")
        await self.peer.setRemoteDescription(RTCSessionDescription(invite["params"]["offer"], "offer"))
        await self.peer.setLocalDescription(await self.peer.createAnswer())
        await self.wire.reply(invite, answer=self.peer.localDescription.sdp)
        await self.frame()

    async def frame(self) -> None:
        assert self.track is not None
        async with asyncio.timeout(FRAME_SECONDS):
            await self.track.recv()

    async def frames_for(self, seconds: float) -> int:
        """How many come in that time."""
        count, until = 0, time.monotonic() + seconds
        while time.monotonic() < until:
            await self.frame()
            count += 1
        return count

    async def until_dark(self) -> float:
        """Seconds for which frames still came."""
        assert self.track is not None
        began = last = time.monotonic()
        with contextlib.suppress(MediaStreamError, TimeoutError):
            while last - began < FRAME_SECONDS:
                async with asyncio.timeout(GONE_SECONDS):
                    await self.track.recv()
                last = time.monotonic()
        return last - began


@contextlib.asynccontextmanager
async def viewer(home: Household) -> AsyncIterator[Viewer]:
    async with connected(home.server.url + SOCKET_PATH, f"Bearer {home.token}") as wire:
        await wire.register()
        made = Viewer(wire)
        try:
            yield made
        finally:
            await made.peer.close()


def unpaired(home: Household, *arguments: str) -> CameraProcess:
    camera = home.new_camera("--source", SMALL_SOURCE, *arguments)
    camera.start()
    wait_until(lambda: "belvedere-camera pair" in camera.output, "the camera says how to pair it")
    return camera


@pytest.mark.parametrize(("method", "body", "status"), [("POST", {"ssid": ""}, 201), ("DELETE", None, 204)])
def test_a_code_that_was_replaced_or_taken_back_is_not_called_too_old(
    home: Household, method: str, body: dict[str, str] | None, status: int
) -> None:
    camera_id, code = home.pending("Garden")
    home.call(method, f"/api/cameras/{camera_id}/pairing", body, status)
    refused = home.new_camera().pair(qr.to_compact(code))
    assert refused.returncode == 1
    assert "was replaced or was taken back" in refused.stderr


async def test_paired_while_it_runs_watched_and_watched_on_without_the_server(home: Household) -> None:
    camera = unpaired(home)
    camera.id, code = home.pending("Garden")
    paired = camera.pair(qr.to_compact(code))
    assert paired.returncode == 0, paired.stderr
    assert "Paired as “Garden”" in paired.stdout
    await asyncio.to_thread(home.wait_online, camera)
    async with viewer(home) as watching:
        await watching.watch(camera.id)
        await asyncio.to_thread(home.server.kill)
        assert await watching.frames_for(3) > 20
        await asyncio.to_thread(home.server.start)
        await asyncio.to_thread(home.wait_online, camera)
        assert await watching.frames_for(1) > 5


async def test_a_viewer_without_the_cameras_codec_gets_a_verdict_and_not_a_black_picture(home: Household) -> None:
    camera = home.add_camera("Garden")
    async with viewer(home) as watching:
        await watching.wire.request("connect", peer=camera.id)
        invite = await watching.wire.expect("invite")
        await watching.peer.setRemoteDescription(RTCSessionDescription(invite["params"]["offer"], "offer"))
        await watching.peer.setLocalDescription(await watching.peer.createAnswer())
        answer = watching.peer.localDescription.sdp
        await watching.wire.reply(invite, answer=answer.replace("H264/90000", "H265/90000"))
        verdict = await watching.wire.expect("error")
    assert verdict["params"]["code"] == Fault.NOT_ACCEPTABLE
    assert "codec" in verdict["params"]["message"]


async def test_removed_from_the_account_it_goes_dark_at_once_and_can_be_paired_again(home: Household) -> None:
    camera = home.add_camera("Garden")
    async with viewer(home) as watching:
        await watching.watch(camera.id)
        await asyncio.to_thread(home.call, "DELETE", f"/api/cameras/{camera.id}", None, 204)
        assert await watching.until_dark() < 2
    wait_until(lambda: "identity_rejected" in camera.output, "the camera understands that it was removed")
    wait_until(lambda: "belvedere-camera pair" in camera.output, "the camera says how to pair it", 60)
    camera.id, code = home.pending("Cellar")
    assert camera.pair(qr.to_long(code)).returncode == 0
    await asyncio.to_thread(home.wait_online, camera)


def test_reset_and_paired_anew_while_it_runs_it_serves_with_the_new_key(home: Household) -> None:
    camera = home.add_camera("Garden")
    words = [sys.executable, "-m", "camera_peer", "reset", "--data", str(camera.folder / "data")]
    assert "gone" in subprocess.run(words, capture_output=True, text=True, check=True).stdout
    camera.id, code = home.pending("Cellar")
    assert camera.pair(qr.to_compact(code)).returncode == 0
    home.wait_online(camera)
    camera.kill()
    camera.start()
    home.wait_online(camera, online=False)
    home.wait_online(camera)


def test_the_owner_sees_that_it_was_reset_and_not_only_offline(home: Household) -> None:
    camera = home.add_camera("Garden")
    words = [sys.executable, "-m", "camera_peer", "reset", "--data", str(camera.folder / "data")]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert "gone" in said and "server knows" in said
    shown = wait_until(lambda: (one := home.camera(camera.id))["problem"] and one, "the owner is told")
    assert (shown["state"], shown["problem"]["code"]) == ("unpaired", "factory_reset")


def test_paired_by_hand_while_it_activates_at_a_dead_server(home: Household) -> None:
    camera = home.new_camera("--source", SMALL_SOURCE)
    camera.folder.mkdir()
    dead = qr.OnboardingCode(f"http://127.0.0.1:{free_port()}", "AAECAwQFBgcICQoLDA0ODw")
    qrcode.make(qr.to_compact(dead)).save(camera.folder / "dead.png")
    camera.arguments += ["--lens", f"image:{camera.folder / 'dead.png'}"]
    camera.start()
    wait_until(lambda: "server_unreachable" in camera.output, "the camera asks the dead server")
    camera.id, code = home.pending("Garden")
    assert camera.pair(qr.to_compact(code)).returncode == 0
    home.wait_online(camera)


def test_a_power_cut_between_the_servers_answer_and_the_disk_costs_nothing(home: Household) -> None:
    """The server has given the token away, the camera does not know it yet: the same key may ask again."""
    camera = home.new_camera("--source", SMALL_SOURCE)
    camera.id, code = home.pending("Garden")
    assert camera.pair(qr.to_compact(code)).returncode == 0
    (camera.folder / "data" / STATE_FILE).unlink()
    assert camera.pair(qr.to_compact(code)).returncode == 0
    stranger = home.new_camera("--source", SMALL_SOURCE)
    assert "already used by another camera" in stranger.pair(qr.to_compact(code)).stderr
    camera.start()
    home.wait_online(camera)


def test_without_a_server_it_says_so_in_one_sentence_and_waits(home: Household) -> None:
    camera = home.add_camera("Garden")
    home.server.kill()
    wait_until(lambda: "signaling_unreachable" in camera.output, "the camera says that the server is away")
    assert "Traceback" not in camera.output
    home.server.start()
    home.wait_online(camera)


@pytest.mark.parametrize("source", ["/dev/video99", "no-such-file.mp4", "rtsp://127.0.0.1:{port}/1"])
async def test_a_source_that_is_not_there_leaves_the_camera_online_with_one_sentence(
    home: Household, source: str
) -> None:
    camera = home.add_camera("Garden", source.format(port=free_port()))
    problem = wait_until(lambda: home.camera(camera.id)["problem"], "the app hears of it")
    assert problem["code"] == "source_failed"
    assert "Traceback" not in camera.output
    assert home.camera(camera.id)["online"]


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("/nope.mp4", "There is no file /nope.mp4."),
        ("/etc/passwd", "The file /etc/passwd is not a video"),
        ("/tmp", "/tmp is not a file."),
    ],
)
def test_an_unpaired_camera_says_that_its_source_is_wrong(tmp_path: Path, source: str, sentence: str) -> None:
    camera = CameraProcess(tmp_path / "camera", ["--source", source])
    camera.start()
    try:
        wait_until(lambda: sentence in camera.output, "the camera says what is wrong")
        wait_until(lambda: "belvedere-camera pair" in camera.output, "the camera waits to be paired")
        assert camera.output.count(sentence) == 1
        assert "Traceback" not in camera.output
    finally:
        camera.stop()


def test_only_one_camera_runs_with_one_key(home: Household) -> None:
    camera = unpaired(home)
    second = CameraProcess(camera.folder, camera.arguments)
    second.start()
    assert second.process is not None
    assert second.process.wait(30) == 1
    assert "another camera is running with the directory" in camera.output


def test_nothing_secret_is_in_the_log_or_on_the_disk(home: Household) -> None:
    camera = unpaired(home)
    camera.id, code = home.pending("Garden", "Hillside")
    secret = qr.OnboardingCode(code.server_url, code.token, "Hillside", "correct horse battery", pin=code.pin)
    paired = camera.pair(qr.to_compact(secret))
    home.wait_online(camera)
    kept = "".join(file.read_bytes().decode("latin-1") for file in (camera.folder / "data").iterdir())
    for said in (camera.output, paired.stdout, paired.stderr, kept):
        assert "correct horse" not in said
        assert code.token not in said
        assert "eyJ" not in said, "a signed token"


def test_stopped_in_good_order_it_leaves_at_once(home: Household) -> None:
    camera = home.add_camera("Garden")
    process = camera.process
    assert process is not None
    process.terminate()
    assert process.wait(10) == 0
    home.wait_online(camera, online=False)
    assert "Traceback" not in camera.output


async def test_a_self_made_certificate_is_trusted_by_its_pin_alone(tmp_path: Path) -> None:
    with household(tmp_path, public_url="https://127.0.0.1:{port}") as home:
        camera = home.new_camera("--source", SMALL_SOURCE)
        camera.id, code = home.pending("Garden")
        assert code.pin is not None
        wrong = qr.OnboardingCode(code.server_url, code.token, pin="AAAAAAAAAAAAAAAAAAAAAA")
        assert "not the one this code was made by" in camera.pair(qr.to_compact(wrong)).stderr
        assert home.camera(camera.id)["pairing"]["step"] == "waiting"
        assert camera.pair(qr.to_compact(code)).returncode == 0
        camera.start()
        await asyncio.to_thread(home.wait_online, camera)
