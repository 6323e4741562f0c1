"""Ten thousand messages nobody should send, at a real server's WebSocket, while two others use it in peace.

The server is a process of its own, so that its memory and its failures are its own. `BELVEDERE_FUZZ=10` sends ten times
as many.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.signaling.attack import Attack, Target
from tests.signaling.hostile import calls, garbage, trespasses

SCALE = int(os.environ.get("BELVEDERE_FUZZ", "1"))
MESSAGES = 10_000 * SCALE
BATCH = 25
ROOT = Path(__file__).parent.parent.parent
ATTACKERS = (
    *("Bearer device-c2", "Bearer viewer-u2-l2", "Bearer viewer-u1-l3", ""),
    *("Relay away device", "Relay away client"),
)
"""Another tenant's camera and viewer, another screen of the same account, somebody who does not register, and a relay
in wrong hands."""
WARM = 0.4
"""The part of the run after which memory counts: by then all code was run and all caches are full."""
MAX_GROWTH = 2 * 1024 * 1024
"""Of the resident set over the rest of the run, for what the allocators keep. One leaked kilobyte a message would be
three times as much in CI, thirty times in `make fuzz`."""

messages = garbage | calls(st.sampled_from(["c1", "c2"])) | trespasses()
last_words = st.integers(0, 9).map(lambda n: ["x" * 70_000] if n == 0 else [])
"""Now and then one over 64 KiB, which costs the socket; at the end, or the rest of the batch would go unread."""


class SmallServer:
    """The server process, and what it says of itself."""

    def __init__(self, log: IO[str]) -> None:
        self.log = log
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.signaling.small_server"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )
        assert self.process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}/api/signaling"

    def size(self) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return dict(json.loads(self.process.stdout.readline()))

    def close(self) -> str:
        """End it; what it has logged."""
        if self.process.poll() is None:
            self.process.communicate(timeout=20)
        self.log.seek(0)
        return self.log.read()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SmallServer]:
    with (tmp_path / "server.log").open("w+") as log:
        server = SmallServer(log)
        yield server
        server.close()


@pytest.fixture
def attack(server: SmallServer) -> Iterator[Attack]:
    attackers = tuple(lambda words=words: words or None for words in ATTACKERS)
    attack = Attack(Target(server.url, "c1", "Bearer device-c1", "Bearer viewer-u1-l1", attackers))
    yield attack
    attack.close()


@pytest.mark.timeout(900)
def test_ten_thousand_hostile_messages_change_nothing_for_others(server: SmallServer, attack: Attack) -> None:
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
        attack.run(attack.batch(texts + last))
        if not warm and attack.sent >= WARM * MESSAGES:
            warm.update(server.size())

    send()
    while server.size()["counted"]["message"] < MESSAGES:  # what a closed socket was sent does not count
        send()
    final = server.size()
    attack.close()
    errors = server.close()
    print(f"{attack.sent} messages; warm {warm}; final {final}")
    assert final["failed"] == []
    assert "socket_failed" not in final["counted"]
    assert "Traceback" not in errors
    assert final["counted"]["foreign_session"] > MESSAGES // 200
    assert final["sockets"] <= 2 + len(ATTACKERS)
    assert final["tasks"] <= 6 + 2 * final["sockets"]
    assert final["alarms"] < 200
    assert final["resident"] - warm["resident"] < MAX_GROWTH
