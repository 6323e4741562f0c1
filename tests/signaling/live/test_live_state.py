"""What every back end of the live state promises."""

import asyncio
import secrets

from signaling.live.fanout import MAX_QUEUED_EVENTS
from signaling.live.state import LiveEvent, LiveState, Presence
from signaling.rates import RULES

PATIENCE = 3.0


def new_id() -> str:
    return secrets.token_hex(8)


async def test_the_newest_connection_wins(live: LiveState) -> None:
    camera = new_id()
    old = await live.claim_presence(camera, "socket-1", "node-1")
    new = await live.claim_presence(camera, "socket-2", "node-2")
    assert new > old
    assert await live.presence(camera) == Presence(camera, new, "socket-2", "node-2")


async def test_the_clean_up_of_an_old_socket_removes_nothing(live: LiveState) -> None:
    camera = new_id()
    old = await live.claim_presence(camera, "socket-1", "node-1")
    new = await live.claim_presence(camera, "socket-2", "node-1")
    assert await live.release_presence(camera, old) is False
    assert await live.online([camera]) == {camera}
    assert await live.release_presence(camera, new) is True
    assert await live.release_presence(camera, new) is False
    assert await live.presence(camera) is None


async def test_epochs_grow_across_releases_and_cameras(live: LiveState) -> None:
    camera = new_id()
    epochs = []
    for number in range(5):
        epochs.append(await live.claim_presence(camera, f"socket-{number}", "node"))
        await live.release_presence(camera, epochs[-1])
    assert epochs == sorted(set(epochs))


async def test_simultaneous_claims_agree_on_one(live: LiveState) -> None:
    camera = new_id()
    epochs = await asyncio.gather(*(live.claim_presence(camera, f"socket-{n}", "node") for n in range(50)))
    assert len(set(epochs)) == 50
    present = await live.presence(camera)
    assert present is not None and present.epoch == max(epochs)
    assert present.socket_id == f"socket-{epochs.index(max(epochs))}"


async def test_a_refresh_keeps_restores_and_yields(live: LiveState) -> None:
    camera = new_id()
    epoch = await live.claim_presence(camera, "socket-1", "node")
    mine = Presence(camera, epoch, "socket-1", "node")
    assert await live.refresh_presence(mine) is True
    await live.release_presence(camera, epoch)
    assert await live.refresh_presence(mine) is True
    assert await live.presence(camera) == mine
    await live.claim_presence(camera, "socket-2", "node")
    assert await live.refresh_presence(mine) is False


async def test_online_names_those_and_only_those(live: LiveState) -> None:
    here, away = new_id(), new_id()
    await live.claim_presence(here, "socket", "node")
    assert await live.online([here, away]) == {here}
    assert await live.online([]) == set()


async def test_once_is_once_whatever_the_race(live: LiveState) -> None:
    key = new_id()
    tries = await asyncio.gather(*(live.use_once(key, 60) for _ in range(50)))
    assert tries.count(True) == 1
    assert await live.use_once(new_id(), 60) is True


async def test_a_ticket_is_taken_by_one(live: LiveState) -> None:
    key = new_id()
    await live.put(key, "value", 30)
    taken = await asyncio.gather(*(live.take(key) for _ in range(50)))
    assert sorted(taken, key=str) == [None] * 49 + ["value"]


async def test_limits_count_per_rule_and_key_and_forgive(live: LiveState) -> None:
    allowed = RULES["login_pair"][0].amount
    key = new_id()
    waits = [await live.hit("login_pair", key) for _ in range(allowed + 2)]
    assert waits[:allowed] == [0.0] * allowed
    assert all(1.0 <= wait <= 3600.0 for wait in waits[allowed:])
    assert await live.hit("login_pair", new_id()) == 0.0
    assert await live.hit("login_address", key) == 0.0
    await live.forgive("login_pair", key)
    assert await live.hit("login_pair", key) == 0.0


async def test_events_reach_every_subscriber_in_order(live: LiveState) -> None:
    subscriptions = [live.subscribe(), live.subscribe()]
    account = new_id()
    sent = [LiveEvent("camera", str(number), account) for number in range(20)]
    for event in sent:
        await live.publish(event)
    async with asyncio.timeout(PATIENCE):
        for subscription in subscriptions:
            heard = []
            while len(heard) < len(sent):
                event = await subscription.next()
                if event.account_id == account:
                    heard.append(event)
            assert heard == sent
            subscription.close()


async def test_who_falls_behind_hears_that_it_did(live: LiveState) -> None:
    slow, quick = live.subscribe(), live.subscribe()
    async with asyncio.timeout(PATIENCE * 3):
        for number in range(MAX_QUEUED_EVENTS + 1):
            await live.publish(LiveEvent("camera", str(number)))
            while (await quick.next()).subject != str(number):
                pass
        assert (await slow.next()).kind == "lost"
    slow.close()
    quick.close()
