"""Passwords: everything counts, nothing blocks, too many are turned away."""

import asyncio
import time

import pytest

from signaling.passwords import MAX_WAITING, Passwords, check_password_rules
from signaling.refusals import Refused


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


async def test_nobody_has_no_password() -> None:
    passwords = Passwords(4)
    await passwords.warm_up()
    assert not await passwords.check("anything", None)
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
        *(passwords.hash("password") for _ in range(MAX_WAITING + 5)), return_exceptions=True
    )
    refused = [result for result in results if isinstance(result, Refused)]
    assert [refusal.code for refusal in refused] == ["busy"] * 5
    assert await passwords.hash("password")
    passwords.close()


def test_rules() -> None:
    check_password_rules("eight ch", "a@example.org")
    for password in ("seven c", "x" * 1025, "aaaaaaaaaa", "A@example.org"):
        with pytest.raises(Refused):
            check_password_rules(password, "a@example.org")
