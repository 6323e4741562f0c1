"""VP8 in RTP (RFC 7741)."""

START = b"\x10"
"""The one-byte payload descriptor (§4.2) with S set: the first payload of a frame (partition 0)."""
CONTINUED = b"\x00"


def payloads(data: bytes, limit: int) -> list[bytes]:
    """Cut one frame into payloads of at most `limit` bytes, all but the last equally long."""
    room = limit - 1
    return [(CONTINUED if start else START) + data[start : start + room] for start in range(0, len(data), room)]
