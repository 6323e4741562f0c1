"""Handlers: forgotten passwords."""

from aiohttp import web

from signaling.http import shapes
from signaling.http.accounts import presented_device, set_device_cookie
from signaling.http.call import Call, count, json_answer
from signaling.rates import network_key


async def ask(call: Call) -> None:
    body: shapes.ResetBody = call.body
    if network := network_key(call.address):
        await count(call.services, "reset_network", network)
    call.services.resets.ask(body.email, call.address)


async def check(call: Call) -> None:
    body: shapes.ResetCheckBody = call.body
    await call.services.resets.check(body.reset, now=call.now)


async def use(call: Call) -> web.Response:
    """Whoever could read the link is known from now on: others who guess shall not keep them from signing in."""
    body: shapes.ResetUseBody = call.body
    account = await call.services.resets.use(body.reset, body.new_password, now=call.now)
    device, fresh = presented_device(call, None), call.services.new_token()
    kept = await call.services.devices.remember(account.id, device, fresh, now=call.now)
    answer = json_answer(shapes.ResetAnswer(None if body.cookie else kept), status=200)
    if body.cookie:
        set_device_cookie(call, answer, kept)
    return answer
