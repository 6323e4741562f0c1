"""Making packets equally long, so that the kernel can cut them out of one piece (UDP GSO, FACTS §3)."""

from media.relay.rtp import PADDING_BIT

MAX_PADDING = 16
"""Bytes of RTP padding worth adding: packetisers differ by one or two; a datagram costs more than 16 bytes do."""


def padded(data: bytes, size: int) -> bytes:
    """The packet brought to `size` bytes by RTP padding (RFC 3550 §5.1); unchanged where that is not possible."""
    missing = size - len(data)
    if not 0 < missing <= MAX_PADDING or data[0] & PADDING_BIT:
        return data
    return bytes((data[0] | PADDING_BIT,)) + data[1:] + bytes(missing - 1) + bytes((missing,))


def evened(packets: list[bytes]) -> list[bytes]:
    """The same packets, those that are nearly as long as the longest made exactly as long."""
    if len(packets) < 2:
        return packets
    longest = max(map(len, packets))
    return [padded(packet, longest) for packet in packets]
