"""The best way that theory leaves the product for each pair of networks.

Order: `direct` wherever `expected.direct` says so; then `turn`, which keeps the ends' own encryption; then `relay`,
which every network reaches. What each of the last two needs:

turn    One relayed side suffices. The viewer always allocates (by UDP, else TCP, else TCP to port 443). The camera
        allocates only where its own UDP is dead, so that an idle camera holds no allocation. Browsers and aioice ask
        for IPv4 relayed addresses alone (RFC 8656 §7.2 leaves that the default; RFC 6156 is the extension), so the
        camera must have IPv4, by UDP to reach the viewer's relayed address, or by TCP to have one of its own. A
        camera with IPv6 alone therefore goes to the relay.
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


def best(camera: Kind, viewer: Kind, *, turn: bool) -> Best:
    """`turn`: whether a TURN server is configured."""
    verdict = expected.direct(camera, viewer)
    if verdict.direct:
        return Best(DIRECT, DIRECT, DIRECT, verdict.reason)
    if turn and 4 in camera.families:
        return Best(TURN, "", "", f"{verdict.reason}; TURN relays IPv4, which the camera has")
    viewer_by, camera_by = _VIEWER_TO_RELAY[reach(viewer)], _CAMERA_TO_RELAY[reach(camera)]
    return Best(RELAY, viewer_by, camera_by, f"{verdict.reason}; the camera by {camera_by}, the viewer by {viewer_by}")
