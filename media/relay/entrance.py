"""The relay's one port number, UDP and TCP, on every address: datagrams in, each to the leg it belongs to."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

import structlog

from media.guard import Kind, classify
from media.relay.inbox import Inbox
from media.relay.switchboard import Switchboard
from media.relay.tcp import TcpConnection, TcpListener
from media.relay.tunnel import Tunnel
from media.relay.udp import Address, UdpPath, UdpPort

BIND_TRIES = 10
"""For a port chosen by the system that must be free for UDP and TCP on every address."""
MAX_PORTS = 64
"""Sockets for UDP: many interfaces, and the addresses that left during the last minute."""
GONE_SECONDS = 60.0
"""An address may come back, and a leg that used it is dead long before; then its socket is closed."""
Clock = Callable[[], float]

log = structlog.get_logger(__name__)


class Entrance:
    """`clock` and `wall`: `time.monotonic` and `time.time`."""

    def __init__(self, switchboard: Switchboard, clock: Clock, wall: Clock) -> None:
        self._switchboard = switchboard
        self._clock, self._wall = clock, wall
        self._inbox = Inbox()
        self._ports: dict[str, UdpPort] = {}
        self._gone: dict[str, float] = {}
        self.tcp = TcpListener(self.receive_frame)
        self.port = 0

    @property
    def addresses(self) -> list[str]:
        """The local addresses it is bound to and this machine still has."""
        return [address for address in self._ports if address not in self._gone]

    async def open(self, addresses: tuple[str, ...], port: int, *, tcp: bool) -> None:
        """Bind all, with a port of the system's choice for 0. Raises `OSError`."""
        for attempt in range(BIND_TRIES):
            try:
                self.port = port
                for address in addresses:
                    await self._bind(address, tcp=tcp)
                break
            except OSError:
                await self.close()
                if port or attempt == BIND_TRIES - 1:
                    raise
        loop = asyncio.get_running_loop()
        for opened in self._ports.values():
            opened.start(loop)

    async def refresh(self, addresses: tuple[str, ...], *, tcp: bool) -> None:
        """This machine has these addresses now. One that cannot be bound yet is tried again the next time."""
        now, loop = self._clock(), asyncio.get_running_loop()
        for address in addresses:
            self._gone.pop(address, None)
            if address not in self._ports and len(self._ports) < MAX_PORTS:
                try:
                    await self._bind(address, tcp=tcp)
                except OSError as error:
                    log.info("relay_address_not_bound", address=address, problem=error.strerror or str(error))
                    continue
                self._ports[address].start(loop)
                log.info("relay_address_came", address=address)
        for address in self._ports.keys() - set(addresses):
            if now - self._gone.setdefault(address, now) >= GONE_SECONDS:
                del self._gone[address]
                self._close(self._ports.pop(address), loop)
                self.tcp.leave(address)
                log.info("relay_address_went", address=address)

    async def close(self) -> None:
        """Free everything."""
        loop = asyncio.get_running_loop()
        for port in self._ports.values():
            with suppress(ValueError):
                port.close(loop)
        self._ports.clear()
        await self.tcp.close()

    def _close(self, port: UdpPort, loop: asyncio.AbstractEventLoop) -> None:
        for leg in self._switchboard.legs():
            if isinstance(leg.path, UdpPath) and leg.path.port is port:
                leg.end("the relay has lost the address that this went through")
        port.close(loop)

    async def _bind(self, address: str, *, tcp: bool) -> None:
        """Raises `OSError`, and has then taken nothing."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        out = socket.socket(family, socket.SOCK_DGRAM)
        try:
            if family == socket.AF_INET6:
                out.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            out.bind((address, self.port))
            port = out.getsockname()[1]
            if tcp:
                await self.tcp.listen(address, port)
        except OSError:
            out.close()
            raise
        self.port = port
        self._ports[address] = UdpPort(out, self._inbox, self._receive)

    def _receive(self, port: UdpPort, length: int, address: Address) -> None:
        """The hot path: one datagram, in the inbox."""
        inbox = self._inbox
        if length and 128 <= inbox.view[0] <= 191:
            leg = self._switchboard.leg_at((port.number, address))
            if leg is not None:
                inbox.length[0] = length
                leg.take_media(inbox, self._clock(), self._wall())
            return
        data = bytes(inbox.view[:length])
        kind = classify(data)
        if kind is Kind.STUN:
            path = UdpPath(port, address)
            answer = self._switchboard.check(data, address[0], address[1], path, self._clock())
            if answer is not None:
                path.send([answer])
        elif kind is Kind.DTLS:
            self._switchboard.take_dtls(data, (port.number, address))

    def receive_frame(self, connection: TcpConnection | Tunnel, frame: bytes) -> None:
        """One datagram that came over a connection."""
        kind = classify(frame)
        if kind is Kind.STUN:
            answer = self._switchboard.check(frame, connection.host, connection.port, connection, self._clock())
            if self._switchboard.leg_at(connection.source) is not None:
                connection.prove()
            if answer is not None:
                connection.send([answer])
            return
        if kind is Kind.DTLS and self._switchboard.take_dtls(frame, connection.source):
            return
        leg = self._switchboard.leg_at(connection.source)
        if leg is None:
            connection.close()
        elif kind is Kind.MEDIA:
            self._inbox.put(frame)
            leg.take_media(self._inbox, self._clock(), self._wall())
