"""A million messages of forty households, a relay and whoever means ill: not one effect goes to a foreign party."""

import os

import pytest

from tests.signaling.routing.traffic import Traffic

MESSAGES = int(os.environ.get("ROUTED_MESSAGES", "1000000"))
SEED = os.environ.get("ROUTED_SEED", "1")


@pytest.mark.timeout(1200)
def test_no_message_is_routed_to_a_foreign_party() -> None:
    traffic = Traffic(SEED)
    traffic.run(MESSAGES)
    delivered, counted = traffic.judge.delivered, traffic.judge.counted
    print(f"{traffic.said} messages, {traffic.hostile} of them hostile, {traffic.restarts} restarts")
    print(f"delivered {sum(delivered.values())}: {dict(delivered.most_common())}")
    print(f"{len(traffic.judge.books)} sessions; counted {dict(counted.most_common())}")
    assert delivered["trickle"] > MESSAGES // 10, "enough went through to have gone astray"
    assert counted["foreign_session"] > MESSAGES // 50, "enough was tried"
    assert min(delivered[kind] for kind in ("connect", "invite", "extend", "answer to another")) > MESSAGES // 1000
    past_relay = ("belvedere.hello", "belvedere.envelope", "belvedere.orders", "trust", "proof")
    assert min(delivered[kind] for kind in past_relay) > MESSAGES // 1000
