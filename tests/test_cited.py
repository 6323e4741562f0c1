"""A run in which a test that the table of conformance names did not pass is a failed run, whatever hid it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cited import NAME, Cited, cited, fault
from tests.conformance import DATA, ROOT, read

CONFTEST = """
from tests.cited import Cited

def pytest_configure(config):
    names = ("passes", "is_skipped", "skips_itself", "may_fail", "fails", "fails_not", "stops", "one", "is_excused")
    there = {f"test_it.py::test_{name}" for name in names}
    config.pluginmanager.register(Cited(frozenset(there | {"test_absent.py::test_a", "test_it.py::TestIt::test_in"})))
"""
TESTS = """
import pytest

def test_passes(): ...
@pytest.mark.skip
def test_is_skipped(): ...
def test_skips_itself(): pytest.skip("no browser")
@pytest.mark.xfail
def test_may_fail(): assert False
@pytest.mark.xfail
def test_fails_not(): ...
@pytest.mark.xfail(run=False)
def test_stops(): ...
def test_fails(): pytest.xfail("not yet")
@pytest.mark.parametrize("n", [1, pytest.param(2, marks=pytest.mark.skip), pytest.param(3, marks=pytest.mark.xfail)])
def test_one(n): assert n < 3
@pytest.mark.skipif(False, reason="")
def test_is_excused(): ...
class TestIt:
    def test_in(self): pytest.skip("here too")
@pytest.mark.skip
def test_other(): ...
@pytest.mark.xfail
def test_another(): assert False
"""
ABSENT = "import pytest\npytest.skip('not here', allow_module_level=True)\ndef test_a(): ...\n"
FAILED = {
    "is_skipped",
    "skips_itself",
    "may_fail",
    "fails",
    "fails_not",
    "stops",
    "one[2]",
    "one[3]",
    "is_excused",
    "in",
}


def run(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """pytest in a place of its own."""
    for name, text in (("conftest.py", CONFTEST), ("test_it.py", TESTS), ("pytest.ini", "[pytest]\n")):
        (place / name).write_text(text)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": "", "CI": "1"}
    command = [sys.executable, "-m", "pytest", "-rfEsxp", "-p", "no:cacheprovider", *words]
    return subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("words", [(), ("--numprocesses", "2", "--dist", "loadfile")], ids=["alone", "in parts"])
def test_a_run_fails_where_a_named_test_did_not_pass(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = run(tmp_path, *words)
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert sorted(re.findall(r"^(?:FAILED|ERROR) \S*::test_(\S+)", done.stdout, re.MULTILINE)) == sorted(FAILED), (
        done.stdout
    )
    assert "2 passed, 1 skipped, 1 xfailed" in done.stdout, "others are let be"


@pytest.mark.parametrize("words", [(), ("--numprocesses", "2")], ids=["alone", "in parts"])
def test_a_run_fails_where_the_file_of_a_named_test_was_skipped(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "test_absent.py").write_text(ABSENT)
    done = run(tmp_path, *words, "test_absent.py")
    assert done.returncode != 0 and "its file was skipped" in done.stdout, done.stdout


def test_what_a_run_leaves_out_is_not_asked_for(tmp_path: Path) -> None:
    assert run(tmp_path, "-k", "passes").returncode == 0
    assert run(tmp_path, "--deselect", "test_it.py", "test_it.py").returncode == pytest.ExitCode.NO_TESTS_COLLECTED


@pytest.mark.parametrize(("is_root", "fails"), [(True, True), (False, False)])
def test_what_needs_root_may_be_skipped_without_it(is_root: bool, fails: bool) -> None:
    marks = {"namespace", "skip"}
    assert bool(fault("skipped", expected=False, marks=marks, is_root=is_root)) is fails
    assert fault("skipped", expected=False, marks={"skip"}, is_root=is_root)


def test_this_run_looks_at_all_that_the_table_names(pytestconfig: pytest.Config) -> None:
    plugin = pytestconfig.pluginmanager.get_plugin(NAME)
    assert isinstance(plugin, Cited) and plugin.names == cited(read(DATA.read_text())) and len(plugin.names) > 100
