"""Handlers: cameras, pairing, QR images."""

import asyncio
import ipaddress
from collections.abc import Callable
from typing import cast

import msgspec
from aiohttp import web

from signaling import names, qr_image
from signaling.access import SCOPES, Access, Scope
from signaling.alarms import ALARM
from signaling.cameras import Code, View, state_now, step_now
from signaling.http import shapes
from signaling.http.call import Call, count, rfc3339
from signaling.http.services import Services
from signaling.networks import network_of
from signaling.protocol.qr import OnboardingCode
from signaling.refusals import Refused
from signaling.store.rows import Camera

CONTESTED = "identity_contested"


async def list_cameras(call: Call) -> shapes.CameraList:
    views = await call.services.cameras.list(call.caller.account.id, now=call.now)
    return shapes.CameraList([camera_shape(view, call.services, call.now) for view in views])


async def add(call: Call) -> shapes.CameraWithPairing:
    body: shapes.CameraBody = call.body
    await count(call.services, "pair", call.caller.account.id)
    code, payload = _code(call, body)
    view = await call.services.cameras.add(
        call.caller.account.id, call.services.new_id(), _name(body.name), _name(body.model), code, now=call.now
    )
    return _with_pairing(call, view, code, payload)


async def show(call: Call) -> shapes.Camera:
    view = await call.services.cameras.show(call.caller.account.id, call.id, now=call.now)
    return camera_shape(view, call.services, call.now)


async def change(call: Call) -> shapes.Camera:
    body: shapes.CameraChangeBody = call.body
    name = _name(body.name) if isinstance(body.name, str) else None
    viewers = body.direct_viewers if isinstance(body.direct_viewers, int) else None
    view = await call.services.cameras.change(call.caller.account.id, call.id, name, viewers, now=call.now)
    return camera_shape(view, call.services, call.now)


async def remove(call: Call) -> None:
    await call.services.cameras.remove(call.caller.account.id, call.id, now=call.now)


async def pair_again(call: Call) -> shapes.CameraWithPairing:
    await count(call.services, "pair", call.caller.account.id)
    code, payload = _code(call, call.body)
    view = await call.services.cameras.pair_again(call.caller.account.id, call.id, code, now=call.now)
    return _with_pairing(call, view, code, payload)


async def cancel_pairing(call: Call) -> None:
    await call.services.cameras.cancel_pairing(call.caller.account.id, call.id, now=call.now)


async def qr_png(call: Call) -> web.Response:
    return await _drawn(call, qr_image.png, "image/png")


async def qr_svg(call: Call) -> web.Response:
    return await _drawn(call, qr_image.svg, "image/svg+xml")


async def confirm(call: Call) -> shapes.Camera:
    body: shapes.ConfirmBody = call.body
    view = await call.services.cameras.confirm(
        call.caller.account.id, call.id, body.pairing, mine=body.mine, now=call.now
    )
    return camera_shape(view, call.services, call.now)


async def dismiss_alert(call: Call) -> None:
    await call.services.cameras.dismiss_alert(call.caller.account.id, call.id, now=call.now)


async def device_token(call: Call) -> shapes.DeviceToken:
    token = call.services.new_token()
    await call.services.cameras.give_token(call.caller.account.id, call.id, token, now=call.now)
    return shapes.DeviceToken(token)


def camera_shape(view: View, services: Services, now: float) -> shapes.Camera:
    """The camera as its owner sees it; for a guest without what only its owner needs."""
    camera, own = view.camera, view.access.grant is None
    seen = camera.last_seen_at
    return shapes.Camera(
        id=camera.id,
        name=camera.name,
        model=camera.model,
        state=cast(shapes.State, state_now(view, now)),
        online=view.online,
        pairing=_pairing_shape(view, services, now),
        confirmed=camera.confirmed,
        first_frame=camera.first_frame,
        created_at=rfc3339(camera.created_at),
        last_seen_at=rfc3339(seen) if seen is not None else None,
        hardware_id=camera.hardware_id if own else None,
        local_ip=camera.local_ip if own else None,
        capabilities=camera.capabilities,
        problem=_problem(camera) if view.access.may("manage") else None,
        direct_viewers=camera.direct_viewers,
        protected=view.protected,
        access=_access_shape(view.access),
    )


def _access_shape(access: Access) -> shapes.Access:
    grant = access.grant
    if grant is None:
        return shapes.Access("owner", access.owner, list(SCOPES), None, None)
    ends = rfc3339(grant.expires_at) if grant.expires_at is not None else None
    return shapes.Access("guest", access.owner, cast(list[Scope], grant.scopes), ends, grant.id)


def _problem(camera: Camera) -> shapes.CameraProblem | None:
    """That two devices use its key, or that something did not fit, goes before all that it says itself."""
    if camera.contested_at is not None:
        return shapes.CameraProblem(CONTESTED, "")
    if camera.alarm is not None:
        return shapes.CameraProblem(ALARM, camera.alarm)
    return shapes.CameraProblem(camera.problem_code, camera.problem_detail or "") if camera.problem_code else None


def _pairing_shape(view: View, services: Services, now: float) -> shapes.Pairing | None:
    pairing, step = view.pairing, step_now(view, now)
    if pairing is None:
        return None
    return shapes.Pairing(
        id=pairing.id,
        step=cast(shapes.Step, step),
        expires_at=rfc3339(pairing.expires_at),
        server_url=services.origin,
        pin=services.pin,
        ssid=pairing.ssid,
        hidden=pairing.hidden,
        allowed_networks=pairing.allowed_networks,
    )


def _with_pairing(call: Call, view: View, code: Code, payload: str | None) -> shapes.CameraWithPairing:
    camera = camera_shape(view, call.services, call.now)
    if camera.pairing is None or camera.pairing.id != code.pairing_id:
        raise Refused("not_pending", "another code was made for this camera at the same moment")
    shown = payload if payload is not None else msgspec.UNSET
    return shapes.CameraWithPairing(camera, msgspec.structs.replace(camera.pairing, token=code.token, payload=shown))


def _code(call: Call, body: shapes.PairingBody) -> tuple[Code, str | None]:
    """A new code, and its text where the person gave us the Wi-Fi password to draw it. Raises `Refused`."""
    token = call.services.new_token()
    text = _payload(call, token, body.ssid, body.wifi_password or "", body.hidden, body.qr_form)
    networks = _networks(body.allowed_networks)
    if body.from_here:
        networks = sorted({*networks, _here(call)})
    code = Code(call.services.new_id(), token, body.ssid, body.hidden, networks)
    return code, text if body.wifi_password is not None else None


def _payload(call: Call, token: str, ssid: str, password: str, hidden: bool, form: str) -> str:
    services = call.services
    code = OnboardingCode(
        services.origin, token, ssid, password, hidden, pin=services.pin, user_id=call.caller.account.id
    )
    return qr_image.payload(code, form)


async def _drawn(call: Call, draw: Callable[[str], bytes], content_type: str) -> web.Response:
    body: shapes.QrBody = call.body
    await count(call.services, "draw", call.caller.account.id)
    await call.services.cameras.pending(call.caller.account.id, call.id, body.token, now=call.now)
    text = _payload(call, body.token, body.ssid, body.wifi_password, body.hidden, body.form)
    image = await asyncio.to_thread(draw, text)
    charset = "utf-8" if content_type.endswith("xml") else None
    headers = {"Cache-Control": "no-store"}
    return web.Response(body=image, content_type=content_type, charset=charset, headers=headers)


def _here(call: Call) -> str:
    """The network that the call came from, as text. Raises `Refused` (network_invalid) where it is not known."""
    if call.is_hidden:
        raise Refused("network_invalid", "the proxy in front of this server does not say from which network you call")
    network = network_of(call.address)
    if network is None:
        raise Refused("network_invalid", "this server cannot tell from which network you are calling")
    return network


def _networks(texts: list[str]) -> list[str]:
    try:
        return [str(ipaddress.ip_network(text.strip(), strict=False)) for text in texts]
    except ValueError:
        raise Refused("network_invalid", "a network looks like 192.0.2.0/24 or 2001:db8::/56") from None


def _name(text: str) -> str:
    try:
        return names.cleaned(text)
    except ValueError as error:
        raise Refused("invalid_body", str(error)) from None
