"""One STUN question, asked until it is answered (RFC 8445 §7.2.5): a connectivity check, or who we are to the outside.

aioice repeats a check first after half a second, then ever more rarely, and not when the peer's check has just opened
the way. Both lose races that a direct way should win. Each repetition here is a transaction of its own, so that the
time of its answer is a true round trip.
"""

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple, cast

from aioice import stun
from aioice.ice import StunProtocol

from media.guard import Address

FIRST_REPEAT = 0.05
"""Seconds. The first check of hole punching is lost by design, and the peer's router is open one half turn later."""
SLOWEST_REPEAT = 0.4
"""Seconds: 2.5 checks of 100 bytes a second on each pair, while it is tried."""
MAX_OPEN = 64
"""Questions whose answers are still awaited, more than are asked in 5 s."""


class Answered(NamedTuple):
    """`address`: who answered; `mapped`: as whom it saw us, none if it did not say; `round_trip` in seconds."""

    address: Address
    mapped: Address | None
    round_trip: float


class CheckRefused(Exception):
    """The peer answered with an error."""


def repeat_after(asked: int) -> float:
    """Seconds from question number `asked` (from 1) to the next."""
    return min(FIRST_REPEAT * 2.0 ** (min(asked, 8) - 1), SLOWEST_REPEAT)


class Check:
    """`make`: a fresh unsigned request. `key`: signs it and verifies the answer; none for a plain STUN server.
    `heard`: called for each authentic answer."""

    def __init__(
        self,
        protocol: StunProtocol,
        address: Address,
        make: Callable[[], stun.Message],
        key: bytes | None,
        heard: Callable[[], None] = lambda: None,
    ) -> None:
        self._protocol, self._address, self._make, self._key = protocol, address, make, key
        self._heard = heard
        self._loop = asyncio.get_running_loop()
        self._asked_at: dict[bytes, float] = {}
        self._asked = 0
        self._resting = False
        self._timer: asyncio.TimerHandle | None = None
        self._answer: asyncio.Future[Answered] = self._loop.create_future()

    async def run(self, seconds: float, *, repeat: bool = True) -> Answered:
        """Ask until answered. Raises `TimeoutError` and `CheckRefused`."""
        try:
            async with asyncio.timeout(seconds):
                if repeat:
                    self._ask_again()
                else:
                    self.ask()
                return await self._answer
        finally:
            self.close()

    def ask(self) -> None:
        """Ask now, once: also because the peer has just shown that the way is open (RFC 8445 §7.3.1.4)."""
        if self._resting:
            return
        while len(self._asked_at) >= MAX_OPEN:
            self._forget(next(iter(self._asked_at)))
        request = self._make()
        if self._key is not None:
            request.add_message_integrity(self._key)
        self._asked += 1
        self._asked_at[request.transaction_id] = self._loop.time()
        cast(dict[bytes, Any], self._protocol.transactions)[request.transaction_id] = self
        self._protocol.send_stun(request, self._address)

    def response_received(self, message: stun.Message, address: Address) -> None:
        """aioice calls it for an answer to one of our transactions."""
        if self._key is not None and not message.check_message_integrity(self._key):
            return
        self._heard()
        asked_at = self._asked_at.get(message.transaction_id)
        if asked_at is None or self._answer.done():
            return
        if message.message_class is stun.Class.ERROR:
            self._answer.set_exception(CheckRefused(str(message.attributes.get("ERROR-CODE"))))
            return
        mapped = message.attributes.get("XOR-MAPPED-ADDRESS")
        self._answer.set_result(Answered(address, mapped, self._loop.time() - asked_at))

    def rest(self) -> None:
        """Ask no more, but hear the answer to what was asked."""
        self._resting = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def close(self) -> None:
        """Ask no more, and expect nothing."""
        self.rest()
        for transaction in list(self._asked_at):
            self._forget(transaction)
        if self._answer.done() and not self._answer.cancelled():
            self._answer.exception()

    def _ask_again(self) -> None:
        if self._answer.done():
            return
        self.ask()
        self._timer = self._loop.call_later(repeat_after(self._asked), self._ask_again)

    def _forget(self, transaction: bytes) -> None:
        self._asked_at.pop(transaction, None)
        self._protocol.transactions.pop(transaction, None)
