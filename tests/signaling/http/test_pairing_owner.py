"""A pairing that camera and owner prove to each other: the server passes the proofs on, and cannot make any."""

import sqlite3
from pathlib import Path

import pytest

from signaling.cameras import TOKEN_SECONDS
from signaling.protocol.trust import keyring, pairing
from signaling.refusals import Refused
from signaling.server import Running
from signaling.store.database import SQLITE_FILE
from tests.signaling.api import PASSWORD, Api
from tests.signaling.device import Device
from tests.signaling.trust.people import NOW, key, name
from tests.signaling.trusting import (
    SECRET,
    deeds_of,
    introduced,
    offer_owner,
    ordered,
    proven_camera,
    ring_at,
    ring_of,
    say,
    trust_of,
)


def camera_proof(device: Device, origin: str, token: str) -> str:
    return pairing.camera_proof(SECRET, origin, token, device.public_key)


async def test_pairing_tells_each_side_the_proof_of_the_other(owner: Api) -> None:
    statements = await ring_at(owner, "phone", "laptop")
    camera = await proven_camera(owner)
    ring = keyring.follow(statements)
    expected = pairing.owner_proof(SECRET, owner.origin, camera.token, ring.name, ring.head)
    assert camera.answer["owner"] == {"keyring": statements, "proof": expected}
    seen = await trust_of(owner, camera.id)
    assert seen["pairing_proof"] == camera_proof(camera.device, owner.origin, camera.token)
    assert (seen["camera_key"], seen["origin"]) == (camera.device.public_key, owner.origin)
    assert (seen["owner_keyring"], seen["protected"]) == (statements, True)
    listed = (await owner.good("GET", "/api/cameras"))["cameras"]
    assert [one["protected"] for one in listed] == [(await owner.camera(camera.id))["protected"]] == [True]


async def test_pairing_answers_a_repeated_activation_alike(owner: Api) -> None:
    await ring_at(owner, "phone")
    camera, token = await owner.add_camera()
    await offer_owner(owner, camera, token)
    device = Device(owner)
    proof = camera_proof(device, owner.origin, token)
    first = (await device.try_activate(token, pairing_proof=proof)).json
    again = (await device.try_activate(token, pairing_proof=proof)).json
    assert first["owner"] == again["owner"] and first["owner"]["keyring"]


async def test_pairing_tells_the_keyring_as_far_as_the_proof_goes(owner: Api) -> None:
    """A statement that came afterwards is one that the proof says nothing of."""
    before = await ring_at(owner, "phone")
    camera, token = await owner.add_camera()
    await offer_owner(owner, camera, token)
    await say(owner, keyring.change(key("phone"), keyring.follow(before), [name("phone"), name("laptop")], NOW))
    device = Device(owner)
    answer = (await device.try_activate(token, pairing_proof=camera_proof(device, owner.origin, token))).json
    assert answer["owner"]["keyring"] == before


async def test_pairing_without_proofs_is_as_before(owner: Api) -> None:
    camera, token = await owner.add_camera()
    answer = await Device(owner).activate(token)
    assert "owner" not in answer
    seen = await trust_of(owner, camera)
    assert (seen["pairing_proof"], seen["protected"], seen["owner_keyring"]) == (None, False, [])


async def test_pairing_proven_by_one_side_alone_protects_nothing(owner: Api) -> None:
    await ring_at(owner, "phone")
    camera, token = await owner.add_camera()
    device = Device(owner)
    answer = (await device.try_activate(token, pairing_proof=camera_proof(device, owner.origin, token))).json
    assert "owner" not in answer and (await trust_of(owner, camera))["protected"] is False
    camera, token = await owner.add_camera()
    await offer_owner(owner, camera, token)
    assert "owner" in (await Device(owner).try_activate(token)).json
    assert (await trust_of(owner, camera))["protected"] is False


async def test_pairing_takes_the_owner_for_an_open_code_alone(owner: Api, running: Running) -> None:
    camera, token = await owner.add_camera()
    path, key32 = f"/api/cameras/{camera}/pairing/owner", "A" * 43
    assert (await owner.call("PUT", path, {"head": key32, "proof": key32})).code == "keyring_moved"
    await ring_at(owner, "phone")
    assert (await owner.call("PUT", path, {"head": key32, "proof": key32})).code == "keyring_moved"
    head = (await ring_of(owner)).head
    late, me = running.services.clock() + TOKEN_SECONDS, (await owner.good("GET", "/api/me"))["id"]
    with pytest.raises(Refused, match="no code of this camera waits"):
        await running.services.trust.offer_owner(me, camera, head, key32, now=late)
    await Device(owner).activate(token)
    assert (await offer_owner(owner, camera, token)).code == "no_open_pairing"
    await owner.good("POST", f"/api/cameras/{camera}/pairing", {"ssid": ""})
    await owner.good("DELETE", f"/api/cameras/{camera}/pairing")
    assert (await offer_owner(owner, camera, token)).code == "no_open_pairing"


async def test_pairing_with_the_same_key_keeps_what_was_revoked(owner: Api) -> None:
    """Else a revoked guest who has kept the grant would be let in again, once a helpful server had the camera paired
    anew."""
    await ring_at(owner, "phone")
    camera = await proven_camera(owner)
    ring = await ring_of(owner)
    text = ordered(ring, camera.device.public_key, 0, 7)
    await owner.good("PUT", f"/api/cameras/{camera.id}/orders", {"statement": text})
    await proven_camera(owner, camera.device, camera.id)
    assert (await trust_of(owner, camera.id))["orders"] == text
    await owner.good("POST", f"/api/cameras/{camera.id}/confirm", {"mine": False})
    assert (await trust_of(owner, camera.id))["protected"] is False, "it has no key now"
    assert (await owner.camera(camera.id))["protected"] is False
    await proven_camera(owner, camera.device, camera.id)
    assert (await trust_of(owner, camera.id))["orders"] == text


async def test_pairing_with_another_key_leaves_nothing_of_the_old_one(owner: Api) -> None:
    await ring_at(owner, "phone")
    camera = await proven_camera(owner)
    ring, key_before = await ring_of(owner), camera.device.public_key
    said = {"orders": ordered(ring, key_before, 0), "introduction": introduced(ring, camera.id, key_before, ring.name)}
    for what, text in said.items():
        await owner.good("PUT", f"/api/cameras/{camera.id}/{what}", {"statement": text})
    after = await proven_camera(owner, Device(owner), camera.id)
    seen = await trust_of(owner, camera.id)
    assert seen["camera_key"] == after.device.public_key != key_before
    assert (seen["orders"], seen["introduction"], seen["protected"]) == (None, None, True)


async def test_pairing_that_was_proven_ends_with_the_owner(owner: Api) -> None:
    """The camera goes on believing the giver: so it is given unpaired, and nothing that was said is left."""
    await ring_at(owner, "phone")
    camera = await proven_camera(owner)
    ring = await ring_of(owner)
    text = ordered(ring, camera.device.public_key, 0)
    await owner.good("PUT", f"/api/cameras/{camera.id}/orders", {"statement": text})
    taker = owner.another()
    await taker.register(await owner.invite(), "taker@example.org")
    made = await owner.good("POST", f"/api/cameras/{camera.id}/transfer")
    secret = {"transfer": made["link"].rpartition("/")[2]}
    assert made["stays_paired"] is False
    assert (await taker.good("POST", "/api/transfers/check", secret))["stays_paired"] is False
    taken = await taker.good("POST", "/api/transfers/accept", secret)
    assert taken["state"] == "unpaired"
    seen = await trust_of(taker, camera.id)
    assert (seen["camera_key"], seen["orders"], seen["protected"], seen["owner_keyring"]) == (None, None, False, [])
    await ring_at(taker, "tablet")
    again = await proven_camera(taker, camera.device, camera.id)
    seen = await trust_of(taker, camera.id)
    assert (seen["protected"], seen["orders"]) == (True, None), "the key is the same, its owner is not"
    assert keyring.follow(again.answer["owner"]["keyring"]).keys == {name("tablet")}  # type: ignore[index]


async def test_pairing_secret_reaches_neither_database_nor_log(owner: Api, running: Running, tmp_path: Path) -> None:
    await ring_at(owner, "phone")
    await proven_camera(owner)
    with sqlite3.connect(f"file:{tmp_path / SQLITE_FILE}?mode=ro", uri=True) as database:
        dump = "\n".join(database.iterdump())
    assert "pairing_proof" in dump
    for form in (SECRET.decode(), SECRET.hex(), "ZHJhd24gYnkgYnJvd3Nlcg"):
        assert form not in dump


async def test_pairing_that_is_proven_is_said_in_the_log(owner: Api) -> None:
    await ring_at(owner, "phone")
    await proven_camera(owner)
    entries = (await owner.good("GET", "/api/audit"))["entries"]
    (activated,) = [entry for entry in entries if entry["deed"] == "camera_activated"]
    assert activated["details"]["proven"] == "yes"
    assert (await deeds_of(owner)).count("camera_activated") == 1
    assert PASSWORD not in str(entries)
