"""Modules of the web app as one script, for tests of them in real browsers."""

import shutil
import subprocess
from pathlib import Path

import pytest

WEB = Path(__file__).parents[1] / "web"
BUNDLER = WEB / "node_modules/.bin/rolldown"


def bundle(folder: Path, entry: str) -> str:
    """The script of this entry, in TypeScript; `folder` is a place for the work. Skips where nobody can bundle."""
    if shutil.which("node") is None or not BUNDLER.exists():
        pytest.skip("no bundler")
    source, script = folder / "entry.ts", folder / "out.js"
    source.write_text(entry)
    run = [str(BUNDLER), str(source), "--format", "iife", "--file", str(script)]
    subprocess.run(run, check=True, capture_output=True, cwd=WEB, timeout=60)
    return script.read_text()
