"""The datagram guard: which datagrams from the network may reach DTLS and SRTP.

ICE answers whoever asks, so anyone who finds the port can send anything. Here an address counts as the peer's once a
connectivity check with the session's password succeeded with it (RFC 8445 §7.3, §7.2.5.3). The peer's first flight may
overtake its check, so a little is held for each unknown address until it proves itself.
"""

from enum import Enum

Address = tuple[str, int]

MAX_HELD_ADDRESSES = 16
"""Addresses for which datagrams are held: a browser has a handful of candidates, and a stranger gets 16 tries."""
MAX_HELD_DATAGRAMS = 8
"""Datagrams held for one address: a DTLS ClientHello in fragments, with its first retransmissions."""
MAX_HELD_BYTES = 2048
"""Longest datagram worth holding: DTLS stays below the path MTU."""
MAX_VERIFIED = 64
"""Addresses a peer may prove: more than the candidates a session may signal."""


class Kind(Enum):
    """What a datagram claims to be by its first byte (RFC 7983 §7)."""

    STUN = "stun"
    DTLS = "dtls"
    MEDIA = "media"
    JUNK = "junk"


def classify(data: bytes) -> Kind:
    """Tell STUN, DTLS and SRTP apart; all else, an empty datagram included, is junk."""
    if not data:
        return Kind.JUNK
    first = data[0]
    if first <= 3:
        return Kind.STUN
    if 20 <= first <= 63:
        return Kind.DTLS
    if 128 <= first <= 191:
        return Kind.MEDIA
    return Kind.JUNK


class DatagramGuard:
    """Holds back DTLS and media of every address that has not passed a connectivity check."""

    def __init__(self) -> None:
        self._verified: set[Address] = set()
        self._held: dict[Address, list[bytes]] = {}
        self.dropped = 0

    def admits(self, kind: Kind, data: bytes, address: Address) -> bool:
        """Whether this datagram, which is not STUN, may pass now. One that may not is held or dropped."""
        if kind is Kind.JUNK:
            self.dropped += 1
            return False
        if address in self._verified:
            return True
        self._hold(data, address)
        return False

    def verify(self, address: Address) -> list[bytes]:
        """The address passed a check: returns what was held for it, oldest first."""
        if address in self._verified:
            return []
        if len(self._verified) >= MAX_VERIFIED:
            return []
        self._verified.add(address)
        return self._held.pop(address, [])

    def settle(self) -> None:
        """The handshake is over: nothing of a stranger is worth keeping any more."""
        self._held.clear()

    def _hold(self, data: bytes, address: Address) -> None:
        held = self._held.get(address)
        if held is None:
            if len(self._held) >= MAX_HELD_ADDRESSES:
                self.dropped += 1
                return
            held = self._held[address] = []
        if len(held) >= MAX_HELD_DATAGRAMS or len(data) > MAX_HELD_BYTES:
            self.dropped += 1
            return
        held.append(data)
