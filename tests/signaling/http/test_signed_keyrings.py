"""Keyrings at the server: appended where they follow, handed on, and believed by nobody for that."""

import asyncio

import pytest

from signaling.http.call import MAX_BODY_BYTES
from signaling.live.state import LiveEvent
from signaling.protocol.trust import keyring
from signaling.protocol.trust.keyring import MAX_CHAIN_CHARS, MAX_KEYS
from signaling.server import Running
from tests.signaling.api import PASSWORD, Api
from tests.signaling.trust.people import NOW, key, name, ring_of
from tests.signaling.trusting import deeds_of, proven_camera, ring_at, say, trust_of

EVENT_SECONDS = 5.0
"""For an event to arrive; it is there at once, or not at all."""


async def test_signed_keyring_grows_by_what_follows(owner: Api) -> None:
    assert (await owner.good("GET", "/api/me/keyring"))["statements"] == []
    statements = await ring_at(owner, "phone", "laptop")
    assert (await owner.good("GET", "/api/me/keyring"))["statements"] == statements
    assert keyring.follow(statements).keys == {name("phone"), name("laptop")}
    assert (await deeds_of(owner))[:2] == ["keyring_changed", "keyring_begun"]


async def test_signed_keyring_takes_the_newest_statement_twice(owner: Api) -> None:
    """The first answer may have been lost."""
    statements = await ring_at(owner, "phone")
    again = await say(owner, statements[0])
    assert (again.status, again.json["statements"]) == (201, statements)
    assert (await deeds_of(owner)).count("keyring_begun") == 1


async def test_signed_keyring_refuses_what_belongs_elsewhere(owner: Api) -> None:
    chain = ring_of("phone", "laptop", "tablet")
    assert (await say(owner, chain[1])).code == "keyring_moved", "there is none to follow"
    await ring_at(owner, "phone")
    other = keyring.change(key("phone"), keyring.follow(chain[:1]), [name("phone"), name("guest")], NOW)
    assert (await say(owner, chain[2])).code == "keyring_moved"
    assert (await say(owner, keyring.begin(key("laptop"), NOW))).code == "keyring_moved"
    assert (await say(owner, other)).status == 201
    assert (await say(owner, chain[1])).code == "keyring_moved", "two installations changed it at the same moment"


async def test_signed_keyring_refuses_what_is_not_so(owner: Api) -> None:
    await ring_at(owner, "phone")
    ring = keyring.follow(ring_of("phone"))
    forged = keyring.change(key("phone"), ring, [name("stranger")], NOW)
    head, payload, signature = forged.split(".")
    for text in (f"{head}.{payload}.{signature[::-1]}", f"{head}.e30.{signature}", "a.b.c"):
        assert (await say(owner, text)).code == "statement_untrue", text
    stranger = keyring.Keyring(ring.name, ring.n, ring.head, frozenset({name("stranger")}))
    by_stranger = keyring.change(key("stranger"), stranger, [name("stranger")], NOW)
    assert (await say(owner, by_stranger)).code == "statement_untrue"
    for text in ("no statement", "a" * 5000):
        assert (await say(owner, text)).code == "invalid_body"


async def test_signed_keyring_is_one_after_a_race(owner: Api) -> None:
    (first,) = await ring_at(owner, "phone")
    ring = keyring.follow([first])
    both = [keyring.change(key("phone"), ring, [name("phone"), name(other)], NOW) for other in ("laptop", "tablet")]
    answers = await asyncio.gather(*(say(owner, text) for text in both))
    assert sorted(answer.status for answer in answers) == [201, 409]
    assert len((await owner.good("GET", "/api/me/keyring"))["statements"]) == 2


async def test_signed_keyring_is_bounded(owner: Api) -> None:
    """By its text, so that it fits into what viewers send."""
    statements = await ring_at(owner, "phone")
    names = [name("phone"), *(name(f"device {number}") for number in range(MAX_KEYS - 1))]
    answer = None
    while answer is None or answer.status == 201:
        keys = names[: MAX_KEYS - len(statements) % 2]
        text = keyring.change(key("phone"), keyring.follow(statements), keys, NOW)
        answer = await say(owner, text)
        statements = [*statements, text]
    assert answer.code == "statement_untrue"
    assert MAX_CHAIN_CHARS < sum(map(len, statements)) < MAX_BODY_BYTES


async def test_signed_keyring_is_given_up_with_a_proof(owner: Api, running: Running) -> None:
    await ring_at(owner, "phone")
    camera = await proven_camera(owner)
    assert (await owner.call("DELETE", "/api/me/keyring", {})).code == "proof_required"
    assert (await owner.call("DELETE", "/api/me/keyring", {"password": "a guess"})).code == "credentials_wrong"
    await owner.good("DELETE", "/api/me/keyring", {"password": PASSWORD})
    assert (await owner.good("GET", "/api/me/keyring"))["statements"] == []
    after = await trust_of(owner, camera.id)
    assert (after["owner_keyring"], after["orders"], after["introduction"]) == ([], None, None)
    assert after["protected"] is True, "the camera goes on believing the keyring that it knows"
    assert (await deeds_of(owner)).count("keyring_deleted") == 1
    await owner.good("DELETE", "/api/me/keyring", {"password": PASSWORD})
    assert (await deeds_of(owner)).count("keyring_deleted") == 1, "what changes nothing leaves no entry"
    assert (await say(owner, keyring.begin(key("laptop"), NOW))).status == 201


async def test_signed_keyring_that_grows_is_told_to_cameras(owner: Api, running: Running) -> None:
    await ring_at(owner, "phone")
    camera = await proven_camera(owner)
    subscription = running.services.live.subscribe()
    ring = keyring.follow((await owner.good("GET", "/api/me/keyring"))["statements"])
    await say(owner, keyring.change(key("phone"), ring, [name("phone"), name("laptop")], NOW))
    me = (await owner.good("GET", "/api/me"))["id"]
    async with asyncio.timeout(EVENT_SECONDS):
        assert await subscription.next() == LiveEvent("orders", camera.id, me)
    subscription.close()
    word = await running.services.trust_store.word_for(camera.id)
    assert word is not None and len(word.keyring) == 2 and word.orders is None


async def test_signed_keyring_goes_with_its_account(running: Running, owner: Api) -> None:
    other = owner.another()
    await other.register(await owner.invite(), "other@example.org")
    await ring_at(other, "laptop")
    await other.good("DELETE", "/api/me", {"password": PASSWORD})
    async with running.services.store.read() as connection:
        left = (await connection.exec_driver_sql("SELECT count(*) FROM keyrings")).scalar_one()
    assert left == 0


@pytest.mark.parametrize("path", ["/api/me/keyring", "/api/me/installations"])
async def test_what_is_ones_own_is_nobody_elses(owner: Api, path: str) -> None:
    await ring_at(owner, "phone")
    other = owner.another()
    await other.register(await owner.invite(), "other@example.org")
    assert list((await other.good("GET", path)).values()) == [[]]
