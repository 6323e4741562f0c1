"""Signing in: by password, by password and a second factor, by a passkey alone, by a recovery code in its place.

After the right password of an account with a second factor there is a ticket and no login yet. It stays good after a
wrong code, for a few tries and minutes, for one caller at a time, and for one login.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from signaling.accounts import Accounts, SecondFactorOn, Spend
from signaling.attempts import Attempts
from signaling.codes import Codes
from signaling.live.state import LiveState
from signaling.passkeys import Passkeys
from signaling.proof import passkey_of, using
from signaling.protocol.identity import token_hash
from signaling.refusals import Method, Refused, SecondFactorRequired, SecondStep
from signaling.store import accounts as people
from signaling.store import factors
from signaling.store.database import Store
from signaling.store.rows import Account, Login

TICKET_SECONDS = 300.0
"""To find the phone; whoever takes longer types the password again."""
MAX_TRIES = 10
"""Per ticket, beside the rates: after so many wrong codes the password is asked for again."""
WRONG_CODE = "this e-mail and recovery code do not belong together, or this account does not sign in so"

NOBODY = Account("", "", "", False, 0.0)
"""Is asked as much as somebody, so that the time tells nothing."""

Signed = tuple[Account, str]
"""Who is signed in now, and the JWT."""


class Kept(msgspec.Struct, frozen=True):
    """What a ticket stands for. `password`: hash of the password's hash, so that the ticket ends when that changes."""

    account_id: str
    password: str
    expires_at: float
    tries: int = 0


@dataclass(frozen=True, slots=True)
class SignIn:
    """`new_id`, `new_token`: fresh random text. All methods may raise `Refused`.

    A `login` comes without account and times. `device`: see `signaling.devices`.
    """

    store: Store
    live: LiveState
    accounts: Accounts
    attempts: Attempts
    passkeys: Passkeys
    codes: Codes
    new_id: Callable[[], str]
    new_token: Callable[[], str]

    async def by_password(self, email: str, password: str, login: Login, *, device: str, now: float) -> Signed:
        """Raises `SecondFactorRequired` where the password is right and not enough."""
        try:
            return await self.accounts.log_in(email, password, login, device=device, jti=self.new_id(), now=now)
        except SecondFactorOn as wanted:
            step = await self._step(wanted.account, wanted.methods, now)
        raise SecondFactorRequired(step)

    async def by_second_step(
        self, ticket: str, shown: str | dict[str, Any], login: Login, *, device: str, now: float
    ) -> Signed:
        """`shown`: a code, or a passkey's answer to the options that came with the ticket."""
        kept, account = await self._redeem(ticket, now)
        try:
            spend = await self._spend(account, shown, login, device, now)
            token = await self.accounts.begin(account, login, spend, jti=self.new_id(), now=now)
        except Refused as refusal:
            await self._failed(ticket, kept, account, refusal.code, now)
            raise
        await self.attempts.forgive_code(account, login.address, device)
        return account, token

    async def _failed(self, ticket: str, kept: Kept, account: Account, code: str, now: float) -> None:
        wrong = code in {"second_factor_wrong", "passkey_refused"}
        if wrong:
            self.accounts.note_failure(account, now, "second_factor_failed")
        if kept.tries + wrong < MAX_TRIES:
            await self._keep(ticket, msgspec.structs.replace(kept, tries=kept.tries + wrong), now)

    async def by_passkey(self, credential: dict[str, Any], login: Login, *, now: float) -> Signed:
        """Without a name or a password: the passkey knows whose it is, and knew its person."""
        passkey = await passkey_of(self.store, credential)
        if passkey is None:
            raise Refused("passkey_refused", "this server does not know this passkey")
        shown = await self.passkeys.asserted(credential, passkey, "sign in", "", verified=True, now=now)
        account = await self._account(passkey.account_id)
        token = await self.accounts.begin(account, login, using(passkey, shown, now), jti=self.new_id(), now=now)
        return account, token

    async def by_recovery_code(self, email: str, code: str, login: Login, *, device: str, now: float) -> Signed:
        """Where the passkeys are lost and the password opens nothing. Counted and answered as passwords are."""
        email = email.strip().lower()
        await self.attempts.count(email, login.address, device, now=now)
        async with self.store.read() as connection:
            account = await people.account_by_email(connection, email) if "\0" not in email else None
            lost = account if account is not None and account.passkey_only else NOBODY
            right = await self.codes.is_recovery_code(connection, lost.id, code)
        if not right:
            self.accounts.note_failure(account, now)
            raise Refused("credentials_wrong", WRONG_CODE)

        async def spend(connection: AsyncConnection) -> Method:
            return await self.codes.spend(connection, lost.id, code, now)

        return lost, await self.accounts.begin(lost, login, spend, jti=self.new_id(), now=now)

    async def _step(self, account: Account, methods: tuple[Method, ...], now: float) -> SecondStep:
        ticket, expires_at = self.new_token(), now + TICKET_SECONDS
        await self._keep(ticket, Kept(account.id, token_hash(account.password_hash), expires_at), now)
        return SecondStep(ticket, expires_at, methods, await self._options(account.id, methods, now))

    async def _options(self, account_id: str, methods: tuple[Method, ...], now: float) -> dict[str, Any] | None:
        if "passkey" not in methods or self.passkeys.origin is None:
            return None
        async with self.store.read() as connection:
            known = await factors.passkeys_of(connection, account_id)
        return self.passkeys.to_assert("second step", account_id, known, verified=False, now=now)

    async def _keep(self, ticket: str, kept: Kept, now: float) -> None:
        seconds = kept.expires_at - now
        if seconds > 0:
            await self.live.put(f"second-step:{token_hash(ticket)}", msgspec.json.encode(kept).decode(), seconds)

    async def _redeem(self, ticket: str, now: float) -> tuple[Kept, Account]:
        """Nobody else holds this ticket until it is kept again."""
        text = await self.live.take(f"second-step:{token_hash(ticket)}")
        kept = msgspec.json.decode(text, type=Kept) if text is not None else None
        if kept is None or kept.expires_at <= now:
            raise _no_ticket()
        account = await self._account(kept.account_id)
        if account.passkey_only or token_hash(account.password_hash) != kept.password:
            raise _no_ticket()
        return kept, account

    async def _account(self, account_id: str) -> Account:
        async with self.store.read() as connection:
            account = await people.account_by_id(connection, account_id)
        if account is None:
            raise _no_ticket()
        return account

    async def _spend(
        self, account: Account, shown: str | dict[str, Any], login: Login, device: str, now: float
    ) -> Spend:
        if isinstance(shown, str):
            await self.attempts.count_code(account, login.address, device, now=now)
            return lambda connection: self.codes.spend(connection, account.id, shown, now)
        passkey = await passkey_of(self.store, shown)
        if passkey is None or passkey.account_id != account.id:
            raise Refused("passkey_refused", "this passkey is not one of this account's")
        found = await self.passkeys.asserted(shown, passkey, "second step", account.id, verified=False, now=now)
        return using(passkey, found, now)


def _no_ticket() -> Refused:
    return Refused("ticket_invalid", "this took too long, or was finished already; begin with the password again")
