"""Handlers: accounts, sessions, invitations."""

from typing import Literal, cast

from aiohttp import web

from signaling.devices import KEEP_SECONDS
from signaling.http import factor_shapes, shapes
from signaling.http.call import Call, count, json_answer, rfc3339
from signaling.http.factors import prove
from signaling.rates import network_key
from signaling.store.rows import Account, Login
from signaling.tokens import COOKIE, DEVICE_COOKIE, LOGIN_SECONDS, cookie_name

MAX_DEVICE_LENGTH = 128


async def register(call: Call) -> shapes.Account:
    body: shapes.AccountBody = call.body
    if network := network_key(call.address):
        await count(call.services, "register_network", network)
    new_id = call.services.new_id
    account = await call.services.accounts.register(
        body.email, body.password, body.invitation, account_id=new_id(), grant_id=new_id(), now=call.now
    )
    await call.services.grants.announce_all(account.id)
    return account_shape(account)


async def check_invitation(call: Call) -> None:
    body: shapes.InvitationBody = call.body
    await call.services.accounts.check_invitation(body.invitation, now=call.now)


async def setup(call: Call) -> shapes.Setup:
    accounts = call.services.accounts
    registration = cast(Literal["closed", "open"], accounts.registration)
    reset: Literal["mail", "administrator"] = "mail" if call.services.resets.by_mail else "administrator"
    return shapes.Setup(
        registration,
        await accounts.administrator_exists(),
        call.services.version,
        reset,
        call.services.factors.passkeys.origin,
    )


async def signed_in(call: Call, account: Account, token: str, *, cookie: bool, device: str) -> web.Response:
    """The answer to whoever has just signed in; their browser or app is known from now on.

    `device`: what `presented_device` found.
    """
    fresh = call.services.new_token()
    kept = await call.services.devices.remember(account.id, device, fresh, now=call.now)
    shown = (None, None) if cookie else (token, kept)
    body = shapes.SessionAnswer(account_shape(account), shown[0], rfc3339(call.now + LOGIN_SECONDS), shown[1])
    answer = json_answer(body, status=201)
    if cookie:
        _set_cookie(call, answer, COOKIE, token, LOGIN_SECONDS)
        set_device_cookie(call, answer, kept)
    return answer


def presented_device(call: Call, named: str | None) -> str:
    """What this browser or app keeps from an earlier login: `named` in the body, or its cookie; else empty."""
    device = named or call.request.cookies.get(_named(call, DEVICE_COOKIE), "")
    return device if len(device) <= MAX_DEVICE_LENGTH and device.isascii() else ""


def set_device_cookie(call: Call, answer: web.Response, device: str) -> None:
    _set_cookie(call, answer, DEVICE_COOKIE, device, KEEP_SECONDS)


def _set_cookie(call: Call, answer: web.Response, name: str, value: str, seconds: int) -> None:
    name, secure = _named(call, name), _secure(call)
    answer.set_cookie(name, value, max_age=seconds, path="/", secure=secure, httponly=True, samesite="Strict")


async def sessions(call: Call) -> shapes.Sessions:
    current = call.caller.login.id
    logins = await call.services.accounts.logins(call.caller.account.id, now=call.now)
    return shapes.Sessions([_session_shape(login, current) for login in logins])


async def log_out(call: Call) -> web.Response:
    await call.services.accounts.end_login(call.caller.account.id, call.caller.login.id, now=call.now)
    return _without_cookie(call)


async def log_out_everywhere(call: Call) -> web.Response:
    await call.services.accounts.end_all_logins(call.caller.account.id, now=call.now)
    return _without_cookie(call)


async def end_session(call: Call) -> None:
    await call.services.accounts.end_login(call.caller.account.id, call.id, now=call.now)


async def me(call: Call) -> shapes.Account:
    return account_shape(call.caller.account)


async def change_me(call: Call) -> shapes.Account:
    body: shapes.AccountChangeBody = call.body
    return account_shape(await call.services.accounts.change_ways(call.caller.account, body.ways, now=call.now))


async def change_password(call: Call) -> None:
    body: factor_shapes.PasswordBody = call.body
    spend = await prove(call, body.current_password, body.code, body.passkey)
    await call.services.accounts.change_password(call.caller, body.new_password, spend, now=call.now)


async def delete_me(call: Call) -> web.Response:
    body: factor_shapes.ProofBody = call.body
    spend = await prove(call, body.password, body.code, body.passkey)
    await call.services.accounts.delete(call.caller, spend, now=call.now)
    return _without_cookie(call)


async def invite(call: Call) -> shapes.Invitation:
    secret = call.services.new_token()
    expires_at = await call.services.accounts.invite(call.caller.account, secret, now=call.now)
    return shapes.Invitation(f"{call.services.origin}/#/register/{secret}", rfc3339(expires_at))


async def socket_ticket(call: Call) -> shapes.Ticket:
    body: shapes.TicketBody = call.body
    ticket = call.services.new_token()
    expires_at = await call.services.gate.make_ticket(call.caller, body.camera, ticket)
    return shapes.Ticket(ticket, rfc3339(expires_at))


def account_shape(account: Account) -> shapes.Account:
    made = rfc3339(account.created_at)
    return shapes.Account(account.id, account.email, account.administrator, made, account.ways)


def _session_shape(login: Login, current: str) -> shapes.Session:
    times = rfc3339(login.created_at), rfc3339(login.expires_at)
    return shapes.Session(login.id, *times, login.address, login.agent, login.id == current)


def _without_cookie(call: Call) -> web.Response:
    answer = json_answer(None, status=204)
    name = _named(call, COOKIE)
    if name in call.request.cookies:
        answer.del_cookie(name, path="/", secure=_secure(call), httponly=True, samesite="Strict")
    return answer


def _named(call: Call, name: str) -> str:
    return cookie_name(name, call.services.origin)


def _secure(call: Call) -> bool:
    return call.services.origin.startswith("https:")
