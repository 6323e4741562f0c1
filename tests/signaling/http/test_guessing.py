"""Ten thousand guesses from everywhere: the limit holds, and the owner gets in from a device that is known."""

import asyncio
import ipaddress
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import bcrypt
import pytest

from signaling.devices import KEEP_SECONDS, MAX_DEVICES, Devices
from signaling.protocol.identity import token_hash
from signaling.rates import RULES
from signaling.refusals import Refused
from signaling.server import Running, serving
from signaling.tokens import DEVICE_COOKIE, cookie_name
from signaling.turns import MAX_STRANGERS
from tests.signaling.api import EMAIL, PASSWORD
from tests.signaling.helpers import quick_settings, secret_of

GUESSES, AT_ONCE = 10_000, MAX_STRANGERS + 32
COST = 10
"""Of bcrypt: a hash takes longer than a request then, as it does outside of tests."""
ORIGIN = "https://cameras.example"
DEVICE = cookie_name(DEVICE_COOKIE, ORIGIN)
HOME, ROAD, ELSEWHERE = "198.51.100.7", "203.0.113.9", "203.0.113.77"


@dataclass
class Public:
    """A server with limits that hears everybody's address from its proxy."""

    running: Running
    url: str
    http: aiohttp.ClientSession

    async def post(self, path: str, body: dict[str, Any], address: str, cookie: str = "") -> tuple[int, Any]:
        headers = {"X-Forwarded-For": address} | ({"Cookie": cookie} if cookie else {})
        async with self.http.post(self.url + path, json=body, headers=headers) as answer:
            self.cookies = {name: morsel.value for name, morsel in answer.cookies.items()}
            return answer.status, await answer.json()

    async def sign_in(self, address: str, device: str = "", **more: Any) -> tuple[int, Any]:
        body = {"email": EMAIL, "password": PASSWORD} | ({"device": device} if device else {}) | more
        return await self.post("/api/sessions", body, address)


@pytest.fixture
async def public(request: pytest.FixtureRequest, tmp_path: Path, http: aiohttp.ClientSession) -> AsyncIterator[Public]:
    """Parameter, where there is one: bcrypt's cost."""
    cost = getattr(request, "param", 4)
    settings = quick_settings(tmp_path, rate_limits=True, behind_proxy=True, public_url=ORIGIN, bcrypt_cost=cost)
    async with serving(settings) as running:
        server = Public(running, f"http://127.0.0.1:{settings.port}", http)
        body = {"email": EMAIL, "password": PASSWORD, "invitation": secret_of(running)}
        assert (await server.post("/api/accounts", body, HOME))[0] == 201
        yield server


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Every password that got as far as bcrypt."""
    reached: list[bytes] = []
    real = bcrypt.checkpw

    def counting(password: bytes, hashed_password: bytes) -> bool:
        reached.append(password)
        return real(password, hashed_password)

    monkeypatch.setattr(bcrypt, "checkpw", counting)
    return reached


async def besiege(server: Public, guesses: int = GUESSES) -> Counter[str]:
    """Guesses at this account and at others by turns, each from another address, IPv4 and IPv6, over HTTP, and more at
    once than may wait for bcrypt. How they were answered."""
    ipv4, ipv6 = int(ipaddress.ip_address("10.0.0.1")), int(ipaddress.ip_address("2001:db8::1"))
    numbers, answers = iter(range(guesses)), Counter[str]()

    async def guess() -> None:
        for number in numbers:
            far = ipaddress.ip_address(ipv6 + (number << 80)) if number % 4 < 2 else ipaddress.ip_address(ipv4 + number)
            email = EMAIL if number % 2 else f"somebody-{number}@example.org"
            body = {"email": email, "password": f"guess {number}"}
            answers[(await server.post("/api/sessions", body, str(far)))[1]["code"]] += 1

    await asyncio.gather(*(guess() for _ in range(AT_ONCE)))
    return answers


@pytest.mark.timeout(600)
@pytest.mark.parametrize("public", [COST], indirect=True)
async def test_ten_thousand_guesses(public: Public, hashed: list[bytes]) -> None:
    _, known = await public.sign_in(HOME)
    hashed.clear()
    siege = asyncio.create_task(besiege(public))
    times = 0
    while not siege.done():
        status, answer = await public.sign_in(ROAD, known["device"])
        assert (status, answer.get("device")) == (201, known["device"]), "whoever waits, a known device gets in"
        times += 1
    answers = await siege
    assert times > 9 and answers["busy"] > MAX_STRANGERS, "the queue was full"
    assert set(answers) == {"credentials_wrong", "too_many_requests", "busy"} and answers.total() == GUESSES
    guessed = len(hashed) - times
    assert 0 < guessed <= RULES["login_account"][1].amount, "a minute may have passed, perhaps three"
    await use_up(public)
    assert (await public.sign_in(f"{ROAD}9"))[0] == 429, "a stranger's browser waits"
    assert (await public.sign_in(ROAD, known["device"]))[0] == 201, "a known one does not"
    assert (await public.sign_in(ELSEWHERE, "x" * 22))[0] == 429
    assert (await public.sign_in(ROAD))[0] == 201, "and where somebody is signed in, nobody waits"


async def use_up(server: Public) -> None:
    """What the siege above does to the account, at once."""
    for _ in range(RULES["login_account"][-1].amount + 1):
        await server.running.services.live.hit("login_account", token_hash(EMAIL))


async def test_a_known_browser_is_let_in_by_its_cookie(public: Public) -> None:
    assert (await public.sign_in(HOME, cookie=True))[0] == 201
    device = public.cookies[DEVICE]
    await use_up(public)
    body = {"email": EMAIL, "password": PASSWORD, "cookie": True}
    for cookie, status in ((f"{DEVICE}={device}", 201), (f"{DEVICE}={device}x", 429), ("", 429)):
        address = f"{ROAD[:-1]}{status % 100}"
        assert (await public.post("/api/sessions", body, address, cookie))[0] == status
    for hostile in ("\xff" * 20, "x" * 200, '"' * 9):
        assert (await public.post("/api/sessions", body, ROAD, f"{DEVICE}={hostile}"))[0] == 429


async def test_a_device_is_no_way_to_guess(public: Public, hashed: list[bytes]) -> None:
    """Whoever steals one has its own small count, and waits longer and longer; others are not kept out by it."""
    _, known = await public.sign_in(HOME)
    hashed.clear()
    wrong = {"email": EMAIL, "password": "a guess", "device": known["device"]}
    statuses = [(await public.post("/api/sessions", wrong, f"10.1.0.{number}"))[0] for number in range(70)]
    limit = RULES["login_device"][0].amount
    assert statuses == [401] * limit + [429] * (70 - limit) and len(hashed) == limit
    assert (await public.sign_in(ROAD))[0] == 201


async def test_a_device_of_one_account_is_a_stranger_to_another(public: Public) -> None:
    _, known = await public.sign_in(HOME)
    devices, account = public.running.services.devices, "none of theirs"
    with pytest.raises(Refused):
        await devices.remember(account, known["device"], "fresh", now=1.0)
    guesses = {"email": "other@example.org", "password": "a guess", "device": known["device"]}
    statuses = [(await public.post("/api/sessions", guesses, ROAD))[0] for _ in range(8)]
    assert statuses == [401] * RULES["login_pair"][0].amount + [429] * 2


async def test_what_somebody_else_planted_is_replaced(public: Public) -> None:
    """Also for the accounts that knew it; so a browser shared by two people is known to both."""
    _, known = await public.sign_in(HOME)
    account, devices = known["account"]["id"], public.running.services.devices
    assert await devices.remember(account, known["device"], "unused", now=2.0) == known["device"]
    assert await devices.remember(account, "planted", "fresh", now=3.0) == "fresh"
    other = await make_account(public, known["token"])
    assert await devices.remember(other, "fresh", "shared", now=4.0) == "shared"
    assert await devices.remember(account, "shared", "unused", now=5.0) == "shared"


async def make_account(server: Public, token: str) -> str:
    """By invitation of whoever has this token; its id."""
    async with server.http.post(server.url + "/api/invitations", headers={"Authorization": f"Bearer {token}"}) as made:
        invitation = (await made.json())["link"].rpartition("/")[2]
    body = {"email": "other@example.org", "password": PASSWORD, "invitation": invitation}
    status, answer = await server.post("/api/accounts", body, ROAD)
    assert status == 201, answer
    return str(answer["id"])


async def test_devices_are_bounded_and_forgotten(public: Public) -> None:
    _, known = await public.sign_in(HOME)
    account, devices = known["account"]["id"], Devices(public.running.services.store)
    now = public.running.services.clock()
    for number in range(MAX_DEVICES + 3):
        await devices.remember(account, "", f"device {number}", now=now + number)
    assert await devices.remember(account, "device 2", "gone", now=now + 99) == "gone"
    assert await devices.remember(account, "device 9", "gone", now=now + 100) == "device 9"
    await devices.delete_unused(now=now + KEEP_SECONDS + 100)
    assert await devices.remember(account, "device 12", "gone as well", now=now + 101) == "gone as well"
    assert await devices.remember(account, "device 9", "gone", now=now + 102) == "device 9"
