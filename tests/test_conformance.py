"""The table of conformance is as true as the tests and documents that it names."""

import os
import re
import subprocess
import sys

import pytest

from tests.cited import cited
from tests.conformance import DATA, PAGE, ROOT, Row, Standard, page, read

STANDARDS = read(DATA.read_text())
ROWS = [row for standard in STANDARDS for row in standard.row]


@pytest.fixture(scope="module")
def collected() -> set[str]:
    """Every test of the files that are named, as pytest collects them, without parameters."""
    files = sorted({proof.partition("::")[0] for row in ROWS for proof in row.proof})
    words = [sys.executable, "-m", "pytest", "--collect-only", "--quiet", "--no-header", *files]
    # What an outer run is asked to print must not change what is read here.
    environment = os.environ | {"PYTEST_ADDOPTS": ""}
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    return {line.partition("[")[0] for line in done.stdout.splitlines() if "::" in line}


def test_conformance_page_is_made_from_the_data() -> None:
    assert PAGE.read_text() == page(STANDARDS), "run: make conformance"


def test_conformance_is_shown_by_tests_that_run(collected: set[str]) -> None:
    named = cited(STANDARDS)
    assert all(re.match(r"tests/(\w+/)*test_\w+\.py::", name) for name in named), "pytest looks nowhere else by itself"
    assert not named - collected, f"docs/conformance.toml names tests that there are not: {sorted(named - collected)}"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_conformance_row_says_what_its_status_needs(row: Row) -> None:
    assert bool(row.proof) is (row.status == "met"), "what is met names its tests, and nothing else does"
    assert bool(row.why) is (row.status in {"not applicable", "not met"}), "give the reason"
    assert bool(row.document and row.heading) is (row.status == "organisational"), "name document and heading"
    assert row.asks and "|" not in row.asks + row.why


@pytest.mark.parametrize("row", [row for row in ROWS if row.status == "organisational"], ids=lambda row: row.id)
def test_conformance_names_documents_that_are_there(row: Row) -> None:
    headings = [line.lstrip("# ") for line in (ROOT / row.document).read_text().splitlines() if line.startswith("#")]
    assert row.heading in headings, f"{row.document} has no heading {row.heading!r}"


@pytest.mark.parametrize("standard", STANDARDS, ids=lambda standard: standard.name)
def test_conformance_names_edition_and_source(standard: Standard) -> None:
    assert standard.edition and standard.source
    ids = [row.id for row in standard.row]
    assert len(ids) == len(set(ids)), "a provision stands there twice"


def test_conformance_covers_the_four_standards() -> None:
    named = {standard.name for standard in STANDARDS}
    assert named == {"OWASP API Security Top 10", "NIST IR 8425", "OWASP ASVS", "ETSI EN 303 645"}
