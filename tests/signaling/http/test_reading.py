"""Requests that read: they change nothing, so that no link or picture of a foreign page does, and nobody keeps the
answer. That an account was exported is noted, and nothing else."""

from typing import Any

from signaling.http.routes import ROUTES
from signaling.server import Running
from signaling.store.schema import metadata
from tests.signaling.api import Api

ENDLESS = {"/api/events"}
"""A stream, read by test_events.py."""
OPEN = {"/healthz", "/readyz", "/api/setup", "/api/verdicts"}
"""Hold nothing of anybody."""


async def kept(running: Running) -> dict[str, list[Any]]:
    """Every row of the database."""
    async with running.services.store.read() as connection:
        return {table.name: list(await connection.execute(table.select())) for table in metadata.sorted_tables}


async def test_reading_changes_nothing_and_is_kept_by_nobody(running: Running, owner: Api) -> None:
    camera, _ = await owner.add_camera()
    before = await kept(running)
    reading = [route for route in ROUTES if route.method == "GET" and route.path not in ENDLESS]
    for route in reading:
        for path in {route.path.replace("{id}", camera), route.path.replace("{id}", "nothing")}:
            answer = await owner.call("GET", path)
            assert answer.status < 500
            assert "no-store" in answer.headers["Cache-Control"], path
            stranger = await owner.another().call("GET", path)
            assert (stranger.status == 401) is (route.path not in OPEN), path
            assert "no-store" in stranger.headers["Cache-Control"], path
    after = await kept(running)
    noted = [entry.deed for entry in after["audit"][len(before["audit"]) :]]
    assert noted and set(noted) == {"exported"}
    after["audit"] = after["audit"][: len(before["audit"])]
    assert len(reading) > 10 and before["cameras"] and after == before
