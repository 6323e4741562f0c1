"""A proof is as strong as a sign-in: for every deed that wants one, and for every kind of account."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from signaling.rates import RULES
from signaling.server import Running, serving
from tests.servers import free_port
from tests.signaling.api import EMAIL, PASSWORD, Answer, Api
from tests.signaling.authenticator import Authenticator
from tests.signaling.factors import (
    PROOF,
    add_passkey,
    first_step,
    passkey_proof,
    second_step,
    sign_in_by_passkey,
    totp_on,
)
from tests.signaling.helpers import api_of, quick_settings, secret_of

NEW = "another horse battery"
DEEDS = {
    "app on": ("POST", "/api/me/totp"),
    "app off": ("POST", "/api/me/totp/off"),
    "passkey added": ("POST", "/api/me/passkey-challenges"),
    "passkey removed": ("POST", "/api/me/passkeys/{passkey}/remove"),
    "codes renewed": ("POST", "/api/me/recovery-codes"),
    "passkeys only": ("PUT", "/api/me/passkey-only"),
    "password let in": ("PUT", "/api/me/passkey-only"),
    "password changed": ("PUT", "/api/me/password"),
    "account deleted": ("DELETE", "/api/me"),
}
WRONG_STATE = {"totp_on", "no_second_factor", "not_found", "last_way_in"}
"""What a deed answers to a proof that it took, where there is nothing to do."""
each_deed = pytest.mark.parametrize("deed", DEEDS)


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    """A server with a name, which passkeys need."""
    port = free_port()
    async with serving(quick_settings(tmp_path, port=port, public_url=f"http://localhost:{port}")) as server:
        yield server


@pytest.fixture
def key(running: Running) -> Authenticator:
    return Authenticator(running.origin)


async def do(api: Api, deed: str, proof: dict[str, Any], passkey: str = "none") -> Answer:
    method, path = DEEDS[deed]
    body = dict(proof)
    if deed == "password changed":
        body = {"new_password": NEW} | body
        if "password" in body:
            body["current_password"] = body.pop("password")
    if path.endswith("passkey-only"):
        body["on"] = deed == "passkeys only"
    return await api.call(method, path.format(passkey=passkey), body)


def taken(answer: Answer) -> bool:
    return answer.status < 300 or answer.code in WRONG_STATE


@each_deed
async def test_where_an_app_is_on_a_password_wants_a_code(owner: Api, deed: str) -> None:
    _, codes = await totp_on(owner)
    before = await owner.good("GET", "/api/me/factors")
    assert (await do(owner, deed, {})).code == "proof_required"
    assert (await do(owner, deed, PROOF)).code == "proof_required"
    assert (await do(owner, deed, {"code": codes[0]})).code == "proof_required"
    if deed == "passkeys only":
        return
    assert (await do(owner, deed, PROOF | {"code": "AAAA-AAAA-AAAA"})).code == "second_factor_wrong"
    assert (await do(owner, deed, {"password": "wrong password", "code": codes[0]})).code == "credentials_wrong"
    assert await owner.good("GET", "/api/me/factors") == before
    assert taken(await do(owner, deed, PROOF | {"code": codes[0]}))


@each_deed
async def test_where_a_passkey_is_on_a_password_wants_it_or_a_code(owner: Api, key: Authenticator, deed: str) -> None:
    added = await add_passkey(owner, key)
    passkey, code = added["passkey"]["id"], added["recovery_codes"][0]
    for too_little in ({}, PROOF, {"code": code}):
        assert (await do(owner, deed, too_little, passkey)).code == "proof_required"
    if deed != "passkeys only":
        wrong = PROOF | {"code": "000000"}
        assert (await do(owner, deed, wrong, passkey)).code == "second_factor_wrong"
    assert taken(await do(owner, deed, await passkey_proof(owner, key), passkey))


@each_deed
async def test_where_only_passkeys_let_in_a_recovery_code_stands_in(owner: Api, key: Authenticator, deed: str) -> None:
    added = await add_passkey(owner, key)
    app, _ = await totp_on(owner, await passkey_proof(owner, key))
    passkey, codes = added["passkey"]["id"], added["recovery_codes"]
    await owner.good("PUT", "/api/me/passkey-only", {"on": True} | await passkey_proof(owner, key))
    for too_little in ({}, PROOF):
        assert (await do(owner, deed, too_little, passkey)).code == "proof_required"
    if deed == "passkeys only":
        assert (await do(owner, deed, {"code": codes[0]}, passkey)).code == "proof_required"
        return
    for shown in ({"code": app.now()}, PROOF | {"code": app.now()}):
        assert (await do(owner, deed, shown, passkey)).code == "second_factor_wrong"
    assert taken(await do(owner, deed, {"code": codes[1]}, passkey))


async def test_lost_passkeys_are_replaced_by_recovery_codes(owner: Api, key: Authenticator) -> None:
    added = await add_passkey(owner, key)
    codes = added["recovery_codes"]
    await owner.good("PUT", "/api/me/passkey-only", {"on": True} | await passkey_proof(owner, key))
    back = owner.another()
    answer = await back.call("POST", "/api/sessions/recovery", {"email": EMAIL, "code": codes[0]})
    back.token = answer.json["token"]
    fresh = Authenticator(key.origin)
    assert (await back.call("POST", "/api/me/passkey-challenges", {"code": codes[0]})).code == "second_factor_wrong"
    await add_passkey(back, fresh, "New phone", {"code": codes[1]})
    await back.good("POST", f"/api/me/passkeys/{added['passkey']['id']}/remove", await passkey_proof(back, fresh))
    assert (await sign_in_by_passkey(back.another(), key)).code == "passkey_refused"
    assert (await sign_in_by_passkey(back.another(), fresh)).status == 201
    assert len((await back.good("GET", "/api/me/factors"))["passkeys"]) == 1


async def test_passkeys_alone_want_codes_enough_to_replace_a_lost_one(owner: Api, key: Authenticator) -> None:
    codes = (await add_passkey(owner, key))["recovery_codes"]
    for code in codes[:9]:
        assert (await second_step(owner.another(), (await first_step(owner))["ticket"], code=code)).status == 201
    body = {"on": True} | await passkey_proof(owner, key)
    assert (await owner.call("PUT", "/api/me/passkey-only", body)).code == "last_way_in"


async def test_a_passkey_that_does_not_know_its_person_counts_beside_the_password(
    owner: Api, key: Authenticator
) -> None:
    key.verifies = False
    await add_passkey(owner, key)
    options = (await owner.good("POST", "/api/me/proof-challenges"))["options"]
    assert options["userVerification"] == "preferred"
    for shown, code in (({}, "passkey_refused"), ({"password": "wrong password"}, "credentials_wrong"), (PROOF, None)):
        proof = shown | await passkey_proof(owner, key)
        assert (await owner.call("POST", "/api/me/recovery-codes", proof)).code == code
    verifying = Authenticator(key.origin)
    await add_passkey(owner, verifying, "Computer", PROOF | await passkey_proof(owner, key))
    options = (await owner.good("POST", "/api/me/proof-challenges"))["options"]
    assert options["userVerification"] == "required"


async def test_a_deed_that_is_refused_costs_no_code(owner: Api) -> None:
    app, codes = await totp_on(owner)
    for code in (app.now(), codes[0]):
        proof = PROOF | {"code": code}
        assert (await owner.call("POST", "/api/me/passkeys/none/remove", proof)).code == "not_found"
        change = {"new_password": "12345678", "current_password": PASSWORD, "code": code}
        assert (await owner.call("PUT", "/api/me/password", change)).code == "password_unsuitable"
        await owner.good("POST", "/api/me/passkey-challenges", proof)
        assert (await owner.call("POST", "/api/me/passkey-challenges", proof)).code == "second_factor_wrong"


async def test_of_one_code_shown_for_many_deeds_at_once_one_is_done(owner: Api) -> None:
    _, codes = await totp_on(owner)
    proof = PROOF | {"code": codes[0]}
    answers = await asyncio.gather(*(owner.call("POST", "/api/me/passkey-challenges", proof) for _ in range(6)))
    assert sorted(answer.code or "" for answer in answers) == ["", *["second_factor_wrong"] * 5]


@pytest.mark.usefixtures("standing_rates")
async def test_codes_are_guessed_in_a_session_as_little_as_at_the_door(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    per_minute = RULES["factor_pair"][0].amount
    async with serving(quick_settings(tmp_path, rate_limits=True)) as server:
        owner = await api_of(server, http)
        await owner.register(secret_of(server))
        await totp_on(owner)
        wrong = PROOF | {"code": "AAAA-AAAA-AAAA"}
        codes = [(await owner.call("POST", "/api/me/recovery-codes", wrong)).code for _ in range(per_minute + 1)]
    assert codes == ["second_factor_wrong"] * per_minute + ["too_many_requests"]
