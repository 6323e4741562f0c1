"""A camera's line to the broker double."""

import asyncio
from typing import Protocol

from signaling.client import Trust
from signaling.protocol.messages import Candidate, InviteResult


class Hearing(Protocol):
    """`tests.journeys.swaps.broker.Broker`."""

    heard: list[tuple[object, ...]]

    async def invite(self, name: str, offer: str, proof: str | None) -> InviteResult: ...
    async def envelope(self, name: str, text: str) -> None: ...
    async def fault(self, name: str, code: int, message: str) -> None: ...


class Line:
    """Carries what an agent says; a camera is always online here."""

    online = True

    def __init__(self, broker: Hearing) -> None:
        self._broker = broker

    async def run(self) -> None:
        await asyncio.Event().wait()

    def reconnect(self, *, moved: bool) -> None: ...

    def believe(self, tls: Trust) -> None: ...

    async def invite(self, session: str, offer: str, proof: str | None) -> InviteResult:
        return await self._broker.invite(session, offer, proof)

    async def envelope(self, session: str, text: str) -> bool:
        await self._broker.envelope(session, text)
        return True

    async def error(self, session: str, code: int, message: str) -> bool:
        await self._broker.fault(session, code, message)
        return True

    async def event(self, name: str, detail: str = "") -> bool:
        return self._note("event", name, detail)

    async def receipt(self, text: str) -> bool:
        return self._note("receipt", text)

    async def trickle(self, session: str, candidate: Candidate) -> bool:
        return self._note("trickle", session, candidate)

    async def close_session(self, session: str, reason: str) -> bool:
        return self._note("close", session, reason)

    def _note(self, *what: object) -> bool:
        self._broker.heard.append(what)
        return True
