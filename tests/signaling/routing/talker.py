"""Somebody at a real socket, who notes whatever he hears that is not for him."""

import asyncio
import random
import re
from collections import Counter
from typing import Any

import aiohttp
import msgspec

from signaling.protocol.messages import SUBPROTOCOL
from tests.signaling.routing.judge import MARK, Heard, mark

CANDIDATES = 40
"""Of each side of a session; the server takes 64."""
HOSTILE = 0.15
"""Share of what is said that is about others' sessions."""
CROWDED_SECONDS = 0.5
"""Before a camera is asked again that has as many viewers as it may have."""
PATIENCE_SECONDS = 60.0
"""For an answer, on a busy machine."""
UNASKED = 1_000_000
"""Ids that nobody's question has, so that an answer under one disturbs no set-up of the speaker's own."""
SIGNED = re.compile(r'"said\.([0-9a-f]*)\.([\w-]*)"')
_decoder = msgspec.json.Decoder(Heard)


def signed(tenant: str, session: str) -> str:
    """A mark that has the form of a statement."""
    return f"said.{tenant.encode().hex()}.{session}"


class Town:
    """All who talk. `live`: sessions by the tenant whose they are. `foreign`: what reached the wrong ears."""

    def __init__(self, seed: str, messages: int) -> None:
        self.rng = random.Random(seed)
        self.said: Counter[str] = Counter()
        self.heard: Counter[str] = Counter()
        self.hostile = 0
        self.live: list[tuple[str, str]] = []
        self.foreign: list[str] = []
        self._messages = messages

    @property
    def is_done(self) -> bool:
        """Whether enough has been said, or too much heard."""
        return self.said.total() >= self._messages or bool(self.foreign)

    def somebody_elses(self, near: set[str]) -> str:
        """A session of others than these."""
        for owner, session in self.rng.sample(self.live, min(8, len(self.live))):
            if owner not in near:
                return session
        return "none"


class Talker:
    """One registered socket. `start`, and `stop`. `near`: the tenants with whom it may have sessions."""

    def __init__(self, town: Town, tenant: str, near: set[str]) -> None:
        self.sessions: set[str] = set()
        self._town = town
        self._tenant = tenant
        self._near = near
        self._ids = 0
        self._asked: dict[int, asyncio.Future[Heard]] = {}
        self._ws: aiohttp.ClientWebSocketResponse
        self._reading: asyncio.Task[None]

    async def start(self, http: aiohttp.ClientSession, url: str, authorization: str) -> None:
        """Connect and register."""
        headers = {"Authorization": authorization}
        self._ws = await http.ws_connect(url, headers=headers, protocols=(SUBPROTOCOL,))
        self._reading = asyncio.create_task(self._read())
        answer = await self.ask("register", {"belvedere": {}})
        assert answer.error is None, answer

    async def stop(self) -> None:
        await self._ws.close()
        await asyncio.wait([self._reading])
        self._reading.result()

    def heard(self, message: Heard, session: str) -> None:
        """Something about one of its sessions."""

    async def ask(self, method: str, params: dict[str, Any]) -> Heard:
        """Say it and wait for the answer."""
        self._ids += 1
        future = self._asked[self._ids] = asyncio.get_running_loop().create_future()
        await self.say(method, {"id": self._ids, "method": method, "params": params})
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await future

    async def tell(self, method: str, **params: Any) -> None:
        await self.say(method, {"method": method, "params": params})

    async def say(self, kind: str, message: dict[str, Any]) -> None:
        self._town.said[kind] += 1
        await self._ws.send_str(msgspec.json.encode({"jsonrpc": "2.0"} | message).decode())

    async def trickle(self, session: str) -> None:
        """Candidates, and now and then something about a session of others."""
        for _ in range(CANDIDATES):
            await self.tell("trickle", session=session, candidate={"candidate": mark(self._tenant, session)})
            if self._town.rng.random() < HOSTILE:
                await self._trespass(self._town.somebody_elses(self._near))

    async def _trespass(self, session: str) -> None:
        said, kind = mark(self._tenant, session), self._town.rng.randrange(8)
        self._town.hostile += 1
        if kind == 0:
            await self.tell("trickle", session=session, candidate={"candidate": said})
        elif kind == 1:
            await self.tell("belvedere.close", session=session, reason=said)
        elif kind == 2:
            await self.tell("error", session=session, code=1002, message=said)
        elif kind == 3:
            await self.tell("belvedere.hello", session=session, trust={"hello": signed(self._tenant, session)})
        elif kind == 4:
            await self.tell("belvedere.envelope", session=session, envelope=signed(self._tenant, session))
        elif kind == 5:
            await self.say(
                "answer", {"id": UNASKED + self._town.rng.randrange(1000), "result": {"answer": mark(self._tenant, "")}}
            )
        else:
            method = "invite" if kind == 6 else "extend"
            answer = await self.ask(method, {"session": session, "offer": said})
            if answer.error is None:
                self._town.foreign.append(f"{self._tenant} was given {answer} about {session}")

    async def _read(self) -> None:
        async for message in self._ws:
            self._take(message.data)

    def _take(self, text: str) -> None:
        heard = _decoder.decode(text)
        if heard.method is None:
            self._answered(heard, text)
            return
        session = heard.params.session if heard.params is not None else ""
        if heard.method == "connect":
            self.sessions.add(session)
        self._town.heard[heard.method] += 1
        self._town.heard["signed"] += len(SIGNED.findall(text))
        if session not in self.sessions or self._is_strange(text, session):
            self._town.foreign.append(f"{self._tenant} heard {text}")
        self.heard(heard, session)

    def _answered(self, heard: Heard, text: str) -> None:
        future = self._asked.pop(heard.id, None) if isinstance(heard.id, int) else None
        if future is None or self._is_strange(text):
            self._town.foreign.append(f"{self._tenant} was answered {text}")
            return
        self._town.heard["answer"] += 1
        if heard.result is not None and heard.result.session:
            self.sessions.add(heard.result.session)
        if not future.done():
            future.set_result(heard)

    def _is_strange(self, text: str, session: str = "") -> bool:
        """Whether somebody wrote in it with whom there is nothing to share, or about another session."""
        marks = MARK.findall(text)
        marks += [(bytes.fromhex(tenant).decode(), about) for tenant, about in SIGNED.findall(text)]
        return any(tenant not in self._near or (session and about not in ("", session)) for tenant, about in marks)

    def _proof(self, session: str) -> dict[str, str]:
        return {"proof": signed(self._tenant, session)}


class CameraTalker(Talker):
    """Says yes to all, makes an offer and trickles."""

    def __init__(self, town: Town, tenant: str, near: set[str]) -> None:
        super().__init__(town, tenant, near)
        self._tasks: set[asyncio.Task[None]] = set()

    def heard(self, message: Heard, session: str) -> None:
        if message.id is not None:
            task = asyncio.create_task(self._serve(message, session))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        await asyncio.gather(*self._tasks)
        await super().stop()

    async def _serve(self, message: Heard, session: str) -> None:
        await self.say("answer", {"id": message.id, "result": {}})
        if message.method == "connect":
            offer = {"session": session, "offer": mark(self._tenant, session), "belvedere": self._proof(session)}
            answer = await self.ask("invite", offer)
            if answer.error is None:
                await self.trickle(session)


class ViewerTalker(Talker):
    """Watches its camera again and again."""

    def __init__(self, town: Town, tenant: str, near: set[str]) -> None:
        super().__init__(town, tenant, near)
        self._invited: asyncio.Queue[Heard] = asyncio.Queue()

    def heard(self, message: Heard, session: str) -> None:
        if message.method == "invite" and session:
            self._invited.put_nowait(message)

    async def watch(self, cameras: list[str], rng: random.Random) -> None:
        """One of them after the other, until enough has been said."""
        while not self._town.is_done:
            wish = {"via": "direct", "trust": {"hello": signed(self._tenant, "")}}
            told = await self.ask("connect", {"peer": rng.choice(cameras), "belvedere": wish})
            if told.result is None:
                await asyncio.sleep(CROWDED_SECONDS * rng.random())
                continue
            session = told.result.session
            self._town.live.append((self._tenant, session))
            await self._answer()
            await self.trickle(session)
            extended = await self.ask("extend", {"session": session})
            assert extended.error is None, extended
            self._town.live.remove((self._tenant, session))
            await self.tell("belvedere.close", session=session, reason=mark(self._tenant, session))

    async def _answer(self) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            invite = await self._invited.get()
        assert invite.params is not None
        said = mark(self._tenant, invite.params.session)
        proof = self._proof(invite.params.session)
        await self.say("answer", {"id": invite.id, "result": {"answer": said, "belvedere": proof}})
