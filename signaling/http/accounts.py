"""Handlers: accounts, sessions, invitations."""

from typing import Literal, cast

from aiohttp import web

from signaling.http import shapes
from signaling.http.call import Call, count, json_answer, rfc3339
from signaling.rates import network_key
from signaling.refusals import Refused
from signaling.store.rows import Account, Login
from signaling.tokens import COOKIE, LOGIN_SECONDS

MAX_AGENT_LENGTH = 200


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
    return shapes.Setup(registration, await accounts.administrator_exists(), call.services.version)


async def log_in(call: Call) -> web.Response:
    body: shapes.SessionBody = call.body
    agent = "".join(filter(str.isprintable, call.request.headers.get("User-Agent", "")))[:MAX_AGENT_LENGTH]
    agent = agent.encode("utf-8", "replace").decode()
    login = Login(call.services.new_id(), "", call.now, call.now, call.address, agent)
    try:
        account, token = await call.services.accounts.log_in(
            body.email, body.password, login, jti=call.services.new_id(), now=call.now
        )
    except Refused as refusal:
        call.services.metrics.logins.labels(refusal.code).inc()
        raise
    call.services.metrics.logins.labels("ok").inc()
    shown = None if body.cookie else token
    answer = json_answer(
        shapes.SessionAnswer(account_shape(account), shown, rfc3339(call.now + LOGIN_SECONDS)), status=201
    )
    if body.cookie:
        answer.set_cookie(
            COOKIE, token, max_age=LOGIN_SECONDS, path="/", secure=_secure(call), httponly=True, samesite="Strict"
        )
    return answer


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
    body: shapes.PasswordBody = call.body
    await call.services.accounts.change_password(call.caller, body.current_password, body.new_password, now=call.now)


async def delete_me(call: Call) -> web.Response:
    body: shapes.DeletionBody = call.body
    await call.services.accounts.delete(call.caller, body.password, now=call.now)
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
    return shapes.Account(account.id, account.email, account.administrator, rfc3339(account.created_at), account.ways)


def _session_shape(login: Login, current: str) -> shapes.Session:
    times = rfc3339(login.created_at), rfc3339(login.expires_at)
    return shapes.Session(login.id, *times, login.address, login.agent, login.id == current)


def _without_cookie(call: Call) -> web.Response:
    answer = json_answer(None, status=204)
    if COOKIE in call.request.cookies:
        answer.del_cookie(COOKIE, path="/", secure=_secure(call), httponly=True, samesite="Strict")
    return answer


def _secure(call: Call) -> bool:
    return call.services.origin.startswith("https:")
