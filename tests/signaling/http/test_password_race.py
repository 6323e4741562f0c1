"""A password that is changed, or hashed anew, while somebody signs in with it or changes it as well."""

import asyncio
import time

import pytest

from signaling.accounts import Accounts, Caller
from signaling.passwords import Passwords
from signaling.refusals import Refused
from signaling.server import Running
from signaling.store import accounts as rows
from signaling.store.rows import Login
from tests.signaling.api import EMAIL, PASSWORD, Api
from tests.signaling.factors import nothing_to_spend

NEW = "another horse battery"
CHANGE = {"current_password": PASSWORD, "new_password": NEW}


class Pausing(Passwords):
    """Has found a password right, and has not said so yet."""

    def __init__(self) -> None:
        super().__init__(cost=4)
        self.checked, self.go_on = asyncio.Event(), asyncio.Event()

    async def check(self, password: str, password_hash: str | None, *, whose: str = "") -> bool:
        good = await super().check(password, password_hash, whose=whose)
        self.checked.set()
        await self.go_on.wait()
        return good


def accounts_with(running: Running, passwords: Passwords) -> Accounts:
    services = running.services
    return Accounts(services.store, services.live, passwords, key="k" * 32, origin="http://x", registration="closed")


async def prove_and_change(accounts: Accounts, caller: Caller, new: str, now: float) -> None:
    await accounts.check_own_password(caller, PASSWORD)
    await accounts.change_password(caller, new, nothing_to_spend, now=now)


async def test_the_old_password_opens_nothing_after_the_change(running: Running, owner: Api) -> None:
    passwords, now = Pausing(), time.time()
    login = Login("late", "", now, now, "192.0.2.1", "")
    signing_in = asyncio.create_task(
        accounts_with(running, passwords).log_in(EMAIL, PASSWORD, login, jti="jti", now=now)
    )
    await passwords.checked.wait()
    await owner.good("PUT", "/api/me/password", CHANGE)
    passwords.go_on.set()
    with pytest.raises(Refused) as refused:
        await signing_in
    assert refused.value.code == "credentials_wrong"
    assert [session["current"] for session in (await owner.good("GET", "/api/sessions"))["sessions"]] == [True]
    passwords.close()


async def test_of_two_changes_at_once_the_first_stands(running: Running, owner: Api) -> None:
    passwords, now = Pausing(), time.time()
    accounts = accounts_with(running, passwords)
    account_id = (await owner.good("GET", "/api/me"))["id"]
    (login,) = await accounts.logins(account_id, now=now)
    caller = await accounts.caller_by_login(login.id, now=now)
    assert isinstance(caller, Caller)
    changing = asyncio.create_task(prove_and_change(accounts, caller, "a third horse battery", now))
    await passwords.checked.wait()
    await owner.good("PUT", "/api/me/password", CHANGE)
    passwords.go_on.set()
    with pytest.raises(Refused) as refused:
        await changing
    assert refused.value.code == "credentials_wrong"
    await owner.another().sign_in(password=NEW)
    passwords.close()


async def cost_of(running: Running) -> int:
    async with running.services.store.read() as connection:
        return await rows.costliest_password(connection)


async def test_signing_in_brings_an_old_hash_to_the_present_cost(running: Running, owner: Api) -> None:
    passwords, now = Passwords(5), time.time()
    accounts = accounts_with(running, passwords)
    assert await cost_of(running) == 4
    with pytest.raises(Refused):
        await accounts.log_in(EMAIL, "wrong password", Login("none", "", now, now, "", ""), jti="jti", now=now)
    assert await cost_of(running) == 4
    several = [Login(f"login {number}", "", now, now, "192.0.2.1", "") for number in range(3)]
    await asyncio.gather(*(accounts.log_in(EMAIL, PASSWORD, login, jti="jti", now=now) for login in several))
    assert await cost_of(running) == 5
    await owner.another().sign_in()
    passwords.close()
