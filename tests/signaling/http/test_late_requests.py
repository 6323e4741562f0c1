"""A session that ends while one of its requests is under way: what comes late does nothing any more."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from signaling.accounts import Caller
from signaling.http.routes import ROUTES
from signaling.refusals import Refused
from signaling.server import Running, serving
from signaling.store import audit, belongings
from tests.patience import eventually
from tests.servers import free_port
from tests.signaling.api import PASSWORD, Api
from tests.signaling.authenticator import Authenticator
from tests.signaling.factors import PROOF, nothing_to_spend, totp_on
from tests.signaling.helpers import quick_settings
from tests.signaling.sharing import confirmed_camera

NEW = "another horse battery"
CHANGE = {"current_password": PASSWORD, "new_password": NEW}
WITH_BODY = [route for route in ROUTES if route.auth == "account" and route.body is not None]


class HalfOpen:
    """A request of which the head and one byte of the body have been sent."""

    def __init__(self, method: str, path: str, body: bytes) -> None:
        self._head = f"{method} {path} HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        self._body = body

    async def begin(self, api: Api) -> "HalfOpen":
        place = urlsplit(api.origin)
        self._reader, self._writer = await asyncio.open_connection(place.hostname, place.port)
        head = f"{self._head}Host: {place.netloc}\r\nAuthorization: Bearer {api.token}\r\nConnection: close\r\n\r\n"
        self._writer.write(head.encode() + self._body[:1])
        return self

    async def finish(self) -> tuple[int, str]:
        """The status, and the whole answer."""
        self._writer.write(self._body[1:])
        answer = (await self._reader.read()).decode()
        self._writer.close()
        return int(answer.split()[1]), answer


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    """A server with a name, which passkeys need."""
    port = free_port()
    async with serving(quick_settings(tmp_path, port=port, public_url=f"http://localhost:{port}")) as server:
        yield server


@pytest.fixture
def let_in(running: Running, monkeypatch: pytest.MonkeyPatch) -> list[Caller | None]:
    """Whoever has been let in."""
    accounts, seen = running.services.accounts, []
    really = accounts.caller

    async def caller(token: str, *, now: float) -> Caller | None:
        seen.append(await really(token, now=now))
        return seen[-1]

    monkeypatch.setattr(accounts, "caller", caller)
    return seen


async def test_a_thief_who_sends_slowly_gets_no_link(owner: Api, let_in: list[Caller | None]) -> None:
    camera, _ = await confirmed_camera(owner)
    thief = owner.another()
    await thief.sign_in()
    let_in.clear()
    late = await HalfOpen("POST", f"/api/cameras/{camera}/invitations", b'{"scopes":["live"]}').begin(thief)
    await eventually(lambda: len(let_in) == 1)
    await owner.good("PUT", "/api/me/password", CHANGE)
    status, answer = await late.finish()
    assert status == 401 and '"unauthorized"' in answer
    assert (await owner.good("GET", f"/api/cameras/{camera}/grants"))["invitations"] == []


async def test_no_route_takes_a_body_from_a_session_that_has_ended(owner: Api, let_in: list[Caller | None]) -> None:
    let_in.clear()
    paths = [(route.method, route.path.replace("{id}", "any")) for route in WITH_BODY]
    late = [await HalfOpen(method, path, b"{}").begin(owner) for method, path in paths]
    await eventually(lambda: len(let_in) == len(late))
    await owner.good("DELETE", "/api/sessions")
    answers = {path: (await request.finish())[0] for path, request in zip(paths, late, strict=True)}
    assert len(answers) > 15 and set(answers.values()) == {401}, answers


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/api/me/password", CHANGE),
        ("DELETE", "/api/me", PROOF),
        ("POST", "/api/me/totp", PROOF),
        ("POST", "/api/me/totp/off", PROOF),
        ("POST", "/api/me/recovery-codes", PROOF),
        ("POST", "/api/me/passkey-challenges", PROOF),
    ],
)
async def test_nobody_acts_who_was_signed_out_while_the_password_was_checked(
    running: Running, owner: Api, monkeypatch: pytest.MonkeyPatch, method: str, path: str, body: dict[str, str]
) -> None:
    _, codes = await totp_on(owner)
    passwords = running.services.accounts._passwords
    really, checked, go_on = passwords.check, asyncio.Event(), asyncio.Event()

    async def check(password: str, password_hash: str | None, *, whose: str) -> bool:
        right = await really(password, password_hash, whose=whose)
        checked.set()
        await go_on.wait()
        return right

    monkeypatch.setattr(passwords, "check", check)
    asking = asyncio.create_task(owner.call(method, path, body | {"code": codes[0]}))
    await checked.wait()
    await owner.good("DELETE", "/api/sessions")
    go_on.set()
    assert (await asking).code == "unauthorized"
    async with running.services.store.read() as connection:
        newest = await audit.newest(connection)
    assert newest is not None and newest.deed == "signed_out"


async def test_what_was_asked_for_before_the_end_of_a_session_is_refused_after_it(running: Running, owner: Api) -> None:
    """Deeds that waited for something else than a password."""
    services, now = running.services, running.services.clock()
    caller = await services.accounts.caller(owner.token, now=now)
    assert caller is not None
    await owner.good("POST", "/api/me/totp", PROOF)
    key = Authenticator(owner.origin)
    options = (await owner.good("POST", "/api/me/passkey-challenges", PROOF))["options"]
    await owner.good("DELETE", "/api/sessions")
    for late in (
        services.factors.confirm_app(caller, "123456", now=now),
        services.factors.add_passkey(caller, "Phone", key.create(options), passkey_id="any", now=now),
        services.accounts.change_password(caller, NEW, nothing_to_spend, now=now),
        services.accounts.delete(caller, nothing_to_spend, now=now),
    ):
        with pytest.raises(Refused) as refused:
            await late
        assert refused.value.code == "unauthorized"


async def test_an_export_breaks_off_with_its_session(
    running: Running, owner: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow reader holds it open for as long as he likes."""
    really, began = belongings.rows_of, asyncio.Event()

    async def rows_of(connection: AsyncConnection, account_id: str, table: Table, *, skip: int) -> list[dict[str, Any]]:
        if not began.is_set():
            began.set()
            await running.services.accounts.end_all_logins(account_id, now=running.services.clock())
        return await really(connection, account_id, table, skip=skip)

    monkeypatch.setattr(belongings, "rows_of", rows_of)
    with pytest.raises(aiohttp.ClientError):
        await owner.call("GET", "/api/me/export")
