"""Showing once more who one is, before sign-in changes or the account ends: a stolen session alone must not do that."""

from dataclasses import dataclass
from typing import Any

from signaling.accounts import Accounts, Caller
from signaling.attempts import Attempts
from signaling.codes import Codes
from signaling.passkeys import Passkeys
from signaling.protocol.identity import token_hash
from signaling.refusals import Refused
from signaling.store import accounts as people
from signaling.store import factors
from signaling.store.database import Store
from signaling.store.rows import Passkey

WRONG = frozenset({"credentials_wrong", "second_factor_wrong", "passkey_refused"})
"""What the owner of the account hears of: somebody sits at a session of theirs, or has stolen it, and guesses."""


@dataclass(frozen=True, slots=True)
class Proof:
    """Either the password, with a code where one is asked for, or a passkey's answer to `Proofs.options`."""

    password: str | None = None
    code: str | None = None
    passkey: dict[str, Any] | None = None


class Proofs:
    """A passkey that knows its person counts for everything; a password counts unless passkeys are the only way in."""

    def __init__(self, store: Store, accounts: Accounts, attempts: Attempts, passkeys: Passkeys, codes: Codes) -> None:
        self._store = store
        self._accounts = accounts
        self._attempts = attempts
        self._passkeys = passkeys
        self._codes = codes

    async def options(self, caller: Caller, *, now: float) -> dict[str, Any]:
        """For `navigator.credentials.get`. Raises `Refused` (passkeys_need_name, no_passkey)."""
        async with self._store.read() as connection:
            known = await factors.passkeys_of(connection, caller.account.id)
        if not known:
            raise Refused("no_passkey", "this account has no passkey")
        return self._passkeys.to_assert("prove", subject_of(caller), known, verified=True, now=now)

    async def demand(
        self, caller: Caller, proof: Proof, *, now: float, with_code: bool = False, with_passkey: bool = False
    ) -> None:
        """Raises `Refused`: proof_required, credentials_wrong, passkey_refused, second_factor_wrong, and others.

        `with_code`: a password needs one beside it. `with_passkey`: only a passkey will do.
        """
        try:
            if proof.passkey is not None:
                await self._check_passkey(caller, proof.passkey, now)
            else:
                await self._check_password(caller, proof, now, with_code=with_code, passkey_only=with_passkey)
        except Refused as refusal:
            if refusal.code in WRONG:
                self._accounts.note_failure(caller.account, now, "proof_failed")
            raise

    async def _check_password(
        self, caller: Caller, proof: Proof, now: float, *, with_code: bool, passkey_only: bool
    ) -> None:
        if passkey_only or caller.account.passkey_only:
            raise Refused("proof_required", "confirm this with one of your passkeys")
        if proof.password is None:
            raise Refused("proof_required", "confirm this with your password")
        if with_code and proof.code is None:
            raise Refused("proof_required", "confirm this with your password and a code")
        await self._accounts.check_own_password(caller, proof.password)
        if with_code and proof.code is not None:
            await self._spend_code(caller, proof.code, now)

    async def _spend_code(self, caller: Caller, code: str, now: float) -> None:
        account_id = caller.account.id
        await self._attempts.count_signed_in(caller.login.id)
        async with self._store.write() as connection:
            await people.account_to_change_by(connection, caller.login)
            await self._codes.spend(connection, account_id, code, now)

    async def _check_passkey(self, caller: Caller, credential: dict[str, Any], now: float) -> None:
        passkey = await passkey_of(self._store, credential)
        if passkey is None or passkey.account_id != caller.account.id:
            raise Refused("passkey_refused", "this passkey is not one of this account's")
        shown = await self._passkeys.asserted(credential, passkey, "prove", subject_of(caller), verified=True, now=now)
        async with self._store.write() as connection:
            await people.account_to_change_by(connection, caller.login)
            if not await factors.use_passkey(connection, passkey, shown.sign_count, verified=True, now=now):
                raise Refused("passkey_refused", "this passkey was used elsewhere at the same moment")


async def passkey_of(store: Store, credential: dict[str, Any]) -> Passkey | None:
    """Whose answer this claims to be."""
    async with store.read() as connection:
        return await factors.passkey_by_credential(connection, credential["id"])


def subject_of(caller: Caller) -> str:
    """What a challenge is bound to while somebody is signed in: this login, and no other."""
    return token_hash(f"{caller.account.id}/{caller.login.id}")
