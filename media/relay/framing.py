"""Datagrams in a TCP stream: two bytes of length in front of each (RFC 4571 §2, used by ICE-TCP, RFC 6544 §3)."""

MAX_FRAME = 2048
"""Bytes: STUN, DTLS and SRTP stay below a path MTU also when they travel in TCP."""


class BadFrame(ValueError):
    """The stream is no RFC 4571 stream of ours."""


class Deframer:
    """Cuts a byte stream into frames. Holds at most one incomplete frame."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The frames completed by these bytes, in order. Raises `BadFrame` for one that is empty or too long."""
        data = self._rest + data
        frames = []
        at = 0
        while len(data) - at >= 2:
            size = int.from_bytes(data[at : at + 2], "big")
            if not 0 < size <= MAX_FRAME:
                raise BadFrame(f"a frame of {size} bytes")
            if len(data) - at < 2 + size:
                break
            frames.append(data[at + 2 : at + 2 + size])
            at += 2 + size
        self._rest = data[at:]
        return frames


def framed(packet: bytes) -> bytes:
    """One packet with its length in front."""
    return len(packet).to_bytes(2, "big") + packet
