"""What theory says about each pair of networks, from their behaviour alone.

Hole punching with ICE (RFC 8445), STUN only. Each side learns its outside address X by asking the STUN server, and
tells the other. Both then send checks to the other's X, again and again, and answer any check that arrives from
wherever it came (a peer-reflexive candidate, RFC 8445 §7.3.1.3). So the pair connects if *one* side's checks get
through: they are answered on the path they came by, and that path is open backwards, because the sender has just used
it.

Do A's checks to X_B get through to B?
- X_B must still lead to B for a sender other than the STUN server. Mapping that depends on the endpoint makes X_B
  valid for the STUN server alone. (Filtering is then as strict as the mapping: only the STUN server may use it.)
- B's filter must let A in. Endpoint-independent filtering lets all in. Address-dependent filtering needs B to have
  sent to A's address: it has, in its own checks. Address-and-port-dependent filtering needs B to have sent to the
  very address *and port* that A's checks come from. B sent to X_A, so A's checks must come from X_A: A's mapping must
  not depend on the endpoint.

Two hosts behind one router are another matter: their checks to the common outside address need hairpin (RFC 4787 §6),
unless one LAN joins them. IPv6 has no mapping: two firewalled hosts open their firewalls for each other.
"""

from dataclasses import dataclass
from enum import StrEnum

from tests.natlab.behaviour import Filtering, Mapping, Udp
from tests.natlab.kinds import Kind, Shared


@dataclass(frozen=True)
class Verdict:
    """Whether media can flow directly, and one line that says why."""

    direct: bool
    reason: str


def keeps_address(udp: Udp) -> bool:
    """Whether the address that the STUN server saw is the one that everybody sees."""
    return udp.mapping in (Mapping.NONE, Mapping.ENDPOINT_INDEPENDENT)


def gets_through(sender: Udp, receiver: Udp) -> bool:
    """Whether checks of `sender` to the receiver's announced address arrive, while the receiver sends checks too."""
    if not keeps_address(receiver):
        return False
    return receiver.filtering is not Filtering.ADDRESS_AND_PORT_DEPENDENT or keeps_address(sender)


def _family(number: int, camera: Udp, viewer: Udp) -> Verdict:
    if gets_through(camera, viewer) and gets_through(viewer, camera):
        return Verdict(True, f"IPv{number}: checks get through both ways")
    if gets_through(camera, viewer):
        return Verdict(True, f"IPv{number}: the camera's checks reach the viewer")
    if gets_through(viewer, camera):
        return Verdict(True, f"IPv{number}: the viewer's checks reach the camera")
    if not keeps_address(camera) and not keeps_address(viewer):
        return Verdict(False, f"IPv{number}: neither announced address is the one its checks come from")
    side, other = ("camera", "viewer") if not keeps_address(camera) else ("viewer", "camera")
    return Verdict(
        False, f"IPv{number}: the {side}'s checks come from a port that the {other}'s router does not expect"
    )


def _together(camera: Kind, shared: Shared) -> Verdict:
    match shared:
        case Shared.LAN:
            return Verdict(True, "one LAN: host candidates reach each other")
        case Shared.SEGMENTS | Shared.CARRIER:
            hairpin = camera.declared.udp4 is not None and camera.declared.udp4.hairpin
            if hairpin:
                return Verdict(True, "the common router hairpins")
            return Verdict(False, "both have one outside address, and its router does not hairpin")


class Reach(StrEnum):
    """How a host gets to a server on the internet, best first."""

    UDP = "UDP"
    TCP = "TCP"
    TCP_443 = "TCP to port 443"


def reach(kind: Kind) -> Reach:
    """What a relay or TURN server must offer to hosts of this kind when nothing direct is left."""
    if kind.declared.udp4 is not None or kind.declared.udp6 is not None:
        return Reach.UDP
    return Reach.TCP_443 if kind.declared.tcp_ports == {443} else Reach.TCP


def direct(camera: Kind, viewer: Kind) -> Verdict:
    """Theory's word on one pair with STUN and nothing else."""
    if camera.shared is not None:
        return _together(camera, camera.shared)
    verdicts = []
    if camera.declared.udp6 is not None and viewer.declared.udp6 is not None:
        verdicts.append(_family(6, camera.declared.udp6, viewer.declared.udp6))
    if camera.declared.udp4 is not None and viewer.declared.udp4 is not None:
        verdicts.append(_family(4, camera.declared.udp4, viewer.declared.udp4))
    for verdict in verdicts:
        if verdict.direct:
            return verdict
    if verdicts:
        return verdicts[0]
    for side, kind in (("camera", camera), ("viewer", viewer)):
        if kind.declared.udp4 is None and kind.declared.udp6 is None:
            return Verdict(False, f"the {side} has no UDP")
    return Verdict(False, "no IP family in common")
