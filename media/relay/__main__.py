"""`belvedere-relay`: a relay as a program of its own, for a server elsewhere."""

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Sequence
from importlib.metadata import PackageNotFoundError, version

import structlog

from media.heap import keep_returning
from media.relay.environment import BadSettings, Environment, name_like, read_environment, settings_table
from media.relay.http_port import HttpPort
from media.relay.party import Membership
from media.relay.program import RelayProgram
from media.relay.stun_port import one_of_each_family
from signaling.client import Trust
from signaling.protocol.messages import SOCKET_PATH
from signaling.protocol.tls import TLS_1_2_CIPHERS

log = structlog.get_logger(__name__)


class CannotStart(Exception):
    """The text is one sentence for the operator."""


def membership(chosen: Environment, host: str) -> Membership:
    """How it joins. `host`: the machine's name. Raises `CannotStart`."""
    return Membership(
        url="ws" + chosen.server.removeprefix("http") + SOCKET_PATH,
        origin=chosen.server,
        name=chosen.relay_name or name_like(host),
        secret=chosen.relay_secret.encode(),
        tunnel=chosen.relay_tunnel_url or None,
        tls=_trust(chosen),
        version=own_version(),
    )


def _trust(chosen: Environment) -> Trust:
    if not chosen.relay_server_cert:
        return True
    try:
        return ssl.create_default_context(cafile=chosen.relay_server_cert)
    except (OSError, ssl.SSLError) as error:
        raise CannotStart(f"BELVEDERE_RELAY_SERVER_CERT cannot be used: {error}") from error


def own_version() -> str:
    try:
        return version("belvedere")
    except PackageNotFoundError:
        return "0"


@contextlib.asynccontextmanager
async def running(chosen: Environment) -> AsyncIterator[RelayProgram]:
    """Run the relay for as long as the block lasts. Raises `CannotStart`."""
    program = RelayProgram(chosen.relay(), membership(chosen, socket.gethostname()))
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(program.stop)
        stack.callback(asyncio.create_task(keep_returning()).cancel)
        try:
            await program.start()
        except OSError as error:
            raise CannotStart(
                f"the relay's port {chosen.relay_port} (BELVEDERE_RELAY_PORT, _ADDRESSES) cannot be used: "
                f"{error.strerror or error}"
            ) from error
        if chosen.relay_http_port:
            await _listen(chosen, program, stack)
        program.join(one_of_each_family(program.relay.addresses))
        yield program


async def _listen(chosen: Environment, program: RelayProgram, stack: contextlib.AsyncExitStack) -> None:
    port = HttpPort(program)
    stack.push_async_callback(port.close)
    try:
        await port.open(chosen.relay_http_host, chosen.relay_http_port, _context(chosen))
    except ssl.SSLError as error:
        raise CannotStart(f"BELVEDERE_RELAY_TLS_CERT or its key cannot be used: {error}") from error
    except OSError as error:
        raise CannotStart(
            f"the HTTP port {chosen.relay_http_port} (BELVEDERE_RELAY_HTTP_PORT, _HOST) or its certificate cannot be "
            f"used: {error.strerror or error}"
        ) from error


def _context(chosen: Environment) -> ssl.SSLContext | None:
    if not chosen.relay_tls_cert:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(TLS_1_2_CIPHERS)
    context.load_cert_chain(chosen.relay_tls_cert, chosen.relay_tls_key)
    return context


async def relay(chosen: Environment) -> None:
    """Run until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running(chosen) as program:
        log.info("relay_ready", port=program.port, server=chosen.server)
        await stop.wait()
        log.info("stopping")


def configure_logs(level: str, form: str) -> None:
    """One JSON object a line, or a readable form on a terminal; to standard error."""
    console = form == "console" or (form == "auto" and sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer() if console else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command `belvedere-relay`."""
    parser = argparse.ArgumentParser(prog="belvedere-relay", description=__doc__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("run", help="run the relay (default); see `belvedere-relay settings`")
    commands.add_parser("settings", help="print all settings")
    parser.add_argument("--version", action="version", version=own_version())
    if parser.parse_args(arguments).command == "settings":
        sys.stdout.write(settings_table() + "\n")
        return 0
    try:
        chosen = read_environment(os.environ)
        configure_logs(chosen.log_level, chosen.log_format)
        _run(chosen)
    except BadSettings as error:
        return _fail(str(error))
    except CannotStart as error:
        return _fail(f"The relay cannot start: {error}")
    except KeyboardInterrupt:
        return 130
    return 0


def _run(chosen: Environment) -> None:
    if sys.platform == "win32":
        asyncio.run(relay(chosen))
    else:
        import uvloop

        uvloop.run(relay(chosen))


def _fail(text: str) -> int:
    sys.stderr.write(text + "\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
