"""How the tunnel to a relay looks to ICE: one pair of two stand-ins, because a frame has no address."""

import aioice
from aioice.ice import CandidatePair, StunProtocol

from media.tunnel import TUNNEL_ADDRESS

TUNNEL_TRANSPORT = "wss"
"""Of a candidate that stands for an end of it: pairs with nothing but itself."""


def tunnel_pair(protocol: StunProtocol) -> CandidatePair:
    """The one pair of this protocol, whose transport is a tunnel."""
    protocol.local_candidate = _stand_in("local")
    pair = CandidatePair(protocol, _stand_in("remote"))
    pair.remote_candidate._network_host = TUNNEL_ADDRESS[0]
    return pair


def is_tunnel(protocol: StunProtocol) -> bool:
    """Whether the transport of this protocol is one."""
    return bool(protocol.local_candidate.transport == TUNNEL_TRANSPORT)


def _stand_in(end: str) -> aioice.Candidate:
    return aioice.Candidate(
        foundation=f"tunnel-{end}",
        component=1,
        transport=TUNNEL_TRANSPORT,
        priority=0,
        host="0.0.0.0",
        port=0,
        type="host",
    )
