"""What can be set of a relay alike, whether it stands inside the server or on its own: default, words and reader."""

from signaling.protocol.options import Option, addresses, between, port

_LIMIT = between(1, 1000)
"""A relay is one core's work, and the broker keeps no more sessions for it (`signaling.limits`)."""

PORT = Option(3480, "Port of the relay and its STUN, UDP and TCP; 0: the system chooses", port)
STUN_PORT = Option(3481, "UDP port of the relay's STUN for those who watch over it; 0: none", port)
ADDRESSES = Option((), "The relay's addresses here; empty: all but loopback", addresses)
PUBLIC_PORT = Option(0, "Port at those addresses; 0: RELAY_PORT", port)
VIEWERS = Option(500, "Most viewers over the relay; one core carries about that many", _LIMIT)
VIEWERS_PER_OWNER = Option(100, "Most of one account's cameras", _LIMIT)
VIEWERS_PER_CAMERA = Option(50, "Most of one camera", _LIMIT)
