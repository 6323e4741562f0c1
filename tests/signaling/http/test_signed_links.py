"""Sharing by a link that the app has drawn: the server learns a hash, passes on what was signed, and knows no key."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from signaling.protocol.identity import encode_bytes, token_hash
from signaling.protocol.trust import keyring, statement
from signaling.protocol.trust.grant import ACCEPTANCE, GRANT, Acceptance, Grant, rights
from signaling.protocol.trust.link import LinkKeys, link_keys, link_proof
from signaling.protocol.trust.orders import Known
from signaling.store.database import SQLITE_FILE
from tests.signaling.api import Api
from tests.signaling.sharing import GUEST, confirmed_camera, grants, link
from tests.signaling.trust.people import NOW, key
from tests.signaling.trusting import Proven, proven_camera, ring_at, ring_of, trust_of

SEED = b"stays in the URL"
KEYS = link_keys(SEED)


@pytest.fixture
async def camera(owner: Api) -> Proven:
    await ring_at(owner, "phone")
    return await proven_camera(owner)


async def granted(owner: Api, camera_key: str, to: str, *, link: bool, serial: int = 7) -> str:
    ring = (await ring_of(owner)).name
    return statement.sign(key("phone"), GRANT, Grant(camera_key, ring, to, ["live"], NOW - 60, serial, link=link))


async def signed_link(owner: Api, camera: Proven, keys: LinkKeys = KEYS, **changed: Any) -> dict[str, Any]:
    """The body of an invitation."""
    text = await granted(owner, camera.device.public_key, statement.name_of(keys.key), link=True)
    proof = link_proof(SEED, camera.device.public_key, (await ring_of(owner)).name, statement.digest(text))
    body = {"scopes": ["live"], "secret_hash": token_hash(keys.secret), "grant": text, "link_proof": proof}
    return body | changed


def acceptance(grant: str, ring: str, keys: LinkKeys = KEYS) -> str:
    return statement.sign(keys.key, ACCEPTANCE, Acceptance(statement.digest(grant), ring, NOW))


async def invite(owner: Api, camera: Proven, **changed: Any) -> Any:
    body = await signed_link(owner, camera, **changed)
    return body, await owner.call("POST", f"/api/cameras/{camera.id}/invitations", body)


async def newcomer(owner: Api) -> Api:
    guest = owner.another()
    await guest.register(await owner.invite(), GUEST)
    await ring_at(guest, "guest")
    return guest


async def test_signed_link_is_accepted_and_makes_a_chain(owner: Api, camera: Proven) -> None:
    """The camera would let the guest in, by what the server passed on and nothing else."""
    body, made = await invite(owner, camera)
    assert made.status == 201 and made.json["link"] == f"{owner.origin}/"
    guest = await newcomer(owner)
    offer = (await guest.good("POST", "/api/grants/check", {"invitation": KEYS.secret}))["signed"]
    ring = await ring_of(owner)
    assert keyring.follow(offer["owner_keyring"]) == ring
    assert (offer["camera_key"], offer["grant"]) == (camera.device.public_key, body["grant"])
    assert offer["link_proof"] == link_proof(SEED, offer["camera_key"], ring.name, statement.digest(offer["grant"]))
    theirs = await ring_of(guest)
    signed = acceptance(offer["grant"], theirs.name)
    await guest.good("POST", "/api/grants", {"invitation": KEYS.secret, "acceptance": signed})
    seen = await trust_of(guest, camera.id)
    assert (seen["chain"], seen["link_proof"]) == ([body["grant"], signed], body["link_proof"])
    chain: list[str] = seen["chain"]  # type: ignore[assignment]
    assert rights(camera.device.public_key, ring, Known(), theirs, chain, NOW).scopes == {"live"}
    (one,) = (await grants(owner, camera.id))["grants"]
    assert one["chain"] == chain and (await trust_of(owner, camera.id))["chain"] == []


async def test_signed_link_of_who_has_no_keyring_yet_is_accepted_later(owner: Api, camera: Proven) -> None:
    body, _ = await invite(owner, camera)
    guest = owner.another()
    await guest.register(KEYS.secret, GUEST)
    assert (await trust_of(guest, camera.id))["chain"] == [body["grant"]]
    await ring_at(guest, "guest")
    signed = acceptance(body["grant"], (await ring_of(guest)).name)
    path = f"/api/grants/{(await guest.camera(camera.id))['access']['grant']}/acceptance"
    for wrong in (acceptance(body["grant"], "w" * 43, link_keys(b"another URL, now")), body["grant"], "a.b.c"):
        assert (await guest.call("PUT", path, {"statement": wrong})).code == "statement_untrue"
    assert (await owner.call("PUT", path, {"statement": signed})).code == "not_found", "the guest says it, nobody else"
    for _ in range(2):
        assert (await guest.call("PUT", path, {"statement": signed})).status == 204
    assert (await trust_of(guest, camera.id))["chain"] == [body["grant"], signed]
    other = acceptance(body["grant"], (await ring_of(owner)).name)
    assert (await guest.call("PUT", path, {"statement": other})).code == "already_accepted"


async def test_signed_link_wants_all_its_parts_about_this_camera(owner: Api, camera: Proven) -> None:
    for missing in ("secret_hash", "grant", "link_proof"):
        assert (await invite(owner, camera, **{missing: None}))[1].code == "invalid_body"
    other = await granted(owner, "A" * 43, statement.name_of(KEYS.key), link=True)
    direct = await granted(owner, camera.device.public_key, statement.name_of(KEYS.key), link=False)
    for text in (other, direct, "a.b.c"):
        assert (await invite(owner, camera, grant=text))[1].code == "statement_untrue"
    assert (await invite(owner, camera, secret_hash="g" * 64))[1].code == "invalid_body"
    assert (await grants(owner, camera.id))["invitations"] == []
    body, made = await invite(owner, camera)
    (shown,) = (await grants(owner, camera.id))["invitations"]
    assert (shown["id"], shown["grant"]) == (made.json["id"], body["grant"])
    assert (await invite(owner, camera))[1].code == "invalid_body", "the same link twice"


async def test_unsigned_links_go_on_as_before(owner: Api) -> None:
    camera, _ = await confirmed_camera(owner)
    secret = await link(owner, camera)
    guest = await newcomer(owner)
    assert (await guest.good("POST", "/api/grants/check", {"invitation": secret}))["signed"] is None
    signed = acceptance(statement.sign(key("phone"), "x", Acceptance("A" * 43, "E" * 43, NOW)), "A" * 43)
    refused = await guest.call("POST", "/api/grants", {"invitation": secret, "acceptance": signed})
    assert refused.code == "statement_untrue"
    await guest.good("POST", "/api/grants", {"invitation": secret})
    seen = await trust_of(guest, camera)
    assert (seen["chain"], seen["link_proof"], seen["protected"]) == ([], None, False)
    grant = (await guest.camera(camera))["access"]["grant"]
    assert (
        await guest.call("PUT", f"/api/grants/{grant}/acceptance", {"statement": signed})
    ).code == "statement_untrue"


async def test_signed_grant_that_changes_takes_the_place_of_the_chain(owner: Api, camera: Proven) -> None:
    body, _ = await invite(owner, camera)
    guest = await newcomer(owner)
    theirs = await ring_of(guest)
    accepted = {"invitation": KEYS.secret, "acceptance": acceptance(body["grant"], theirs.name)}
    await guest.good("POST", "/api/grants", accepted)
    path = f"/api/grants/{(await grants(owner, camera.id))['grants'][0]['id']}"
    camera_key = camera.device.public_key
    new = await granted(owner, camera_key, theirs.name, link=False, serial=8)
    changed = await owner.good("PATCH", path, {"scopes": ["live", "talk"], "grant": new})
    assert (changed["chain"], changed["scopes"]) == ([new], ["live", "talk"])
    assert (await trust_of(guest, camera.id))["chain"] == [new]
    assert (await trust_of(guest, camera.id))["link_proof"] == body["link_proof"]
    wrong = await granted(owner, "A" * 43, theirs.name, link=False)
    for text in (wrong, body["grant"], "a.b.c"):
        assert (await owner.call("PATCH", path, {"grant": text})).code == "statement_untrue"
    assert (await guest.call("PATCH", path, {"grant": new})).code == "not_found"


async def test_signed_link_leaves_no_secret_with_the_server(owner: Api, camera: Proven, tmp_path: Path) -> None:
    body, _ = await invite(owner, camera)
    guest = await newcomer(owner)
    signed = acceptance(body["grant"], (await ring_of(guest)).name)
    await guest.good("POST", "/api/grants", {"invitation": KEYS.secret, "acceptance": signed})
    with sqlite3.connect(f"file:{tmp_path / SQLITE_FILE}?mode=ro", uri=True) as database:
        dump = "\n".join(database.iterdump())
    assert body["grant"] in dump
    for secret in (
        SEED.decode(),
        SEED.hex(),
        encode_bytes(SEED),
        KEYS.secret,
        encode_bytes(KEYS.seed),
        KEYS.seed.hex(),
    ):
        assert secret not in dump
