"""Hundreds of tokens that are nearly good, at the real doors: REST with header and cookie, and the signaling socket.

None is accepted, and the good one that they were made from still is afterwards, so none of them used it up.
"""

import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from signaling.protocol import relay_token
from signaling.server import Running, derived
from signaling.store.secret import FILE as SECRET_FILE
from signaling.tokens import COOKIE, LOGIN_SECONDS
from tests.signaling.api import Api
from tests.signaling.device import Device
from tests.signaling.test_socket_server import SOCKET, both, paired
from tests.signaling.token_mutations import Good, Json, Mutation, Sign, mutations, opaque_mutations
from tests.signaling.viewer_client import Fault, connected

AT_LEAST = 200
"""Of each kind of JWT."""
Door = Callable[[str], Awaitable[bool]]
"""Whether this token opens it."""
ELSEWHERE = "https://other.example.org"


def rest(owner: Api, *, cookie: bool) -> Door:
    async def opens(token: str) -> bool:
        if not token.isprintable() or (cookie and " " in token):
            return False  # no header can carry it; and where a cookie has a space, its value is over
        headers = {"Cookie": f"{COOKIE}={token}"} if cookie else {"Authorization": f"Bearer {token}"}
        answer = await owner.another().call("GET", "/api/me", headers=headers)
        assert answer.status in {200, 400, 401}, answer.data
        return answer.status == 200

    return opens


def socket(origin: str, scheme: str = "", **extra: object) -> Door:
    async def opens(token: str) -> bool:
        async with connected(origin + SOCKET) as peer:
            return await _registers(peer.register(f"{scheme}{token}", **extra))

    return opens


def relay_socket(origin: str) -> Door:
    async def opens(token: str) -> bool:
        if not token.isprintable():
            return False
        async with connected(origin + SOCKET, f"{relay_token.SCHEME} {token}") as peer:
            return await _registers(peer.register(belvedere={"role": "device"}))

    return opens


async def _registers(registering: Awaitable[Json]) -> bool:
    try:
        await registering
    except (Fault, ConnectionError):
        return False
    return True


async def none_opens(door: Door, tried: list[Mutation], good: str) -> None:
    taken = [name for name, token in tried if await door(token)]
    assert not taken, f"{len(taken)} of {len(tried)} were accepted: {taken}"
    assert await door(good), "nothing was shown: the good one is refused as well"


def account_token(running: Running, owner: Api) -> Good:
    key = derived(_server_secret(running), "logins").hex().encode()
    origin = running.origin
    wrong = _addressed_elsewhere(origin) | {
        "iss elsewhere": {"iss": ELSEWHERE},
        "exp just over": {"exp": int(running.services.clock()) - 1},
        "exp a word": {"exp": "tomorrow"},
        "exp true": {"exp": True},
        "exp null": {"exp": None},
        "sid unknown": {"sid": "AAAAAAAAAAAAAAAA"},
        "sid a number": {"sid": 1},
        "sid a list": {"sid": ["x"]},
        "sid empty": {"sid": ""},
        "sid with NUL": {"sid": "\0"},
    }
    known = {"the origin": origin.encode(), "the type": b"belvedere-account+jwt"}
    return Good(owner.token, _signed_with(key), known, wrong, ("iss", "aud", "exp", "iat", "jti", "sid"))


def device_token(running: Running, device: Device, camera: str) -> Good:
    now = int(running.services.clock())
    public = device.key.public_key().public_bytes_raw()
    known = {"the public key": public, "its base64": device.public_key.encode(), "its hex": public.hex().encode()}
    wrong = _addressed_elsewhere(running.origin) | _short_lived(now) | {"iss another": {"iss": "another"}}
    token = device.authorization(camera).removeprefix("Bearer ")
    return Good(token, device.key.sign, known, wrong, ("iss", "aud", "exp", "iat", "jti"))


def relays_token(running: Running) -> Good:
    now, secret = int(running.services.clock()), running.services.relay_secret
    wrong = _addressed_elsewhere(running.origin) | _short_lived(now)
    wrong |= {"iss no name": {"iss": "A relay"}, "iss a number": {"iss": 5}, "iss empty": {"iss": ""}}
    token = relay_token.sign(secret, name="home", origin=running.origin, jti="once", now=now)
    known = {"the origin": running.origin.encode(), "the name": b"home"}
    return Good(token, _signed_with(secret), known, wrong, ("iss", "aud", "exp", "iat", "jti"))


def session_ticket(running: Running, ticket: str) -> Good:
    now = int(running.services.clock())
    wrong: dict[str, Json] = {
        "exp over": {"exp": now - 1},
        "exp a word": {"exp": "later"},
        "exp broken": {"exp": 1e300},
        "session a number": {"session": 1},
        "session unknown": {"session": "AAAAAAAAAAAAAAAA"},
        "camera unknown": {"camera": "AAAAAAAAAAAAAAAA"},
        "user another": {"user": "AAAAAAAAAAAAAAAA"},
        "login unknown": {"login": "AAAAAAAAAAAAAAAA"},
        "relay a number": {"relay": 1},
        "of a relay": {"relay": "relay:home"},
    }
    removable = ("session", "camera", "user", "login", "exp")
    return Good(ticket, _signed_with(running.services.ticket_key), {"the name": b"session"}, wrong, removable)


def _addressed_elsewhere(origin: str) -> dict[str, Json]:
    others = (ELSEWHERE, origin + "/", origin.upper(), origin[:-1], "", [origin], [origin, ELSEWHERE], 5, None, "*")
    return {f"aud {other!r}": {"aud": other} for other in others}


def _short_lived(now: int) -> dict[str, Json]:
    return {
        "exp over": {"iat": now - 200, "exp": now - 140},
        "too long a life": {"exp": now + LOGIN_SECONDS},
        "from the future": {"iat": now + 100, "exp": now + 160},
        "ends before it begins": {"iat": now, "exp": now - 1},
        "ends when it begins": {"iat": now, "exp": now},
        "iat a word": {"iat": "now"},
        "exp a word": {"exp": "later"},
        "iat true": {"iat": True},
        "jti empty": {"jti": ""},
        "jti long": {"jti": "x" * 65},
        "jti a number": {"jti": 5},
        "jti a list": {"jti": ["x"]},
    }


def _signed_with(key: bytes) -> Sign:
    return lambda data: hmac.digest(key, data, "sha256")


def _server_secret(running: Running) -> str:
    settings = running.services.settings
    with open(f"{settings.data_dir}/{SECRET_FILE}") as file:
        return file.read().strip()


@pytest.mark.parametrize("where", ["header", "cookie", "socket"])
async def test_a_mutated_account_token_opens_nothing(running: Running, owner: Api, where: str) -> None:
    good = account_token(running, owner)
    tried = list(mutations(good))
    assert len(dict(tried)) >= AT_LEAST
    door = socket(running.origin, "Bearer ") if where == "socket" else rest(owner, cookie=where == "cookie")
    await none_opens(door, tried, good.token)


async def test_a_mutated_device_token_opens_nothing(running: Running, owner: Api) -> None:
    camera, device = await paired(owner)
    good = device_token(running, device, camera)
    tried = list(mutations(good))
    assert len(dict(tried)) >= AT_LEAST
    door = socket(running.origin, "Bearer ")
    await none_opens(door, tried, good.token)
    assert not await door(good.token), "good once"


async def test_a_mutated_relay_token_opens_nothing(running: Running, owner: Api) -> None:
    good = relays_token(running)
    tried = list(mutations(good))
    assert len(dict(tried)) >= AT_LEAST
    door = relay_socket(running.origin)
    await none_opens(door, tried, good.token)
    assert not await door(good.token), "good once"
    for scheme in ("", "Bearer ", "Ticket "):
        assert not await socket(running.origin, scheme)(relays_token(running).token)


async def test_a_mutated_session_token_takes_over_no_session(running: Running, owner: Api) -> None:
    camera, device = await paired(owner)
    async with AsyncExitStack() as stack:
        *_, session, ticket = await stack.enter_async_context(both(owner, camera, device))
        good = session_ticket(running, ticket)
        tried = list(mutations(good))
        assert len(dict(tried)) >= AT_LEAST

        async def adopts(token: str) -> bool:
            async with connected(running.origin + SOCKET, f"Bearer {owner.token}") as peer:
                try:
                    answer = await peer.register(belvedere={"tickets": [token]})
                except Fault:
                    return False
            return session in answer.get("belvedere", {}).get("adopted", [])

        await none_opens(adopts, tried, good.token)


async def test_kinds_of_token_are_not_taken_for_each_other(running: Running, owner: Api) -> None:
    camera, device = await paired(owner)
    async with both(owner, camera, device) as (*_, ticket):
        others = [relays_token(running).token, ticket, device.authorization(camera).removeprefix("Bearer ")]
        for token in others:
            assert not await rest(owner, cookie=False)(token) and not await rest(owner, cookie=True)(token)
        for token in (owner.token, *others[1:]):
            assert not await relay_socket(running.origin)(token)
        for token in others[:2]:
            assert not await socket(running.origin, "Bearer ")(token)


@asynccontextmanager
async def socket_ticket(owner: Api) -> AsyncIterator[tuple[str, Door]]:
    camera, _ = await paired(owner)
    ticket = (await owner.good("POST", "/api/socket-tickets", {"camera": camera}))["ticket"]
    yield ticket, socket(owner.origin, "Ticket ")


async def test_a_mutated_socket_ticket_token_opens_nothing(owner: Api) -> None:
    async with socket_ticket(owner) as (ticket, door):
        for scheme in ("", "Bearer ", "Relay ", "Basic "):
            assert not await socket(owner.origin, scheme)(ticket)
        await none_opens(door, list(opaque_mutations(ticket)), ticket)
        assert not await door(ticket), "good once"


async def test_a_mutated_bearer_token_of_a_device_opens_nothing(owner: Api) -> None:
    camera, _ = await paired(owner)
    bearer = (await owner.good("POST", f"/api/cameras/{camera}/token"))["token"]
    await none_opens(socket(owner.origin, "Bearer "), list(opaque_mutations(bearer)), bearer)
    for cookie in (True, False):
        assert not await rest(owner, cookie=cookie)(bearer)


@pytest.mark.parametrize("kind", ["pairing", "invitation"])
async def test_a_mutated_one_time_token_is_unknown(owner: Api, kind: str) -> None:
    if kind == "pairing":
        (_, secret), path, member = await owner.add_camera(), "/api/camera/seen", "secret_token"
    else:
        secret, path, member = await owner.invite(), "/api/invitations/check", "invitation"

    async def known(text: str) -> bool:
        answer = await owner.another().call("POST", path, {member: text})
        assert answer.status == 204 or answer.code in {"token_unknown", "invitation_invalid", "invalid_body"}
        return answer.status == 204

    await none_opens(known, list(opaque_mutations(secret)), secret)
