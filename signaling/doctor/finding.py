"""What the doctor says: one line for each thing that was tried."""

from collections.abc import Sequence
from typing import Literal

import msgspec

Level = Literal["ok", "warn", "bad"]
SUBJECT_WIDTH = 12


class Finding(msgspec.Struct, frozen=True):
    """`subject`: what was tried. `sentence`: how it is. `advice`: what to do; empty where nothing is to be done."""

    level: Level
    subject: str
    sentence: str
    advice: str = ""


def ok(subject: str, sentence: str) -> Finding:
    return Finding("ok", subject, sentence)


def warn(subject: str, sentence: str, advice: str) -> Finding:
    """It works, or need not; but people should know."""
    return Finding("warn", subject, sentence, advice)


def bad(subject: str, sentence: str, advice: str) -> Finding:
    """Something that is set up does not work."""
    return Finding("bad", subject, sentence, advice)


def exit_code(findings: Sequence[Finding]) -> int:
    return int(any(finding.level == "bad" for finding in findings))


def as_text(findings: Sequence[Finding]) -> str:
    """For people: level, subject, sentence, and the advice below it."""
    lines = []
    for finding in findings:
        lines.append(f"{finding.level:<5}{finding.subject:<{SUBJECT_WIDTH}} {finding.sentence}")
        if finding.advice:
            lines.append(f"{'':<{SUBJECT_WIDTH + 5}} → {finding.advice}")
    return "\n".join(lines)


def as_json(findings: Sequence[Finding]) -> str:
    """For programs: an array of objects with `level`, `subject`, `sentence`, `advice`."""
    return msgspec.json.format(msgspec.json.encode(findings), indent=2).decode()
