"""Ten thousand messages nobody should send, at a real server's WebSocket, while two others use it in peace.

The server is a process of its own, so that its memory and its failures are its own. `BELVEDERE_FUZZ=10` sends ten times
as many.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import IO, Any

import aiohttp
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.signaling.hostile import PLACES, aim, calls, garbage, trespasses
from tests.signaling.viewer_client import Fault, WirePeer, connected

SCALE = int(os.environ.get("BELVEDERE_FUZZ", "1"))
MESSAGES = 10_000 * SCALE
BATCH = 25
ROOT = Path(__file__).parent.parent.parent
ATTACKERS = ("Bearer device-c2", "Bearer viewer-u2-l2", "Bearer viewer-u1-l3", "")
"""Another tenant's camera and viewer, another screen of the same account, and somebody who does not register."""
WARM = 0.4
"""The part of the run after which memory counts: by then all code was run and all caches are full."""
MAX_GROWTH = 6 * 1024 * 1024
"""Of the resident set over the rest of the run; one leaked kilobyte a message would be as much in CI."""

messages = garbage | calls(st.sampled_from(["c1", "c2"])) | trespasses()
last_words = st.integers(0, 9).map(lambda n: ["x" * 70_000] if n == 0 else [])
"""Now and then one over 64 KiB, which costs the socket; at the end, or the rest of the batch would go unread."""


class Attack:
    """Owns the server process, the victims and the attackers."""

    def __init__(self, log: IO[str]) -> None:
        self.log = log
        self.loop = asyncio.new_event_loop()
        self.stack = AsyncExitStack()
        self.peers: dict[int, tuple[AsyncExitStack, WirePeer]] = {}
        self.sent = 0
        self.turn = 0
        self.server = subprocess.Popen(
            [sys.executable, "-m", "tests.signaling.small_server"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )
        assert self.server.stdout is not None
        self.url = f"http://127.0.0.1:{int(self.server.stdout.readline())}/api/signaling"
        self.loop.run_until_complete(self._begin())

    async def _begin(self) -> None:
        self.device = await self.stack.enter_async_context(connected(self.url, "Bearer device-c1"))
        self.viewer = await self.stack.enter_async_context(connected(self.url, "Bearer viewer-u1-l1"))
        await self.device.register()
        await self.viewer.register()
        self.session = (await self.viewer.request("connect", peer="c1"))["session"]
        offering = asyncio.create_task(self.device.request("invite", session=self.session, offer="v=0"))
        await self.viewer.reply(await self.viewer.expect("invite"), answer="v=0 a")
        await offering

    def size(self) -> dict[str, Any]:
        """What the server says of itself."""
        assert self.server.stdin is not None
        assert self.server.stdout is not None
        self.server.stdin.write("\n")
        self.server.stdin.flush()
        return dict(json.loads(self.server.stdout.readline()))

    async def batch(self, texts: list[str]) -> None:
        """One attacker sends all of it and waits until the server has seen to it."""
        self.turn += 1
        number = self.turn % len(ATTACKERS)
        peer = await self._attacker(number)
        for text in texts:
            self.sent += 1
            try:
                await peer.ws.send_str(aim(text, [self.session] * len(PLACES)))
            except aiohttp.ClientConnectionError:
                peer = await self._attacker(number)
        await self._settle(peer)
        await self._in_peace()

    async def _attacker(self, number: int) -> WirePeer:
        stack, peer = self.peers.get(number, (None, None))
        if stack is not None and peer is not None:
            if not peer.ws.closed:
                return peer
            await stack.aclose()
        stack = AsyncExitStack()
        peer = await stack.enter_async_context(connected(self.url, ATTACKERS[number] or None))
        self.peers[number] = (stack, peer)
        if ATTACKERS[number]:
            await peer.register()
        return peer

    async def _settle(self, peer: WirePeer) -> None:
        """Messages of one socket are taken in order: an answer to the last means that all were seen to."""
        try:
            await peer.request("are you there")
        except Fault as fault:
            if fault.code != -32601:
                raise
        except (ConnectionError, aiohttp.ClientConnectionError):
            pass  # it was thrown out, for good reason
        peer.inbox.clear()
        peer.fresh.clear()

    async def _in_peace(self) -> None:
        """The victims' session works, and they have heard nothing but each other."""
        mark = {"candidate": str(self.sent)}
        for sender, receiver in ((self.device, self.viewer), (self.viewer, self.device)):
            await sender.tell("trickle", session=self.session, candidate=mark)
            assert (await receiver.expect("trickle"))["params"] == {"session": self.session, "candidate": mark}
            strange = [m for m in receiver.inbox if m.get("params", {}).get("session") == self.session]
            assert {m["method"] for m in strange} <= {"connect", "invite", "trickle"}
            receiver.inbox.clear()

    async def _end(self) -> None:
        for stack, _ in self.peers.values():
            await stack.aclose()
        await self.stack.aclose()

    def close(self) -> str:
        """End everything; what the server has logged."""
        self.loop.run_until_complete(self._end())
        self.loop.close()
        self.server.communicate(timeout=20)
        self.log.seek(0)
        return self.log.read()


@pytest.fixture
def attack(tmp_path: Path) -> Iterator[Attack]:
    with (tmp_path / "server.log").open("w+") as log:
        attack = Attack(log)
        yield attack
        if attack.server.poll() is None:
            attack.close()


@pytest.mark.timeout(900)
def test_ten_thousand_hostile_messages_change_nothing_for_others(attack: Attack) -> None:
    warm: dict[str, Any] = {}

    @settings(
        max_examples=MESSAGES // BATCH,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(texts=st.lists(messages, min_size=BATCH, max_size=BATCH), last=last_words)
    def send(texts: list[str], last: list[str]) -> None:
        attack.loop.run_until_complete(attack.batch(texts + last))
        if not warm and attack.sent >= WARM * MESSAGES:
            warm.update(attack.size())

    send()
    while attack.size()["counted"]["message"] < MESSAGES:  # what a closed socket was sent does not count
        send()
    final = attack.size()
    errors = attack.close()
    print(f"{attack.sent} messages; warm {warm}; final {final}")
    assert final["failed"] == []
    assert "socket_failed" not in final["counted"]
    assert "Traceback" not in errors
    assert final["counted"]["foreign_session"] > MESSAGES // 200
    assert final["sockets"] <= 2 + len(ATTACKERS)
    assert final["tasks"] <= 20
    assert final["alarms"] < 200
    assert final["resident"] - warm["resident"] < MAX_GROWTH
