"""What is said about a camera past the server: who may read it, and what the server does not even keep."""

import asyncio

import pytest
from sqlalchemy import func, select

from signaling.live.state import LiveEvent
from signaling.protocol.trust import keyring
from signaling.protocol.trust.orders import Known
from signaling.protocol.trust.receipt import receipt
from signaling.server import Running
from signaling.store import schema
from tests.signaling.api import Api
from tests.signaling.sharing import confirmed_camera, guest_of
from tests.signaling.trust.people import NOW, key, name
from tests.signaling.trusting import (
    Proven,
    deeds_of,
    introduced,
    ordered,
    proven_camera,
    ring_at,
    ring_of,
    say,
    trust_of,
)

EVENT_SECONDS = 5.0


async def put(api: Api, camera: str, what: str, text: str) -> str | int:
    answer = await api.call("PUT", f"/api/cameras/{camera}/{what}", {"statement": text})
    return answer.code or answer.status


@pytest.fixture
async def camera(owner: Api) -> Proven:
    await ring_at(owner, "phone", "laptop")
    return await proven_camera(owner)


async def test_signed_orders_count_up(owner: Api, camera: Proven) -> None:
    ring, camera_key = await ring_of(owner), camera.device.public_key
    first, later = ordered(ring, camera_key, 0, 7), ordered(ring, camera_key, 3, 7, 9, by="laptop", standard=True)
    assert await put(owner, camera.id, "orders", first) == 204
    assert await put(owner, camera.id, "orders", first) == 204, "the first answer may have been lost"
    assert await put(owner, camera.id, "orders", ordered(ring, camera_key, 0, 8)) == "orders_moved"
    assert await put(owner, camera.id, "orders", later) == 204
    assert await put(owner, camera.id, "orders", first) == "orders_moved"
    assert (await trust_of(owner, camera.id))["orders"] == later
    assert (await deeds_of(owner)).count("orders_changed") == 2
    newest = (await owner.good("GET", "/api/audit"))["entries"][0]
    assert newest["details"] == {"name": "Garden", "n": "3", "standard": "yes"}


async def test_signed_orders_that_are_not_so_are_refused(owner: Api, camera: Proven) -> None:
    ring, camera_key = await ring_of(owner), camera.device.public_key
    other = keyring.Keyring(name("guest"), 0, ring.head, ring.keys)
    assert await put(owner, camera.id, "orders", ordered(ring, camera_key, 5, 7)) == 204
    for text in (
        ordered(ring, camera_key, 6),
        ordered(ring, camera_key, 6, 7, by="stranger"),
        ordered(ring, name("camera"), 6, 7),
        ordered(other, camera_key, 6, 7),
        "a.b.c",
    ):
        assert await put(owner, camera.id, "orders", text) == "statement_untrue", text


async def test_signed_orders_go_on_when_their_signer_is_off_the_keyring(owner: Api, camera: Proven) -> None:
    ring, camera_key = await ring_of(owner), camera.device.public_key
    assert await put(owner, camera.id, "orders", ordered(ring, camera_key, 0, 7, by="laptop")) == 204
    await say(owner, keyring.change(key("phone"), ring, [name("phone")], NOW))
    ring = await ring_of(owner)
    assert await put(owner, camera.id, "orders", ordered(ring, camera_key, 1, 7, by="laptop")) == "statement_untrue"
    assert await put(owner, camera.id, "orders", ordered(ring, camera_key, 1, by="phone")) == "statement_untrue"
    assert await put(owner, camera.id, "orders", ordered(ring, camera_key, 1, 7, by="phone")) == 204


async def test_signed_orders_want_a_key_to_be_about(owner: Api) -> None:
    await ring_at(owner, "phone")
    camera, _ = await owner.add_camera()
    assert await put(owner, camera, "orders", ordered(await ring_of(owner), name("camera"), 0)) == "not_active"


async def test_signed_orders_are_told_to_the_broker(owner: Api, camera: Proven, running: Running) -> None:
    me, subscription = (await owner.good("GET", "/api/me"))["id"], running.services.live.subscribe()
    text = ordered(await ring_of(owner), camera.device.public_key, 0)
    await put(owner, camera.id, "orders", text)
    async with asyncio.timeout(EVENT_SECONDS):
        assert await subscription.next() == LiveEvent("orders", camera.id, me)
        assert await subscription.next() == LiveEvent("camera", camera.id, me)
    subscription.close()
    word = await running.services.trust_store.word_for(camera.id)
    assert word is not None and word.orders == text and keyring.follow(word.keyring) == await ring_of(owner)


async def test_signed_orders_are_nothing_for_a_camera_that_knows_no_owner(owner: Api, running: Running) -> None:
    camera, device = await confirmed_camera(owner)
    await ring_at(owner, "phone")
    assert await put(owner, camera, "orders", ordered(await ring_of(owner), device.public_key, 0)) == 204
    trust = running.services.trust_store
    assert await trust.word_for(camera) is None and await trust.word_for("unknown") is None


async def test_signed_receipt_is_kept_if_the_camera_said_it(owner: Api, camera: Proven, running: Running) -> None:
    head, trust = (await ring_of(owner)).head, running.services.trust_store
    first, later = [receipt(camera.device.key, Known(), head, NOW + minute) for minute in (0, 60)]
    assert await trust.keep_receipt(camera.id, first) and await trust.keep_receipt(camera.id, later)
    for text in (receipt(key("stranger"), Known(), head, NOW), "a.b.c", ""):
        assert not await trust.keep_receipt(camera.id, text)
    assert not await trust.keep_receipt("unknown", first)
    assert (await trust_of(owner, camera.id))["receipt"] == later


async def test_signed_introduction_is_for_ones_own_installations(owner: Api, camera: Proven) -> None:
    ring, camera_key = await ring_of(owner), camera.device.public_key
    guest = await guest_of(owner, camera.id, "live")
    await ring_at(guest, "guest")
    theirs = await ring_of(guest)
    own, of_guest = (
        introduced(ring, camera.id, camera_key, ring.name),
        introduced(theirs, camera.id, camera_key, ring.name, by="guest"),
    )
    assert await put(owner, camera.id, "introduction", own) == 204
    assert await put(guest, camera.id, "introduction", of_guest) == 204
    assert (await trust_of(owner, camera.id))["introduction"] == own
    assert (await trust_of(guest, camera.id))["introduction"] == of_guest
    assert of_guest not in str((await owner.good("GET", "/api/me/export"))["data"])
    assert own in str((await owner.good("GET", "/api/me/export"))["data"])
    for text in (introduced(ring, "other", camera_key, ring.name), "a.b.c", ordered(ring, camera_key, 0)):
        assert await put(owner, camera.id, "introduction", text) == "statement_untrue"


async def test_signed_words_are_for_who_may_watch(owner: Api, camera: Proven) -> None:
    guest = await guest_of(owner, camera.id, "live")
    blind = await guest_of(owner, camera.id, "history", email="blind@example.org")
    seen = await trust_of(guest, camera.id)
    assert seen["owner_keyring"] == (await trust_of(owner, camera.id))["owner_keyring"] != []
    assert (seen["pairing_proof"], seen["protected"], seen["chain"]) == (None, True, [])
    assert (await blind.call("GET", f"/api/cameras/{camera.id}/trust")).code == "forbidden"
    ring = await ring_of(owner)
    assert await put(guest, camera.id, "orders", ordered(ring, camera.device.public_key, 0)) == "not_found"
    assert await put(blind, camera.id, "introduction", introduced(ring, camera.id, name("x"), ring.name)) == "forbidden"


async def test_signed_words_go_with_the_camera(owner: Api, camera: Proven, running: Running) -> None:
    ring = await ring_of(owner)
    await put(owner, camera.id, "orders", ordered(ring, camera.device.public_key, 0))
    await put(owner, camera.id, "introduction", introduced(ring, camera.id, camera.device.public_key, ring.name))
    await owner.good("DELETE", f"/api/cameras/{camera.id}")
    async with running.services.store.read() as connection:
        for table in (schema.camera_trust, schema.introductions):
            left = (await connection.execute(select(func.count()).select_from(table))).scalar_one()
            assert left == 0, table.name
