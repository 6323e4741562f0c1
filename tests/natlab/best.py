"""The best way that theory leaves the product for each pair of networks.

Order: `direct` wherever `expected.direct` says so; then `turn`, which keeps the ends' own encryption; then `relay`,
which every network reaches. What each of the last two needs:

turn    One relayed side suffices, and only one is possible: a hardened coturn refuses its own addresses as peers, so
        two sides that are both relayed by it do not meet. The viewer always allocates (by UDP, else TCP, else TLS on
        port 443). The camera allocates only where its own UDP is dead, so that an idle camera holds no allocation.
        Browsers and aioice ask for IPv4 relayed addresses alone (the default of RFC 8656 §7.2), whatever family leads
        to the TURN server. So one side must send UDP over IPv4 by itself, and the other be relayed: the camera with
        UDP over IPv4 (the viewer is relayed, whatever it has), or a camera without UDP but with IPv4, and the viewer
        with UDP over IPv4.
relay   camera: UDP where there is any, else `wss`, whose datagrams are frames of a WebSocket to port 443. Viewer: UDP,
        else ICE-TCP to the relay's own port, else ICE-TCP that shares port 443 with HTTPS. Both the last ones are
        counted as `https`: the network cannot tell them from the web app.
"""

from dataclasses import dataclass

from tests.natlab import expected
from tests.natlab.counting import DIRECT
from tests.natlab.expected import Reach, reach
from tests.natlab.kinds import Kind

RELAY, TURN = "relay", "turn"
_VIEWER_TO_RELAY = {Reach.UDP: "relay udp", Reach.TCP: "relay tcp", Reach.TCP_443: "https"}
_CAMERA_TO_RELAY = {Reach.UDP: "relay udp", Reach.TCP: "https", Reach.TCP_443: "https"}


@dataclass(frozen=True)
class Best:
    """`way`: direct, turn or relay. `viewer`, `camera`: how its bytes are counted on each host, empty if several
    are right."""

    way: str
    viewer: str
    camera: str
    reason: str


def turn_helps(camera: Kind, viewer: Kind) -> bool:
    """Whether a TURN server joins a pair that has no direct way."""
    if camera.declared.udp4 is not None:
        return True
    camera_allocates = camera.declared.udp6 is None
    return camera_allocates and viewer.declared.udp4 is not None


def best(camera: Kind, viewer: Kind, *, turn: bool) -> Best:
    """`turn`: whether a TURN server is configured."""
    verdict = expected.direct(camera, viewer)
    if verdict.direct:
        return Best(DIRECT, DIRECT, DIRECT, verdict.reason)
    if turn and turn_helps(camera, viewer):
        relayed = "viewer" if camera.declared.udp4 is not None else "camera"
        return Best(TURN, "", "", f"{verdict.reason}; TURN relays for the {relayed}, and the other side has UDP")
    viewer_by, camera_by = _VIEWER_TO_RELAY[reach(viewer)], _CAMERA_TO_RELAY[reach(camera)]
    return Best(RELAY, viewer_by, camera_by, f"{verdict.reason}; the camera by {camera_by}, the viewer by {viewer_by}")
