"""The end of an account: what it takes along, what it may carry away before, and who must stay."""

import asyncio
import itertools
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from signaling.audit import NO_ENTRY, follow
from signaling.housekeeping import _forget_old_deeds
from signaling.server import Running, serving
from signaling.store import audit, belongings
from signaling.store.schema import metadata
from tests.signaling.api import EMAIL, PASSWORD, Api
from tests.signaling.device import Device
from tests.signaling.factors import nothing_to_spend, totp_on
from tests.signaling.helpers import api_of, both_databases, quick_settings, secret_of
from tests.signaling.http.test_events import stream
from tests.signaling.sharing import confirmed_camera, link
from tests.signaling.trust.people import name
from tests.signaling.trusting import introduced, ring_at, ring_of

GUEST = "guest@example.org"
GOODBYE = {"password": PASSWORD}


@pytest.fixture
async def guest(owner: Api) -> Api:
    """Somebody who is no administrator, with a camera and a code."""
    api = owner.another()
    await api.register(await owner.invite(), GUEST)
    _, token = await api.add_camera("Guest's garden")
    await Device(api).activate(token)
    return api


async def exported(api: Api) -> dict[str, Any]:
    data: dict[str, Any] = (await api.good("GET", "/api/me/export"))["data"]
    return data


@both_databases
async def test_nothing_of_an_account_stays(tmp_path: Path, database_url: str, http: aiohttp.ClientSession) -> None:
    async with serving(quick_settings(tmp_path, database_url=database_url)) as server:
        owner = await api_of(server, http)
        await owner.register(secret_of(server))
        guest = owner.another()
        await guest.register(await owner.invite(), GUEST)
        given, _ = await confirmed_camera(guest, "Guest's garden")
        await guest.good("POST", f"/api/cameras/{given}/transfer")
        account = (await guest.good("GET", "/api/me"))["id"]
        camera, _ = await confirmed_camera(owner)
        await guest.good("POST", "/api/grants", {"invitation": await link(owner, camera)})
        await ring_at(guest, "phone")
        said = introduced(await ring_of(guest), camera, name("camera"), name("owner"))
        await guest.good("PUT", f"/api/cameras/{camera}/introduction", {"statement": said})
        asked = {"key": name("tablet"), "proof": name("tablet"), "label": "Tablet"}
        await guest.good("POST", "/api/me/installations", asked)
        app, _ = await totp_on(guest)
        before = await exported(owner)
        assert {table for table, rows in (await exported(guest)).items() if not rows} == {
            "invitations",
            "grant_invitations",
            "resets",
            "passkeys",
        }
        gone = await guest.call("DELETE", "/api/me", GOODBYE | {"code": app.now()})
        assert gone.status == 204
        async with server.services.store.read() as connection:
            for table in metadata.sorted_tables:
                left = await belongings.rows_of(connection, account, table, skip=0)
                assert [row for row in left if row.get("body", row)] == [], table.name
        after = await exported(owner)
        said = after.pop("audit")
        assert said[:-2] == before.pop("audit"), "and two more: the guest has left, and this export"
        assert [entry["deed"] for entry in said[-2:]] == ["guest_left", "exported"]
        assert after == before | {"grants": []}
        assert (await guest.call("GET", "/api/me")).code == "unauthorized"
        again = await guest.call("POST", "/api/sessions", {"email": GUEST, "password": PASSWORD})
        assert again.code == "credentials_wrong"
        await guest.another().register(await owner.invite(), GUEST)


async def test_the_log_keeps_its_chain_and_loses_the_words(running: Running, owner: Api, guest: Api) -> None:
    account = (await guest.good("GET", "/api/me"))["id"]
    await guest.good("DELETE", "/api/me", GOODBYE)
    async with running.services.store.read() as connection:
        entries = [entry async for page in audit.pages(connection) for entry in page]
        assert await audit.wrongly_erased(connection, running.services.clock()) is None
    follow(NO_ENTRY, entries)
    theirs = [entry for entry in entries if entry.account_id == account]
    assert [entry.deed for entry in theirs][-1] == "account_deleted"
    assert {entry.body for entry in theirs} == {None}
    assert GUEST not in str(entries) and EMAIL in str(entries)


async def test_a_deed_under_way_leaves_nothing_either(running: Running, owner: Api, guest: Api) -> None:
    """Requests that were let in before the account was gone, and entries that nobody could foresee."""
    accounts, now = running.services.accounts, running.services.clock()
    login = (await guest.good("GET", "/api/sessions"))["sessions"][0]["id"]
    caller = await accounts.caller_by_login(login, now=now)
    assert caller is not None
    await guest.good("DELETE", "/api/me", GOODBYE)
    for late in (
        accounts.change_ways(caller.account, "never_relay", now=now),
        accounts.end_all_logins(caller.account.id, now=now),
        accounts.change_password(caller, "another horse battery", nothing_to_spend, now=now),
        accounts.delete(caller, nothing_to_spend, now=now),
    ):
        with pytest.raises(Exception, match=r"deleted|elsewhere"):
            await late
    async with running.services.store.write() as connection:
        await audit.record(connection, caller.account.id, "signed_out", now=now)
    await _forget_old_deeds(running.services, now)
    async with running.services.store.read() as connection:
        entries = [entry async for page in audit.pages(connection) for entry in page]
    assert {entry.body for entry in entries if entry.account_id == caller.account.id} == {None}


async def test_a_session_alone_does_not_end_it(guest: Api) -> None:
    assert (await guest.call("DELETE", "/api/me", {"password": "not this one"})).code == "credentials_wrong"
    assert (await guest.call("DELETE", "/api/me")).code == "proof_required"
    assert (
        await guest.call("PUT", "/api/me/password", {"new_password": "another horse battery"})
    ).code == "proof_required"
    assert (await guest.good("GET", "/api/me"))["email"] == GUEST


async def test_streams_end_with_the_account(owner: Api, guest: Api) -> None:
    async with stream(guest) as reader:
        await reader.next()
        await guest.good("DELETE", "/api/me", GOODBYE)
        async with asyncio.timeout(1.0):
            while (await reader.next())[0] != "session_ended":
                pass
            assert await reader.at_end()


async def test_the_last_administrator_stays_while_somebody_needs_one(owner: Api, guest: Api) -> None:
    answer = await owner.call("DELETE", "/api/me", GOODBYE)
    assert (answer.status, answer.code) == (409, "last_administrator")
    assert "the only administrator" in answer.json["detail"]
    await guest.good("DELETE", "/api/me", GOODBYE)
    await owner.good("DELETE", "/api/me", GOODBYE)


async def test_a_server_without_anybody_begins_anew(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    settings = quick_settings(tmp_path)
    async with serving(settings) as server:
        owner = await api_of(server, http)
        await owner.register(secret_of(server))
        await owner.good("DELETE", "/api/me", GOODBYE)
        assert (await owner.good("GET", "/api/setup"))["administrator_exists"] is False
    async with serving(settings) as server:
        await (await api_of(server, http)).register(secret_of(server), "next@example.org")


async def test_the_cookie_goes_too(guest: Api) -> None:
    body = {"email": GUEST, "password": PASSWORD, "cookie": True}
    browser = guest.another()
    cookie = (await browser.call("POST", "/api/sessions", body)).headers["Set-Cookie"].partition(";")[0]
    sent = {"Cookie": cookie, "Origin": guest.origin}
    gone = await browser.call("DELETE", "/api/me", GOODBYE, headers=sent)
    assert gone.status == 204 and 'belvedere_session=""' in gone.headers["Set-Cookie"]


async def test_an_export_holds_everything_and_no_secret(running: Running, owner: Api, guest: Api) -> None:
    answer = await guest.call("GET", "/api/me/export")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="belvedere-export.json"', "whoever asks"
    assert answer.headers["Cache-Control"] == "no-store"
    data = answer.json["data"]
    assert data["accounts"][0]["email"] == GUEST and data["cameras"][0]["name"] == "Guest's garden"
    assert data["cameras"][0]["capabilities"] == {} and data["pairings"][0]["ssid"] == "Hillside"
    assert data["logins"][0]["address"] == "127.0.0.1" and data["logins"][0]["created_at"].endswith("Z")
    assert [entry["deed"] for entry in data["audit"]] == [
        "account_made",
        "signed_in",
        "camera_added",
        "camera_activated",
        "exported",
    ]
    assert data["audit"][0]["body"]["by"] == GUEST and data["audit"][0]["at"].endswith("Z")
    assert EMAIL not in str(data) and "_hash" not in str(data)
    assert (await guest.call("HEAD", "/api/me/export")).data == b""
    assert (await exported(guest))["audit"][:-1] == data["audit"], "and one more for this one; none for HEAD"


async def test_a_long_log_is_exported_to_its_end(running: Running, owner: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(belongings, "AT_MOST", 3)
    ways = itertools.cycle(("never_relay", "auto"))
    for entries in (3, 4, 6, 7):
        while len((await owner.good("GET", "/api/audit?limit=50"))["entries"]) < entries - 1:
            await owner.good("PATCH", "/api/me", {"ways": next(ways)})
        numbers = [entry["number"] for entry in (await exported(owner))["audit"]]
        assert numbers == list(range(1, entries + 1))


@pytest.mark.usefixtures("standing_rates")
async def test_exports_are_limited(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    async with serving(quick_settings(tmp_path, rate_limits=True)) as server:
        owner = await api_of(server, http)
        await owner.register(secret_of(server))
        codes = [(await owner.call("GET", "/api/me/export")).code for _ in range(7)]
        assert codes == [None] * 6 + ["too_many_requests"]
