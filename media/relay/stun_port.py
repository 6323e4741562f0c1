"""The relay's second UDP port, which answers nothing but plain STUN.

Whatever comes from the address and port of one of its STUN servers, Chromium takes for that server's answers and keeps
from ICE. So who watches over the relay cannot ask the port that its media comes from. Yet with IPv6 alone, Chromium
finds no address of its own until a STUN server tells it one.
"""

import asyncio
import socket
from collections.abc import Callable, Sequence
from ipaddress import ip_address

import structlog

from media.relay.inbox import Inbox
from media.relay.rates import NetworkRates
from media.relay.stun import plain_answer, read_request
from media.relay.udp import Address, UdpPort

BIND_TRIES = 10
"""For a port chosen by the system that must be free on every address."""
MAX_ADDRESSES = 64
"""As many interfaces as the relay itself listens on."""
SETTING = "BELVEDERE_RELAY_STUN_PORT"

log = structlog.get_logger(__name__)


class StunPort:
    """`clock`: `time.monotonic`. Answers each network as often as the relay's own port does."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._rates = NetworkRates()
        self._inbox = Inbox()
        self._ports: dict[str, UdpPort] = {}
        self.number = 0
        """0: not open."""

    def open(self, addresses: Sequence[str], number: int) -> None:
        """Bind all, with a port of the system's choice for 0. Where that fails the relay does without."""
        for attempt in range(BIND_TRIES):
            try:
                self.number = number
                for address in addresses[:MAX_ADDRESSES]:
                    self._bind(address)
            except OSError as error:
                self.close()
                if number or attempt == BIND_TRIES - 1:
                    log.warning("no_stun_port", port=number, reason=error.strerror or str(error), setting=SETTING)
                    return
            else:
                return

    def refresh(self, addresses: Sequence[str]) -> None:
        """This machine has these addresses now. One that cannot be bound yet is tried again the next time."""
        if not self.number:
            return
        for address in self._ports.keys() - set(addresses):
            self._ports.pop(address).close(asyncio.get_running_loop())
        for address in addresses[:MAX_ADDRESSES]:
            if address not in self._ports:
                try:
                    self._bind(address)
                except OSError as error:
                    log.info("stun_address_not_bound", address=address, problem=error.strerror or str(error))

    def close(self) -> None:
        """Free everything."""
        loop = asyncio.get_running_loop()
        for port in self._ports.values():
            port.close(loop)
        self._ports.clear()
        self.number = 0

    def _bind(self, address: str) -> None:
        """Raises `OSError`, and has then taken nothing."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        out = socket.socket(family, socket.SOCK_DGRAM)
        try:
            if family == socket.AF_INET6:
                out.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            out.setblocking(False)
            out.bind((address, self.number))
        except OSError:
            out.close()
            raise
        self.number = out.getsockname()[1]
        self._ports[address] = UdpPort(out, self._inbox, self._receive)
        self._ports[address].start(asyncio.get_running_loop())

    def _receive(self, port: UdpPort, length: int, address: Address) -> None:
        request = read_request(bytes(self._inbox.view[:length]))
        if request is None or request.username is not None:
            return
        if self._rates.admits(address[0], self._clock()):
            port.send([plain_answer(request, address[0], address[1])], address)


def wanted(chosen: int, relay_port: int) -> int | None:
    """What to bind. `chosen`: as set; 0 is none. A relay whose port the system chooses has this one chosen as well."""
    if not chosen:
        return None
    return chosen if relay_port else 0


def urls(hosts: Sequence[str], number: int) -> list[str]:
    """`stun:` URLs (RFC 7064 §3.1) of one port at several names or addresses; none for port 0."""
    return [f"stun:{f'[{host}]' if ':' in host else host}:{number}" for host in hosts if number]


def one_of_each_family(addresses: Sequence[str]) -> list[str]:
    """The first IPv4 and the first IPv6 address that others may reach: a viewer asks the one that it can."""
    found: dict[int, str] = {}
    for address in addresses:
        parsed = ip_address(address)
        if not parsed.is_loopback and not parsed.is_link_local:
            found.setdefault(parsed.version, address)
    return list(found.values())
