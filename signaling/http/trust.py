"""Handlers: keyrings, installations, and what is said about cameras past the server."""

from signaling.http import trust_shapes as shapes
from signaling.http.call import Call, count, rfc3339
from signaling.http.factors import proof_in
from signaling.store.rows import InstallationRequest


async def keyring(call: Call) -> shapes.Keyring:
    return shapes.Keyring(await call.services.keyrings.of(call.caller.account.id))


async def append(call: Call) -> shapes.Keyring:
    body: shapes.StatementBody = call.body
    return shapes.Keyring(await call.services.keyrings.append(call.caller, body.statement, now=call.now))


async def begin_anew(call: Call) -> None:
    services = call.services
    spend = await services.factors.proofs.demand(call.caller, proof_in(call), now=call.now)
    await services.keyrings.begin_anew(call.caller, spend, now=call.now)


async def offer_owner(call: Call) -> None:
    body: shapes.PairingOwnerBody = call.body
    account = call.caller.account.id
    await call.services.trust.offer_owner(account, call.id, body.head, body.proof, now=call.now)


async def show(call: Call) -> shapes.CameraTrust:
    found = await call.services.trust.show(call.caller.account.id, call.id, now=call.now)
    key, trust = found.camera.public_key, found.trust
    if trust is not None and trust.camera_key != key:
        trust = None
    return shapes.CameraTrust(
        camera_key=key,
        pairing_proof=trust.pairing_proof if trust is not None and found.own else None,
        origin=call.services.origin,
        introduction=found.introduction,
        owner_keyring=found.keyring,
        orders=trust.orders if trust is not None else None,
        receipt=trust.receipt if trust is not None else None,
        chain=found.chain,
        link_proof=found.link_proof,
        protected=trust is not None and trust.protected,
    )


async def introduce(call: Call) -> None:
    body: shapes.StatementBody = call.body
    await call.services.trust.introduce(call.caller.account.id, call.id, body.statement, now=call.now)


async def order(call: Call) -> None:
    body: shapes.StatementBody = call.body
    await call.services.trust.order(call.caller.account.id, call.id, body.statement, now=call.now)


async def alarm(call: Call) -> None:
    body: shapes.AlarmBody = call.body
    account = call.caller.account.id
    await count(call.services, "alarm", account)
    await call.services.alarms.by_viewer(account, call.id, body.reason, now=call.now)


async def ask(call: Call) -> shapes.InstallationAsked:
    body: shapes.InstallationBody = call.body
    asked = await call.services.installations.ask(
        call.caller.account.id, body.key, body.proof, body.label, request_id=call.services.new_id(), now=call.now
    )
    return shapes.InstallationAsked(asked.id, rfc3339(asked.expires_at))


async def waiting(call: Call) -> shapes.InstallationRequests:
    found = await call.services.installations.waiting(call.caller.account.id, now=call.now)
    return shapes.InstallationRequests([_request(each) for each in found])


async def installation(call: Call) -> shapes.InstallationState:
    request = await call.services.installations.show(call.caller.account.id, call.id, now=call.now)
    return shapes.InstallationState("waiting" if request.welcome is None else "welcomed", request.welcome)


async def welcome(call: Call) -> None:
    body: shapes.WelcomeBody = call.body
    await call.services.installations.welcome(call.caller.account.id, call.id, body.proof, now=call.now)


async def withdraw(call: Call) -> None:
    await call.services.installations.withdraw(call.caller.account.id, call.id)


def _request(request: InstallationRequest) -> shapes.InstallationRequest:
    asked = rfc3339(request.created_at)
    return shapes.InstallationRequest(request.id, request.key, request.proof, request.label, asked)
