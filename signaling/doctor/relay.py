"""The relay inside the server, as cameras and viewers meet it: STUN over UDP and an open TCP port at each address."""

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


def doors(local: Sequence[str], port: int, public: Sequence[str], public_port: int) -> list[Door]:
    """`local`: addresses of this machine; `public`: names and addresses that others use. Each place once."""
    found = {(host, public_port): Door(host, public_port, outside=True) for host in public}
    found |= {(host, port): Door(host, port, outside=False) for host in local}
    return list(found.values())


async def try_relay(door: Door) -> list[Finding]:
    """UDP and TCP of one place."""
    return [await _try(door, "udp"), await _try(door, "tcp")]


async def _try(door: Door, transport: Transport) -> Finding:
    shown = f"{transport.upper()} port {door.port} at {door.host}"
    try:
        for address in await addresses(door.host, door.port):
            async with line_to(address, door.port, transport) as line:
                if transport == "udp":
                    await line.ask(stun.write(stun.BINDING, os.urandom(12)))
    except (OSError, TimeoutError) as error:
        sentence = f"{shown} does not answer ({why(error)})"
        if door.outside:
            return warn(SUBJECT, sentence, HAIRPIN)
        what = "UDP" if transport == "udp" else "TCP"
        return bad(SUBJECT, sentence, f"start the server, and let {what} port {door.port} in at the firewall")
    return ok(SUBJECT, f"{shown} answers")
