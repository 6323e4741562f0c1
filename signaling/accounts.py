"""Accounts: registering by invitation, signing in and out, changing the password.

Whoever holds a login may do what its account may; ending a login is written to the store first and then announced,
so that sockets and streams close within a second and nothing depends on the announcement alone.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from signaling import tokens
from signaling.acceptance import accept, invitation_invalid, offered
from signaling.acting import now_known_as, unplaced
from signaling.attempts import Attempts
from signaling.audit import Deed
from signaling.live.state import LiveEvent, LiveState, LiveUnavailable
from signaling.passwords import Passwords
from signaling.protocol.identity import token_hash
from signaling.refusals import Method, Refused
from signaling.store import accounts as rows
from signaling.store import audit, belongings, factors, resets
from signaling.store.cameras import cameras_of
from signaling.store.database import Store
from signaling.store.grants import cameras_granted_to, hold_cameras_of
from signaling.store.rows import Account, Invitation, Login
from signaling.ways import Policy

INVITATION_SECONDS = 7 * 24 * 3600.0
FIRST_START_SECONDS = 24 * 3600.0
MAX_OPEN_INVITATIONS = 32
"""Per administrator: more than any household hands out in a week."""
MAX_LOGINS = 32
"""Per account; the oldest ends when one more signs in."""
MAX_EMAIL_LENGTH = 254
"""RFC 5321 §4.5.3.1.3."""
NOTED_FAILURE_SECONDS = 600.0
"""The owner hears of wrong passwords once in ten minutes, not of each."""
LAST = (
    "you are the only administrator of this server, and others have accounts on it; whoever runs it makes one of them "
    "an administrator with the command `belvedere make-administrator EMAIL`, then you can go"
)
CHANGED_ELSEWHERE = "the password was changed elsewhere at the same moment"
WRONG = "this e-mail and password do not belong together"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is signed in, with which login."""

    account: Account
    login: Login


class SecondFactorOn(Exception):
    """The password was right, and the account wants to see one of the `methods` as well."""

    def __init__(self, account: Account, methods: tuple[Method, ...]) -> None:
        super().__init__()
        self.account = account
        self.methods = methods


Spend = Callable[[AsyncConnection], Awaitable[Method | None]]
"""Uses up what is good once, inside the transaction of what it is shown for; tells which factor. Raises `Refused`."""


class Accounts:
    """`origin`: of this server; `key` signs logins; `registration`: closed or open."""

    def __init__(
        self, store: Store, live: LiveState, passwords: Passwords, *, key: str, origin: str, registration: str
    ) -> None:
        self._store = store
        self._live = live
        self._passwords = passwords
        self._attempts = Attempts(store, live)
        self._key = key
        self._origin = origin
        self.registration = registration
        self.notes: set[asyncio.Task[None]] = set()
        """Bounded by the logins that may be tried."""

    async def administrator_exists(self) -> bool:
        async with self._store.read() as connection:
            return await rows.administrator_exists(connection)

    async def register(
        self, email: str, password: str, invitation: str | None, *, account_id: str, grant_id: str, now: float
    ) -> Account:
        """Make an account. `invitation`: an administrator's, or a sharing link's, whose grant comes with the account.

        Raises `Refused`: registration_closed, invitation_invalid, email_taken and others.
        """
        email = normalised_email(email)
        secret = token_hash(invitation) if invitation else None
        await self._check_may_register(secret, now)
        await self._passwords.check_rules(password, email)
        account = Account(account_id, email, await self._passwords.hash(password), False, now)
        try:
            return await self._insert(account, secret, grant_id, now)
        except IntegrityError:
            raise Refused("email_taken", "there is already an account with this e-mail") from None

    async def _check_may_register(self, secret: str | None, now: float) -> None:
        if secret is None:
            if self.registration != "open":
                raise Refused("registration_closed", "this server takes new accounts by invitation only")
            return
        async with self._store.read() as connection:
            found = await rows.open_invitation(connection, secret, now) or await offered(connection, secret, now)
        if found is None:
            raise invitation_invalid()

    async def check_invitation(self, secret: str, *, now: float) -> None:
        """Tells whoever holds the link before the form is filled in. Raises `Refused` (invitation_invalid)."""
        await self._check_open(token_hash(secret), now)

    async def _check_open(self, secret_hash: str, now: float) -> None:
        async with self._store.read() as connection:
            if await rows.open_invitation(connection, secret_hash, now) is None:
                raise invitation_invalid()

    async def _insert(self, account: Account, secret: str | None, grant_id: str, now: float) -> Account:
        async with self._store.write() as connection:
            invitation = await rows.open_invitation(connection, secret, now) if secret is not None else None
            if invitation is not None:
                if not await rows.use_invitation(connection, invitation.secret_hash, now):
                    raise invitation_invalid()
                account = replace(account, administrator=invitation.administrator)
            await rows.insert_account(connection, account)
            now_known_as(account.email)
            if secret is not None and invitation is None:
                await accept(connection, secret, account, grant_id=grant_id, now=now)
            await audit.record(connection, account.id, "account_made", now=now, email=account.email)
        return account

    async def invite(self, administrator: Account, secret: str, *, now: float) -> float:
        """Make a one-time invitation good for a week; returns when it ends."""
        if not administrator.administrator:
            raise Refused("forbidden", "only an administrator invites")
        invitation = Invitation(token_hash(secret), False, administrator.id, now, now + INVITATION_SECONDS)
        async with self._store.write() as connection:
            await rows.account_to_change(connection, administrator.id)
            if await rows.open_invitations_by(connection, administrator.id, now) >= MAX_OPEN_INVITATIONS:
                raise Refused("too_many_invitations", f"{MAX_OPEN_INVITATIONS} invitations are still open")
            await rows.insert_invitation(connection, invitation)
            await audit.record(connection, administrator.id, "invited", now=now)
        return invitation.expires_at

    async def first_start_link(self, secret: str, *, now: float) -> str | None:
        """A link that makes the administrator, good for a day; None where there is one. Earlier links end."""
        async with self._store.write() as connection:
            if await rows.administrator_exists(connection):
                return None
            await rows.delete_first_start_links(connection)
            invitation = Invitation(token_hash(secret), True, None, now, now + FIRST_START_SECONDS)
            await rows.insert_invitation(connection, invitation)
        return f"{self._origin}/#/register/{secret}"

    async def log_in(
        self, email: str, password: str, login: Login, *, device: str = "", jti: str, now: float
    ) -> tuple[Account, str]:
        """Check the password and begin a login; returns its JWT too. `login.account_id` is filled in here.

        `device`: what the browser or app keeps from an earlier login (`signaling.devices`).

        Raises `Refused`: credentials_wrong, too_many_requests, busy; and `SecondFactorOn`, when nothing has begun.
        """
        email = email.strip().lower()
        whose = await self._attempts.count(email, login.address, device, now=now)
        account = await self._account_with(email, password, whose, now)
        await self._attempts.forgive(email, login.address, device)
        fresh = await self._hashed_anew(account, password)
        wanted = await self._begin(account, login, fresh, now)
        if wanted is None:
            # Changed meanwhile, which opens nothing any more, or only hashed anew by another login at the same moment.
            account = await self._account_with(email, password, whose, now)
            wanted = await self._begin(account, login, None, now)
            if wanted is None:
                raise Refused("credentials_wrong", WRONG)
        if wanted:
            raise SecondFactorOn(account, wanted)
        return account, self._token(account, login, jti, now)

    async def begin(self, account: Account, login: Login, spend: Spend, *, jti: str, now: float) -> str:
        """Begin a login that a second factor completes; its JWT. Raises `Refused` (credentials_wrong, and what `spend`
        does)."""
        if await self._begin(account, login, None, now, spend) is None:
            raise Refused("credentials_wrong", "the password was changed at the same moment")
        return self._token(account, login, jti, now)

    def _token(self, account: Account, login: Login, jti: str, now: float) -> str:
        return tokens.sign_account_token(
            self._key, origin=self._origin, account_id=account.id, login_id=login.id, jti=jti, now=now
        )

    async def _hashed_anew(self, account: Account, password: str) -> str | None:
        """None where the hash there is will do."""
        if not self._passwords.outdated(account.password_hash):
            return None
        return await self._passwords.hash(password, whose=account.id)

    async def _account_with(self, email: str, password: str, whose: str, now: float) -> Account:
        """Raises `Refused`: credentials_wrong, busy."""
        async with self._store.read() as connection:
            account = await rows.account_by_email(connection, email) if "\0" not in email else None
        opens = account is not None and not account.passkey_only
        kept = account.password_hash if account and opens else None
        if not await self._passwords.check(password, kept, whose=whose) or not account:
            self.note_failure(account, now)
            raise Refused("credentials_wrong", WRONG)
        return account

    def note_failure(self, account: Account | None, now: float, deed: Deed = "sign_in_failed") -> None:
        """In the audit log. Beside the answer, whose time must not tell whether there is such an account."""
        task = asyncio.create_task(self._record_failure(account, deed, now))
        self.notes.add(task)
        task.add_done_callback(self.notes.discard)

    async def _record_failure(self, account: Account | None, deed: Deed, now: float) -> None:
        try:
            if account is None or not await self._live.use_once(f"{deed}:{account.id}", NOTED_FAILURE_SECONDS):
                return
            async with self._store.write() as connection:
                await rows.account_to_change(connection, account.id)
                await audit.record(connection, account.id, deed, now=now)
        except (LiveUnavailable, Refused) as error:
            log.warning("failed_sign_in_not_noted", problem=str(error))

    async def _begin(
        self, account: Account, login: Login, fresh_hash: str | None, now: float, spend: Spend | None = None
    ) -> tuple[Method, ...] | None:
        """What is wanted beside the password: where anything is, nothing has begun. None where the password's hash is
        no longer the account's: checking it took a while."""
        begun = Login(login.id, account.id, now, now + tokens.LOGIN_SECONDS, login.address, login.agent)
        async with self._store.write() as connection:
            if not await rows.password_stands(connection, account.id, account.password_hash):
                return None
            if fresh_hash is not None:
                await rows.set_password(connection, account.id, fresh_hash)
            if spend is None and (wanted := await factors.methods(connection, account.id)):
                return wanted
            with_factor = await spend(connection) if spend is not None else None
            now_known_as(account.email)
            await rows.insert_login(connection, begun)
            surplus = [old.id for old in (await rows.logins_of(connection, account.id, now))[MAX_LOGINS:]]
            ended = await rows.delete_logins(connection, account.id, surplus) if surplus else []
            if with_factor == "recovery_code":
                left = await factors.codes_left(connection, account.id)
                await audit.record(connection, account.id, "recovery_code_used", now=now, left=str(left))
            shown = {"with": with_factor} if with_factor else {}
            await audit.record(connection, account.id, "signed_in", now=now, agent=login.agent, **shown)
        await self.announce_ended(account.id, ended)
        return ()

    async def caller(self, token: str, *, now: float) -> Caller | None:
        """Who holds this JWT; None where it is not good, or no longer."""
        try:
            login_id = tokens.read_account_token(self._key, token, origin=self._origin, now=now)
        except tokens.BadToken:
            return None
        return await self.caller_by_login(login_id, now=now)

    async def caller_by_login(self, login_id: str, *, now: float) -> Caller | None:
        """Who is signed in with this login; None where it has ended. Always asks the store: revocation is at once."""
        async with self._store.read() as connection:
            found = await rows.login_with_account(connection, login_id, now)
        return Caller(found[1], found[0]) if found else None

    async def logins(self, account_id: str, *, now: float) -> list[Login]:
        async with self._store.read() as connection:
            return await rows.logins_of(connection, account_id, now)

    async def end_login(self, account_id: str, login_id: str, *, now: float) -> None:
        """Raises `Refused` (not_found)."""
        async with self._store.write() as connection:
            await rows.account_to_change(connection, account_id)
            ended = await rows.delete_logins(connection, account_id, [login_id])
            if ended:
                await audit.record(connection, account_id, "signed_out", now=now)
        if not ended:
            raise Refused("not_found", "there is no such session")
        await self.announce_ended(account_id, ended)

    async def end_all_logins(self, account_id: str, *, now: float) -> None:
        async with self._store.write() as connection:
            await rows.account_to_change(connection, account_id)
            ended = await _delete_logins(connection, account_id, now, keep=None)
            if ended:
                await audit.record(connection, account_id, "signed_out", now=now, sessions=str(len(ended)))
        await self.announce_ended(account_id, ended)

    async def change_ways(self, account: Account, ways: Policy, *, now: float) -> Account:
        """Which ways the video of its cameras may go. Sessions that go another way end."""
        async with self._store.write() as connection:
            await rows.account_to_change(connection, account.id)
            if await rows.set_ways(connection, account.id, ways):
                await audit.record(connection, account.id, "ways_changed", now=now, ways=ways)
        await self._live.publish(LiveEvent("ways", account.id, account.id))
        return replace(account, ways=ways)

    async def check_own_password(self, caller: Caller, password: str) -> None:
        """Before what a borrowed browser shall not do. Raises `Refused`: credentials_wrong, too_many_requests, busy."""
        await self._attempts.count_signed_in(caller.login.id)
        if not await self._passwords.check(password, caller.account.password_hash, whose=caller.account.id):
            raise Refused("credentials_wrong", "the current password is not right")

    async def change_password(self, caller: Caller, new: str, spend: Spend, *, now: float) -> None:
        """`spend`: of `Proofs.demand`. All other logins of the account end, and a link that would set its password.
        Raises `Refused`."""
        account = caller.account
        await self._passwords.check_rules(new, account.email, whose=account.id)
        password_hash = await self._passwords.hash(new, whose=account.id)
        async with self._store.write() as connection:
            await rows.account_to_change_by(connection, caller.login)
            if not await rows.password_stands(connection, account.id, account.password_hash):
                raise Refused("credentials_wrong", CHANGED_ELSEWHERE)
            await spend(connection)
            await rows.set_password(connection, account.id, password_hash)
            await resets.delete_all_of(connection, account.id)
            ended = await _delete_logins(connection, account.id, now, keep=caller.login.id)
            await audit.record(connection, account.id, "password_changed", now=now)
        await self.announce_ended(account.id, ended)

    async def delete(self, caller: Caller, spend: Spend, *, now: float) -> None:
        """The account, all that belongs to it, and what the audit log says of it. Its sockets and its media end.

        `spend`: of `Proofs.demand`. Raises `Refused`: last_administrator, credentials_wrong, and what that does.
        """
        account = caller.account
        async with self._store.write() as connection:
            if account.administrator:
                await rows.hold_administrators(connection)
            await rows.account_to_change_by(connection, caller.login)
            if not await rows.password_stands(connection, account.id, account.password_hash):
                raise Refused("credentials_wrong", CHANGED_ELSEWHERE)
            await spend(connection)
            if account.administrator and await rows.is_last_administrator(connection, account.id):
                raise Refused("last_administrator", LAST)
            await hold_cameras_of(connection, account.id)
            gone = [camera.id for camera in await cameras_of(connection, account.id)]
            shared = [camera for camera, _, _ in await cameras_granted_to(connection, account.id)]
            logins = await _delete_logins(connection, account.id, now, keep=None)
            await belongings.delete_account(connection, account.id)
            await audit.record(connection, account.id, "account_deleted", now=now)
            for camera in shared:
                said = {"name": camera.name, "guest": account.email}
                with unplaced():
                    await audit.record(connection, camera.account_id, "guest_left", now=now, subject=camera.id, **said)
            await audit.erase_account(connection, account.id)
        await self.announce_ended(account.id, logins)
        for camera_id in gone:
            await self._live.publish(LiveEvent("camera_revoked", camera_id, account.id))
            await self._live.publish(LiveEvent("camera_removed", camera_id, account.id))
        for camera in shared:
            await self._live.publish(LiveEvent("camera", camera.id, camera.account_id))

    async def delete_ended(self, *, now: float) -> None:
        """Housekeeping."""
        async with self._store.write() as connection:
            await rows.delete_ended(connection, now)

    async def announce_ended(self, account_id: str, login_ids: list[str]) -> None:
        """Comes after the transaction in which these logins ended."""
        for login_id in login_ids:
            await self._live.publish(LiveEvent("login_ended", login_id, account_id))


async def _delete_logins(connection: AsyncConnection, account_id: str, now: float, *, keep: str | None) -> list[str]:
    others = [login.id for login in await rows.logins_of(connection, account_id, now) if login.id != keep]
    return await rows.delete_logins(connection, account_id, others)


def normalised_email(text: str) -> str:
    """Lower case, without surrounding space. Raises `Refused` (email_invalid) where it cannot be an address."""
    email = text.strip().lower()
    name, at, domain = email.rpartition("@")
    printable = all(character.isprintable() and not character.isspace() for character in email)
    if not at or not name or not domain or not printable or len(email) > MAX_EMAIL_LENGTH or "@" in name:
        raise Refused("email_invalid", "this is not an e-mail address")
    return email
