"""Handlers for the camera's side of onboarding."""

from signaling.activation import Claim
from signaling.http import shapes
from signaling.http.call import Call, rfc3339
from signaling.refusals import Refused


async def seen(call: Call) -> None:
    await call.services.activation.seen(call.body.secret_token, now=call.now)


async def reset(call: Call) -> None:
    body: shapes.CameraResetBody = call.body
    device = await call.services.gate.device_by_token(f"Bearer {body.token}")
    if device is None:
        raise Refused("proof_invalid", "this token was not signed by the key of a camera here, or was used before")
    await call.services.activation.reset(device.camera_id, now=call.now)


async def activate(call: Call) -> shapes.Activated:
    body: shapes.ActivateBody = call.body
    claim = Claim(
        token=body.secret_token,
        hardware_id=body.my_hardware_id,
        local_ip=body.my_local_ip,
        public_key=body.public_key,
        proof=body.proof,
        bearer=call.services.new_token(),
        address="" if call.is_hidden else call.address,
        pairing_proof=body.pairing_proof,
    )
    try:
        activated = await call.services.activation.activate(claim, now=call.now)
    except Refused as refusal:
        call.services.metrics.activations.labels(refusal.code).inc()
        raise
    call.services.metrics.activations.labels("ok").inc()
    owner = shapes.Owner(activated.owner.keyring, activated.owner.proof) if activated.owner is not None else None
    return shapes.Activated(
        activated.camera_id, activated.name, call.services.signaling_url, rfc3339(call.now), activated.bearer, owner
    )
