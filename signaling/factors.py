"""The second factors of an account, as its owner manages them.

Every change wants a proof (`signaling.proof`), is audited, and ends the account's other sessions. The first factor
comes with recovery codes; with the last one they go. Whoever lets nothing but passkeys open the account keeps two ways
in.
"""

import os
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from signaling import recovery_codes, totp
from signaling.accounts import Accounts, Caller
from signaling.attempts import Attempts
from signaling.audit import Deed
from signaling.codes import Codes
from signaling.passkeys import Passkeys, Registered
from signaling.proof import Proof, Proofs, subject_of
from signaling.refusals import Refused
from signaling.store import accounts as people
from signaling.store import audit, resets
from signaling.store import factors as rows
from signaling.store.database import Store
from signaling.store.rows import Passkey, Totp
from signaling.vault import Vault

BEGUN_SECONDS = 600.0
"""To install an app and scan its code; afterwards begin again."""
MAX_PASSKEYS = 16
"""More than one person has devices; and all of them go into the options that a browser is given."""
CODES_FOR_A_PASSKEY = 2
"""Who has lost the last one signs in by one recovery code, and adds a new passkey by another."""


@dataclass(frozen=True, slots=True)
class Overview:
    """`app`: an authenticator app is on."""

    app: bool
    passkeys: list[Passkey]
    codes_left: int
    passkey_only: bool


@dataclass(frozen=True, slots=True)
class Factors:
    """All methods that change something raise `Refused`. Recovery codes are returned where they are new, to be shown
    once."""

    store: Store
    accounts: Accounts
    attempts: Attempts
    proofs: Proofs
    passkeys: Passkeys
    codes: Codes
    vault: Vault

    async def overview(self, account_id: str) -> Overview:
        async with self.store.read() as connection:
            return await _overview(connection, account_id)

    async def begin_app(self, caller: Caller, proof: Proof, origin: str, *, now: float) -> tuple[str, str]:
        """A new secret, and the URI that says it to an app. Nothing is asked of anybody before `confirm_app`."""
        spend = await self.proofs.demand(caller, proof, now=now)
        account, secret = caller.account, totp.secret_of(os.urandom(totp.SECRET_BYTES))
        async with self.store.write() as connection:
            await people.account_to_change_by(connection, caller.login)
            await spend(connection)
            app = await rows.totp_of(connection, account.id)
            if app is not None and app.confirmed:
                raise Refused("totp_on", "an authenticator app is on already; turn that off first")
            await rows.put_totp(connection, Totp(account.id, self.vault.seal(secret, account.id), False, 0, now))
        return secret, totp.uri_of(secret, account.email, origin)

    async def confirm_app(self, caller: Caller, code: str, *, now: float) -> list[str]:
        """From now on it is asked for."""
        account_id = caller.account.id
        await self.attempts.count_signed_in(caller.login.id)
        async with self.store.write() as connection:
            await people.account_to_change_by(connection, caller.login)
            app = await rows.totp_of(connection, account_id)
            if app is None or app.confirmed or app.created_at + BEGUN_SECONDS < now:
                raise Refused("totp_not_begun", "begin again: no app is waiting to be confirmed")
            step = self.codes.step_of(app, "".join(code.split()), now)
            if step is None or not await rows.confirm_totp(connection, account_id, step):
                raise Refused("second_factor_wrong", "this code is not right; is the phone's clock?")
            fresh = await self._first_codes(connection, account_id)
            ended = await _noted(connection, caller, "factor_added", now, kind="totp")
        await self.accounts.announce_ended(account_id, ended)
        return fresh

    async def end_app(self, caller: Caller, proof: Proof, *, now: float) -> None:
        """The recovery codes go as well where it was the last factor."""
        spend = await self.proofs.demand(caller, proof, now=now)
        async with self.store.write() as connection:
            await people.account_to_change_by(connection, caller.login)
            await spend(connection)
            if not await rows.delete_totp(connection, caller.account.id):
                raise Refused("no_second_factor", "no authenticator app is on")
            ended = await self._removed(connection, caller, now, kind="totp")
        await self.accounts.announce_ended(caller.account.id, ended)

    async def begin_passkey(self, caller: Caller, proof: Proof, *, now: float) -> dict[str, Any]:
        """Options for `navigator.credentials.create`."""
        spend = await self.proofs.demand(caller, proof, now=now)
        async with self.store.write() as connection:
            await people.account_to_change_by(connection, caller.login)
            known = await rows.passkeys_of(connection, caller.account.id)
            await spend(connection)
            if len(known) >= MAX_PASSKEYS:
                raise Refused("too_many_passkeys", f"an account has at most {MAX_PASSKEYS} passkeys")
        account = caller.account
        return self.passkeys.to_register(account, known, subject_of(caller), verified=account.passkey_only, now=now)

    async def add_passkey(
        self, caller: Caller, name: str, credential: dict[str, Any], *, passkey_id: str, now: float
    ) -> tuple[Passkey, list[str]]:
        """The answer to `begin_passkey`, whose challenge stands for the proof."""
        verified = caller.account.passkey_only
        made = await self.passkeys.registered(credential, subject_of(caller), verified=verified, now=now)
        passkey = _passkey(passkey_id, caller.account.id, made, name, now)
        try:
            async with self.store.write() as connection:
                await people.account_to_change_by(connection, caller.login)
                if len(await rows.passkeys_of(connection, passkey.account_id)) >= MAX_PASSKEYS:
                    raise Refused("too_many_passkeys", f"an account has at most {MAX_PASSKEYS} passkeys")
                await rows.insert_passkey(connection, passkey)
                fresh = await self._first_codes(connection, passkey.account_id)
                ended = await _noted(connection, caller, "factor_added", now, kind="passkey", name=name)
        except IntegrityError:
            raise Refused("passkey_known", "this passkey is registered here already") from None
        await self.accounts.announce_ended(passkey.account_id, ended)
        return passkey, fresh

    async def rename_passkey(self, caller: Caller, passkey_id: str, name: str) -> Passkey:
        async with self.store.write() as connection:
            await rows.rename_passkey(connection, caller.account.id, passkey_id, name)
            return _found(await rows.passkeys_of(connection, caller.account.id), passkey_id)

    async def remove_passkey(self, caller: Caller, passkey_id: str, proof: Proof, *, now: float) -> None:
        """Not the one without which nobody would get in."""
        spend = await self.proofs.demand(caller, proof, now=now)
        account_id = caller.account.id
        async with self.store.write() as connection:
            await people.account_to_change_by(connection, caller.login)
            await spend(connection)
            passkey = _found(await rows.passkeys_of(connection, account_id), passkey_id)
            await rows.delete_passkey(connection, passkey.id)
            left = await _overview(connection, account_id)
            if left.passkey_only and not may_be_passkey_only(left):
                raise Refused(
                    "last_way_in", "without this passkey you could lock yourself out; let the password in first"
                )
            ended = await self._removed(connection, caller, now, kind="passkey", name=passkey.name)
        await self.accounts.announce_ended(account_id, ended)

    async def renew_codes(self, caller: Caller, proof: Proof, *, now: float) -> list[str]:
        """Ten new ones; those of before are worth nothing."""
        spend = await self.proofs.demand(caller, proof, now=now)
        async with self.store.write() as connection:
            await people.account_to_change_by(connection, caller.login)
            await spend(connection)
            if not await rows.methods(connection, caller.account.id):
                raise Refused("no_second_factor", "recovery codes stand in for a second factor, and there is none")
            fresh = await self._fresh_codes(connection, caller.account.id)
            ended = await _noted(connection, caller, "recovery_codes_made", now)
        await self.accounts.announce_ended(caller.account.id, ended)
        return fresh

    async def set_passkey_only(self, caller: Caller, on: bool, proof: Proof, *, now: float) -> Overview:
        """Whether the password opens anything. Who turns it on shows a passkey, and so that it works."""
        spend = await self.proofs.demand(caller, proof, now=now, with_passkey=on)
        account_id = caller.account.id
        async with self.store.write() as connection:
            await people.account_to_change_by(connection, caller.login)
            await spend(connection)
            overview = await _overview(connection, account_id)
            if overview.passkey_only == on:
                return overview
            if on and not may_be_passkey_only(overview):
                raise Refused("last_way_in", "this needs two passkeys, or one and two recovery codes")
            await rows.set_passkey_only(connection, account_id, on)
            overview = await _overview(connection, account_id)
            ended = await _noted(connection, caller, "passkey_only_changed", now, on="yes" if on else "no")
        await self.accounts.announce_ended(account_id, ended)
        return overview

    async def _first_codes(self, connection: AsyncConnection, account_id: str) -> list[str]:
        if await rows.codes_left(connection, account_id):
            return []
        return await self._fresh_codes(connection, account_id)

    async def _fresh_codes(self, connection: AsyncConnection, account_id: str) -> list[str]:
        codes = recovery_codes.codes_from(os.urandom(recovery_codes.COUNT * recovery_codes.LENGTH))
        plain = [code.replace("-", "") for code in codes]
        await rows.put_codes(connection, account_id, [self.vault.hash(code, account_id) for code in plain])
        return codes

    async def _removed(self, connection: AsyncConnection, caller: Caller, now: float, **details: str) -> list[str]:
        if not await rows.methods(connection, caller.account.id):
            await rows.put_codes(connection, caller.account.id, [])
        return await _noted(connection, caller, "factor_removed", now, **details)


def may_be_passkey_only(overview: Overview) -> bool:
    """Two ways in, of which one at least is a passkey that knows its person: nobody shall lock himself out."""
    verified = sum(passkey.verified for passkey in overview.passkeys)
    return verified >= 2 or (verified == 1 and overview.codes_left >= CODES_FOR_A_PASSKEY)


async def _overview(connection: AsyncConnection, account_id: str) -> Overview:
    wanted = await rows.methods(connection, account_id)
    account = await people.account_by_id(connection, account_id)
    passkeys, codes_left = await rows.passkeys_of(connection, account_id), await rows.codes_left(connection, account_id)
    return Overview("totp" in wanted, passkeys, codes_left, account is not None and account.passkey_only)


async def _noted(connection: AsyncConnection, caller: Caller, deed: Deed, now: float, **details: str) -> list[str]:
    """Ends the other logins, whose ids are returned, and a link that would set the password; writes the deed down.
    Comes last in the transaction."""
    await resets.delete_all_of(connection, caller.account.id)
    ended = await people.delete_other_logins(connection, caller.account.id, caller.login.id)
    await audit.record(connection, caller.account.id, deed, now=now, **details)
    return ended


def _passkey(passkey_id: str, account_id: str, made: Registered, name: str, now: float) -> Passkey:
    return Passkey(
        id=passkey_id,
        account_id=account_id,
        credential_id=made.credential_id,
        public_key=made.public_key,
        sign_count=made.sign_count,
        verified=made.verified,
        transports=made.transports,
        name=name,
        created_at=now,
    )


def _found(passkeys: list[Passkey], passkey_id: str) -> Passkey:
    found = next((passkey for passkey in passkeys if passkey.id == passkey_id), None)
    if found is None:
        raise Refused("not_found", "there is no such passkey")
    return found
