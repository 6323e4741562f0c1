"""House rules as tests: who may import whom, and what decides without I/O (DESIGN §2)."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("signaling", "media", "camera_peer")
PURE = (
    "signaling/protocol/",
    "signaling/adoption.py",
    "signaling/audit.py",
    "signaling/broker.py",
    "signaling/bucket.py",
    "signaling/calls.py",
    "signaling/client_backoff.py",
    "signaling/departure.py",
    "signaling/effects.py",
    "signaling/endings.py",
    "signaling/introduction.py",
    "signaling/leases.py",
    "signaling/limits.py",
    "signaling/networks.py",
    "signaling/recovery_codes.py",
    "signaling/registration.py",
    "signaling/table.py",
    "signaling/totp.py",
    "signaling/viewings.py",
    "signaling/ways.py",
    "camera_peer/door.py",
    "camera_peer/epochs.py",
    "camera_peer/lifecycle.py",
    "camera_peer/owner.py",
    "camera_peer/problem.py",
    "camera_peer/visitors.py",
    "camera_peer/whereabouts.py",
    "media/answer.py",
    "media/arrival.py",
    "media/catchup.py",
    "media/delivery.py",
    "media/gop.py",
    "media/h264.py",
    "media/ice_servers.py",
    "media/lane.py",
    "media/leases.py",
    "media/liveness.py",
    "media/nomination.py",
    "media/offer.py",
    "media/packetiser.py",
    "media/placeholder.py",
    "media/sdp.py",
    "media/sealed_frames.py",
    "media/sealed_lane.py",
    "media/sframe.py",
    "media/vp8.py",
    "media/relay/admission.py",
    "media/relay/approach.py",
    "media/relay/candidates.py",
    "media/relay/environment.py",
    "media/relay/evening.py",
    "media/relay/framing.py",
    "media/relay/handover.py",
    "media/relay/keyframe.py",
    "media/relay/output.py",
    "media/relay/publisher_sdp.py",
    "media/relay/rates.py",
    "media/relay/reception.py",
    "media/relay/rtp.py",
    "media/relay/settings.py",
    "media/relay/store.py",
    "media/relay/streams.py",
    "media/relay/stun.py",
    "media/relay/switchboard.py",
    "media/relay/uploads.py",
)
"""Files that decide: no event loop, sockets, clocks or dice in them. Time and ids are arguments."""
IMPURE_MODULES = {"asyncio", "aiohttp", "aiortc", "aioice", "redis", "sqlalchemy", "time", "random", "secrets"}
COMPOSITION_ROOT = ("signaling/server.py", "signaling/relay_inside.py")


def allowed(importer: str, imported: str) -> bool:
    """Whether a file may import a module of ours. `importer`: path below the root; `imported`: dotted name."""
    target = imported.split(".")[0]
    if importer.startswith("signaling/protocol/"):
        return imported.startswith("signaling.protocol")
    if importer.startswith("signaling/"):
        return target == "signaling" or (target == "media" and importer in COMPOSITION_ROOT)
    shared = imported.startswith(("signaling.protocol", "signaling.client"))
    if importer.startswith("media/"):
        return target == "media" or shared
    return target == "camera_peer" or shared or (target == "media" and not imported.startswith("media.relay"))


def modules_of(path: Path) -> list[str]:
    """Dotted names imported anywhere in a file."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level:
            names.append("." * node.level)
    return names


def sources() -> Iterator[Path]:
    for room in ROOMS:
        yield from sorted((ROOT / room).rglob("*.py"))


@pytest.mark.parametrize("path", list(sources()), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_inward(path: Path) -> None:
    importer = str(path.relative_to(ROOT))
    for name in modules_of(path):
        assert not name.startswith("."), "imports are absolute"
        if name.split(".")[0] in ROOMS:
            assert allowed(importer, name), f"{importer} may not import {name}"


@pytest.mark.parametrize(
    ("importer", "imported", "verdict"),
    [
        ("camera_peer/agent.py", "signaling.client", True),
        ("camera_peer/agent.py", "signaling.accounts", False),
        ("camera_peer/agent.py", "media.relay.node", False),
        ("camera_peer/agent.py", "media.gop", True),
        ("signaling/broker.py", "signaling.protocol.messages", True),
        ("signaling/broker.py", "media.frames", False),
        ("signaling/broker.py", "camera_peer.agent", False),
        ("signaling/protocol/qr.py", "signaling.client", False),
        ("media/gop.py", "camera_peer.agent", False),
        ("signaling/server.py", "media.relay", True),
        ("signaling/__main__.py", "media.relay", False),
    ],
)
def test_the_rule_itself(importer: str, imported: str, verdict: bool) -> None:
    assert allowed(importer, imported) is verdict


def test_what_decides_does_no_io() -> None:
    pure = [path for path in sources() if str(path.relative_to(ROOT)).startswith(PURE)]
    assert len(pure) >= len(PURE)
    for path in pure:
        roots = {name.split(".")[0] for name in modules_of(path)}
        assert not roots & IMPURE_MODULES, f"{path.name} imports {roots & IMPURE_MODULES}"
        coroutines = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.AsyncFunctionDef)]
        assert not coroutines, f"{path.name} awaits"


def server_only() -> set[str]:
    """Import names of the packages that a server has and a camera lacks."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    named = {kind: {re.split(r"[^\w-]", text)[0] for text in extras[kind]} for kind in ("server", "relay", "camera")}
    return {name.replace("-", "_") for name in named["server"] - named["relay"] - named["camera"]}


LOAD_ALL = """
import importlib, pkgutil, sys
room, *absent = sys.argv[1:]
sys.modules |= dict.fromkeys(absent)
for module in pkgutil.walk_packages(importlib.import_module(room).__path__, room + "."):
    importlib.import_module(module.name)
print(*sys.modules)
"""
"""Loads every module of a room where some packages are not installed (an entry of None forbids their import)."""


@pytest.mark.parametrize("room", ["camera_peer", "media", "signaling.protocol"])
def test_a_camera_never_loads_the_server(room: str) -> None:
    absent = server_only()
    assert {"sqlalchemy", "alembic", "bcrypt", "redis", "prometheus_client"} <= absent
    command = [sys.executable, "-c", LOAD_ALL, room, *sorted(absent)]
    loaded = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert loaded.returncode == 0, loaded.stderr
    names = set(loaded.stdout.split())
    assert any(name.startswith(f"{room}.") for name in names)
    ours = {name for name in names if name.startswith("signaling.")}
    servers = {name for name in ours if not name.startswith(("signaling.protocol", "signaling.client"))}
    assert not servers, f"{room} loads {servers}"


def test_the_package_that_all_share_is_empty() -> None:
    assert (ROOT / "signaling/__init__.py").read_text() == ""


@pytest.mark.parametrize("literal", ['/api/signaling"', '"belvedere_session"', "4001", "MAX_CANDIDATES = "])
def test_what_two_sides_must_agree_on_is_written_once(literal: str) -> None:
    assert [str(path) for path in sources() if re.search(rf"(?<!\w){re.escape(literal)}", path.read_text())][1:] == []


def test_every_file_says_what_it_is() -> None:
    for path in sources():
        if path.read_text():
            assert ast.get_docstring(ast.parse(path.read_text())), f"{path.relative_to(ROOT)} has no docstring"


def test_python_is_the_oldest_we_promise_or_newer() -> None:
    assert sys.version_info >= (3, 11)


def test_what_is_kept_of_people_is_exported_or_withheld_on_purpose() -> None:
    """And goes with their account: by foreign keys, which say whose a row is. A new column has to be placed."""
    from signaling.store.belongings import SHOWN, WITHHELD
    from signaling.store.schema import metadata

    for table in metadata.sorted_tables:
        shown, withheld = set(SHOWN.get(table.name, ())), set(WITHHELD.get(table.name, ()))
        assert shown | withheld == set(table.columns.keys()), f"signaling/store/belongings.py: {table.name}"
        assert not shown & withheld
        assert all(key.ondelete == "CASCADE" for key in table.foreign_keys), f"{table.name} outlives an account"
        assert table.foreign_keys or table.name in {"accounts", "audit"}, f"whose are the rows of {table.name}?"
    assert SHOWN.keys() | WITHHELD.keys() == set(metadata.tables)
