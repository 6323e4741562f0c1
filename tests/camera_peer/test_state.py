"""What a camera keeps on disk: private, atomic, and gone after a reset."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from camera_peer import identity, state, storage
from camera_peer.problem import Problem
from camera_peer.state import CameraState, DamagedState, LastProblem, Pairing

PAIRING = Pairing("cam1", "https://camera.example.org", "wss://camera.example.org/api/signaling", "Porch", "pin")

WRITER = """
import sys
from pathlib import Path
from camera_peer import state
from camera_peer.state import CameraState, Pairing
number = 0
while True:
    number += 1
    name = str(number) * 2000
    state.save(Path(sys.argv[1]), CameraState(pairing=Pairing("cam1", "https://a", "wss://a/s", name)))
    if number == 3:
        print("ready", flush=True)
"""


def test_nothing_is_remembered_at_first(tmp_path: Path) -> None:
    assert state.load(tmp_path / "new") == CameraState()
    assert storage.stamp(tmp_path / "new" / state.STATE_FILE) is None


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    memory = CameraState(pairing=PAIRING, problem=LastProblem(Problem.NO_INTERNET, "no way out"))
    state.save(tmp_path / "camera", memory)
    assert state.load(tmp_path / "camera") == memory


def test_what_was_written_before_there_were_next_keys_is_read(tmp_path: Path) -> None:
    (tmp_path / state.STATE_FILE).write_text(
        '{"pairing": {"camera_id": "cam1", "origin": "https://a", "signaling_url": "wss://a/s", "pin": "p"}}'
    )
    pairing = state.load(tmp_path).pairing
    assert pairing is not None
    assert pairing.pins == ("p",)
    state.save(tmp_path, CameraState(pairing=pairing.believing(("q", "r"))))
    again = state.load(tmp_path).pairing
    assert again is not None
    assert again.pins == ("q", "r")


def test_without_a_pin_no_key_is_believed_for_itself() -> None:
    assert Pairing("cam1", "https://a", "wss://a/s").pins == ()


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    directory = tmp_path / "camera"
    directory.mkdir(mode=0o755)
    previous = os.umask(0)
    try:
        state.save(directory, CameraState(pairing=PAIRING))
        identity.load_or_make(directory, os.urandom)
    finally:
        os.umask(previous)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in directory.iterdir()} == {0o600}


def test_another_process_saving_is_noticed(tmp_path: Path) -> None:
    state.save(tmp_path, CameraState(pairing=PAIRING))
    before = storage.stamp(tmp_path / state.STATE_FILE)
    state.save(tmp_path, CameraState(pairing=PAIRING))
    assert storage.stamp(tmp_path / state.STATE_FILE) != before


@pytest.mark.parametrize("content", [b"", b"{", b'{"version": 1, "pairing": 7}', b"\xff", b" " * 300_000])
def test_a_damaged_file_is_named_with_what_to_do(tmp_path: Path, content: bytes) -> None:
    (tmp_path / state.STATE_FILE).write_bytes(content)
    with pytest.raises(DamagedState, match="belvedere-camera reset"):
        state.load(tmp_path)


def test_a_newer_file_is_not_overwritten_by_an_older_camera(tmp_path: Path) -> None:
    (tmp_path / state.STATE_FILE).write_bytes(b'{"version": 2}')
    with pytest.raises(DamagedState, match="newer version"):
        state.load(tmp_path)


def test_a_failed_write_leaves_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state.save(tmp_path, CameraState(pairing=PAIRING))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        state.save(tmp_path, CameraState())
    monkeypatch.undo()
    assert state.load(tmp_path).pairing == PAIRING
    assert [file.name for file in tmp_path.iterdir()] == [state.STATE_FILE]


def test_kill_at_any_moment_leaves_old_or_new(tmp_path: Path) -> None:
    for delay in (0.0, 0.003, 0.007, 0.013, 0.02):
        child = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE)
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        time.sleep(delay)
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        pairing = state.load(tmp_path).pairing
        assert pairing is not None
        half = len(pairing.name) // 2000
        assert pairing.name == pairing.name[:half] * 2000


def test_an_attacker_cannot_redirect_the_write(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / f".{state.STATE_FILE}.{os.getpid()}.new").symlink_to(victim)
    with pytest.raises(OSError, match="symbolic links"):
        storage.write_atomically(tmp_path / state.STATE_FILE, b"{}")
    assert victim.read_text() == "precious"
