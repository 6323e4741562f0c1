"""Showing once more who one is, before sign-in changes or the account ends: a stolen session alone must not do that.

A proof is as strong as a sign-in, and one rule says so for all deeds (`check_enough`). A passkey that knows its person
counts for everything. A password counts alone where no second factor is on; else a code of the app, a recovery code or
a passkey comes with it. Where passkeys are the only way in, a recovery code stands in for lost ones, as it does there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from signaling.accounts import Accounts, Caller, Spend
from signaling.attempts import Attempts
from signaling.codes import Codes
from signaling.passkeys import Asserted, Passkeys
from signaling.protocol.identity import token_hash
from signaling.refusals import Method, Refused
from signaling.store import factors
from signaling.store.database import Store
from signaling.store.rows import Passkey

WRONG = frozenset({"credentials_wrong", "second_factor_wrong", "passkey_refused"})
"""What the owner of the account hears of: somebody sits at a session of theirs, or has stolen it, and guesses."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What was shown. `code`: of the app, or a recovery code; `passkey`: its answer to `Proofs.options`."""

    password: str | None = None
    code: str | None = None
    passkey: dict[str, Any] | None = None


def check_enough(proof: Proof, methods: tuple[Method, ...], *, passkey_only: bool, with_passkey: bool) -> None:
    """Raises `Refused` (proof_required) where something is missing; nothing of it is believed yet.

    `methods`: second factors of the account. `with_passkey`: only a passkey will do.
    """
    if proof.passkey is not None:
        return
    if with_passkey:
        raise Refused("proof_required", "confirm this with one of your passkeys")
    if passkey_only and proof.code is None:
        raise Refused("proof_required", "confirm this with one of your passkeys, or with a recovery code")
    if not passkey_only and proof.password is None:
        raise Refused("proof_required", "confirm this with your password")
    if methods and proof.code is None:
        raise Refused("proof_required", "confirm this with your password and a code, or with a passkey")


class Proofs:
    """Asks for proofs and checks them."""

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
        verified = any(passkey.verified for passkey in known)
        return self._passkeys.to_assert("prove", subject_of(caller), known, verified=verified, now=now)

    async def demand(self, caller: Caller, proof: Proof, *, now: float, with_passkey: bool = False) -> Spend:
        """Checks what can be checked now. The rest is what is good once: it is used up by calling what is returned,
        in the transaction of the deed, so that a deed which is refused costs no code.

        Both raise `Refused`: proof_required, credentials_wrong, passkey_refused, second_factor_wrong, and others.
        """
        with self._noting(caller, now):
            spend = await self._check(caller, proof, now, with_passkey=with_passkey)

        async def noted(connection: AsyncConnection) -> Method | None:
            with self._noting(caller, now):
                return await spend(connection)

        return noted

    @contextmanager
    def _noting(self, caller: Caller, now: float) -> Iterator[None]:
        try:
            yield
        except Refused as refusal:
            if refusal.code in WRONG:
                self._accounts.note_failure(caller.account, now, "proof_failed")
            raise

    async def _check(self, caller: Caller, proof: Proof, now: float, *, with_passkey: bool) -> Spend:
        account = caller.account
        async with self._store.read() as connection:
            methods = await factors.methods(connection, account.id)
        check_enough(proof, methods, passkey_only=account.passkey_only, with_passkey=with_passkey)
        believed = proof.password is not None and not account.passkey_only
        if believed and proof.password is not None:
            await self._accounts.check_own_password(caller, proof.password)
        if proof.passkey is not None:
            return await self._by_passkey(caller, proof.passkey, now, verified=with_passkey or not believed)
        return await self._by_code(caller, proof.code, now) if methods and proof.code is not None else _nothing

    async def _by_code(self, caller: Caller, code: str, now: float) -> Spend:
        account = caller.account
        await self._attempts.count_code_signed_in(caller.login.id)

        async def spend(connection: AsyncConnection) -> Method:
            method = await self._codes.spend(connection, account.id, code, now)
            if account.passkey_only and method != "recovery_code":
                raise Refused("second_factor_wrong", "where only passkeys let in, a recovery code stands in for them")
            return method

        return spend

    async def _by_passkey(self, caller: Caller, credential: dict[str, Any], now: float, *, verified: bool) -> Spend:
        passkey = await passkey_of(self._store, credential)
        if passkey is None or passkey.account_id != caller.account.id:
            raise Refused("passkey_refused", "this passkey is not one of this account's")
        subject = subject_of(caller)
        shown = await self._passkeys.asserted(credential, passkey, "prove", subject, verified=verified, now=now)
        return using(passkey, shown, now)


async def _nothing(_: AsyncConnection) -> None:
    """A password is good again."""


def using(passkey: Passkey, shown: Asserted, now: float) -> Spend:
    """Notes that the passkey was used, once."""

    async def spend(connection: AsyncConnection) -> Method:
        if not await factors.use_passkey(connection, passkey, shown.sign_count, verified=shown.verified, now=now):
            raise Refused("passkey_refused", "this passkey was removed or used elsewhere at the same moment")
        return "passkey"

    return spend


async def passkey_of(store: Store, credential: dict[str, Any]) -> Passkey | None:
    """Whose answer this claims to be."""
    async with store.read() as connection:
        return await factors.passkey_by_credential(connection, credential["id"])


def subject_of(caller: Caller) -> str:
    """What a challenge is bound to while somebody is signed in: this login, and no other."""
    return token_hash(f"{caller.account.id}/{caller.login.id}")
