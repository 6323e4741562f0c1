"""An authenticator app as second factor, and recovery codes, over REST with real codes."""

import time
from pathlib import Path

import aiohttp
import pyotp
import pytest

from signaling.factors import BEGUN_SECONDS
from signaling.rates import RULES
from signaling.refusals import Refused
from signaling.server import Running, serving
from signaling.sign_in import MAX_TRIES, TICKET_SECONDS
from signaling.store.rows import Login
from tests.patience import eventually
from tests.signaling.api import EMAIL, PASSWORD, Api
from tests.signaling.factors import LOGIN, PROOF, first_step, second_step, totp_on
from tests.signaling.helpers import api_of, quick_settings, secret_of


async def deeds(api: Api) -> list[str]:
    return [entry["deed"] for entry in (await api.good("GET", "/api/audit"))["entries"]]


async def sessions(api: Api) -> int:
    return len((await api.good("GET", "/api/sessions"))["sessions"])


def wrong_code(app: pyotp.TOTP) -> str:
    """None of those that are good around now."""
    good = {app.at(time.time() + shift * 30) for shift in range(-3, 4)}
    return next(code for code in ("000000", "111111", "222222", "333333", "444444") if code not in good)


async def test_a_code_is_asked_for_from_the_first_good_one_on(owner: Api) -> None:
    made = await owner.good("POST", "/api/me/totp", PROOF)
    assert made["uri"].startswith("otpauth://totp/Belvedere%20127.0.0.1:owner%40example.org?secret=" + made["secret"])
    await owner.another().sign_in()  # not confirmed: the password is enough
    app = pyotp.TOTP(made["secret"])
    assert (await owner.call("POST", "/api/me/totp/confirm", {"code": wrong_code(app)})).code == "second_factor_wrong"
    assert (await owner.good("GET", "/api/me/factors"))["totp"] is False
    codes = (await owner.good("POST", "/api/me/totp/confirm", {"code": app.now()}))["recovery_codes"]
    assert len(set(codes)) == 10 and all(len(code) == 14 for code in codes)
    factors = await owner.good("GET", "/api/me/factors")
    assert (factors["totp"], factors["recovery_codes_left"], factors["passkey_only"]) == (True, 10, False)
    wanted = await first_step(owner.another())
    assert (wanted["methods"], wanted["passkey"]) == (["totp", "recovery_code"], None)


async def test_both_make_a_login_and_neither_alone(owner: Api) -> None:
    app, _ = await totp_on(owner)
    assert await sessions(owner) == 1
    other = owner.another()
    wanted = await first_step(other)
    assert await sessions(owner) == 1
    assert (await second_step(other, wanted["ticket"], code=wrong_code(app))).code == "second_factor_wrong"
    assert await sessions(owner) == 1
    assert (await second_step(other, wanted["ticket"], code=app.now())).status == 201
    assert (await other.good("GET", "/api/me"))["email"] == EMAIL and await sessions(owner) == 2
    assert (await deeds(owner))[0] == "signed_in"


async def test_a_ticket_is_good_for_one_login_and_a_code_as_well(owner: Api) -> None:
    app, _ = await totp_on(owner)
    code = app.now()
    first = (await first_step(owner.another()))["ticket"]
    assert (await second_step(owner.another(), first, code=code)).status == 201
    assert (await second_step(owner.another(), first, code=app.at(time.time() + 30))).code == "ticket_invalid"
    again = (await first_step(owner.another()))["ticket"]
    assert (await second_step(owner.another(), again, code=code)).code == "second_factor_wrong"
    earlier = app.at(time.time() - 30)
    assert (await second_step(owner.another(), again, code=earlier)).code == "second_factor_wrong"
    assert (await second_step(owner.another(), again, code=app.at(time.time() + 30))).status == 201


async def test_a_ticket_ends_after_minutes(running: Running, owner: Api) -> None:
    app, _ = await totp_on(owner)
    ticket, now = (await first_step(owner.another()))["ticket"], time.time() + TICKET_SECONDS + 1
    login = Login("late", "", now, now, "127.0.0.1", "")
    with pytest.raises(Refused) as refusal:
        await running.services.sign_in.by_second_step(ticket, app.at(now), login, device="", now=now)
    assert refusal.value.code == "ticket_invalid"


async def test_a_ticket_ends_with_the_password_and_after_a_few_tries(owner: Api) -> None:
    app, codes = await totp_on(owner)
    before = (await first_step(owner.another()))["ticket"]
    change = {"current_password": PASSWORD, "new_password": "another horse battery"}
    await owner.good("PUT", "/api/me/password", change | {"code": codes[0]})
    assert (await second_step(owner.another(), before, code=app.now())).code == "ticket_invalid"
    ticket = (await first_step(owner.another(), LOGIN | {"password": "another horse battery"}))["ticket"]
    answers = [await second_step(owner.another(), ticket, code=wrong_code(app)) for _ in range(MAX_TRIES)]
    assert {answer.code for answer in answers} == {"second_factor_wrong"}
    assert (await second_step(owner.another(), ticket, code=app.now())).code == "ticket_invalid"


async def test_recovery_codes_are_good_once_each_and_can_be_renewed(owner: Api) -> None:
    _, codes = await totp_on(owner)
    other = owner.another()
    typed = codes[0].lower().replace("-", " ")
    assert (await second_step(other, (await first_step(other))["ticket"], code=typed)).status == 201
    ticket = (await first_step(other.another()))["ticket"]
    assert (await second_step(other.another(), ticket, code=codes[0])).code == "second_factor_wrong"
    assert (await owner.good("GET", "/api/me/factors"))["recovery_codes_left"] == 9
    told = [deed for deed in await deeds(owner) if deed != "second_factor_failed"]  # which is written beside the answer
    assert told[:2] == ["signed_in", "recovery_code_used"]
    fresh = (await owner.good("POST", "/api/me/recovery-codes", PROOF | {"code": codes[2]}))["recovery_codes"]
    assert (await other.call("GET", "/api/me")).status == 401  # other sessions ended
    assert (await second_step(other.another(), ticket, code=codes[1])).code == "second_factor_wrong"
    assert (await second_step(other.another(), ticket, code=fresh[1])).status == 201


async def test_it_goes_off_with_password_and_code(owner: Api) -> None:
    app, codes = await totp_on(owner)
    assert (await owner.call("POST", "/api/me/totp", PROOF | {"code": codes[3]})).code == "totp_on"
    for body, problem in (
        ({}, "proof_required"),
        (PROOF, "proof_required"),
        (PROOF | {"code": wrong_code(app)}, "second_factor_wrong"),
        ({"password": "wrong password", "code": app.now()}, "credentials_wrong"),
    ):
        assert (await owner.call("POST", "/api/me/totp/off", body)).code == problem
    await owner.good("POST", "/api/me/totp/off", PROOF | {"code": codes[3]})
    await owner.another().sign_in()
    assert (await owner.good("GET", "/api/me/factors"))["recovery_codes_left"] == 0
    assert (await owner.call("POST", "/api/me/totp/off", PROOF)).code == "no_second_factor"
    assert (await owner.call("POST", "/api/me/recovery-codes", PROOF)).code == "no_second_factor"


async def test_it_begins_with_the_password_and_does_not_wait_for_ever(running: Running, owner: Api) -> None:
    assert (await owner.call("POST", "/api/me/totp", {})).code == "proof_required"
    assert (await owner.call("POST", "/api/me/totp", {"password": "wrong password"})).code == "credentials_wrong"
    assert (await owner.call("POST", "/api/me/totp/confirm", {"code": "123456"})).code == "totp_not_begun"
    app = pyotp.TOTP((await owner.good("POST", "/api/me/totp", PROOF))["secret"])
    services, now = running.services, time.time() + BEGUN_SECONDS + 1
    (login,) = await services.accounts.logins((await owner.good("GET", "/api/me"))["id"], now=time.time())
    caller = await services.accounts.caller_by_login(login.id, now=time.time())
    assert caller is not None
    with pytest.raises(Refused) as refusal:
        await services.factors.confirm_app(caller, app.at(now), now=now)
    assert refusal.value.code == "totp_not_begun"


async def test_turning_it_on_ends_the_other_sessions(owner: Api) -> None:
    other = owner.another()
    await other.sign_in()
    await totp_on(owner)
    assert (await other.call("GET", "/api/me")).status == 401
    assert (await owner.call("GET", "/api/me")).status == 200
    assert (await deeds(owner))[0] == "factor_added"


async def test_a_password_set_by_a_link_leaves_the_second_factor_on(running: Running, owner: Api) -> None:
    app, _ = await totp_on(owner)
    link = await running.services.resets.make_link(EMAIL, now=time.time())
    assert link is not None
    used = {"reset": link.rpartition("/")[2], "new_password": "another horse battery"}
    await owner.another().good("POST", "/api/password-resets/use", used)
    other = owner.another()
    assert (await other.call("GET", "/api/me")).status == 401
    ticket = (await first_step(other, LOGIN | {"password": "another horse battery"}))["ticket"]
    assert (await second_step(other, ticket, code=wrong_code(app))).code == "second_factor_wrong"
    assert (await second_step(other, ticket, code=app.now())).status == 201


async def test_a_wrong_password_looks_as_it_does_without(owner: Api) -> None:
    await totp_on(owner)
    wrong = await owner.another().call("POST", "/api/sessions", LOGIN | {"password": "not the password"})
    unknown = await owner.another().call("POST", "/api/sessions", LOGIN | {"email": "nobody@example.org"})
    assert wrong.data == unknown.data and wrong.code == "credentials_wrong"


@pytest.mark.usefixtures("standing_rates")
async def test_guesses_are_few_and_noted_and_lock_nobody_out(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    per_minute = RULES["factor_pair"][0].amount
    async with serving(quick_settings(tmp_path, rate_limits=True)) as server:
        owner = await api_of(server, http)
        await owner.register(secret_of(server))
        app, codes = await totp_on(owner)
        ticket = (await first_step(owner.another()))["ticket"]
        answers = [await second_step(owner.another(), ticket, code=wrong_code(app)) for _ in range(per_minute + 1)]
        assert [answer.status for answer in answers] == [401] * per_minute + [429]
        assert 1 <= int(answers[-1].headers["Retry-After"]) <= 3600
        notes = server.services.accounts.notes
        await eventually(lambda: not notes)
        assert (await deeds(owner)).count("second_factor_failed") == 1
        live, account = server.services.live, (await owner.good("GET", "/api/me"))["id"]
        await live.forgive("factor_pair", f"{account}/127.0.0.1")
        for _ in range(RULES["factor_account"][0].amount):
            await live.hit("factor_account", account)
        assert (await second_step(owner.another(), ticket, code=codes[0])).status == 201  # from home


async def test_a_dump_holds_no_second_factor(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    async with serving(quick_settings(tmp_path)) as server:
        owner = await api_of(server, http)
        await owner.register(secret_of(server))
        app, codes = await totp_on(owner)
    dump = b"".join(path.read_bytes() for path in tmp_path.glob("belvedere.sqlite3*"))
    plain = [app.secret, app.byte_secret().hex(), *codes, *(code.replace("-", "") for code in codes)]
    assert b"owner@example.org" in dump and not [text for text in plain if text.encode() in dump]
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "belvedere.sqlite3").rename(tmp_path / "elsewhere" / "belvedere.sqlite3")
    async with serving(quick_settings(tmp_path / "elsewhere")) as thief:  # the database under another secret
        api = await api_of(thief, http)
        ticket = (await first_step(api))["ticket"]
        for code in (app.now(), codes[0]):
            assert (await second_step(api, ticket, code=code)).code == "second_factor_wrong"
