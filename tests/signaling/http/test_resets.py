"""Forgotten passwords: a link by mail, that says nothing to whoever asks, works once, and ends what was."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from signaling import resets
from signaling.rates import RULES
from signaling.resets import LINK_SECONDS, MAX_WAITING
from signaling.server import Running, serving
from signaling.store import audit
from tests.patience import eventually
from tests.signaling.api import EMAIL, PASSWORD, Api
from tests.signaling.factors import totp_on
from tests.signaling.helpers import api_of, both_databases, quick_settings, secret_of
from tests.smtp import Mailbox, mailbox, next_letter

NEW = "another horse battery"
NOBODY = "nobody@example.org"


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as made:
        yield made


@pytest.fixture
async def running(tmp_path: Path, box: Mailbox) -> AsyncIterator[Running]:
    """A server that sends mail."""
    settings = quick_settings(tmp_path, smtp_url=box.url, mail_from="belvedere@example.org")
    async with serving(settings) as server:
        yield server


async def asked(api: Api, box: Mailbox, email: str = EMAIL) -> str:
    """The secret of a link that has come by mail."""
    before = len(box.letters)
    await api.good("POST", "/api/password-resets", {"email": email})
    await next_letter(box, before)
    return box.secret


async def use(api: Api, secret: str, password: str = NEW) -> str | None:
    """The code of the answer; None where the password was set."""
    answer = await api.call("POST", "/api/password-resets/use", {"reset": secret, "new_password": password})
    return answer.code


async def deeds(api: Api) -> list[str]:
    return [entry["deed"] for entry in (await api.good("GET", "/api/audit"))["entries"]]


async def test_a_link_by_mail_sets_a_password_once(owner: Api, stranger: Api, box: Mailbox) -> None:
    assert (await stranger.good("GET", "/api/setup"))["password_reset"] == "mail"
    secret = await asked(stranger, box, f" {EMAIL.upper()} ")
    assert box.letters[-1]["To"] == EMAIL and f"{owner.origin}/#/reset/{secret}" in box.text
    assert "If it was not you, do nothing" in box.text and len(box.text.splitlines()) < 15
    assert (await stranger.call("POST", "/api/password-resets/check", {"reset": secret})).status == 204
    assert await use(stranger, secret, "12345678") == "password_unsuitable"
    assert await use(stranger, secret) is None
    assert await use(stranger, secret, "a third horse battery") == "reset_invalid"
    assert (await owner.call("GET", "/api/me")).code == "unauthorized"
    old = await stranger.call("POST", "/api/sessions", {"email": EMAIL, "password": PASSWORD})
    assert old.code == "credentials_wrong"
    await owner.sign_in(password=NEW)
    told = [deed for deed in await deeds(owner) if deed != "sign_in_failed"]
    assert told[:3] == ["signed_in", "password_reset", "reset_link_made"]


async def test_a_link_ends_with_the_sessions_that_a_change_ends(owner: Api, stranger: Api, box: Mailbox) -> None:
    """Whoever reads the mail, or read it, has nothing in hand any more."""
    secret = await asked(stranger, box)
    await owner.good("PUT", "/api/me/password", {"current_password": PASSWORD, "new_password": NEW})
    assert await use(stranger, secret, "a third horse battery") == "reset_invalid"
    await owner.good("PUT", "/api/me/password", {"current_password": NEW, "new_password": PASSWORD})
    secret = await asked(stranger, box)
    await totp_on(owner)
    assert await use(stranger, secret) == "reset_invalid"


async def test_who_asks_learns_nothing(running: Running, owner: Api, stranger: Api, box: Mailbox) -> None:
    """The same answer, before anybody has looked; and only the account's own address gets a letter."""
    answers = [await stranger.call("POST", "/api/password-resets", {"email": email}) for email in (NOBODY, EMAIL)]
    assert {(answer.status, answer.data) for answer in answers} == {(204, b"")}
    await next_letter(box)
    assert [letter["To"] for letter in box.letters] == [EMAIL]


async def test_asking_touches_no_database(running: Running, owner: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Time tells nothing, because nothing is done."""

    async def busy(_self: object, _send: object, _email: str) -> None:
        raise AssertionError("not while somebody waits for the answer")

    asked_for = running.services.resets
    monkeypatch.setattr(type(asked_for), "_send", busy)
    for email in (NOBODY, EMAIL, "\0@example.org", "x" * 9):
        asked_for.ask(email, "192.0.2.1")
    assert asked_for._asked.qsize() == 4
    for _ in range(MAX_WAITING + 5):
        asked_for.ask(EMAIL, "192.0.2.1")
    assert asked_for._asked.qsize() == MAX_WAITING


async def test_a_newer_link_ends_the_older(owner: Api, stranger: Api, box: Mailbox) -> None:
    older = await asked(stranger, box)
    newer = await asked(stranger, box)
    assert await use(stranger, older) == "reset_invalid" and await use(stranger, newer) is None


async def test_a_link_ends_after_an_hour(running: Running, owner: Api, stranger: Api, box: Mailbox) -> None:
    secret, services = await asked(stranger, box), running.services
    await services.resets.check(secret, now=services.clock() + LINK_SECONDS - 60)
    with pytest.raises(resets.Refused):
        await services.resets.use(secret, NEW, now=services.clock() + LINK_SECONDS + 1)
    await services.resets.delete_ended(now=services.clock() + LINK_SECONDS + 1)
    assert await use(stranger, secret) == "reset_invalid"


@both_databases
async def test_of_many_at_once_one_wins(tmp_path: Path, database_url: str, http: aiohttp.ClientSession) -> None:
    async with serving(quick_settings(tmp_path / "many", database_url=database_url)) as server:
        owner = await api_of(server, http)
        await owner.register(secret_of(server))
        link = await server.services.resets.make_link(EMAIL, now=server.services.clock())
        assert link is not None
        passwords = [f"{word} horse battery" for word in ("violet", "wooden", "hollow", "gentle")]
        codes = await asyncio.gather(*(use(owner, link.rpartition("/")[2], password) for password in passwords))
        assert sorted(map(str, codes)) == ["None", "reset_invalid", "reset_invalid", "reset_invalid"]
        await owner.sign_in(password=passwords[codes.index(None)])


async def test_no_secret_is_kept_or_logged(
    running: Running, owner: Api, stranger: Api, box: Mailbox, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    secret = await asked(stranger, box)
    box.refuse = True
    await stranger.good("POST", "/api/password-resets", {"email": EMAIL})
    said = ""

    def is_said() -> bool:
        nonlocal said
        said += capsys.readouterr().out
        return "reset_not_sent" in said

    await eventually(is_said)
    assert "SMTPDataError 550" in said and EMAIL not in said and not re.search(r"/#/reset/", said)
    async with running.services.store.read() as connection:
        assert secret not in str([entry async for page in audit.pages(connection) for entry in page])
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("belvedere.sqlite3*"))
    assert kept and secret.encode() not in kept


@pytest.mark.usefixtures("standing_rates")
async def test_letters_are_limited_per_account_and_address(
    tmp_path: Path, box: Mailbox, http: aiohttp.ClientSession
) -> None:
    settings = quick_settings(tmp_path / "limited", smtp_url=box.url, mail_from="b@example.org", rate_limits=True)
    async with serving(settings) as server:
        owner = await api_of(server, http)
        await owner.register(secret_of(server))
        body, per_minute = {"email": EMAIL}, RULES["reset"][0].amount
        codes = [(await owner.call("POST", "/api/password-resets", body)).code for _ in range(per_minute + 1)]
        assert codes == [None] * per_minute + ["too_many_requests"]
        asked_for = server.services.resets
        asked_for.ask(EMAIL, "192.0.2.1")
        await eventually(lambda: asked_for._asked.empty())
        per_account = RULES["reset_account"][0].amount
        await next_letter(box, per_account - 1)
        assert len(box.letters) == per_account < per_minute


async def test_without_a_mail_server_a_command_makes_the_link(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    async with serving(quick_settings(tmp_path / "silent")) as server:
        owner = await api_of(server, http)
        await owner.register(secret_of(server))
        assert (await owner.good("GET", "/api/setup"))["password_reset"] == "administrator"
        assert (await owner.call("POST", "/api/password-resets", {"email": EMAIL})).code == "no_mail"


async def test_whoever_read_the_mail_is_known_from_now_on(running: Running, owner: Api, box: Mailbox) -> None:
    """And nobody else: a thief's browser may have been."""
    body = {"email": EMAIL, "password": PASSWORD}
    before = (await owner.another().call("POST", "/api/sessions", body)).json["device"]
    secret = await asked(owner, box)
    used = await owner.another().call("POST", "/api/password-resets/use", {"reset": secret, "new_password": NEW})
    body["password"] = NEW
    kept = [
        (await owner.another().call("POST", "/api/sessions", body | {"device": device})).json["device"]
        for device in (used.json["device"], before)
    ]
    assert kept[0] == used.json["device"] and kept[1] != before
    secret = await asked(owner, box)
    cookie = {"reset": secret, "new_password": PASSWORD, "cookie": True}
    answer = await owner.another().call("POST", "/api/password-resets/use", cookie)
    assert answer.json["device"] is None and "belvedere_device=" in answer.headers["Set-Cookie"]
    assert "HttpOnly" in answer.headers["Set-Cookie"]
