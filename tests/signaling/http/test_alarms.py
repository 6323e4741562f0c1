"""Something did not fit: the owner is told, in the log and at the camera, and nobody can fill the log with it."""

from pathlib import Path

import aiohttp
import pytest

from signaling.alarms import NOT_TRUSTED
from signaling.rates import RULES
from signaling.server import Running, serving
from tests.signaling.api import EMAIL, Answer, Api
from tests.signaling.helpers import api_of, quick_settings, secret_of
from tests.signaling.sharing import GUEST, confirmed_camera, guest_of
from tests.signaling.trusting import deeds_of

REASON = "the offer was signed by another key"


async def alarm(api: Api, camera: str, reason: str = REASON) -> Answer:
    return await api.call("POST", f"/api/cameras/{camera}/alarms", {"reason": reason})


async def test_swap_that_an_app_saw_is_told_to_the_owner(owner: Api) -> None:
    camera, _ = await confirmed_camera(owner)
    guest = await guest_of(owner, camera, "live")
    for api, who in ((guest, GUEST), (owner, EMAIL)):
        assert (await alarm(api, camera)).status == 204
        newest = (await owner.good("GET", "/api/audit"))["entries"][0]
        assert (newest["deed"], newest["camera"], newest["by"]) == ("session_mismatch", camera, who)
        assert newest["details"] == {"name": "Garden", "reason": REASON} and newest["address"] == ""
    assert (await owner.camera(camera))["problem"] == {"code": "session_mismatch", "detail": REASON}
    assert (await guest.camera(camera))["problem"] is None


async def test_swap_that_was_told_stays_until_the_owner_takes_it_away(owner: Api, running: Running) -> None:
    camera, _ = await confirmed_camera(owner)
    await alarm(owner, camera)
    await running.services.events.reported(camera, "ok", "")
    await running.services.events.online(camera)
    assert (await owner.camera(camera))["problem"]["code"] == "session_mismatch"
    await owner.good("DELETE", f"/api/cameras/{camera}/alert")
    assert (await owner.camera(camera))["problem"] is None
    assert (await deeds_of(owner))[0] == "alert_dismissed"


async def test_swap_that_the_camera_saw_is_told_as_well(owner: Api, running: Running) -> None:
    camera, _ = await confirmed_camera(owner)
    await running.services.events.reported(camera, NOT_TRUSTED, "the answer came\nfrom another")
    assert (await owner.camera(camera))["problem"] == {
        "code": "session_mismatch",
        "detail": "the answer camefrom another",
    }
    assert (await deeds_of(owner))[0] == "session_mismatch"
    await running.services.alarms.by_camera("unknown", REASON, now=running.services.clock())


async def test_alarms_are_for_who_may_watch(owner: Api) -> None:
    camera, _ = await confirmed_camera(owner)
    blind = await guest_of(owner, camera, "history")
    stranger = owner.another()
    await stranger.register(await owner.invite(), "other@example.org")
    assert (await alarm(blind, camera)).code == "forbidden"
    assert (await alarm(stranger, camera)).code == "not_found"
    for reason in ("", "x" * 201, "a\0b"):
        assert (await alarm(owner, camera, reason)).code == "invalid_body"


@pytest.mark.usefixtures("standing_rates")
async def test_alarms_fill_nobodys_log(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    async with serving(quick_settings(tmp_path, rate_limits=True)) as server:
        owner = await api_of(server, http)
        await owner.register(secret_of(server))
        camera, _ = await confirmed_camera(owner)
        most = RULES["alarm"][0].amount
        answers = [await alarm(owner, camera) for _ in range(most + 2)]
        assert [answer.code for answer in answers] == [None] * most + ["too_many_requests"] * 2
        for _ in range(most + 2):
            await server.services.events.reported(camera, NOT_TRUSTED, REASON)
        assert (await deeds_of(owner)).count("session_mismatch") == 2 * most
