"""A further browser asks to belong, and is welcomed by one that does: the server passes two proofs on."""

from typing import Any

import pytest

from signaling.installations import MAX_OPEN_REQUESTS, REQUEST_SECONDS
from signaling.protocol.trust.installation import code_secret, installation_proof, welcome_proof, write_code
from signaling.refusals import Refused
from signaling.server import Running
from tests.signaling.api import PASSWORD, Answer, Api
from tests.signaling.trust.people import name
from tests.signaling.trusting import deeds_of, ring_at, ring_of

PATH = "/api/me/installations"
CODE = write_code(b"ten bytes!")
PROOF = installation_proof(code_secret(CODE), name("tablet"))


async def ask(api: Api, **changed: Any) -> Answer:
    body = {"key": name("tablet"), "proof": PROOF, "label": "Firefox on the tablet"}
    return await api.call("POST", PATH, body | changed)


async def test_installation_asks_and_is_welcomed(owner: Api) -> None:
    await ring_at(owner, "phone")
    asked = (await ask(owner)).json
    (request,) = (await owner.good("GET", PATH))["requests"]
    assert (request["id"], request["key"], request["proof"]) == (asked["id"], name("tablet"), PROOF)
    assert request["label"] == "Firefox on the tablet"
    one = f"{PATH}/{asked['id']}"
    assert await owner.good("GET", one) == {"state": "waiting", "proof": None}
    ring = await ring_of(owner)
    proof = welcome_proof(code_secret(CODE), name("tablet"), ring.name, ring.head)
    await owner.good("PUT", one, {"proof": proof})
    assert await owner.good("GET", one) == {"state": "welcomed", "proof": proof}
    assert (await owner.good("GET", PATH))["requests"] == []
    assert (await owner.call("PUT", one, {"proof": PROOF})).code == "not_found", "it is answered once"
    await owner.good("DELETE", one)
    assert (await owner.call("GET", one)).code == (await owner.call("DELETE", one)).code == "not_found"
    assert (await deeds_of(owner))[:2] == ["installation_welcomed", "installation_asked"]


async def test_installation_requests_are_few_and_short_lived(owner: Api, running: Running) -> None:
    first = (await ask(owner)).json["id"]
    for _ in range(MAX_OPEN_REQUESTS - 1):
        assert (await ask(owner)).status == 201
    assert (await ask(owner)).code == "too_many_installations"
    await owner.good("DELETE", f"{PATH}/{first}")
    second = (await ask(owner)).json["id"]
    me, late = (await owner.good("GET", "/api/me"))["id"], running.services.clock() + REQUEST_SECONDS
    installations = running.services.installations
    assert await installations.waiting(me, now=late) == []
    with pytest.raises(Refused, match="no such request"):
        await installations.welcome(me, second, PROOF, now=late)
    await installations.delete_ended(now=late)
    assert (await owner.call("GET", f"{PATH}/{second}")).code == "not_found"


async def test_installation_request_of_somebody_else_is_none(owner: Api) -> None:
    other = owner.another()
    await other.register(await owner.invite(), "other@example.org")
    one = f"{PATH}/{(await ask(owner)).json['id']}"
    for method, body in (("GET", None), ("PUT", {"proof": PROOF}), ("DELETE", None)):
        assert (await other.call(method, one, body)).code == "not_found"
    assert (await owner.good("GET", one))["state"] == "waiting"


async def test_installation_request_has_its_form(owner: Api) -> None:
    for changed in ({"label": "x" * 81}, {"label": ""}, {"label": "a\0b"}, {"key": "short"}, {"proof": "+" * 43}):
        assert (await ask(owner, **changed)).code == "invalid_body"


async def test_installation_requests_go_with_the_account(owner: Api, running: Running) -> None:
    other = owner.another()
    await other.register(await owner.invite(), "other@example.org")
    await ask(other)
    exported = (await other.good("GET", "/api/me/export"))["data"]["installation_requests"]
    assert [set(row) & {"proof", "welcome"} for row in exported] == [set()]
    await other.good("DELETE", "/api/me", {"password": PASSWORD})
    async with running.services.store.read() as connection:
        left = (await connection.exec_driver_sql("SELECT count(*) FROM installation_requests")).scalar_one()
    assert left == 0
