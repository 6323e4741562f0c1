"""A damaged file costs the one camera it belongs to: the advice is followed to the letter, with the real program."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from camera_peer import identity, state
from camera_peer.state import CameraState, Pairing
from tests.program import ROOT

PAIRING = Pairing("cam1", "https://a", "wss://a/s")


def camera(*words: str, home: Path) -> "subprocess.CompletedProcess[str]":
    """`belvedere-camera` of a user whose own camera has the default directory."""
    command = [sys.executable, "-m", "camera_peer", *words]
    environment = os.environ | {"XDG_STATE_HOME": str(home)}
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("file", [identity.KEY_FILE, state.STATE_FILE])
def test_the_advice_resets_the_damaged_camera_and_no_other(tmp_path: Path, file: str) -> None:
    well, damaged = tmp_path / "belvedere-camera", tmp_path / "my cam" / "bad"
    identity.load_or_make(well, os.urandom)
    state.save(well, CameraState(pairing=PAIRING))
    damaged.mkdir(parents=True)
    (damaged / file).write_bytes(b"{")

    said = camera("run", "--data", str(damaged), home=tmp_path)
    assert said.returncode == 1 and "Traceback" not in said.stderr
    advised = re.search(r"run `belvedere-camera (.*)` and pair", said.stderr)
    assert advised is not None, said.stderr
    assert camera(*shlex.split(advised[1]), home=tmp_path).returncode == 0

    assert state.load(well).pairing == PAIRING
    assert not (damaged / file).exists()
