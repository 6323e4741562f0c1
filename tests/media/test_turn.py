"""Which TURN server is taken, where each answers in its own time."""

import asyncio
from typing import Literal

import pytest

from media import turn
from media.ice_servers import Credential, IceServers, TurnServer
from media.turn import first_that_allocates

SILENT = 5.0


class Servers:
    """In place of real ones: seconds until each lets us in, or minus that until it refuses."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *seconds: float) -> None:
        self.seconds = seconds
        self.trying = 0
        monkeypatch.setattr(turn, "allocate", self._allocate)

    def told(self) -> IceServers:
        credential = Credential("name", "word")
        return IceServers(
            turn=tuple((TurnServer(str(n), 443, "tcp", tls=True), credential) for n in range(len(self.seconds)))
        )

    async def _allocate(self, server: TurnServer, _credential: Credential, _protocol: object) -> None:
        self.trying += 1
        try:
            seconds = self.seconds[int(server.host)]
            await asyncio.sleep(abs(seconds))
            if seconds < 0:
                raise ConnectionError("refused")
        finally:
            self.trying -= 1


@pytest.mark.parametrize(
    ("seconds", "taken"),
    [
        ((0.0,), "0"),
        ((SILENT, 0.01, 0.0), "1"),
        ((0.05, 0.0), "0"),
        ((-0.02, SILENT, 0.01), "2"),
        ((-0.01, -0.02), None),
        ((), None),
    ],
)
async def test_the_first_in_order_of_those_that_let_us_in(
    seconds: tuple[float, ...], taken: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn, "GRACE_SECONDS", 0.2)
    servers = Servers(monkeypatch, *seconds)
    async with asyncio.timeout(SILENT / 2):
        found = await first_that_allocates(servers.told())
    assert (found.host if found is not None else None) == taken
    assert servers.trying == 0, "nothing is tried any more"


async def test_who_gives_up_leaves_no_trial_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    servers = Servers(monkeypatch, SILENT, SILENT)
    looking = asyncio.create_task(first_that_allocates(servers.told()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert servers.trying == 2
    looking.cancel()
    await asyncio.wait({looking})
    assert servers.trying == 0


@pytest.mark.parametrize("host", ["turn..invalid", "a" * 64 + ".invalid"])
@pytest.mark.parametrize(("transport", "tls"), [("udp", False), ("tcp", False), ("tcp", True)])
async def test_a_server_whose_name_can_be_nobodys_lets_nobody_in(
    host: str, transport: Literal["udp", "tcp"], tls: bool
) -> None:
    server = TurnServer(host, 443, transport, tls=tls)
    assert await first_that_allocates(IceServers(turn=((server, Credential("name", "word")),))) is None
