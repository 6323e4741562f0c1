"""Passkeys over REST: as second factor, as the only one, and everything that is no passkey of this account."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from signaling.factors import MAX_PASSKEYS
from signaling.passkeys import CHALLENGE_SECONDS
from signaling.refusals import Refused
from signaling.server import Running, serving
from signaling.store.rows import Login
from tests.servers import free_port
from tests.signaling.api import EMAIL, PASSWORD, Api
from tests.signaling.authenticator import Authenticator
from tests.signaling.factors import (
    LOGIN,
    PROOF,
    add_passkey,
    first_step,
    passkey_proof,
    second_step,
    sign_in_by_passkey,
    totp_on,
)
from tests.signaling.helpers import api_of, quick_settings, secret_of


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    """A server with a name, which passkeys need."""
    port = free_port()
    async with serving(quick_settings(tmp_path, port=port, public_url=f"http://localhost:{port}")) as server:
        yield server


@pytest.fixture
def key(running: Running) -> Authenticator:
    return Authenticator(running.origin)


async def test_a_passkey_is_a_second_factor(owner: Api, key: Authenticator) -> None:
    added = await add_passkey(owner, key)
    assert len(added["recovery_codes"]) == 10 and added["passkey"]["verified"]
    wanted = await first_step(owner.another())
    assert wanted["methods"] == ["passkey", "recovery_code"]
    assert [known["id"] for known in wanted["passkey"]["allowCredentials"]] == [key.get(wanted["passkey"])["id"]]
    other = owner.another()
    assert (await second_step(other, wanted["ticket"], passkey=key.get(wanted["passkey"]))).status == 201
    assert (await other.good("GET", "/api/me"))["email"] == EMAIL
    assert (await second_step(other, wanted["ticket"], passkey=key.get(wanted["passkey"]))).code == "ticket_invalid"


async def test_a_passkey_alone_needs_neither_name_nor_password(owner: Api, key: Authenticator) -> None:
    await add_passkey(owner, key)
    other = owner.another()
    assert (await sign_in_by_passkey(other, key)).status == 201
    assert (await other.good("GET", "/api/me"))["email"] == EMAIL
    newest = (await owner.good("GET", "/api/audit"))["entries"][0]
    assert (newest["deed"], newest["by"], newest["details"]["with"]) == ("signed_in", EMAIL, "passkey")
    listed = (await owner.good("GET", "/api/me/factors"))["passkeys"]
    assert [(one["name"], one["last_used_at"] is not None) for one in listed] == [("Phone", True)]


async def test_alone_it_must_know_its_person(owner: Api, key: Authenticator) -> None:
    key.verifies = False
    assert (await add_passkey(owner, key))["passkey"]["verified"] is False
    assert (await sign_in_by_passkey(owner.another(), key)).code == "passkey_refused"
    wanted = await first_step(owner.another())  # beside the password that it is there is enough
    assert (await second_step(owner.another(), wanted["ticket"], passkey=key.get(wanted["passkey"]))).status == 201


async def test_what_is_not_accepted(owner: Api, key: Authenticator) -> None:
    await add_passkey(owner, key)

    async def refused(**lies: Any) -> bool:
        truth = {name: getattr(key, name) for name in lies}
        for name, lie in lies.items():
            setattr(key, name, lie)
        answer = await sign_in_by_passkey(owner.another(), key)
        for name, value in truth.items():
            setattr(key, name, value)
        return answer.status == 401 and answer.code == "passkey_refused"

    stranger = Authenticator(key.origin)
    assert await refused(origin="https://evil.example")
    assert await refused(origin=key.origin + ".evil.example")
    assert await refused(rp_id="evil.example")
    assert await refused(id=stranger.id)
    assert await refused(key=stranger.key)
    assert await refused(handle=b"somebody else")
    assert (await sign_in_by_passkey(owner.another(), key)).status == 201
    assert await refused(count=0)
    assert (await sign_in_by_passkey(owner.another(), key)).status == 201


async def test_a_challenge_is_good_once_for_its_purpose_and_for_minutes(
    running: Running, owner: Api, key: Authenticator
) -> None:
    await add_passkey(owner, key)

    async def by_passkey(options: Any) -> str | None:
        return (await owner.another().call("POST", "/api/sessions/passkey", {"passkey": key.get(options)})).code

    options = (await owner.good("POST", "/api/passkey-challenges"))["options"]
    assert await by_passkey(options) is None
    assert await by_passkey(options) == "passkey_refused"
    for other in (
        (await owner.good("POST", "/api/me/proof-challenges"))["options"],
        (await first_step(owner.another()))["passkey"],
        options | {"challenge": "AAAA"},
        options | {"challenge": 7},
    ):
        assert await by_passkey(other) == "passkey_refused"
    fresh, now = (await owner.good("POST", "/api/passkey-challenges"))["options"], time.time() + CHALLENGE_SECONDS + 1
    with pytest.raises(Refused) as refusal:
        await running.services.sign_in.by_passkey(key.get(fresh), Login("x", "", now, now, "", ""), now=now)
    assert refusal.value.code == "passkey_refused"


async def test_of_one_answer_sent_twice_at_once_one_wins(owner: Api, key: Authenticator) -> None:
    await add_passkey(owner, key)
    options = (await owner.good("POST", "/api/passkey-challenges"))["options"]
    body = {"passkey": key.get(options)}
    answers = await asyncio.gather(*(owner.another().call("POST", "/api/sessions/passkey", body) for _ in range(8)))
    assert sorted(answer.status for answer in answers) == [201] + [401] * 7


async def test_the_passkey_of_another_account_opens_only_that(owner: Api, key: Authenticator) -> None:
    guest, theirs = owner.another(), Authenticator(key.origin)
    await guest.register(await owner.invite(), "guest@example.org")
    codes = (await add_passkey(owner, key))["recovery_codes"]
    added = await add_passkey(guest, theirs)
    wanted = await first_step(owner.another())
    answer = await second_step(owner.another(), wanted["ticket"], passkey=theirs.get(wanted["passkey"]))
    assert answer.code == "passkey_refused"
    assert (await owner.call("POST", "/api/me/totp", await passkey_proof(owner, theirs))).code == "passkey_refused"
    path = f"/api/me/passkeys/{added['passkey']['id']}"
    assert (await owner.call("PATCH", path, {"name": "Mine"})).status == 404
    assert (await owner.call("POST", path + "/remove", PROOF | {"code": codes[0]})).status == 404
    stolen = (await owner.good("POST", "/api/me/passkey-challenges", PROOF | {"code": codes[0]}))["options"]
    handle = theirs.handle
    body = {"name": "Stolen", "credential": theirs.create(stolen)}
    assert (await owner.call("POST", "/api/me/passkeys", body)).code == "passkey_known"
    assert (await sign_in_by_passkey(guest, theirs)).code == "passkey_refused"  # it calls itself the owner's
    theirs.handle = handle
    assert (await sign_in_by_passkey(guest, theirs)).status == 201
    assert (await guest.good("GET", "/api/me"))["email"] == "guest@example.org"


async def test_a_new_passkey_wants_a_proof_from_the_same_session(owner: Api, key: Authenticator) -> None:
    assert (await owner.call("POST", "/api/me/passkey-challenges", {})).code == "proof_required"
    wrong = {"password": "wrong password"}
    assert (await owner.call("POST", "/api/me/passkey-challenges", wrong)).code == "credentials_wrong"
    options = (await owner.good("POST", "/api/me/passkey-challenges", PROOF))["options"]
    assert options["authenticatorSelection"]["residentKey"] == "required" and options["attestation"] == "none"
    thief = owner.another()
    await thief.sign_in()
    body = {"name": "Theirs", "credential": key.create(options)}
    assert (await thief.call("POST", "/api/me/passkeys", body)).code == "passkey_refused"
    assert (await owner.call("POST", "/api/me/passkeys", body)).status == 201
    assert (await owner.call("POST", "/api/me/passkeys", body)).code == "passkey_refused"
    assert (await thief.call("GET", "/api/me")).status == 401  # other sessions ended
    body = {"name": "x", "credential": Authenticator("https://evil.example").create(options)}
    assert (await owner.call("POST", "/api/me/passkeys", body)).code == "passkey_refused"


async def test_passkeys_have_names_and_a_bound_and_can_be_removed(owner: Api, key: Authenticator) -> None:
    first = (await add_passkey(owner, key))["passkey"]["id"]
    assert (await owner.good("PATCH", f"/api/me/passkeys/{first}", {"name": "Old phone"}))["name"] == "Old phone"
    for number in range(1, MAX_PASSKEYS):
        await add_passkey(owner, Authenticator(key.origin), f"Key {number}", await passkey_proof(owner, key))
    proof = await passkey_proof(owner, key)
    assert (await owner.call("POST", "/api/me/passkey-challenges", proof)).code == "too_many_passkeys"
    await owner.good("POST", f"/api/me/passkeys/{first}/remove", await passkey_proof(owner, key))
    assert (await sign_in_by_passkey(owner.another(), key)).code == "passkey_refused"
    deeds = [entry["deed"] for entry in (await owner.good("GET", "/api/audit"))["entries"]]
    assert deeds[0] == "factor_removed" and deeds.count("factor_added") == MAX_PASSKEYS


async def test_the_last_factor_takes_the_recovery_codes_along(owner: Api, key: Authenticator) -> None:
    passkey = (await add_passkey(owner, key))["passkey"]["id"]
    _, codes = await totp_on(owner, await passkey_proof(owner, key))
    assert codes == []  # those that came with the passkey stay good
    await owner.good("POST", "/api/me/totp/off", await passkey_proof(owner, key))
    assert (await owner.good("GET", "/api/me/factors"))["recovery_codes_left"] == 10
    await owner.good("POST", f"/api/me/passkeys/{passkey}/remove", await passkey_proof(owner, key))
    assert (await owner.good("GET", "/api/me/factors"))["recovery_codes_left"] == 0
    await owner.another().sign_in()


async def passkey_only(api: Api, key: Authenticator, *, on: bool = True) -> Any:
    return await api.call("PUT", "/api/me/passkey-only", {"on": on} | await passkey_proof(api, key))


async def test_with_passkeys_only_the_password_opens_nothing(owner: Api, key: Authenticator) -> None:
    assert (await owner.call("PUT", "/api/me/passkey-only", PROOF | {"on": True})).code == "proof_required"
    codes = (await add_passkey(owner, key))["recovery_codes"]
    assert (await owner.call("PUT", "/api/me/passkey-only", PROOF | {"on": True})).code == "proof_required"
    before = (await first_step(owner.another()))["ticket"]
    assert (await passkey_only(owner, key)).json["passkey_only"] is True
    right = await owner.another().call("POST", "/api/sessions", LOGIN)
    wrong = await owner.another().call("POST", "/api/sessions", LOGIN | {"password": "not the password"})
    assert right.code == "credentials_wrong" and right.data == wrong.data
    assert (await second_step(owner.another(), before, code=codes[0])).code == "ticket_invalid"
    assert (await owner.call("POST", "/api/me/totp", PROOF)).code == "proof_required"
    assert (await sign_in_by_passkey(owner.another(), key)).status == 201
    for _ in range(2):
        assert (await passkey_only(owner, key, on=False)).json["passkey_only"] is False
    log = (await owner.good("GET", "/api/audit"))["entries"]
    said = [entry["details"]["on"] for entry in log if entry["deed"] == "passkey_only_changed"]
    assert said == ["no", "yes"], "what changes nothing leaves no entry"
    await first_step(owner.another())


async def test_with_passkeys_only_a_passkey_changes_the_password_and_ends_the_account(
    owner: Api, key: Authenticator
) -> None:
    await add_passkey(owner, key)
    await passkey_only(owner, key)
    change, path = {"new_password": "another horse battery"}, "/api/me/password"
    assert (await owner.call("PUT", path, change | {"current_password": PASSWORD})).code == "proof_required"
    assert (await owner.call("DELETE", "/api/me", PROOF)).code == "proof_required"
    stranger = Authenticator(key.origin)
    stranger.id = key.id
    assert (await owner.call("DELETE", "/api/me", await passkey_proof(owner, stranger))).code == "passkey_refused"
    await owner.good("PUT", path, change | await passkey_proof(owner, key))
    await passkey_only(owner, key, on=False)
    await first_step(owner.another(), LOGIN | {"password": "another horse battery"})
    assert (await owner.call("DELETE", "/api/me", await passkey_proof(owner, key))).status == 204
    assert (await sign_in_by_passkey(owner.another(), key)).code == "passkey_refused"


async def test_with_passkeys_only_nobody_locks_himself_out(owner: Api, key: Authenticator) -> None:
    added = await add_passkey(owner, key)
    assert (await passkey_only(owner, key)).status == 200
    path = f"/api/me/passkeys/{added['passkey']['id']}/remove"
    assert (await owner.call("POST", path, await passkey_proof(owner, key))).code == "last_way_in"
    second = Authenticator(key.origin)
    await add_passkey(owner, second, "Key", await passkey_proof(owner, key))
    await owner.good("POST", path, await passkey_proof(owner, key))
    assert (await sign_in_by_passkey(owner.another(), second)).status == 201


async def test_a_recovery_code_stands_in_for_lost_passkeys(owner: Api, key: Authenticator) -> None:
    codes = (await add_passkey(owner, key))["recovery_codes"]

    async def recover(email: str, code: str) -> Any:
        return await owner.another().call("POST", "/api/sessions/recovery", {"email": email, "code": code})

    assert (await recover(EMAIL, codes[0])).code == "credentials_wrong"  # the password is the way in here
    await passkey_only(owner, key)
    answers = [await recover(EMAIL, "AAAA-AAAA-AAAA"), await recover("nobody@example.org", codes[0])]
    assert answers[0].data == answers[1].data and answers[0].code == "credentials_wrong"
    assert (await recover(EMAIL.upper(), codes[0])).status == 201
    assert (await recover(EMAIL, codes[0])).code == "credentials_wrong"
    assert (await owner.good("GET", "/api/me/factors"))["recovery_codes_left"] == 9


async def test_a_server_without_a_name_says_so(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    async with serving(quick_settings(tmp_path / "other")) as server:
        api = await api_of(server, http)
        await api.register(secret_of(server))
        assert (await api.good("GET", "/api/setup"))["passkeys_at"] is None
        assert (await api.good("GET", "/api/me/factors"))["passkeys_at"] is None
        assert (await api.call("POST", "/api/me/passkey-challenges", PROOF)).code == "passkeys_need_name"
        assert (await api.call("POST", "/api/passkey-challenges")).code == "passkeys_need_name"
        assert (await api.call("POST", "/api/me/proof-challenges")).code == "no_passkey"


async def test_password_and_nothing_beside_it_are_never_both(owner: Api, key: Authenticator) -> None:
    await add_passkey(owner, key)
    ticket = (await first_step(owner.another()))["ticket"]
    assert (await second_step(owner.another(), ticket)).code == "invalid_body"
    assert (
        await owner.call("POST", "/api/sessions", {"email": EMAIL, "password": PASSWORD, "code": "1"})
    ).status == 400
