"""Counts attempts to sign in, before any work is done for them. What is too often stands in `signaling.rates`.

A known device (`signaling.devices`) has a count of its own and no other: however many addresses guess at an account,
its owner gets in from there.
"""

from signaling.live.state import LiveState
from signaling.protocol.identity import token_hash
from signaling.rates import address_key, network_key
from signaling.refusals import Refused
from signaling.store import known_devices
from signaling.store.database import Store
from signaling.store.rows import Account


class Attempts:
    """All methods may raise `Refused` (too_many_requests)."""

    def __init__(self, store: Store, live: LiveState) -> None:
        self._store = store
        self._live = live

    async def count(self, email: str, address: str, device: str, *, now: float) -> str:
        """One attempt at the account with this e-mail, if there is one; by what whoever comes is known, or empty
        (`signaling.turns`). `device`: what the browser or app presents."""
        known, home = await self._knows(email, address, device, now)
        if known:
            await self._count("login_device", _device_key(email, device))
            return f"device/{email}"
        await self._count("login_address", address_key(address))
        await self._count("login_pair", _pair_key(email, address))
        if home:
            return f"home/{email}"
        if network := network_key(address):
            await self._count("login_network", network)
        await self._count("login_account", token_hash(email))
        return ""

    async def count_signed_in(self, login_id: str) -> None:
        """One attempt at the password of an account, by somebody who is signed in to it."""
        await self._count("login_device", f"login/{login_id}")

    async def count_code_signed_in(self, login_id: str) -> None:
        """One attempt at a code of an account, by somebody who is signed in to it."""
        await self._count("factor_pair", f"login/{login_id}")

    async def count_code(self, account: Account, address: str, device: str, *, now: float) -> None:
        """One attempt at a second factor, after the right password."""
        known, home = await self._knows(account.email, address, device, now)
        await self._count("factor_pair", _factor_key(account, address, device if known else ""))
        if not (known or home):
            await self._count("factor_account", account.id)

    async def forgive_code(self, account: Account, address: str, device: str) -> None:
        """It was right."""
        for presented in {device, ""}:
            await self._live.forgive("factor_pair", _factor_key(account, address, presented))

    async def forgive(self, email: str, address: str, device: str) -> None:
        """The password was right: whoever mistyped it before has done no harm."""
        await self._live.forgive("login_pair", _pair_key(email, address))
        await self._live.forgive("login_device", _device_key(email, device))

    async def _count(self, rule: str, key: str) -> None:
        wait = await self._live.hit(rule, key)
        if wait:
            raise Refused("too_many_requests", "too many attempts to sign in; wait a little", retry_after=wait)

    async def _knows(self, email: str, address: str, device: str, now: float) -> tuple[bool, bool]:
        """Whether the account knows this device, and whether somebody is signed in to it from this address."""
        async with self._store.read() as connection:
            asked = email if "\0" not in email else ""
            known, homes = await known_devices.who_comes(connection, asked, token_hash(device), now)
        return known, address_key(address) in {address_key(home) for home in homes if home}


def _pair_key(email: str, address: str) -> str:
    return f"{token_hash(email)}/{address_key(address)}"


def _factor_key(account: Account, address: str, device: str) -> str:
    return f"{account.id}/{token_hash(device)[:32] if device else address_key(address)}"


def _device_key(email: str, device: str) -> str:
    """Short enough for `rates.MAX_KEY_LENGTH` to leave both hashes whole enough."""
    return f"{token_hash(email)[:32]}/{token_hash(device)}"
