"""The laboratory for people: `python -m tests.natlab`."""

import subprocess
import sys

import pytest

from tests.natlab.build import ROOT

pytestmark = pytest.mark.namespace


def natlab(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-m", "tests.natlab", *words], capture_output=True, text=True, cwd=ROOT)


def test_a_pair_is_explained() -> None:
    done = natlab("port-remap", "full-cone", "--delay", "5", "--stock")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = dict(line.split(maxsplit=1) for line in done.stdout.splitlines() if not line.startswith(" "))
    assert rows["camera"].startswith("port-remap")
    assert rows["theory"].startswith("direct (IPv4: checks get through both ways)")
    assert rows["STUN"].startswith("only   direct, after ")
    assert rows["verdict"] == "as theory says"
    assert done.stdout.count("  measured  IPv4 endpoint-independent mapping") == 2


@pytest.mark.browser
def test_a_pair_shows_what_the_product_does() -> None:
    done = natlab("port-remap", "full-cone", "--delay", "5")
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("no coturn", "with coturn"):
        (row,) = (line for line in done.stdout.splitlines() if line.startswith(name))
        assert row.endswith("best way direct: taken")


def test_an_unknown_kind_is_answered_with_the_list() -> None:
    done = natlab("moon", "none")
    assert done.returncode == 2
    assert "'moon'; there are: none, full-cone, restricted" in done.stderr


def test_all_kinds_are_listed() -> None:
    assert "symmetric       another outside port for each destination" in natlab("--kinds").stdout
