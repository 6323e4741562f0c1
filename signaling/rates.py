"""How often is too often: one table of rules, and the counting, which the library `limits` does.

A rule may have several windows: short ones stop a burst, long ones make a patient guesser pay more and more. No
window is longer than an hour, so a lock-out ends within an hour of the attack. A login is counted three ways: account
with address (a person who mistypes), address (one attacker, many accounts) and account (many attackers, one account).

Whoever commands enough addresses uses up the third for as long as they go on. It is not counted where the account's own
people come from: an address from which somebody is signed in to it has the first two only, and a device from which
somebody signed in before has a count of its own (`login_device`).

Whoever gets as far as a second factor knows the password, so its codes are guessed under bounds of their own: three of
a million are good at a time, and 40 guesses an hour take a year to find one. Where the account's own people come from
that bound does not hold; passkeys cannot be guessed and are not counted.

An alarm is loud, not frequent: what does not fit once does not fit the next time either, and each leaves an entry in
the owner's log.

What is done with an account and its cameras leaves entries in the audit log that nobody can delete, a guest's in the
owner's: `change` is more than a household does in an hour, and what a program may write in a day stays readable.

An IPv6 customer may hold a /48, which is 65,536 addresses as we count them. So what makes the server hash a password is
counted by /48 as well, under bounds that leave most of the two workers (about 500 hashes a minute) to everybody else.
"""

import contextlib
import ipaddress
import time

from limits import RateLimitItem, parse_many
from limits.aio.storage import Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError

from signaling.rate_memory import RateMemory

RULES: dict[str, list[RateLimitItem]] = {
    "login_pair": parse_many("6/minute; 15/10 minutes; 30/hour"),
    "login_address": parse_many("30/minute; 120/10 minutes; 300/hour"),
    "login_account": parse_many("60/minute; 200/10 minutes; 600/hour"),
    "login_device": parse_many("10/minute; 30/10 minutes; 60/hour"),
    "login_network": parse_many("120/minute; 1200/hour"),
    "factor_pair": parse_many("5/minute; 20/hour"),
    "factor_account": parse_many("10/minute; 40/hour"),
    "passkey": parse_many("30/minute; 300/hour"),
    "register": parse_many("10/minute; 40/hour"),
    "register_network": parse_many("40/minute; 160/hour"),
    "reset": parse_many("5/minute; 20/hour"),
    "reset_network": parse_many("20/minute; 80/hour"),
    "reset_account": parse_many("3/hour"),
    "reset_link": parse_many("20/minute; 120/hour"),
    "invitation": parse_many("20/minute; 120/hour"),
    "transfer": parse_many("20/minute; 120/hour"),
    "activate": parse_many("30/minute; 300/hour"),
    "seen": parse_many("60/minute; 600/hour"),
    "export": parse_many("6/minute; 20/hour"),
    "draw": parse_many("30/minute; 200/hour"),
    "change": parse_many("30/minute; 240/hour"),
    "pair": parse_many("20/minute; 120/hour"),
    "share": parse_many("20/minute; 120/hour"),
    "alarm": parse_many("3/minute; 20/hour"),
    "address": parse_many("1200/minute"),
}
MAX_KEY_LENGTH = 120


class Rates:
    """Counts uses under the rules above in one of the storages of `limits`."""

    def __init__(self, storage: Storage | None = None, *, enabled: bool = True) -> None:
        self._enabled = enabled
        self._own = SlidingWindowCounterRateLimiter(RateMemory())
        self._shared = SlidingWindowCounterRateLimiter(storage) if storage is not None else self._own

    async def hit(self, rule: str, key: str) -> float:
        """Count one use. 0.0 when allowed, else seconds until it makes sense to try again.

        While the shared storage is away each process counts for itself: a limit must neither fail open nor stop all.
        """
        if not self._enabled:
            return 0.0
        try:
            return await self._hit(self._shared, rule, key[:MAX_KEY_LENGTH])
        except StorageError:
            return await self._hit(self._own, rule, key[:MAX_KEY_LENGTH])

    async def _hit(self, strategy: SlidingWindowCounterRateLimiter, rule: str, key: str) -> float:
        wait = 0.0
        for item in RULES[rule]:
            if not await strategy.hit(item, rule, key):
                stats = await strategy.get_window_stats(item, rule, key)
                wait = max(wait, stats.reset_time - time.time(), 1.0)
        return wait

    async def forgive(self, rule: str, key: str) -> None:
        """Forget what was counted."""
        for strategy in {self._shared, self._own}:
            for item in RULES[rule]:
                with contextlib.suppress(StorageError):
                    await strategy.clear(item, rule, key[:MAX_KEY_LENGTH])


def address_key(address: str) -> str:
    """What one subscriber of a provider holds: an IPv4 address, an IPv6 /64 (RFC 6177 §2)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if parsed.version == 4:
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def network_key(address: str) -> str | None:
    """The most that one customer is given of IPv6, a /48 (RFC 6177 §2). None for IPv4: a home there has one address."""
    key = address_key(address)
    return str(ipaddress.ip_network(key).supernet(new_prefix=48)) if ":" in key else None
