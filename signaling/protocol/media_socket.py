"""The second WebSocket: a camera's DTLS-SRTP datagrams on their way to a relay where UDP is blocked (DESIGN §7, `wss`).

Each binary frame is one datagram, at most `MAX_DATAGRAM` bytes. There is no account and no token: the first frame must
be a STUN check with the credentials of the relay's answer (RFC 8445 §7.3) within `PROOF_SECONDS`.
"""

MEDIA_PATH = "/api/media"
MEDIA_SUBPROTOCOL = "belvedere.media"
MAX_DATAGRAM = 2048
"""Bytes: STUN, DTLS and SRTP stay below a path MTU."""
PROOF_SECONDS = 5.0
