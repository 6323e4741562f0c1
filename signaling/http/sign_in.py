"""Handlers: signing in, in all its ways."""

from collections.abc import Awaitable

import msgspec
from aiohttp import web

from signaling.http import factor_shapes, shapes
from signaling.http.accounts import presented_device, signed_in
from signaling.http.call import Call
from signaling.refusals import Refused
from signaling.sign_in import Signed
from signaling.store.rows import Login

MAX_AGENT_LENGTH = 200


async def by_password(call: Call) -> web.Response:
    body: shapes.SessionBody = call.body
    device = presented_device(call, body.device)
    deed = call.services.sign_in.by_password(body.email, body.password, _login(call), device=device, now=call.now)
    return await _answered(call, deed, cookie=body.cookie, device=device)


async def by_second_step(call: Call) -> web.Response:
    body: factor_shapes.SecondStepBody = call.body
    shown = body.code if body.code is not None else msgspec.to_builtins(body.passkey)
    if (body.code is None) == (body.passkey is None):
        raise Refused("invalid_body", "send either code or passkey")
    device = presented_device(call, body.device)
    deed = call.services.sign_in.by_second_step(body.ticket, shown, _login(call), device=device, now=call.now)
    return await _answered(call, deed, cookie=body.cookie, device=device)


async def by_passkey(call: Call) -> web.Response:
    body: factor_shapes.PasskeySessionBody = call.body
    device = presented_device(call, body.device)
    deed = call.services.sign_in.by_passkey(msgspec.to_builtins(body.passkey), _login(call), now=call.now)
    return await _answered(call, deed, cookie=body.cookie, device=device)


async def by_recovery_code(call: Call) -> web.Response:
    body: factor_shapes.RecoverySessionBody = call.body
    device = presented_device(call, body.device)
    deed = call.services.sign_in.by_recovery_code(body.email, body.code, _login(call), device=device, now=call.now)
    return await _answered(call, deed, cookie=body.cookie, device=device)


async def passkey_challenge(call: Call) -> factor_shapes.PasskeyOptions:
    options = call.services.sign_in.passkeys.to_assert("sign in", "", [], verified=True, now=call.now)
    return factor_shapes.PasskeyOptions(options)


def _login(call: Call) -> Login:
    agent = "".join(filter(str.isprintable, call.request.headers.get("User-Agent", "")))[:MAX_AGENT_LENGTH]
    agent = agent.encode("utf-8", "replace").decode()
    return Login(call.services.new_id(), "", call.now, call.now, call.address, agent)


async def _answered(call: Call, deed: Awaitable[Signed], *, cookie: bool, device: str) -> web.Response:
    logins = call.services.metrics.logins
    try:
        account, token = await deed
    except Refused as refusal:
        logins.labels(refusal.code).inc()
        raise
    logins.labels("ok").inc()
    return await signed_in(call, account, token, cookie=cookie, device=device)
