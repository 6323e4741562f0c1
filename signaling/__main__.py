"""`belvedere`: the command, and the composition root of the server."""

import argparse
import asyncio
import os
import secrets
import signal
import sys
import time
from collections.abc import Coroutine, Sequence
from pathlib import Path

import msgspec
import structlog

from signaling import certificate, logs
from signaling.accounts import Accounts
from signaling.audit import NO_ENTRY, Broken, Head, follow
from signaling.cameras import TOKEN_BYTES
from signaling.doctor import finding
from signaling.doctor.examination import examine
from signaling.http.openapi import document
from signaling.http.routes import ROUTES
from signaling.live.memory import MemoryLiveState
from signaling.passwords import Passwords
from signaling.refusals import Refused
from signaling.resets import Resets
from signaling.server import CannotStart, Running, own_version, serving, why_not
from signaling.settings import BadSettings, Settings, read_settings, settings_table, unknown_settings
from signaling.store import accounts as people
from signaling.store import audit, factors
from signaling.store.database import Store, open_store

log = structlog.get_logger(__name__)


def say(text: str) -> None:
    """To the person at the terminal; at once, also into a file or a pipe."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


async def serve(settings: Settings) -> None:
    """Run until SIGINT or SIGTERM. Raises `CannotStart`."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with serving(settings, announce):
        await stop.wait()
        log.info("stopping")


def announce(running: Running) -> None:
    """Before the first request is answered: whoever sees that the server is ready also finds the link."""
    log.info("listening", origin=running.origin)
    say(f"Belvedere {running.services.version} at {running.origin}")
    if running.first_start_link:
        say(f"Make the administrator's account (this link works once, for a day):\n  {running.first_start_link}")


async def admin_link(settings: Settings) -> str | None:
    """A new first-start link; None where there is an administrator already. Raises `CannotStart`, `Refused`."""
    store = await _store_of(settings)
    passwords = Passwords(settings.bcrypt_cost)
    accounts = Accounts(
        store,
        MemoryLiveState(time.time),
        passwords,
        key="",
        origin=settings.origin(certificate.own_address()),
        registration=settings.registration,
    )
    try:
        return await accounts.first_start_link(secrets.token_urlsafe(TOKEN_BYTES), now=time.time())
    finally:
        passwords.close()
        await store.close()


async def reset_link(settings: Settings, email: str) -> str | None:
    """A link that sets the password of this account; None where there is none. Raises `CannotStart`, `Refused`."""
    store = await _store_of(settings)
    passwords = Passwords(settings.bcrypt_cost)
    resets = Resets(
        store,
        MemoryLiveState(time.time),
        passwords,
        None,
        origin=settings.origin(certificate.own_address()),
        new_token=lambda: secrets.token_urlsafe(TOKEN_BYTES),
        clock=time.time,
    )
    try:
        return await resets.make_link(email.strip().lower(), now=time.time())
    finally:
        passwords.close()
        await store.close()


async def _store_of(settings: Settings) -> Store:
    try:
        return await open_store(settings.database_url, Path(settings.data_dir))
    except (Refused, OSError) as error:
        raise CannotStart(why_not(error, settings)) from error


def run_serve(settings: Settings) -> int:
    """Returns the exit code."""
    logs.configure(settings.log_level, settings.log_format)
    for name in unknown_settings(os.environ):
        log.warning("unknown_setting", name=name)
    _run(serve(settings))
    return 0


def run_admin_link(settings: Settings) -> int:
    """Returns the exit code."""
    link = asyncio.run(admin_link(settings))
    say(link or "There is an administrator already; further accounts are made by invitation.")
    return 0 if link else 1


def run_reset_link(settings: Settings, email: str) -> int:
    """Returns the exit code."""
    link = asyncio.run(reset_link(settings, email))
    if link is None:
        return _fail(f"There is no account with the e-mail {email}.")
    say(f"Whoever opens this link chooses a new password for {email} (it works once, for an hour):\n  {link}")
    return 0


def run_settings(_settings: Settings) -> int:
    """Returns the exit code."""
    say(settings_table())
    return 0


def run_openapi(settings: Settings) -> int:
    """Returns the exit code."""
    made = document(ROUTES, origin=settings.origin(certificate.own_address()), version=own_version())
    say(msgspec.json.format(msgspec.json.encode(made), indent=2).decode())
    return 0


def run_rotate_key(settings: Settings) -> int:
    """Returns the exit code."""
    if settings.tls_cert:
        return _fail("The key in use is your own (BELVEDERE_TLS_KEY); this is for the self-made one.")
    try:
        certificate.rotate(Path(settings.data_dir))
    except certificate.CannotRotate as error:
        return _fail(f"The key stays as it is: {error}.")
    except (OSError, ValueError, TypeError) as error:
        return _fail(f"The key stays as it is; the next one cannot be used: {error}")
    say(
        "The next key takes over when the server starts again. Cameras that have been online since the last change "
        "know it and stay paired; any other has to be paired again."
    )
    return 0


async def check_audit(settings: Settings, noted: str | None) -> Head:
    """Follow the whole audit log; its newest entry. Raises `Broken`, `CannotStart`, `Refused`.

    `noted`: a head that was printed earlier, which must still be in it.
    """
    store = await _store_of(settings)
    head, still_there = NO_ENTRY, noted in {None, str(NO_ENTRY)}
    try:
        async with store.read() as connection:
            async for page in audit.pages(connection):
                head = follow(head, page)
                still_there |= any(str(Head(entry.number, entry.hash)) == noted for entry in page)
            erased = await audit.wrongly_erased(connection, time.time())
    finally:
        await store.close()
    if erased is not None:
        raise Broken(f"what entry {erased} says was erased before its time")
    if not still_there:
        raise Broken(f"the entry that was noted, {noted}, is not in it")
    return head


def run_audit(settings: Settings, noted: str | None) -> int:
    """Returns the exit code: 1 where the log was changed."""
    try:
        head = asyncio.run(check_audit(settings, noted))
    except Broken as broken:
        return _fail(f"The audit log does not hold: {broken}.")
    say(f"The audit log holds: {head.number} entries.\nIts head, to be noted elsewhere: {head}")
    return 0


async def forget_factors(settings: Settings, email: str) -> bool:
    """Whether there is such an account; its password alone opens it now. Raises `CannotStart`, `Refused`."""
    store, now = await _store_of(settings), time.time()
    try:
        async with store.write() as connection:
            account = await people.account_by_email(connection, email.strip().lower())
            if account is None:
                return False
            await people.account_to_change(connection, account.id)
            await factors.forget(connection, account.id)
            await audit.record(connection, account.id, "factor_removed", now=now, kind="all")
        return True
    finally:
        await store.close()


def run_forget_factors(settings: Settings, email: str) -> int:
    """Returns the exit code."""
    if not asyncio.run(forget_factors(settings, email)):
        return _fail("There is no account with this e-mail.")
    say("The password alone opens this account now.")
    return 0


async def make_administrator(settings: Settings, email: str) -> bool:
    """Whether there is such an account; it may invite others now. Raises `CannotStart`, `Refused`."""
    store, now = await _store_of(settings), time.time()
    try:
        async with store.write() as connection:
            account = await people.account_by_email(connection, email.strip().lower())
            if account is None:
                return False
            await people.account_to_change(connection, account.id)
            if await people.make_administrator(connection, account.id):
                await audit.record(connection, account.id, "administrator_made", now=now)
        return True
    finally:
        await store.close()


def run_make_administrator(settings: Settings, email: str) -> int:
    """Returns the exit code."""
    if not asyncio.run(make_administrator(settings, email)):
        return _fail(f"There is no account with the e-mail {email}.")
    say(f"{email} is an administrator now.")
    return 0


def run_doctor(settings: Settings, *, as_json: bool) -> int:
    """Returns the exit code: 1 where something that is set up does not work."""
    findings = asyncio.run(examine(settings, unknown_settings(os.environ)))
    say(finding.as_json(findings) if as_json else finding.as_text(findings))
    return finding.exit_code(findings)


COMMANDS = {
    "serve": run_serve,
    "admin-link": run_admin_link,
    "rotate-key": run_rotate_key,
    "settings": run_settings,
    "openapi": run_openapi,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command `belvedere`."""
    parser = argparse.ArgumentParser(prog="belvedere", description=__doc__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("serve", help="run the server (default); see `belvedere settings`")
    commands.add_parser("admin-link", help="print a new link that makes the administrator, while there is none")
    commands.add_parser("rotate-key", help="change the self-made TLS key for the next one, which cameras know already")
    commands.add_parser("settings", help="print all settings")
    commands.add_parser("openapi", help="print the OpenAPI document")
    forget = commands.add_parser("forget-factors", help="let an account that lost them in by its password alone")
    forget.add_argument("email", metavar="EMAIL")
    raised = commands.add_parser("make-administrator", help="let an account invite others; for good")
    raised.add_argument("email", metavar="EMAIL")
    chain = commands.add_parser("audit", help="check that the audit log was not changed, and print its head")
    chain.add_argument("--head", metavar="NUMBER:HASH", help="one that was printed earlier: it must still be there")
    reset = commands.add_parser("reset-link", help="print a link that sets a new password for an account")
    reset.add_argument("email", metavar="EMAIL")
    doctor = commands.add_parser("doctor", help="try from here all that cameras and viewers need, and say what to do")
    doctor.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--version", action="version", version=own_version())
    given = parser.parse_args(arguments)
    try:
        settings = read_settings(os.environ)
        if given.command == "doctor":
            return run_doctor(settings, as_json=given.json)
        if given.command == "reset-link":
            return run_reset_link(settings, given.email)
        if given.command == "forget-factors":
            return run_forget_factors(settings, given.email)
        if given.command == "make-administrator":
            return run_make_administrator(settings, given.email)
        if given.command == "audit":
            return run_audit(settings, given.head)
        return COMMANDS[given.command or "serve"](settings)
    except BadSettings as error:
        return _fail(str(error))
    except (CannotStart, Refused) as error:
        return _fail(f"Belvedere cannot start: {error}")
    except KeyboardInterrupt:
        return 130


def _run(work: Coroutine[None, None, None]) -> None:
    if sys.platform == "win32":
        asyncio.run(work)
    else:
        import uvloop

        uvloop.run(work)


def _fail(text: str) -> int:
    sys.stderr.write(text + "\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
