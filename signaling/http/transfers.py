"""Handlers: giving a camera to another account."""

from signaling.http import shapes
from signaling.http.call import Call, count, rfc3339
from signaling.http.cameras import camera_shape
from signaling.http.transfer_shapes import TransferBody, TransferLink, TransferOffer, TransferStanding


async def offer(call: Call) -> TransferLink:
    await count(call.services, "transfer", call.caller.account.id)
    secret = call.services.new_token()
    made, stays = await call.services.transfers.offer(call.caller.account.id, call.id, secret, now=call.now)
    link = f"{call.services.origin}/#/transfer/{secret}"
    return TransferLink(link, rfc3339(made.expires_at), stays)


async def standing(call: Call) -> TransferStanding:
    found = await call.services.transfers.standing(call.caller.account.id, call.id, now=call.now)
    return TransferStanding(rfc3339(found.transfer.expires_at) if found.transfer is not None else None, found.stays)


async def withdraw(call: Call) -> None:
    await call.services.transfers.withdraw(call.caller.account.id, call.id, now=call.now)


async def look(call: Call) -> TransferOffer:
    body: TransferBody = call.body
    found = await call.services.transfers.look(body.transfer, now=call.now)
    camera, until = found.camera, rfc3339(found.expires_at)
    return TransferOffer(camera.name, camera.model, found.giver, until, found.stays)


async def accept(call: Call) -> shapes.Camera:
    body: TransferBody = call.body
    account = call.caller.account
    camera = await call.services.transfers.accept(account, body.transfer, now=call.now)
    view = await call.services.cameras.show(account.id, camera, now=call.now)
    return camera_shape(view, call.services, call.now)
