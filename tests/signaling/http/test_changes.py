"""Deeds leave entries that nobody can delete: none without a change, and no more than a person makes."""

from pathlib import Path
from typing import Any

import aiohttp
import pytest

from signaling.http.routes import ROUTES
from signaling.rates import RULES
from signaling.server import serving
from tests.signaling.api import PASSWORD, Api
from tests.signaling.helpers import api_of, quick_settings, secret_of
from tests.signaling.sharing import confirmed_camera, grants, guest_of

END = "2030-01-01T00:00:00Z"
PER_MINUTE = RULES["change"][0].amount


async def log_of(owner: Api) -> list[str]:
    return [entry["deed"] for entry in (await owner.good("GET", "/api/audit?limit=200"))["entries"]]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/api/me", {"ways": "never_relay"}),
        ("PATCH", "/api/cameras/{camera}", {"name": "Pond", "direct_viewers": 5}),
        ("PATCH", "/api/grants/{grant}", {"scopes": ["live", "talk"], "expires_at": END, "history_since": None}),
        ("POST", "/api/cameras/{camera}/confirm", {"mine": True}),
        ("DELETE", "/api/cameras/{camera}/alert", None),
        ("DELETE", "/api/cameras/{camera}/transfer", None),
    ],
)
async def test_what_changes_nothing_leaves_no_entry(owner: Api, method: str, path: str, body: Any) -> None:
    camera, _ = await confirmed_camera(owner)
    await guest_of(owner, camera, "live")
    grant = (await grants(owner, camera))["grants"][0]["id"]
    path = path.format(camera=camera, grant=grant)
    await owner.good(method, path, body)
    before = await log_of(owner)
    for _ in range(3):
        await owner.good(method, path, body)
    assert await log_of(owner) == before


@pytest.mark.usefixtures("standing_rates")
async def test_a_guest_fills_nobodys_log(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    async with serving(quick_settings(tmp_path, rate_limits=True)) as server:
        owner = await api_of(server, http)
        await owner.register(secret_of(server))
        camera, _ = await confirmed_camera(owner)
        guest = await guest_of(owner, camera, "live", "manage")
        names = [{"name": f"Yard {number}"} for number in range(PER_MINUTE + 20)]
        answers = [await guest.call("PATCH", f"/api/cameras/{camera}", name) for name in names]
        assert {answer.code for answer in answers[PER_MINUTE:]} == {"too_many_requests"}
        assert int(answers[-1].headers["Retry-After"]) >= 1
        assert (await log_of(owner)).count("camera_changed") == PER_MINUTE
        await owner.good("PATCH", f"/api/cameras/{camera}", {"name": "Mine"})
        other = {"current_password": PASSWORD, "new_password": "another horse battery"}
        assert (await guest.call("PUT", "/api/me/password", other)).status == 204, "it has a count of its own"
        assert (await guest.call("DELETE", "/api/sessions")).status == 204, "what ends something is never refused"


def test_every_change_is_counted_but_what_ends_something_or_leaves_no_entry() -> None:
    changing = [route for route in ROUTES if route.auth == "account" and route.method in {"POST", "PUT", "PATCH"}]
    assert {f"{route.method} {route.path}" for route in changing if route.counted_by is None} == {
        "POST /api/socket-tickets",
        "POST /api/transfers/check",
        "POST /api/cameras/{id}/qr.png",
        "POST /api/cameras/{id}/qr.svg",
        "POST /api/me/proof-challenges",
    }
    by_login = {route.path for route in changing if route.counted_by == "login"}
    assert {"/api/me/password", "/api/me/totp/off", "/api/me/passkey-only"} < by_login
    assert not any(path.startswith("/api/cameras") for path in by_login), "one account may have many logins"
