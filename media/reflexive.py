"""As whom the outside sees a socket of ours: a STUN Binding request (RFC 8489 §2), repeated until it is answered."""

import asyncio

from aioice import Candidate, stun
from aioice.candidate import candidate_foundation
from aioice.ice import StunProtocol

from media.check import Check, CheckRefused
from media.guard import Address
from media.ice_servers import StunServer
from media.names import addresses_of

GRACE_SECONDS = 0.1
"""After the first answer, for those of the other sockets; or as long again as the first one took."""
SRFLX_TYPE = 100 << 24
HOST_TYPE = 126 << 24
"""Type preferences of a priority (RFC 8445 §5.1.2.2)."""


async def reflexive_candidates(protocols: list[StunProtocol], server: StunServer, seconds: float) -> list[Candidate]:
    """One candidate for each socket that gets an answer in time: empty when UDP does not get through."""
    try:
        async with asyncio.timeout(seconds):
            places = await addresses_of(server.host, server.port)
    except TimeoutError:
        return []
    asking = [asyncio.create_task(_ask(protocol, places, seconds)) for protocol in protocols]
    try:
        return await _collect(asking)
    finally:
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)


async def _collect(asking: list[asyncio.Task[Candidate | None]]) -> list[Candidate]:
    """What is found until all have ended, or shortly after the first answer: a network of virtual machines on this
    host, say, reaches no server, and must not hold up the others."""
    began = asyncio.get_running_loop().time()
    waiting, found = set(asking), list[Candidate]()
    while waiting:
        taken = asyncio.get_running_loop().time() - began
        done, waiting = await asyncio.wait(
            waiting, timeout=max(GRACE_SECONDS, taken) if found else None, return_when=asyncio.FIRST_COMPLETED
        )
        if not done:
            break
        found += [candidate for task in done if (candidate := task.result()) is not None]
    return found


async def _ask(protocol: StunProtocol, places: dict[int, Address], seconds: float) -> Candidate | None:
    own = protocol.local_candidate
    place = places.get(6 if ":" in own.host else 4)
    if place is None:
        return None
    check = Check(protocol, place, lambda: stun.Message(stun.Method.BINDING, stun.Class.REQUEST), None)
    try:
        mapped = (await check.run(seconds)).mapped
    except (TimeoutError, CheckRefused):
        return None
    if mapped is None:
        return None
    return Candidate(
        foundation=candidate_foundation("srflx", "udp", own.host),
        component=own.component,
        transport=own.transport,
        priority=own.priority - HOST_TYPE + SRFLX_TYPE,
        host=mapped[0],
        port=mapped[1],
        type="srflx",
        related_address=own.host,
        related_port=own.port,
    )
