"""Noticing that our addresses change: told by the kernel (rtnetlink), or by looking, where there is none."""

import asyncio
import socket
from collections.abc import Callable

import structlog

from camera_peer.whereabouts import Change, Restraint, Whereabouts
from media.warm import host_addresses

log = structlog.get_logger(__name__)

LOOK_SECONDS = 0.5
"""Between two looks where the kernel tells nothing."""
SETTLE_SECONDS = 0.02
"""After the first news: one move is a handful of messages, and a storm of them must cost little."""
MAX_NEWS_BYTES = 65536
MAX_READS = 1024
"""More than its buffer holds; what is left then is read after the next pause, and an error that stays blocks nobody."""
LINKS, ADDRESSES, ROUTES = 0x001, 0x010 | 0x100, 0x040 | 0x400
"""Multicast groups of rtnetlink, IPv4 and IPv6 (linux/rtnetlink.h, RTMGRP_*)."""


async def watch_network(
    told: Callable[[Change], None], addresses: Callable[[], frozenset[str]] = host_addresses
) -> None:
    """Call `told` for each change, until cancelled; many in a row are told together."""
    now = asyncio.get_running_loop().time
    whereabouts, restraint = Whereabouts(addresses()), Restraint(now())
    news = kernel_news()
    try:
        while True:
            await _until_news(news)
            try:
                change = whereabouts.see(addresses())
            except OSError as error:
                # Of the descriptors or the memory of this moment; the next news finds out.
                log.warning("addresses_not_known", problem=str(error))
                continue
            if change is not None and (news is not None or change is not Change.ROUTE):
                told(change)
                await asyncio.sleep(restraint.acted(now()))
    finally:
        if news is not None:
            news.close()


def kernel_news() -> socket.socket | None:
    """A socket that becomes readable when something changes; none where the system has no such thing."""
    try:
        news = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE)
    except (AttributeError, OSError):
        return None
    try:
        news.bind((0, LINKS | ADDRESSES | ROUTES))
    except OSError as error:
        log.info("no_news_of_the_network", problem=str(error))
        news.close()
        return None
    return news


async def _until_news(news: socket.socket | None) -> None:
    if news is None:
        await asyncio.sleep(LOOK_SECONDS)
        return
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(news.fileno(), readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(news.fileno())
    await asyncio.sleep(SETTLE_SECONDS)
    _drain(news)


def _drain(news: socket.socket) -> None:
    """What it says does not matter, that it says something does. Too many at once (ENOBUFS) are news as well."""
    for _ in range(MAX_READS):
        try:
            news.recv(MAX_NEWS_BYTES)
        except BlockingIOError:
            return
        except OSError:
            continue
