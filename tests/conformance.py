"""`make conformance`: writes the table of docs/conformance.md from docs/conformance.toml.

Plain functions over what the file says; `tests/test_conformance.py` holds it against the tests and documents there are.
"""

import tomllib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

import msgspec

ROOT = Path(__file__).parent.parent
DATA, PAGE = ROOT / "docs/conformance.toml", ROOT / "docs/conformance.md"
Status = Literal["met", "organisational", "not applicable", "not met", "not checked"]
STATUSES: tuple[Status, ...] = get_args(Status)

HEAD = """# Conformance

What published standards ask, and what shows that Belvedere does it. Made by `make conformance` from
`docs/conformance.toml`; a test fails where this page is older than that file, where a test that is named is not among
those that `make test` runs, or where a document or its heading is gone; and a run fails in which a test that is named
was skipped, or is marked as one that may be skipped or may fail.

*Met* means: the tests named hold it. *Organisational*: a document says how people do it. *Not applicable* and *not met*
give the reason. *Not checked*: the published text was not at hand, so nothing is claimed. This is our own account of
our work; nobody else has certified it. What is asked is put in our words, in short; the standards' own texts count.
"""


@dataclass(frozen=True)
class Row:
    """`proof`: ids of tests, where it is met. `document` and `heading`: where organisational. `why`: for the rest."""

    id: str
    asks: str
    status: Status
    proof: list[str] = field(default_factory=list)
    document: str = ""
    heading: str = ""
    why: str = ""


@dataclass(frozen=True)
class Standard:
    name: str
    edition: str
    source: str
    row: list[Row]


def read(text: str) -> list[Standard]:
    """Raises `msgspec.ValidationError` where the file has another form."""
    return msgspec.convert(tomllib.loads(text)["standard"], list[Standard])


def page(standards: list[Standard]) -> str:
    """The whole page."""
    return "\n".join([HEAD, *(_section(standard) for standard in standards)])


def _section(standard: Standard) -> str:
    counts = Counter(row.status for row in standard.row)
    summary = ", ".join(f"{counts[status]} {status}" for status in STATUSES if counts[status])
    lines = [f"## {standard.name} ({standard.edition})", "", f"Read from: {standard.source}. {summary}.", ""]
    lines += ["| provision | asks | status | shown by |", "|---|---|---|---|"]
    lines += [f"| {row.id} | {row.asks} | {row.status} | {_shown(row)} |" for row in standard.row]
    return "\n".join([*lines, ""])


def _shown(row: Row) -> str:
    if row.status == "met":
        return "<br>".join(f"`{proof}`" for proof in row.proof)
    return f"[{row.heading}](../{row.document})" if row.status == "organisational" else row.why


if __name__ == "__main__":
    print(page(read(DATA.read_text())), end="")
