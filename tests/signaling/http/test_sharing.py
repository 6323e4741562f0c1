"""Sharing by REST: a link, a guest who sees what was granted and nothing more, and the end of it."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from signaling.acceptance import MAX_GRANTS_PER_CAMERA
from signaling.grants import MAX_OPEN_INVITATIONS
from signaling.http.call import rfc3339
from signaling.server import Running, serving
from tests.signaling.api import EMAIL, Api
from tests.signaling.device import HARDWARE, Device
from tests.signaling.helpers import api_of, both_databases, quick_settings, secret_of
from tests.signaling.sharing import GUEST, confirmed_camera, grants, guest_of, link

LATER = rfc3339(time.time() + 3600)


async def test_a_link_says_what_it_offers_and_makes_a_guest(owner: Api) -> None:
    camera, _ = await confirmed_camera(owner)
    made = await owner.good("POST", f"/api/cameras/{camera}/invitations", {"scopes": ["live", "history"]})
    origin, _, secret = made["link"].partition("/#/accept/")
    assert origin == owner.origin and len(secret) == 22
    stranger = owner.another()
    offer = await stranger.good("POST", "/api/grants/check", {"invitation": secret})
    assert offer == {
        "camera_name": "Garden",
        "owner": EMAIL,
        "scopes": ["history", "live"],
        "history_since": None,
        "grant_expires_at": None,
        "signed": None,
    }
    assert [one["id"] for one in (await grants(owner, camera))["invitations"]] == [made["id"]]
    await stranger.register(secret, GUEST)
    shared = await grants(owner, camera)
    assert shared["invitations"] == []
    assert [(one["email"], one["scopes"]) for one in shared["grants"]] == [(GUEST, ["history", "live"])]
    assert (await stranger.call("POST", "/api/grants/check", {"invitation": secret})).code == "invitation_invalid"


async def test_who_has_an_account_accepts_with_it(owner: Api) -> None:
    camera, _ = await confirmed_camera(owner)
    guest = owner.another()
    await guest.register(await owner.invite(), GUEST)
    accepted = await guest.call(
        "POST", "/api/grants", {"invitation": await link(owner, camera, grant_expires_at=LATER)}
    )
    assert accepted.status == 201
    access = accepted.json["access"]
    assert (access["role"], access["owner"], access["scopes"]) == ("guest", EMAIL, ["live"])
    assert access["expires_at"][:19] == LATER[:19] and access["grant"]
    mine = (await owner.camera(camera))["access"]
    every = ["live", "talk", "history", "manage"]
    assert mine == {"role": "owner", "owner": EMAIL, "scopes": every, "expires_at": None, "grant": None}


async def test_a_guest_sees_the_camera_and_nothing_more(owner: Api) -> None:
    camera, _ = await confirmed_camera(owner)
    await confirmed_camera(owner, "Bedroom")
    await owner.good("POST", f"/api/cameras/{camera}/pairing", {"ssid": "Hillside"})
    guest = await guest_of(owner, camera)
    listed = (await guest.good("GET", "/api/cameras"))["cameras"]
    assert listed == [await guest.camera(camera)] and [one["name"] for one in listed] == ["Garden"]
    assert (listed[0]["pairing"], listed[0]["hardware_id"], listed[0]["local_ip"]) == (None, None, None)
    assert listed[0]["problem"] is None and (await owner.camera(camera))["hardware_id"] == HARDWARE
    assert (await guest.good("GET", "/api/audit"))["entries"][-1]["deed"] == "account_made"
    assert not (await guest.good("GET", "/api/me"))["administrator"]


OWNERS_ONLY: list[tuple[str, str, Any]] = [
    ("DELETE", "", None),
    ("POST", "/pairing", {"ssid": "x"}),
    ("DELETE", "/pairing", None),
    ("POST", "/confirm", {"mine": False}),
    ("POST", "/token", None),
    ("GET", "/grants", None),
    ("POST", "/invitations", {"scopes": ["live"]}),
    ("POST", "/qr.png", {"token": "x"}),
]


async def test_manage_renames_and_no_more(owner: Api) -> None:
    camera, _ = await confirmed_camera(owner)
    guest = await guest_of(owner, camera, "live", "manage")
    path = f"/api/cameras/{camera}"
    changed = await guest.good("PATCH", path, {"name": "Pond", "direct_viewers": 1})
    assert (changed["name"], changed["direct_viewers"], changed["access"]["role"]) == ("Pond", 1, "guest")
    assert (await owner.camera(camera))["name"] == "Pond"
    for method, rest, body in OWNERS_ONLY:
        assert (await guest.call(method, path + rest, body)).status == 404, (method, rest)
    assert (await guest.call("POST", "/api/socket-tickets", {"camera": camera})).code == "not_found"
    grant = (await grants(owner, camera))["grants"][0]["id"]
    assert (await guest.call("PATCH", f"/api/grants/{grant}", {"scopes": ["live"]})).code == "not_found"
    noted = (await owner.good("GET", f"/api/audit?camera={camera}&limit=1"))["entries"][0]
    assert (noted["deed"], noted["by"]) == ("camera_changed", GUEST)


async def test_without_manage_nothing_is_changed(owner: Api) -> None:
    camera, _ = await confirmed_camera(owner)
    guest = await guest_of(owner, camera, "live", "talk", "history")
    assert (await guest.call("PATCH", f"/api/cameras/{camera}", {"name": "Mine"})).code == "forbidden"
    assert (await owner.camera(camera))["name"] == "Garden"


async def test_the_owner_changes_and_revokes(owner: Api) -> None:
    camera, _ = await confirmed_camera(owner)
    guest = await guest_of(owner, camera)
    grant = f"/api/grants/{(await grants(owner, camera))['grants'][0]['id']}"
    changed = await owner.good("PATCH", grant, {"scopes": ["live", "manage", "live"], "expires_at": LATER})
    assert changed["scopes"] == ["live", "manage"] and changed["expires_at"] and changed["email"] == GUEST
    await guest.good("PATCH", f"/api/cameras/{camera}", {"name": "Pond"})
    assert (await owner.good("PATCH", grant, {"expires_at": None}))["expires_at"] is None
    assert (await owner.good("PATCH", grant, {}))["scopes"] == ["live", "manage"]
    await owner.good("PATCH", grant, {"expires_at": rfc3339(time.time() - 1)})
    assert (await guest.call("GET", f"/api/cameras/{camera}")).code == "not_found"
    assert (await guest.call("PATCH", f"/api/cameras/{camera}", {"name": "x"})).code == "not_found"
    assert len((await grants(owner, camera))["grants"]) == 1, "it can be given more time"
    await owner.good("PATCH", grant, {"expires_at": None})
    await owner.good("DELETE", grant)
    assert (await guest.good("GET", "/api/cameras"))["cameras"] == []
    assert (await owner.call("DELETE", grant)).code == "not_found"


async def test_a_guest_leaves(owner: Api) -> None:
    camera, _ = await confirmed_camera(owner)
    guest = await guest_of(owner, camera)
    other = await guest_of(owner, camera, email="other@example.org")
    grant = (await guest.camera(camera))["access"]["grant"]
    assert (await other.call("DELETE", f"/api/grants/{grant}")).code == "not_found"
    await guest.good("DELETE", f"/api/grants/{grant}")
    assert [one["email"] for one in (await grants(owner, camera))["grants"]] == ["other@example.org"]
    assert (await guest.call("GET", f"/api/cameras/{camera}")).code == "not_found"
    assert (await other.camera(camera))["id"] == camera


async def test_the_owner_finds_all_of_it_in_the_audit_log(owner: Api) -> None:
    camera, _ = await confirmed_camera(owner)
    withdrawn = await owner.good("POST", f"/api/cameras/{camera}/invitations", {"scopes": ["live"]})
    await owner.good("DELETE", f"/api/grant-invitations/{withdrawn['id']}")
    guest = await guest_of(owner, camera)
    grant = (await grants(owner, camera))["grants"][0]["id"]
    await owner.good("PATCH", f"/api/grants/{grant}", {"scopes": ["manage"]})
    await guest.good("DELETE", f"/api/grants/{grant}")
    await guest.good("POST", "/api/grants", {"invitation": await link(owner, camera)})
    grant = (await grants(owner, camera))["grants"][0]["id"]
    await owner.good("DELETE", f"/api/grants/{grant}")
    found = (await owner.good("GET", f"/api/audit?camera={camera}"))["entries"][::-1]
    places = {entry["by"]: entry["address"] for entry in found if entry["deed"].startswith("guest")}
    assert places == {EMAIL: "127.0.0.1", GUEST: ""}, "an owner is not told where a guest is"
    deeds = [(entry["deed"], entry["by"]) for entry in found if entry["deed"].startswith("guest")]
    assert deeds == [
        ("guest_invited", EMAIL),
        ("guest_invitation_withdrawn", EMAIL),
        ("guest_invited", EMAIL),
        ("guest_accepted", GUEST),
        ("guest_changed", EMAIL),
        ("guest_left", GUEST),
        ("guest_invited", EMAIL),
        ("guest_accepted", GUEST),
        ("guest_revoked", EMAIL),
    ]


async def test_ones_own_link_is_not_used_up(owner: Api) -> None:
    camera, _ = await confirmed_camera(owner)
    secret = await link(owner, camera)
    assert (await owner.call("POST", "/api/grants", {"invitation": secret})).code == "own_camera"
    guest = owner.another()
    await guest.register(secret, GUEST)
    again = await link(owner, camera, "manage")
    assert (await guest.call("POST", "/api/grants", {"invitation": again})).code == "already_shared"
    assert len((await grants(owner, camera))["invitations"]) == 1


async def test_grants_sleep_until_the_camera_is_confirmed(owner: Api) -> None:
    camera, token = await owner.add_camera()
    invitations = f"/api/cameras/{camera}/invitations"
    await Device(owner).activate(token)
    assert (await owner.call("POST", invitations, {"scopes": ["live"]})).code == "not_active"
    await owner.good("POST", f"/api/cameras/{camera}/confirm", {"mine": True})
    guest, waiting = await guest_of(owner, camera), await link(owner, camera)
    again = (await owner.good("POST", f"/api/cameras/{camera}/pairing", {}))["pairing"]["token"]
    assert (await guest.camera(camera))["confirmed"], "the old key works until the code is used"
    await Device(owner).activate(again)
    assert (await guest.call("GET", f"/api/cameras/{camera}")).code == "not_found"
    assert (await guest.good("GET", "/api/cameras"))["cameras"] == []
    other = owner.another()
    assert (await other.call("POST", "/api/grants/check", {"invitation": waiting})).code == "not_active"
    body = {"email": "other@example.org", "password": "correct horse battery", "invitation": waiting}
    assert (await other.call("POST", "/api/accounts", body)).code == "not_active"
    await owner.good("POST", f"/api/cameras/{camera}/confirm", {"mine": True})
    assert (await guest.camera(camera))["access"]["role"] == "guest"
    assert (await other.call("POST", "/api/accounts", body)).status == 201


@pytest.mark.parametrize(
    "body",
    [
        {"scopes": []},
        {"scopes": ["everything"]},
        {"scopes": ["live"] * 5},
        {},
        {"scopes": ["live"], "grant_expires_at": "2020-01-01T00:00:00Z"},
        {"scopes": ["live"], "grant_expires_at": "2030-01-01T00:00:00"},
        {"scopes": ["live"], "history_since": "0001-01-01T00:00:00+23:59"},
        {"scopes": ["live"], "history_since": "9999-12-31T23:59:59-23:59"},
        {"scopes": ["live"], "expires_at": None},
    ],
)
async def test_what_is_no_invitation_is_refused(owner: Api, body: dict[str, Any]) -> None:
    camera, _ = await confirmed_camera(owner)
    assert (await owner.call("POST", f"/api/cameras/{camera}/invitations", body)).code == "invalid_body"


async def test_strangers_find_nothing(owner: Api) -> None:
    camera, _ = await confirmed_camera(owner)
    secret = await link(owner, camera)
    invitation = (await grants(owner, camera))["invitations"][0]["id"]
    await guest_of(owner, camera)
    grant = (await grants(owner, camera))["grants"][0]["id"]
    other = owner.another()
    await other.register(await owner.invite(), "other@example.org")
    for method, path, body in (
        ("GET", f"/api/cameras/{camera}", None),
        ("GET", f"/api/cameras/{camera}/grants", None),
        ("POST", f"/api/cameras/{camera}/invitations", {"scopes": ["live"]}),
        ("DELETE", f"/api/grant-invitations/{invitation}", None),
        ("PATCH", f"/api/grants/{grant}", {"scopes": ["manage"]}),
        ("DELETE", f"/api/grants/{grant}", None),
    ):
        assert (await other.call(method, path, body)).code == "not_found", (method, path)
        assert (await owner.another().call(method, path, body)).status == 401
    for wrong in ("x" * 22, secret[:-1], secret + "x"):
        assert (await other.call("POST", "/api/grants", {"invitation": wrong})).code == "invitation_invalid"


async def test_bounds(owner: Api) -> None:
    camera, _ = await confirmed_camera(owner)
    secrets = [await link(owner, camera) for _ in range(MAX_OPEN_INVITATIONS)]
    path = f"/api/cameras/{camera}/invitations"
    assert (await owner.call("POST", path, {"scopes": ["live"]})).code == "too_many_invitations"
    for number in range(MAX_GRANTS_PER_CAMERA):
        secret = secrets.pop() if secrets else await link(owner, camera)
        await owner.another().register(secret, f"guest{number}@example.org")
    full = await link(owner, camera)
    body = {"email": "late@example.org", "password": "correct horse battery", "invitation": full}
    assert (await owner.another().call("POST", "/api/accounts", body)).code == "too_many_grants"


@pytest.fixture
async def running_on(tmp_path: Path, database_url: str) -> AsyncIterator[Running]:
    async with serving(quick_settings(tmp_path, database_url=database_url)) as server:
        yield server


@both_databases
async def test_exactly_one_acceptance_wins(running_on: Running, http: aiohttp.ClientSession) -> None:
    owner = await api_of(running_on, http)
    await owner.register(secret_of(running_on))
    camera, _ = await confirmed_camera(owner)
    guests = [owner.another() for _ in range(4)]
    for number, guest in enumerate(guests):
        await guest.register(await owner.invite(), f"guest{number}@example.org")
    secret = await link(owner, camera)
    strangers = [
        {"email": f"new{number}@example.org", "password": "correct horse battery", "invitation": secret}
        for number in range(4)
    ]
    answers = await asyncio.gather(
        *(guest.call("POST", "/api/grants", {"invitation": secret}) for guest in guests),
        *(owner.another().call("POST", "/api/accounts", body) for body in strangers),
    )
    assert sorted(answer.status for answer in answers) == [201] + [403] * 7, [answer.json for answer in answers]
    assert len((await grants(owner, camera))["grants"]) == 1
    logged = (await owner.good("GET", f"/api/audit?camera={camera}"))["entries"]
    assert [entry["deed"] for entry in logged].count("guest_accepted") == 1


@both_databases
async def test_two_links_at_once_make_one_grant(running_on: Running, http: aiohttp.ClientSession) -> None:
    owner = await api_of(running_on, http)
    await owner.register(secret_of(running_on))
    camera, _ = await confirmed_camera(owner)
    guest = owner.another()
    await guest.register(await owner.invite(), GUEST)
    secrets = [await link(owner, camera) for _ in range(4)]
    answers = await asyncio.gather(*(guest.call("POST", "/api/grants", {"invitation": one}) for one in secrets))
    assert sorted(answer.status for answer in answers) == [201, 409, 409, 409]
    shared = await grants(owner, camera)
    assert len(shared["grants"]) == 1 and len(shared["invitations"]) == 3
