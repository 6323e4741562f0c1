"""What a host's name leads to: names come from the server, and no name may end who asks."""

import asyncio
import functools
import socket

import structlog

from media.guard import Address

REMEMBERED = 64
"""Unusable names that are not told again: more than a server has reason to name."""

log = structlog.get_logger(__name__)


async def addresses_of(host: str, port: int) -> dict[int, Address]:
    """The first address of each IP family (4, 6); none where the name is unknown, or can be nobody's."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except OSError:
        return {}
    except UnicodeError as error:
        _tell(host, str(error))
        return {}
    places: dict[int, Address] = {}
    for family, _, _, _, place in found:
        version = 6 if family is socket.AF_INET6 else 4
        places.setdefault(version, (str(place[0]), int(place[1])))
    return places


@functools.lru_cache(maxsize=REMEMBERED)
def _tell(host: str, problem: str) -> None:
    """Once for each name: it is asked for with every peer that is made ready."""
    log.warning("host_name_unusable", host=host, problem=problem)
