"""The rows of trust, on both databases: each thing once, and gone with what it belongs to."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from signaling.store import accounts, cameras, grants, installations, trust
from signaling.store.database import Store, open_store
from signaling.store.rows import Account, Camera, CameraTrust, GrantInvitation, InstallationRequest, Pairing
from tests.signaling.helpers import both_databases

pytestmark = both_databases
NOW = 1000.0


@pytest.fixture
async def store(tmp_path: Path, database_url: str) -> AsyncIterator[Store]:
    """Two accounts, `a` with the camera `c`."""
    opened = await open_store(database_url, tmp_path)
    async with opened.write() as connection:
        for name in ("a", "b"):
            await accounts.insert_account(connection, Account(name, f"{name}@example.org", "hash", False, NOW))
        await cameras.insert_camera(connection, camera("c"))
    yield opened
    await opened.close()


def camera(camera_id: str) -> Camera:
    nothing = dict.fromkeys(("last_seen_at", "hardware_id", "local_ip", "bearer_hash", "problem_code"))
    return Camera(
        camera_id,
        "a",
        "Yard",
        "m",
        "active",
        True,
        False,
        NOW,
        capabilities={},
        public_key="key",
        problem_detail=None,
        pairing_id="p",
        **nothing,  # type: ignore[arg-type]
    )


def request(number: int) -> InstallationRequest:
    return InstallationRequest("a", f"r{number}", "key", "proof", "Phone", NOW + number, NOW + 600)


async def test_a_keyring_is_one(store: Store) -> None:
    async with store.write() as connection:
        assert await trust.ring_of(connection, "a") == []
        await trust.put_ring(connection, "a", ["one"])
        await trust.put_ring(connection, "a", ["one", "two"])
        assert (await trust.ring_of(connection, "a"), await trust.ring_of(connection, "b")) == (["one", "two"], [])
        assert await trust.delete_ring(connection, "a") and not await trust.delete_ring(connection, "a")


async def test_what_a_keyring_said_is_forgotten_with_it(store: Store) -> None:
    async with store.write() as connection:
        await trust.put_trust(connection, CameraTrust("c", "key", "proof", True, "orders", "receipt"))
        for account in ("a", "b"):
            await trust.put_introduction(connection, "c", account, f"first of {account}")
            await trust.put_introduction(connection, "c", account, f"of {account}")
        assert await trust.protected_cameras_of(connection, "a") == ["c"]
        await trust.forget_words(connection, "a")
        assert await trust.trust_of(connection, "c") == CameraTrust("c", "key", "proof", True, None, "receipt")
        said = [await trust.introduction_of(connection, "c", account) for account in ("a", "b")]
        assert said == [None, "of b"]
        await cameras.delete_camera(connection, "c")
        assert await trust.trust_of(connection, "c") is None
        assert await trust.introduction_of(connection, "c", "b") is None


async def test_an_owner_is_offered_while_nobody_has_used_the_code(store: Store) -> None:
    pairing = Pairing("p", "c", "token", NOW, NOW + 600, "waiting", None, "", False, [])
    async with store.write() as connection:
        await cameras.insert_pairing(connection, pairing)
        assert not await trust.offer_owner(connection, pairing, "head", "proof", NOW + 600)
        assert await trust.offer_owner(connection, pairing, "head", "proof", NOW)
        found = await cameras.pairing_by_id(connection, "p")
        assert found is not None and (found.owner_head, found.owner_proof) == ("head", "proof")
        assert await cameras.win(connection, "token", "key", NOW)
        assert not await trust.offer_owner(connection, pairing, "other", "proof", NOW)


async def test_an_installation_is_welcomed_once(store: Store) -> None:
    async with store.write() as connection:
        for number in (2, 1):
            await installations.insert_request(connection, request(number))

    async def welcome(proof: str) -> bool:
        async with store.write() as connection:
            return await installations.welcome(connection, "a", "r1", proof, NOW)

    assert sorted(await asyncio.gather(*(welcome(f"proof {each}") for each in range(4)))) == [False, False, False, True]
    async with store.write() as connection:
        assert [each.id for each in await installations.open_requests(connection, "a", NOW)] == ["r1", "r2"]
        assert await installations.request_by_id(connection, "b", "r1", NOW) is None
        assert not await installations.welcome(connection, "b", "r2", "proof", NOW)
        await installations.delete_ended(connection, NOW + 600)
        assert not await installations.delete_request(connection, "a", "r2")


async def test_two_links_never_have_the_same_secret(store: Store) -> None:
    """The second is refused, whoever was first and however close; the transaction goes on."""

    async def invite(number: int) -> bool:
        made = GrantInvitation(f"i{number}", "hash", "c", ["live"], None, None, NOW, NOW + 600, None, "grant", "proof")
        async with store.write() as connection:
            inserted = await grants.insert_invitation(connection, made)
            assert await cameras.camera_by_id(connection, "c") is not None
            return inserted

    assert sorted(await asyncio.gather(*(invite(number) for number in range(4)))) == [False, False, False, True]
    async with store.read() as connection:
        (kept,) = await grants.open_invitations_of_camera(connection, "c", NOW)
    assert (kept.statement, kept.link_proof) == ("grant", "proof")
