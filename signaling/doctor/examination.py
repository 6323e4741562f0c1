"""All that the doctor tries, from the settings that the server itself reads."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from signaling import certificate
from signaling.doctor import relay, server, storage, turn
from signaling.doctor.finding import Finding, bad, ok, warn
from signaling.protocol.options import is_loopback
from signaling.settings import Settings
from signaling.store.secret import BadSecret
from signaling.turn import credential, current_secrets

SOMEWHERE_6 = "2001:db8::1"
"""Documentation (RFC 3849): a route towards it is the one towards everything."""
WHO = "doctor"
"""In place of a session's id: what coturn logs, and counts a quota for."""


async def examine(settings: Settings, unknown: Sequence[str]) -> list[Finding]:
    """Tries everything at once; findings in the order in which to read them. `unknown`: settings that mean nothing."""
    origin = settings.origin(certificate.own_address())
    parts: list[Awaitable[list[Finding]]] = [
        server.try_server(origin),
        server.try_certificate(origin, _own_pin(Path(settings.data_dir))),
        _storage(settings),
        _relay(settings, origin),
        _turn(settings),
        turn.try_stun([url for each in settings.ice_servers for url in each.urls if url.startswith("stun")]),
    ]
    found = await asyncio.gather(*parts)
    return [
        *[bad("Settings", f"{name} means nothing", "see `belvedere settings`") for name in unknown],
        *_address(origin),
        *(finding for part in found for finding in part),
        *server.try_clock(),
    ]


def _address(origin: str) -> list[Finding]:
    if not is_loopback(urlsplit(origin).hostname or ""):
        return []
    advice = "set BELVEDERE_HOST and BELVEDERE_PUBLIC_URL, as the README says, when cameras are to come in"
    return [warn("Address", f"{origin} is for this machine alone", advice)]


async def _storage(settings: Settings) -> list[Finding]:
    database = await storage.try_database(settings.database_url, Path(settings.data_dir))
    return [database, *([await storage.try_redis(settings.redis_url)] if settings.redis_url else [])]


async def _relay(settings: Settings, origin: str) -> list[Finding]:
    if not settings.relay:
        advice = (
            "where neither a direct way nor TURN is possible there is no picture; BELVEDERE_RELAY=1, or belvedere-relay"
        )
        return [warn(relay.SUBJECT, "is switched off in this server", advice)]
    if not settings.relay_port:
        return [warn(relay.SUBJECT, "has another port at each start", "set BELVEDERE_RELAY_PORT, and open it")]
    host = urlsplit(origin).hostname or ""
    local = settings.relay_addresses or _own_addresses()
    public = [*settings.relay_public_addresses, *([] if is_loopback(host) else [host])]
    outside = [name for name in public if name not in local]
    places = relay.doors(local, settings.relay_port, outside, settings.relay_public_port or settings.relay_port)
    if settings.relay_stun_port:
        plain = relay.doors(local, settings.relay_stun_port, outside, settings.relay_stun_port)
        places += [replace(door, transports=("udp",)) for door in plain]
    if settings.uses_tls:
        shared = settings.relay_shared_tcp_port or urlsplit(origin).port or 443
        places.append(relay.Door(host, shared, outside=True, transports=("tcp",)))
    found = await asyncio.gather(*map(relay.try_relay, places))
    return [finding for part in found for finding in part]


async def _turn(settings: Settings) -> list[Finding]:
    if not settings.turn_urls:
        return [ok(turn.SUBJECT, "is not set up; the relay carries what cannot flow directly")]
    try:
        secrets = await asyncio.to_thread(_secrets, settings)
    except (BadSecret, OSError) as error:
        return [bad(turn.SUBJECT, str(error), "server and coturn must be given the same file or secret")]
    username, password = credential(secrets[0], "client", WHO, time.time())
    found = await asyncio.gather(*(turn.try_turn(url, username, password) for url in settings.turn_urls))
    return [finding for part in found for finding in part]


def _own_addresses() -> tuple[str, ...]:
    """What this machine uses towards the internet, one of each family. Nothing is sent."""
    found = [certificate.own_address()]
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
        probe.connect((SOMEWHERE_6, 9))
        found.append(probe.getsockname()[0])
    return tuple(found)


def _secrets(settings: Settings) -> tuple[str, ...]:
    """As the server has them, except that none is made here. Raises BadSecret, OSError."""
    if not settings.turn_secret and not Path(settings.turn_secret_file).exists():
        raise BadSecret(f"there is no TURN secret at {settings.turn_secret_file}; whoever starts first makes it")
    return current_secrets(settings)


def _own_pin(data_dir: Path) -> str | None:
    """Of the self-made key, where this folder has one that can be read."""
    try:
        return certificate.own_pin(data_dir)
    except (OSError, ValueError, TypeError):
        return None
