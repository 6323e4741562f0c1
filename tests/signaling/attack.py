"""Attackers at a server's WebSocket, and two victims who use it in peace meanwhile."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.signaling.hostile import PLACES, aim
from tests.signaling.viewer_client import Fault, WirePeer, connected


@dataclass(frozen=True)
class Target:
    """A server, and who is who there. `attackers`: each makes an authorization, None for one who does not register.

    One that is a relay says in a third word which role it takes: `Relay TOKEN device`.
    `words`: what messages say for this server's own names.
    """

    url: str
    camera: str
    device: str
    viewer: str
    attackers: tuple[Callable[[], str | None], ...]
    words: dict[str, str] = field(default_factory=dict)


class Attack:
    """Owns victims and attackers, and the loop they live in."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.loop = asyncio.new_event_loop()
        self.stack = AsyncExitStack()
        self.peers: dict[int, tuple[AsyncExitStack, WirePeer]] = {}
        self.sent = 0
        self.turn = 0
        self.run(self._begin())

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """To its end."""
        self.loop.run_until_complete(work)

    async def _begin(self) -> None:
        url, camera = self.target.url, self.target.camera
        self.device = await self.stack.enter_async_context(connected(url, self.target.device))
        self.viewer = await self.stack.enter_async_context(connected(url, self.target.viewer))
        await self.device.register()
        await self.viewer.register()
        self.session = (await self.viewer.request("connect", peer=camera))["session"]
        offering = asyncio.create_task(self.device.request("invite", session=self.session, offer="v=0"))
        await self.viewer.reply(await self.viewer.expect("invite"), answer="v=0 a")
        await offering

    async def batch(self, texts: list[str]) -> None:
        """One attacker sends all of it and waits until the server has seen to it."""
        self.turn += 1
        number = self.turn % len(self.target.attackers)
        peer = await self._attacker(number)
        for text in texts:
            self.sent += 1
            try:
                await peer.ws.send_str(self._aimed(text))
            except aiohttp.ClientConnectionError:
                peer = await self._attacker(number)
        await self._settle(peer)
        await self._in_peace()

    def _aimed(self, text: str) -> str:
        for word, name in self.target.words.items():
            text = text.replace(f'"{word}"', f'"{name}"')
        return aim(text, [self.session] * len(PLACES))

    async def _attacker(self, number: int) -> WirePeer:
        stack, peer = self.peers.get(number, (None, None))
        if stack is not None and peer is not None:
            if not peer.ws.closed:
                return peer
            await stack.aclose()
        stack = AsyncExitStack()
        authorization = await asyncio.to_thread(self.target.attackers[number])
        scheme, _, rest = (authorization or "").partition(" ")
        token, _, role = rest.partition(" ")
        header = f"{scheme} {token}" if role else None
        peer = await stack.enter_async_context(connected(self.target.url, header))
        self.peers[number] = (stack, peer)
        if role:
            await peer.register(belvedere={"role": role})
        elif authorization is not None:
            await peer.register(authorization)
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

    def close(self) -> None:
        """Everybody leaves; idempotent."""
        if not self.loop.is_closed():
            self.run(self._end())
            self.loop.close()
