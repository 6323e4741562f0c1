"""The audit of dependencies never passes for not having asked; the bill of materials names what we use."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
GOOD_PYTHON: dict[str, Any] = {"dependencies": [{"name": "aiohttp", "version": "1", "vulns": []}]}
BAD_PYTHON = {"dependencies": [{"name": "aiohttp", "version": "1", "vulns": [{"id": "PYSEC-1"}]}]}
SKIPPED = {"dependencies": [*GOOD_PYTHON["dependencies"], {"name": "yarl", "skip_reason": "not found"}]}
GOOD_WEB = {"metadata": {"vulnerabilities": {"total": 0}, "dependencies": {"total": 9}}}
BAD_WEB = {"metadata": {"vulnerabilities": {"total": 1}}, "vulnerabilities": {"lit": {}}}
NO_WEB = {"message": "405 Method Not Allowed", "statusCode": 405}


@pytest.mark.parametrize(
    ("python", "web", "code", "sentence"),
    [
        (GOOD_PYTHON, GOOD_WEB, 0, "Python: 1 packages, no advisory\nWeb: 9 packages, no advisory"),
        (BAD_PYTHON, GOOD_WEB, 1, "aiohttp 1: PYSEC-1"),
        (GOOD_PYTHON, BAD_WEB, 1, "Web: lit"),
        (SKIPPED, GOOD_WEB, 2, "NOT AUDITED, nothing was learnt about 1 of 2"),
        (GOOD_PYTHON, NO_WEB, 2, "Web: NOT AUDITED"),
        (None, NO_WEB, 2, "Python: NOT AUDITED"),
        (BAD_PYTHON, NO_WEB, 1, "NOT AUDITED"),
    ],
)
def test_an_audit_that_could_not_ask_is_no_clean_one(
    tmp_path: Path, python: Any, web: Any, code: int, sentence: str
) -> None:
    for name, answer in (("pip-audit", python), ("npm", web)):
        tool = tmp_path / name
        tool.write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps(answer) if answer else 'no route to host'}\nEND\n")
        tool.chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    words = [sys.executable, ROOT / ".ci/audit-dependencies"]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code and sentence in done.stdout, done.stdout + done.stderr


def test_the_bill_of_materials_names_what_we_use() -> None:
    if shutil.which("npm") is None:
        pytest.skip("no npm")
    there = ["--assume-old=.venv/.dev", "--assume-old=web/node_modules/.stamp"]
    subprocess.run(["make", "--silent", *there, "sbom"], cwd=ROOT, check=True, capture_output=True)
    for name, needed in (("python", {"aiohttp", "aiortc", "cryptography"}), ("web", {"lit"})):
        bill = json.loads((ROOT / "build/sbom" / f"{name}.json").read_text())
        assert bill["bomFormat"] == "CycloneDX"
        assert needed <= {part["name"] for part in bill["components"]}
        assert all(part.get("version") for part in bill["components"])
