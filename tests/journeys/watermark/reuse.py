"""Makes the peers of a process choose from few names: what elsewhere tells sessions apart is here the same for many.

Who mixes two up because of an ICE user name, an SSRC or a port will do it here within seconds.
"""

import asyncio
import random
from typing import Any

from aioice import ice

from media import peer, warm
from media.rtp_stream import StreamState

HERE = "127.0.0.1"
UFRAG_CHARS = 4
UFRAGS = ("aaaa", "bbbb", "cccc")
SSRCS = (1111, 2222)


def few_names(rng: random.Random) -> None:
    """On loopback, with one of three ufrags and one of two SSRCs."""
    unlimited = ice.random_string
    ice.random_string = lambda length: rng.choice(UFRAGS) if length == UFRAG_CHARS else unlimited(length)
    ice.get_host_addresses = lambda **_: [HERE]
    warm.get_host_addresses = ice.get_host_addresses  # type: ignore[attr-defined]
    peer.fresh_stream = lambda: StreamState(rng.choice(SSRCS), rng.getrandbits(15), rng.getrandbits(32))


class FewPorts(asyncio.SelectorEventLoop):
    """Sockets that ask for any UDP port get one of `ports`, a used one rather than a fresh one."""

    def __init__(self, ports: range) -> None:
        super().__init__()
        self._used: list[int] = list(reversed(ports))

    async def create_datagram_endpoint(self, *arguments: Any, **options: Any) -> Any:
        """As asyncio's. Raises OSError when all are taken."""
        if options.get("local_addr") != (HERE, 0):
            return await super().create_datagram_endpoint(*arguments, **options)
        for port in reversed(self._used):
            try:
                made = await super().create_datagram_endpoint(*arguments, **(options | {"local_addr": (HERE, port)}))
            except OSError:
                continue
            self._used.remove(port)
            self._used.append(port)
            return made
        raise OSError("all ports are taken")
