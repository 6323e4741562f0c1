"""Passwords: bcrypt in a small thread pool of its own, so that a hash never stands in the way of anything else.

bcrypt reads 72 bytes and stops at NUL (and version 5 raises above 72), so it gets the SHA-384 of the password in
base64: 64 characters, whatever the password is. Every check takes the work of the costliest hash there is, also for
nobody's password and for hashes of another cost, so that the time tells nothing.
"""

import asyncio
import base64
import hashlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import bcrypt

from signaling.password_rules import check_password_rules
from signaling.turns import Turns

WORKERS = 2
NICENESS = 10
"""Hashing yields to signaling when the processor is full."""

T = TypeVar("T")


class Passwords:
    """Makes and checks hashes. `cost`: bcrypt's, 12 unless a test says otherwise.

    `whose`: by what the asking person is known (`signaling.turns`); empty for a stranger.
    """

    def __init__(self, cost: int) -> None:
        self._cost = cost
        self._turns = Turns(WORKERS)
        self._pool = ThreadPoolExecutor(WORKERS, "passwords", initializer=_be_nice)
        self._costliest = cost

    async def hash(self, password: str, *, whose: str = "") -> str:
        """Raises `Refused` (`busy`) when too many wait."""
        return (await self._run(lambda: bcrypt.hashpw(_digest(password), bcrypt.gensalt(self._cost)), whose)).decode()

    async def check(self, password: str, password_hash: str | None, *, whose: str = "") -> bool:
        """Whether they belong together; None is never right and takes as long. Raises `Refused` (`busy`)."""
        return await self._run(lambda: self._check(_digest(password), password_hash), whose)

    async def check_rules(self, password: str, email: str, *, whose: str = "") -> None:
        """Raises `Refused`: password_unsuitable, busy."""
        await self._run(lambda: check_password_rules(password, email), whose)

    def outdated(self, password_hash: str) -> bool:
        """Whether it was made at another cost than new ones are."""
        return _cost_of(password_hash) != self._cost

    def expect(self, cost: int) -> None:
        """There are hashes of this cost."""
        self._costliest = max(self._costliest, cost)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _check(self, digest: bytes, password_hash: str | None) -> bool:
        if password_hash is None:
            bcrypt.hashpw(digest, bcrypt.gensalt(self._costliest))
            return False
        for cost in range(_cost_of(password_hash), self._costliest):
            # Each cost is twice the work of the one before, so 2^c + (2^c + 2^(c+1) + … + 2^(n-1)) = 2^n.
            bcrypt.hashpw(digest, bcrypt.gensalt(cost))
        return bcrypt.checkpw(digest, password_hash.encode())

    async def _run(self, work: Callable[[], T], whose: str) -> T:
        over = await self._turns.take(whose)
        running = asyncio.get_running_loop().run_in_executor(self._pool, work)
        running.add_done_callback(lambda _: over())
        return await asyncio.shield(running)  # a thread goes on with it whoever has gone, and its turn ends then


def _cost_of(password_hash: str) -> int:
    """`$2b$12$…` has cost 12."""
    return int(password_hash.split("$")[2])


def _digest(password: str) -> bytes:
    return base64.b64encode(hashlib.sha384(password.encode("utf-8", "surrogatepass")).digest())


def _be_nice() -> None:
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
