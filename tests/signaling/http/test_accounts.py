"""Accounts over REST: registering, signing in and out, revocation at once."""

import asyncio
import statistics
import time
from pathlib import Path

import aiohttp
import pytest

from signaling.accounts import MAX_LOGINS
from signaling.protocol.identity import token_hash
from signaling.rates import RULES
from signaling.refusals import Refused
from signaling.server import Running, serving
from signaling.store.rows import Login
from tests.signaling.api import EMAIL, PASSWORD, Api
from tests.signaling.helpers import api_of, quick_settings, secret_of


async def test_first_start_link_makes_the_administrator_once(running: Running, stranger: Api) -> None:
    assert (await stranger.good("GET", "/api/setup"))["administrator_exists"] is False
    await stranger.register(secret_of(running))
    assert (await stranger.good("GET", "/api/me"))["administrator"] is True
    body = {"email": "second@example.org", "password": PASSWORD, "invitation": secret_of(running)}
    again = await stranger.another().call("POST", "/api/accounts", body)
    assert (again.status, again.code) == (403, "invitation_invalid")
    assert (await stranger.good("GET", "/api/setup"))["administrator_exists"] is True


async def test_a_link_raced_for_makes_one_administrator(running: Running, stranger: Api) -> None:
    async def register(number: int) -> int:
        body = {"email": f"p{number}@example.org", "password": PASSWORD, "invitation": secret_of(running)}
        return (await stranger.another().call("POST", "/api/accounts", body)).status

    statuses = await asyncio.gather(*(register(number) for number in range(20)))
    assert sorted(statuses) == [201] + [403] * 19


async def test_registration_is_closed_without_an_invitation(owner: Api) -> None:
    guest = owner.another()
    refused = await guest.call("POST", "/api/accounts", {"email": "a@example.org", "password": PASSWORD})
    assert (refused.status, refused.code) == (403, "registration_closed")
    await guest.register(await owner.invite(), "a@example.org")
    assert (await guest.good("GET", "/api/me"))["administrator"] is False
    assert (await guest.call("POST", "/api/invitations")).code == "forbidden"


async def test_a_taken_email_leaves_the_invitation_open(owner: Api) -> None:
    invitation = await owner.invite()
    guest = owner.another()
    body = {"email": f" {EMAIL.upper()} ", "password": PASSWORD, "invitation": invitation}
    assert (await guest.call("POST", "/api/accounts", body)).code == "email_taken"
    await guest.register(invitation, "other@example.org")


async def test_open_registration(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    async with serving(quick_settings(tmp_path, registration="open")) as server:
        api = await api_of(server, http)
        await api.good("POST", "/api/accounts", {"email": "a@example.org", "password": PASSWORD})
        await api.sign_in("a@example.org")
        assert (await api.good("GET", "/api/me"))["administrator"] is False


@pytest.mark.parametrize("password", ["short", "12345678", "aaaaaaaaaaaa", "Passw0rd!", "a@example.org"])
async def test_passwords_that_are_no_use(owner: Api, password: str) -> None:
    body = {"email": "a@example.org", "password": password, "invitation": await owner.invite()}
    assert (await owner.another().call("POST", "/api/accounts", body)).code == "password_unsuitable"


@pytest.mark.parametrize("email", ["nobody", "@example.org", "a b@example.org", "a@b@c", "\u200b@x\u2028.org"])
async def test_emails_that_are_none(owner: Api, email: str) -> None:
    body = {"email": email, "password": PASSWORD, "invitation": await owner.invite()}
    assert (await owner.another().call("POST", "/api/accounts", body)).code == "email_invalid"


@pytest.mark.parametrize("email", ["a\r\nBcc:b@x.org", "a\nb@x.org", "a@x.org\rBcc:b", "a@x.org\x00"])
async def test_emails_that_would_begin_a_line_of_a_letters_head(owner: Api, email: str) -> None:
    body = {"email": email, "password": PASSWORD, "invitation": await owner.invite()}
    for path in ("/api/accounts", "/api/password-resets"):
        answer = await owner.another().call("POST", path, body if path == "/api/accounts" else {"email": email})
        assert (answer.status, answer.code) == (400, "invalid_body")


async def test_long_passphrases_and_nul_count_to_the_end(owner: Api) -> None:
    long = "correct horse " * 40
    for email, right, wrong in (
        ("long@example.org", long + "x", long + "y"),
        ("nul@example.org", "violet tractor\0x", "violet tractor\0y"),
    ):
        await owner.another().register(await owner.invite(), email, right)
        answer = await owner.another().call("POST", "/api/sessions", {"email": email, "password": wrong})
        assert answer.code == "credentials_wrong"


async def test_unknown_account_and_wrong_password_look_the_same(owner: Api) -> None:
    wrong = {"email": EMAIL, "password": "not the password"}
    unknown = {"email": "nobody@example.org", "password": "not the password"}
    answers = [await owner.another().call("POST", "/api/sessions", body) for body in (wrong, unknown)]
    assert answers[0].status == answers[1].status == 401
    assert answers[0].data == answers[1].data


async def test_they_also_take_the_same_work(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    """At a cost where hashing is most of the work, medians differ by less than half; without the dummy, by 20 times.
    Work of this process: that of others, which share its processors, is none of theirs."""
    async with serving(quick_settings(tmp_path, bcrypt_cost=9)) as server:
        api = await api_of(server, http)
        await api.register(secret_of(server))
        times: dict[str, list[float]] = {EMAIL: [], "nobody@example.org": []}
        for _ in range(7):
            for email, taken in times.items():
                started = time.process_time()
                await api.call("POST", "/api/sessions", {"email": email, "password": "not the password"})
                taken.append(time.process_time() - started)
        known, unknown = (statistics.median(taken) for taken in times.values())
        assert 0.5 < known / unknown < 2.0


async def test_logout_is_at_once_and_for_this_session_alone(owner: Api) -> None:
    other = owner.another()
    await other.sign_in()
    await owner.good("DELETE", "/api/sessions/current")
    assert (await owner.call("GET", "/api/me")).status == 401
    assert (await other.good("GET", "/api/me"))["email"] == EMAIL


async def test_sessions_are_listed_and_ended_one_by_one_or_all(owner: Api) -> None:
    others = [owner.another() for _ in range(3)]
    for other in others:
        await other.sign_in()
    listed = (await owner.good("GET", "/api/sessions"))["sessions"]
    assert len(listed) == 4 and [session["current"] for session in listed].count(True) == 1
    newest = listed[0]
    await owner.good("DELETE", f"/api/sessions/{newest['id']}")
    assert (await others[2].call("GET", "/api/me")).status == 401
    assert (await owner.call("DELETE", f"/api/sessions/{newest['id']}")).status == 404
    await owner.good("DELETE", "/api/sessions")
    assert [(await api.call("GET", "/api/me")).status for api in (owner, *others)] == [401] * 4


async def test_nobody_ends_the_session_of_somebody_else(owner: Api) -> None:
    guest = owner.another()
    await guest.register(await owner.invite(), "guest@example.org")
    theirs = (await owner.good("GET", "/api/sessions"))["sessions"][0]["id"]
    assert (await guest.call("DELETE", f"/api/sessions/{theirs}")).status == 404
    await owner.good("GET", "/api/me")


async def test_a_new_password_ends_all_other_sessions(owner: Api) -> None:
    other = owner.another()
    await other.sign_in()
    body = {"current_password": "wrong one", "new_password": "another horse battery"}
    assert (await owner.call("PUT", "/api/me/password", body)).code == "credentials_wrong"
    await owner.good("PUT", "/api/me/password", body | {"current_password": PASSWORD})
    assert (await other.call("GET", "/api/me")).status == 401
    await owner.good("GET", "/api/me")
    assert (await other.another().call("POST", "/api/sessions", {"email": EMAIL, "password": PASSWORD})).status == 401
    await other.another().sign_in(password="another horse battery")


async def test_the_oldest_session_makes_room(owner: Api) -> None:
    for _ in range(MAX_LOGINS):
        await owner.another().sign_in()
    assert (await owner.call("GET", "/api/me")).status == 401


async def test_cookie_is_private_and_needs_our_own_page(owner: Api) -> None:
    body = {"email": EMAIL, "password": PASSWORD, "cookie": True}
    answer = await owner.another().call("POST", "/api/sessions", body)
    assert answer.json["token"] is None
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/" in cookie and "Secure" not in cookie
    browser = owner.another()
    sent = {"Cookie": cookie.partition(";")[0]}
    assert (await browser.call("GET", "/api/me", headers=sent)).status == 200
    add = {"name": "A", "model": "B"}
    for origin in (None, "https://evil.example", "null", owner.origin + ".evil.example"):
        foreign = sent | ({"Origin": origin} if origin else {})
        assert (await browser.call("POST", "/api/cameras", add, headers=foreign)).code == "origin_refused"
    ours = sent | {"Origin": owner.origin}
    assert (await browser.call("POST", "/api/cameras", add, headers=ours)).status == 201
    gone = await browser.call("DELETE", "/api/sessions/current", headers=ours)
    assert gone.status == 204 and 'belvedere_session=""' in gone.headers["Set-Cookie"]
    assert (await browser.call("GET", "/api/me", headers=sent)).status == 401


async def test_a_token_of_another_server_is_no_good(tmp_path: Path, owner: Api, http: aiohttp.ClientSession) -> None:
    async with serving(quick_settings(tmp_path / "other")) as server:
        api = await api_of(server, http)
        await api.register(secret_of(server))
        owner.token = api.token
        assert (await owner.call("GET", "/api/me")).status == 401


@pytest.mark.usefixtures("standing_rates")
async def test_sign_in_is_limited_per_account_and_forgiving(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    async with serving(quick_settings(tmp_path, rate_limits=True)) as server:
        api = await api_of(server, http)
        await api.register(secret_of(server))
        wrong = {"email": EMAIL, "password": "not the password"}
        answers = [await api.another().call("POST", "/api/sessions", wrong) for _ in range(9)]
        assert [answer.status for answer in answers[:6]] == [401] * 6
        assert answers[-1].code == "too_many_requests" and 1 <= int(answers[-1].headers["Retry-After"]) <= 3600
        assert (await api.good("GET", "/api/me"))["email"] == EMAIL  # who is signed in stays signed in


@pytest.mark.usefixtures("standing_rates")
async def test_a_siege_from_elsewhere_leaves_the_home_open(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    """All that an account may be tried in an hour is used up; where somebody is signed in, signing in still works."""
    async with serving(quick_settings(tmp_path, rate_limits=True)) as server:
        api = await api_of(server, http)
        await api.register(secret_of(server))
        for _ in range(RULES["login_account"][1].amount + 1):
            await server.services.live.hit("login_account", token_hash(EMAIL))
        await api.another().sign_in()
        accounts, now = server.services.accounts, time.time()
        away = Login("login", "", now, now, "203.0.113.9", "")
        with pytest.raises(Refused) as refusal:
            await accounts.log_in(EMAIL, "correct horse battery", away, jti="1", now=now)
        assert refusal.value.code == "too_many_requests"
        home = Login("login", "", now, now, "127.0.0.1", "")
        with pytest.raises(Refused) as refusal:
            await accounts.log_in("nobody@example.org", "correct horse battery", home, jti="1", now=now)
        assert refusal.value.code == "credentials_wrong"


@pytest.mark.usefixtures("standing_rates")
async def test_a_large_network_does_not_keep_the_workers_busy(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    """Sixty-five thousand addresses of one customer, each with its first try at an account of its own."""
    per_minute = RULES["login_network"][0].amount
    async with serving(quick_settings(tmp_path, rate_limits=True)) as server:
        api = await api_of(server, http)
        await api.register(secret_of(server))
        accounts, now = server.services.accounts, time.time()

        async def attempt(number: int, address: str) -> str:
            login = Login(f"login{number}", "", now, now, address, "")
            with pytest.raises(Refused) as refusal:
                await accounts.log_in(f"nobody{number}@example.org", PASSWORD, login, jti=str(number), now=now)
            return refusal.value.code

        codes = [await attempt(number, f"2001:db8:1:{number:x}::1") for number in range(per_minute + 5)]
        assert codes == ["credentials_wrong"] * per_minute + ["too_many_requests"] * 5
        assert await attempt(0, "2001:db8:2::1") == "credentials_wrong"
        await api.another().sign_in()


@pytest.mark.usefixtures("standing_rates")
async def test_a_large_network_registers_no_more_than_others(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    per_minute = RULES["register_network"][0].amount
    public = quick_settings(tmp_path, rate_limits=True, behind_proxy=True, public_url="https://cameras.example")
    async with serving(public):
        url, body = f"http://127.0.0.1:{public.port}/api/accounts", {"email": EMAIL, "password": PASSWORD}

        async def attempt(address: str) -> int:
            async with http.post(url, json=body, headers={"X-Forwarded-For": address}) as answer:
                return answer.status

        statuses = [await attempt(f"2001:db8:1:{number:x}::1") for number in range(per_minute + 5)]
        assert statuses == [403] * per_minute + [429] * 5
        assert await attempt("2001:db8:2::1") == 403


async def test_an_invitation_can_be_looked_at_until_it_is_used(owner: Api, stranger: Api) -> None:
    invitation = {"invitation": await owner.invite()}
    for _ in range(2):
        assert (await stranger.call("POST", "/api/invitations/check", invitation)).status == 204
    await stranger.register(invitation["invitation"], "third@example.org")
    answer = await stranger.call("POST", "/api/invitations/check", invitation)
    assert (answer.status, answer.code) == (403, "invitation_invalid")
