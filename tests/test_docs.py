"""What the pages promise is there: commands, settings, files, routes."""

import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from camera_peer.owner import MAX_GUESTS, MAX_LINKS
from media import h264
from signaling.store.schema import metadata

ROOT = Path(__file__).parent.parent
PAGES = (
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "docs/security.md",
    "docs/end-to-end.md",
)

ROOMS = ("", "camera_peer", "signaling", "web", "signaling/protocol/trust", "web/core/trust")


def text_of(page: str) -> str:
    return (ROOT / page).read_text()


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", text_of("Makefile"), re.MULTILINE))


def benchmarks() -> set[str]:
    return {path.stem.removeprefix("bench_") for path in (ROOT / "tests/benchmarks").glob("bench_*.py")}


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_named_in_a_page_exists(page: str) -> None:
    for target in re.findall(r"`make ([a-z-]+)`", text_of(page)):
        known = target in make_targets() or target.removeprefix("bench-") in benchmarks()
        assert known, f"{page} names make {target}"


@pytest.mark.parametrize("page", PAGES)
def test_every_file_named_in_a_page_exists(page: str) -> None:
    paths = re.findall(r"`([a-z_.]+(?:/[a-zA-Z_.-]+)*(?:\.(?:py|ts|yml|conf|md|json)|/))`", text_of(page))
    paths += re.findall(r"\]\(([^)#]+)\)", text_of(page))
    for path in paths:
        assert any((ROOT / room / path).exists() for room in ROOMS), f"{page} names {path}"


def test_every_benchmark_of_the_make_help_exists() -> None:
    assert {"ttff", "camera", "qr"} <= benchmarks()


@pytest.mark.parametrize("name", sorted(benchmarks()))
def test_every_benchmark_starts(name: str) -> None:
    command = [sys.executable, "-c", f"import tests.benchmarks.bench_{name}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def printed(*command: str) -> str:
    return subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=True, cwd=ROOT).stdout


def test_every_setting_of_the_readme_exists() -> None:
    settings = printed("signaling", "settings")
    assert settings.strip() in text_of("README.md"), "the README's table is not what the program says"
    known = settings + printed("camera_peer", "run", "--help")
    for name in set(re.findall(r"\b(BELVEDERE_[A-Z_]+)\b", text_of("README.md") + text_of("docker-compose.yml"))):
        assert name in known, name


@pytest.mark.parametrize("page", PAGES)
def test_no_page_puts_a_secret_on_a_command_line(page: str) -> None:
    """Everybody on a machine can list what runs there, with all arguments."""
    for line in re.findall(r"^belvedere.*|`belvedere[^`]*`", text_of(page), re.MULTILINE):
        assert not re.search(r"://[^/\s]*@|pair (TEXT|'?\{)", line), line


def test_no_page_names_a_machine_path() -> None:
    for page in PAGES:
        assert not re.search(r"/work/|/root/|/tmp/", text_of(page))


def test_what_is_to_be_installed_is_the_wheel_of_this_repository() -> None:
    """Whoever publishes something under a name that nobody has published yet would be installed instead."""
    wheel = f"belvedere-{version('belvedere')}-py3-none-any.whl"
    installed = re.findall(r"pip install (.*)", text_of("README.md"))
    assert len(installed) == 2
    for what in installed:
        assert re.fullmatch(rf"'(build/wheel/)?{re.escape(wheel)}\[(server|camera)]'", what), what


def test_whatever_is_kept_about_people_is_told() -> None:
    """Each table of the database is in the page, and none that there is not."""
    lines = [line for line in text_of("docs/personal-data.md").splitlines() if line.startswith("| ")]
    told = [name for line in lines for name in re.findall(r"`(\w+)`", line.split("|")[4])]
    assert sorted(told) == sorted(metadata.tables)


def test_what_a_camera_remembers_and_offers_is_told() -> None:
    """Who writes another camera, or asks what a relay knows of one, reads that page alone."""
    page = " ".join(text_of("docs/end-to-end.md").split())
    assert f"at most {MAX_LINKS} links" in page and f"newest ring of up to {MAX_GUESTS} guests" in page
    assert (h264.CONSTRAINED_BASELINE, h264.MAIN, h264.HIGH) == ("42e01f", "4d001f", "64001f")
    assert "Constrained Baseline, Main and High" in page.partition("**Metadata.**")[2].partition("- **")[0]
