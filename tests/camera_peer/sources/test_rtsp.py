"""Against a real RTSP server, GStreamer's, in a process of its own."""

import asyncio
import contextlib
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import pytest
import structlog

from camera_peer.sources import open_source
from camera_peer.sources.encoding import Wish
from camera_peer.sources.parameter_sets import kind
from camera_peer.sources.reader import ReaderSource
from camera_peer.sources.rtsp import rtsp_input
from camera_peer.sources.spec import RtspSpec, parse_spec
from media.frames import SourceError
from media.h264 import split
from tests.servers import free_port

SERVER = Path(__file__).with_name("rtsp_server.py")
SECRET = "s3cret"


class Server:
    def __init__(self) -> None:
        self.port = free_port()
        self._process = subprocess.Popen(
            ["/usr/bin/python3", str(SERVER), str(self.port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"

    def url(self, path: str, login: str = "") -> str:
        return f"rtsp://{login}127.0.0.1:{self.port}{path}"

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


async def test_h264_passes(server: Server, record: Any) -> None:
    source = open_source(server.url("/locked", f"owner:{SECRET}@"))
    source.demand(wanted=False)
    recording = record(source)
    with structlog.testing.capture_logs() as logs:
        await recording.until(lambda: len(recording.video) >= 40)
    for frame in recording.video:
        kinds = [kind(nal) for nal in split(frame.data)]
        assert frame.keyframe == (5 in kinds)
        assert not frame.keyframe or {7, 8} <= set(kinds)
    assert recording.video[0].keyframe
    times = [frame.timestamp for frame in recording.video]
    assert times == sorted(set(times))
    assert (times[-1] - times[0]) / 90_000 == pytest.approx(39 / 25, abs=0.5)
    assert SECRET not in repr(logs)
    assert "/locked" not in repr(logs), "paths may hold passwords too"


SOUNDS = {
    "/open/opus": ("opus", 960),
    "/open/pcmu": ("pcmu", 160),
    "/open/pcma": ("pcma", 160),
    "/open/aac": ("opus", 960),
}


async def test_sound_passes_or_becomes_opus(server: Server, record: Any) -> None:
    recordings = [record(open_source(server.url(path))) for path in SOUNDS]
    for one in recordings:
        one.source.demand(wanted=True)
    await asyncio.gather(*(one.until(lambda one=one: len(one.audio) >= 40 and one.video) for one in recordings))
    for (path, (codec, samples)), one in zip(SOUNDS.items(), recordings, strict=True):
        assert {one.source.audio_codec, *(frame.codec for frame in one.audio)} == {codec}, path
        times = [frame.timestamp for frame in one.audio]
        assert times == sorted(times), path
        assert (times[39] - times[0]) / 39 == pytest.approx(samples, rel=0.3), path


@pytest.mark.parametrize(("path", "name"), [("/open/h265", "hevc"), ("/open/jpeg", "mjpeg")])
async def test_what_browsers_cannot_show_is_encoded_and_said_so(
    path: str, name: str, server: Server, record: Any
) -> None:
    source = open_source(server.url(path))
    source.demand(wanted=True)
    recording = record(source)
    with structlog.testing.capture_logs() as logs:
        await recording.until(lambda: len(recording.video) >= 10)
    assert source.video_codec == "h264"
    assert recording.video[0].keyframe
    assert f"the source sends {name}" in repr(logs)


@pytest.mark.parametrize(
    ("path", "login", "sentence"),
    [
        ("/locked", "owner:geheim@", "refused the user name or the password"),
        ("/locked", "", "refused the user name or the password"),
        ("/nothing", f"owner:{SECRET}@", "has no stream under this path"),
    ],
)
async def test_a_refusal_is_one_clear_sentence(
    path: str, login: str, sentence: str, server: Server, record: Any
) -> None:
    with pytest.raises(SourceError, match=sentence) as error:
        await record(open_source(server.url(path, login))).until(lambda: False)
    assert f"127.0.0.1:{server.port}" in str(error.value)
    assert_no_secret(error)


@pytest.mark.parametrize("kind_of", ["closed", "silent", "web", "unknown"])
async def test_an_address_where_no_camera_is_gives_one_clear_sentence(kind_of: str, record: Any) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        host = "127.0.0.1" if kind_of != "unknown" else "camera.invalid"
        if kind_of in ("silent", "web"):
            listener.listen()
        if kind_of == "web":
            threading.Thread(target=answer_as_web_server, args=(listener,), name="web", daemon=True).start()
        sentence = {
            "closed": "connection was refused",
            "silent": "does not answer",
            "web": "no RTSP camera|closed the connection",
            "unknown": "cannot be found",
        }[kind_of]
        with pytest.raises(SourceError, match=sentence) as error:
            await record(hurried(f"rtsp://owner:geheim@{host}:{port}/x")).until(lambda: False)
    assert_no_secret(error)


@pytest.mark.parametrize("end", [Server.kill, Server.freeze])
async def test_a_server_that_dies_or_freezes_is_one_clear_sentence(end: Callable[[Server], None], record: Any) -> None:
    with Server() as mortal:
        source = hurried(mortal.url("/open/h264"))
        recording = record(source)

        def ended_on_the_way() -> bool:
            if len(recording.video) >= 5:
                end(mortal)
            return False

        with pytest.raises(SourceError, match=r"The camera at .*(stopped sending|closed the connection)"):
            await recording.until(ended_on_the_way)
    with pytest.raises(SourceError, match="refused"):
        await recording.until(lambda: False)


async def test_a_stalled_camera_can_be_left_at_any_time() -> None:
    """Cancelling while the connection hangs ends the thread within the time limits (checked after every test)."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        source = hurried(f"rtsp://127.0.0.1:{listener.getsockname()[1]}/x")
        task = asyncio.create_task(source.run(lambda _: None))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 15)


def hurried(url: str) -> ReaderSource:
    """The same source with shorter time limits."""
    spec = parse_spec(url)
    assert isinstance(spec, RtspSpec)
    return ReaderSource(replace(rtsp_input(spec), open_within=1.5, read_within=1.0), Wish("h264", 500_000), audio=True)


def answer_as_web_server(listener: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection, _ = listener.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def assert_no_secret(error: pytest.ExceptionInfo[SourceError]) -> None:
    shown: BaseException | None = error.value
    while shown is not None:
        assert "geheim" not in str(shown)
        assert SECRET not in str(shown)
        shown = shown.__cause__ or (None if shown.__suppress_context__ else shown.__context__)
