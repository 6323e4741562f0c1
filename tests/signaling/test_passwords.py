"""Passwords: everything counts, nothing blocks, too many are turned away."""

import asyncio
import functools
import time
from collections.abc import Callable
from typing import Any

import bcrypt
import pytest

from signaling.passwords import Passwords
from signaling.refusals import Refused
from signaling.turns import MAX_STRANGERS


async def test_every_character_counts() -> None:
    passwords = Passwords(4)
    for right, wrong in (
        ("a" * 100 + "b", "a" * 100 + "c"),
        ("abc\0def", "abc\0xyz"),
        ("ü" * 40, "ü" * 39),
        ("x", "y"),
    ):
        kept = await passwords.hash(right)
        assert await passwords.check(right, kept) and not await passwords.check(wrong, kept)
    passwords.close()


async def test_every_check_is_the_same_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever measures it learns nothing: not whether there is an account, not how old its password is."""
    hashes = [bcrypt.hashpw(b"x", bcrypt.gensalt(cost)).decode() for cost in (4, 5, 6, 7)]
    passwords, work = Passwords(6), [0]
    passwords.expect(7)

    def counting(real: Callable[[bytes, bytes], Any], password: bytes, salt: bytes) -> Any:
        work[-1] += 2 ** int(salt.split(b"$")[2])
        return real(password, salt)

    for name in ("hashpw", "checkpw"):
        monkeypatch.setattr(bcrypt, name, functools.partial(counting, getattr(bcrypt, name)))
    for password_hash in (None, *hashes):
        assert not await passwords.check("anything", password_hash)
        work.append(0)
    assert work == [2**7] * 5 + [0]
    assert [passwords.outdated(password_hash) for password_hash in hashes] == [True, True, False, True]
    passwords.close()


async def test_the_loop_goes_on_while_hashing() -> None:
    passwords = Passwords(10)
    work = asyncio.gather(*(passwords.hash("password") for _ in range(4)))
    worst, last = 0.0, time.monotonic()
    while not work.done():
        await asyncio.sleep(0.001)
        worst, last = max(worst, time.monotonic() - last), time.monotonic()
    alone = time.monotonic()
    await passwords.hash("password")
    alone = time.monotonic() - alone
    assert worst < alone * 4  # on the loop itself all four would have stood in the way together
    passwords.close()


async def test_too_many_at_once_are_told_to_wait() -> None:
    passwords = Passwords(4)
    results = await asyncio.gather(
        *(passwords.hash("password") for _ in range(MAX_STRANGERS + 5)), return_exceptions=True
    )
    refused = [result for result in results if isinstance(result, Refused)]
    assert [refusal.code for refusal in refused] == ["busy"] * 5
    assert await passwords.hash("password")
    passwords.close()
