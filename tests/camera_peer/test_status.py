"""The hook for LED and tone: told of each change, the newest state wins, a hanging one is ended."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from camera_peer import status as status_module
from camera_peer.lifecycle import State
from camera_peer.problem import CameraProblem, Problem
from camera_peer.status import Status


@asynccontextmanager
async def running(status: Status) -> AsyncIterator[None]:
    task = asyncio.create_task(status.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def content_of(path: Path, least: int) -> list[str]:
    async with asyncio.timeout(30):
        while True:
            lines = path.read_text().splitlines() if path.exists() else []
            if len(lines) >= least:
                return lines
            await asyncio.sleep(0.01)


async def test_the_hook_hears_state_and_problem(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    script = tmp_path / "led.sh"
    script.write_text(f'#!/bin/sh\necho "$1 $2 $3" >> {heard}\n')
    script.chmod(0o755)
    status = Status(f"{script} 'front door'")
    async with running(status):
        status.show(State.SCANNING)
        assert await content_of(heard, 1) == ["front door scanning "]
        status.show(State.UNPROVISIONED, CameraProblem(Problem.WIFI_PASSWORD_WRONG))
        assert (await content_of(heard, 2))[1] == "front door unprovisioned wifi_password_wrong"


async def test_a_hook_that_hangs_is_ended_and_the_newest_state_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status_module, "HOOK_SECONDS", 0.2)
    heard = tmp_path / "heard"
    program = f"import sys, time; open({str(heard)!r}, 'a').write(sys.argv[1] + chr(10)); time.sleep(60)"
    status = Status(f'{sys.executable} -c "{program}"')
    with capture_logs() as logs:
        async with running(status):
            status.show(State.SCANNING)
            await content_of(heard, 1)
            status.show(State.JOINING)
            status.show(State.ACTIVATING)
            assert await content_of(heard, 2) == ["scanning", "activating"]
    assert "hook_hangs" in [line["event"] for line in logs]


async def test_a_missing_hook_is_said_and_nothing_more() -> None:
    status = Status("/no/such/command")
    with capture_logs() as logs:
        async with running(status):
            status.show(State.SCANNING)
            await asyncio.sleep(0.2)
    assert "hook_failed" in [line["event"] for line in logs]


def test_without_a_hook_there_is_a_log_line() -> None:
    with capture_logs() as logs:
        Status().show(State.JOINING, CameraProblem(Problem.NO_INTERNET))
    assert logs[0]["problem"] == "no_internet"
    assert logs[0]["state"] == "joining"
