"""`GET /api/audit`: an owner finds there what was done, and nobody else's deeds."""

from typing import Any

import pytest

from signaling.audit import NO_ENTRY, follow
from signaling.server import Running
from signaling.store import audit
from tests.patience import eventually
from tests.signaling.api import EMAIL, PASSWORD, Api
from tests.signaling.factors import totp_on


async def entries(api: Api, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await api.good("GET", f"/api/audit{query}"))["entries"]
    return found


async def test_an_owner_reads_what_was_done(owner: Api) -> None:
    camera, _ = await owner.add_camera("Yard")
    await owner.good("PATCH", f"/api/cameras/{camera}", {"name": "Garden"})
    await owner.good("DELETE", f"/api/cameras/{camera}")
    found = await entries(owner)
    deeds = [entry["deed"] for entry in reversed(found)]
    assert deeds == ["account_made", "signed_in", "camera_added", "camera_changed", "camera_removed"]
    assert {entry["by"] for entry in found} == {EMAIL} and {entry["address"] for entry in found} == {"127.0.0.1"}
    assert [entry["details"] for entry in found[:2]] == [{"name": "Garden"}, {"name": "Garden"}]
    assert [entry["deed"] for entry in await entries(owner, f"?camera={camera}")] == deeds[:1:-1]


async def test_page_by_page(owner: Api) -> None:
    for number in range(5):
        await owner.good("PATCH", "/api/me", {"ways": "auto" if number % 2 else "never_relay"})
    every = [entry["number"] for entry in await entries(owner)]
    first = await owner.good("GET", "/api/audit?limit=3")
    last = first["entries"][-1]["number"]
    second = await owner.good("GET", f"/api/audit?limit=200&before={last}")
    assert [entry["number"] for entry in first["entries"] + second["entries"]] == every and len(every) == 7
    assert first["more"] and not second["more"]


async def test_a_query_that_makes_no_sense_is_refused(owner: Api) -> None:
    for query in ("?limit=0", "?limit=x", "?limit=9999", "?before=0", "?camera=%00", "?unknown=1", "?limit=1&limit=2"):
        assert (await owner.call("GET", "/api/audit" + query)).code == "invalid_query", query


async def test_nobody_reads_anothers(running: Running, owner: Api) -> None:
    invitation = await owner.invite()
    other = owner.another()
    await other.register(invitation, "other@example.org")
    assert {entry["by"] for entry in await entries(other)} == {"other@example.org"}
    assert "other@example.org" not in str(await entries(owner))
    assert (await owner.another().call("GET", "/api/audit")).status == 401


async def test_wrong_passwords_are_noted_once(running: Running, owner: Api) -> None:
    wrong = {"email": EMAIL, "password": "not the right one"}
    for _ in range(5):
        assert (await owner.another().call("POST", "/api/sessions", wrong)).code == "credentials_wrong"
    notes = running.services.accounts.notes
    await eventually(lambda: not notes)
    failures = [entry for entry in await entries(owner) if entry["deed"] == "sign_in_failed"]
    assert [entry["by"] for entry in failures] == ["visitor"]


@pytest.mark.parametrize(
    ("method", "path", "wrong"),
    [
        ("PUT", "/api/me/password", {"current_password": "x", "code": "x", "new_password": "another horse battery"}),
        ("DELETE", "/api/me", {"password": "x", "code": "x"}),
        ("POST", "/api/me/totp/off", {"password": PASSWORD, "code": "AAAA-BBBB-CCCC"}),
    ],
)
async def test_wrong_proofs_of_somebody_signed_in_are_noted_once(
    running: Running, owner: Api, method: str, path: str, wrong: dict[str, str]
) -> None:
    """A stolen session that guesses is seen."""
    await totp_on(owner)
    for _ in range(3):
        assert (await owner.call(method, path, wrong)).code in {"credentials_wrong", "second_factor_wrong"}
    notes = running.services.accounts.notes
    await eventually(lambda: not notes)
    failures = [entry for entry in await entries(owner) if entry["deed"] == "proof_failed"]
    assert [(entry["by"], entry["address"]) for entry in failures] == [(EMAIL, "127.0.0.1")]


async def test_the_whole_chain_of_a_server_holds(running: Running, owner: Api) -> None:
    await owner.add_camera()
    head = NO_ENTRY
    async with running.services.store.read() as connection:
        async for page in audit.pages(connection):
            head = follow(head, page)
    assert head.number == 3
