"""Forgotten passwords: a link by mail, or by an administrator's command, that sets a new one.

Who asks learns nothing: the request is put into a queue before anybody has looked whether there is such an account, so
neither answer nor time depend on it. Second factors stay as they are.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from signaling.acting import Actor, acting, now_known_as
from signaling.live.state import LiveEvent, LiveState, LiveUnavailable
from signaling.mail import Letter, NotSent
from signaling.passwords import Passwords
from signaling.protocol.identity import token_hash
from signaling.refusals import Refused
from signaling.store import accounts as people
from signaling.store import audit, known_devices
from signaling.store import resets as rows
from signaling.store.database import Store
from signaling.store.rows import Account

LINK_SECONDS = 3600.0
MAX_WAITING = 100
"""Requests; who comes later asks again. At `mail.SEND_SECONDS` a letter the last waits half an hour, no longer than the
link would live."""
SUBJECT = "A new password for Belvedere"
LETTER = """\
Somebody, probably you, has forgotten the password of {email} at
{origin}

This link lets you choose a new one. It works once, within the next hour:

{link}

If it was not you, do nothing: your password stays as it is, and only who
can read this mail can use the link.
"""

log = structlog.get_logger(__name__)


class Sender(Protocol):
    async def send(self, letter: Letter) -> None:
        """Raises `NotSent`."""


class Resets:
    """`mailer`: None where the operator named no mail server. `new_token`: fresh random text of 128 bits."""

    def __init__(
        self,
        store: Store,
        live: LiveState,
        passwords: Passwords,
        mailer: Sender | None,
        *,
        origin: str,
        new_token: Callable[[], str],
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._live = live
        self._passwords = passwords
        self._mailer = mailer
        self._origin = origin
        self._new_token = new_token
        self._clock = clock
        self._asked: asyncio.Queue[tuple[str, str]] = asyncio.Queue(MAX_WAITING)

    @property
    def by_mail(self) -> bool:
        """Whether people can ask for a link themselves."""
        return self._mailer is not None

    def ask(self, email: str, address: str) -> None:
        """A link by mail, soon, if there is such an account. Raises `Refused` (no_mail)."""
        if self._mailer is None:
            raise Refused("no_mail", "this server sends no mail; whoever runs it can make a link for you")
        try:
            self._asked.put_nowait((email.strip().lower(), address))
        except asyncio.QueueFull:
            log.warning("reset_not_sent", problem="too many wait")

    async def keep_sending(self) -> None:
        """Until cancelled."""
        while self._mailer is not None:
            email, address = await self._asked.get()
            acting.set(Actor("visitor", address))
            try:
                await self._send(self._mailer.send, email)
            except (Refused, LiveUnavailable, NotSent) as error:
                log.warning("reset_not_sent", problem=str(error))
            except Exception:
                log.exception("reset_failed")

    async def _send(self, send: Callable[[Letter], Awaitable[None]], email: str) -> None:
        if await self._live.hit("reset_account", token_hash(email)):
            return
        link = await self.make_link(email, now=self._clock())
        if link is not None:
            await send(Letter(email, SUBJECT, LETTER.format(email=email, origin=self._origin, link=link)))

    async def make_link(self, email: str, *, now: float) -> str | None:
        """Good once, for an hour; an earlier one ends. None where there is no such account."""
        secret = self._new_token()
        async with self._store.write() as connection:
            account = await people.account_by_email(connection, email) if "\0" not in email else None
            if account is None:
                return None
            await people.account_to_change(connection, account.id)
            await rows.replace_reset(connection, account.id, token_hash(secret), now, now + LINK_SECONDS)
            await audit.record(connection, account.id, "reset_link_made", now=now)
        return f"{self._origin}/#/reset/{secret}"

    async def check(self, secret: str, *, now: float) -> Account:
        """Whose password this link sets. Raises `Refused` (reset_invalid)."""
        async with self._store.read() as connection:
            account = await rows.account_of_reset(connection, token_hash(secret), now)
        if account is None:
            raise _invalid()
        return account

    async def use(self, secret: str, password: str, *, now: float) -> Account:
        """Set the password. All sessions end, and no device is known any more: one of them may be a thief's.

        Raises `Refused`: reset_invalid, password_unsuitable, busy.
        """
        account = await self.check(secret, now=now)
        await self._passwords.check_rules(password, account.email, whose=account.id)
        password_hash = await self._passwords.hash(password, whose=account.id)
        now_known_as(account.email)
        async with self._store.write() as connection:
            await people.account_to_change(connection, account.id)
            if not await rows.use_reset(connection, token_hash(secret), now):
                raise _invalid()
            await people.set_password(connection, account.id, password_hash)
            await known_devices.delete_all_of(connection, account.id)
            logins = [login.id for login in await people.logins_of(connection, account.id, now)]
            ended = await people.delete_logins(connection, account.id, logins)
            await audit.record(connection, account.id, "password_reset", now=now)
        for login_id in ended:
            await self._live.publish(LiveEvent("login_ended", login_id, account.id))
        return account

    async def delete_ended(self, *, now: float) -> None:
        """Housekeeping."""
        async with self._store.write() as connection:
            await rows.delete_ended(connection, now)


def _invalid() -> Refused:
    return Refused("reset_invalid", "this link was used, has run out, was replaced by a newer one or never existed")
