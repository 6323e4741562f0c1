"""Two processes with one directory: neither undoes what the other has won, and a key belongs to its pairing."""

import os
import subprocess
import sys
from pathlib import Path

from camera_peer import identity, state, storage
from camera_peer.memory import Memory, reset
from camera_peer.problem import Problem
from camera_peer.state import LastProblem, Pairing

OLD = Pairing("cam1", "https://a", "wss://a/s")
NEW = Pairing("cam2", "https://b", "wss://b/s")
PINNED = Pairing("cam1", "https://a", "wss://a/s", pin="a")
PROBLEM = LastProblem(Problem.NO_INTERNET, "no way out")

HOLDER = """
import sys
from pathlib import Path
from camera_peer import storage
with storage.alone(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
NOTER = """
import os, sys
from pathlib import Path
from camera_peer.memory import Memory
from camera_peer.problem import Problem
from camera_peer.state import LastProblem
memory = Memory(Path(sys.argv[1]), os.urandom)
for number in range(150):
    memory.note(LastProblem(Problem.NO_INTERNET, str(number)))
"""


def remembered(directory: Path, pairing: Pairing | None = None) -> Memory:
    made = Memory(directory, os.urandom)
    if pairing is not None:
        made.win(pairing, unless_changed=False)
    return made


def test_a_note_leaves_the_pairing_that_another_process_won(tmp_path: Path) -> None:
    ours, theirs = remembered(tmp_path), remembered(tmp_path)
    theirs.win(NEW, unless_changed=False)
    ours.note(PROBLEM)
    kept = state.load(tmp_path)
    assert (kept.pairing, kept.problem) == (NEW, PROBLEM)
    assert ours.changed()
    ours.reload()
    assert ours.pairing == NEW
    assert not ours.changed()


def test_notes_of_two_processes_at_once_lose_no_pairing(tmp_path: Path) -> None:
    ours = remembered(tmp_path)
    child = subprocess.Popen([sys.executable, "-c", NOTER, str(tmp_path)])
    while child.poll() is None:
        serial = state.load(tmp_path).serial
        ours.win(NEW, unless_changed=False)
        assert state.load(tmp_path).serial == serial + 1
        assert state.load(tmp_path).pairing == NEW
    assert child.returncode == 0


def test_a_moment_alone_ends_with_its_process(tmp_path: Path) -> None:
    words = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        child.kill()
    assert remembered(tmp_path).pairing is None


def test_a_pairing_repeated_with_the_same_facts_is_a_change(tmp_path: Path) -> None:
    ours = remembered(tmp_path, OLD)
    remembered(tmp_path).win(OLD, unless_changed=False)
    assert ours.changed()


def test_learned_keys_are_kept_and_are_no_change_to_ourselves(tmp_path: Path) -> None:
    ours = remembered(tmp_path, PINNED)
    remembered(tmp_path).note(PROBLEM)
    ours.learn(("a", "b"))
    kept = state.load(tmp_path)
    assert (kept.pairing, kept.problem) == (PINNED.believing(("a", "b")), PROBLEM)
    assert ours.pairing == kept.pairing
    assert not ours.changed()


def test_known_keys_are_not_written_again(tmp_path: Path) -> None:
    ours = remembered(tmp_path, PINNED)
    ours.learn(("a", "b"))
    before = storage.stamp(tmp_path / state.STATE_FILE)
    ours.learn(("a", "b"))
    assert storage.stamp(tmp_path / state.STATE_FILE) == before
    ours.learn(("b", "c"))
    assert storage.stamp(tmp_path / state.STATE_FILE) != before


def test_learned_keys_do_not_touch_what_another_process_won(tmp_path: Path) -> None:
    ours = remembered(tmp_path, PINNED)
    remembered(tmp_path).win(NEW, unless_changed=False)
    ours.learn(("a", "b"))
    assert state.load(tmp_path).pairing == NEW
    assert ours.changed()


def test_a_problem_noted_elsewhere_is_no_change(tmp_path: Path) -> None:
    ours = remembered(tmp_path, OLD)
    remembered(tmp_path).note(PROBLEM)
    assert not ours.changed()


def test_a_reset_is_a_change_and_brings_a_new_key_that_is_on_the_disk(tmp_path: Path) -> None:
    ours = remembered(tmp_path)
    before = ours.identity.hardware_id
    assert reset(tmp_path)
    assert ours.changed()
    ours.reload()
    kept = identity.load(tmp_path)
    assert kept is not None
    assert kept.hardware_id == ours.identity.hardware_id != before


def test_a_pairing_is_kept_with_the_key_that_won_it(tmp_path: Path) -> None:
    ours = remembered(tmp_path)
    reset(tmp_path)
    other = remembered(tmp_path)
    ours.win(NEW, unless_changed=False)
    kept = identity.load(tmp_path)
    assert kept is not None
    assert kept.public_key == ours.identity.public_key
    assert other.changed()


def test_what_another_process_won_is_neither_displaced_nor_forgotten(tmp_path: Path) -> None:
    ours = remembered(tmp_path, OLD)
    remembered(tmp_path).win(NEW, unless_changed=False)
    assert not ours.win(OLD, unless_changed=True)
    assert not ours.forget(PROBLEM)
    assert state.load(tmp_path).pairing == NEW


def test_a_reset_of_nothing_makes_nothing(tmp_path: Path) -> None:
    assert not reset(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()
