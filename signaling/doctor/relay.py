"""The relay inside the server, as cameras and viewers meet it: STUN over UDP and TCP at each address."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from signaling.doctor import stun
from signaling.doctor.finding import Finding, bad, ok, warn
from signaling.doctor.line import Transport, addresses, line_to, why

SUBJECT = "Relay"
HAIRPIN = "many routers do not lead their own network back in: ask again from another network before you worry"


@dataclass(frozen=True, slots=True)
class Door:
    """Where the relay is offered. `outside`: on the way there a router may stand that does not lead back in."""

    host: str
    port: int
    outside: bool
    transports: tuple[Transport, ...] = ("udp", "tcp")


def doors(local: Sequence[str], port: int, public: Sequence[str], public_port: int) -> list[Door]:
    """`local`: addresses of this machine; `public`: names and addresses that others use. Each place once."""
    found = {(host, public_port): Door(host, public_port, outside=True) for host in public}
    found |= {(host, port): Door(host, port, outside=False) for host in local}
    return list(found.values())


async def try_relay(door: Door) -> list[Finding]:
    """All transports of one place."""
    return [await _try(door, transport) for transport in door.transports]


async def _try(door: Door, transport: Transport) -> Finding:
    shown = f"{transport.upper()} port {door.port} at {door.host}"
    try:
        for address in await addresses(door.host, door.port):
            async with line_to(address, door.port, transport, framed=transport == "tcp") as line:
                await line.ask(stun.write(stun.BINDING, os.urandom(12)))
    except (OSError, TimeoutError) as error:
        sentence = f"{shown} does not answer ({why(error)})"
        if door.outside:
            return warn(SUBJECT, sentence, HAIRPIN)
        advice = f"start the server, and let {transport.upper()} port {door.port} in at the firewall"
        return bad(SUBJECT, sentence, advice)
    return ok(SUBJECT, f"{shown} answers")
