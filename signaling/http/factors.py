"""Handlers: second factors of the account that is signed in."""

from typing import Any

import msgspec

from signaling.accounts import Spend
from signaling.factors import Overview
from signaling.http import factor_shapes as shapes
from signaling.http.call import Call, rfc3339
from signaling.proof import Proof
from signaling.store.rows import Passkey


async def show(call: Call) -> shapes.Factors:
    return _overview(call, await call.services.factors.overview(call.caller.account.id))


async def proof_challenge(call: Call) -> shapes.PasskeyOptions:
    return shapes.PasskeyOptions(await call.services.factors.proofs.options(call.caller, now=call.now))


async def begin_totp(call: Call) -> shapes.NewTotp:
    origin = call.services.origin
    return shapes.NewTotp(*await call.services.factors.begin_app(call.caller, proof_in(call), origin, now=call.now))


async def confirm_totp(call: Call) -> shapes.RecoveryCodes:
    body: shapes.CodeBody = call.body
    return shapes.RecoveryCodes(await call.services.factors.confirm_app(call.caller, body.code, now=call.now))


async def end_totp(call: Call) -> None:
    await call.services.factors.end_app(call.caller, proof_in(call), now=call.now)


async def begin_passkey(call: Call) -> shapes.PasskeyOptions:
    return shapes.PasskeyOptions(await call.services.factors.begin_passkey(call.caller, proof_in(call), now=call.now))


async def add_passkey(call: Call) -> shapes.AddedPasskey:
    body: shapes.NewPasskeyBody = call.body
    credential = msgspec.to_builtins(body.credential)
    passkey, codes = await call.services.factors.add_passkey(
        call.caller, body.name, credential, passkey_id=call.services.new_id(), now=call.now
    )
    return shapes.AddedPasskey(_passkey(passkey), codes)


async def rename_passkey(call: Call) -> shapes.Passkey:
    body: shapes.PasskeyNameBody = call.body
    return _passkey(await call.services.factors.rename_passkey(call.caller, call.id, body.name))


async def remove_passkey(call: Call) -> None:
    await call.services.factors.remove_passkey(call.caller, call.id, proof_in(call), now=call.now)


async def renew_codes(call: Call) -> shapes.RecoveryCodes:
    return shapes.RecoveryCodes(await call.services.factors.renew_codes(call.caller, proof_in(call), now=call.now))


async def set_passkey_only(call: Call) -> shapes.Factors:
    body: shapes.PasskeyOnlyBody = call.body
    factors = call.services.factors
    return _overview(call, await factors.set_passkey_only(call.caller, body.on, proof_in(call), now=call.now))


async def prove(call: Call, password: str | None, code: str | None, passkey: shapes.Assertion | None) -> Spend:
    """For what is no factor. Raises `Refused` unless it is the caller who asks."""
    proof = Proof(password, code, _builtins(passkey))
    return await call.services.factors.proofs.demand(call.caller, proof, now=call.now)


def proof_in(call: Call) -> Proof:
    body: shapes.ProofBody = call.body
    return Proof(body.password, body.code, _builtins(body.passkey))


def _builtins(passkey: shapes.Assertion | None) -> dict[str, Any] | None:
    return None if passkey is None else msgspec.to_builtins(passkey)


def _overview(call: Call, overview: Overview) -> shapes.Factors:
    passkeys = [_passkey(passkey) for passkey in overview.passkeys]
    at = call.services.factors.passkeys.origin
    return shapes.Factors(overview.app, passkeys, overview.codes_left, overview.passkey_only, at)


def _passkey(passkey: Passkey) -> shapes.Passkey:
    used = None if passkey.last_used_at is None else rfc3339(passkey.last_used_at)
    return shapes.Passkey(passkey.id, passkey.name, rfc3339(passkey.created_at), used, passkey.verified)
