"""The packets of one output stream that may still be needed: for NACK, and for newcomers since the last key frame."""

from media.relay.rtp import Packet

NACK_SECONDS = 1.5
"""How long a packet is kept for retransmission: a viewer asks for at most a second (Chromium's NACK module)."""
MAX_BYTES = 8 * 1024 * 1024
"""A group of 10 s at 6 Mbit/s; a larger one is given up, and newcomers wait for the next key frame."""
MAX_GROUP_SECONDS = 10.0
"""Nobody waits for the end of a longer group."""
FRESH_SECONDS = 2.0
"""A camera silent for longer does not show the present any more."""


class PacketStore:
    """By running number. Late packets find their place."""

    def __init__(self) -> None:
        self._packets: dict[int, Packet] = {}
        self._oldest = 0
        self._bytes = 0
        self._key_start: int | None = None
        self.head = 0
        """One more than the newest number."""

    def __len__(self) -> int:
        return len(self._packets)

    @property
    def bytes(self) -> int:
        """Held in all."""
        return self._bytes

    def get(self, number: int) -> Packet | None:
        """The packet with this number, if it is still here."""
        return self._packets.get(number)

    def with_sequence(self, sequence: int) -> Packet | None:
        """The newest packet with these 16 low bits."""
        newest = self.head - 1
        return self._packets.get(newest - (newest - sequence) % (1 << 16))

    def add(self, packet: Packet) -> None:
        """Keep a packet, and drop what nobody needs any more."""
        if not self._packets:
            self._oldest = packet.number
        elif packet.number < self._oldest or packet.number in self._packets:
            return
        self._packets[packet.number] = packet
        self._bytes += len(packet.data)
        self.head = max(self.head, packet.number + 1)
        if packet.starts_key and (self._key_start is None or packet.number > self._key_start):
            self._key_start = self._first_of_frame(packet)
        self._trim(packet.arrived_at)

    def group_start(self, now: float) -> int | None:
        """Number of the first packet of the cached group of pictures; none when there is none, or it is stale."""
        newest = self._packets.get(self.head - 1)
        if self._key_start is None or newest is None or now - newest.arrived_at > FRESH_SECONDS:
            return None
        return self._key_start

    def forget_group(self) -> None:
        """The stream begins anew: what was before cannot be continued."""
        self._key_start = None

    def _first_of_frame(self, packet: Packet) -> int:
        """Parameter sets come in packets of their own before the slice, with the same time stamp."""
        number = packet.number
        while (before := self._packets.get(number - 1)) is not None and before.time == packet.time:
            number -= 1
        return number

    def _trim(self, now: float) -> None:
        if self._key_start is not None:
            first = self._packets.get(self._key_start)
            if first is None or now - first.arrived_at > MAX_GROUP_SECONDS:
                self._key_start = None
        while self._oldest < self.head - 1:
            packet = self._packets.get(self._oldest)
            if packet is not None:
                if self._bytes <= MAX_BYTES:
                    if now - packet.arrived_at < NACK_SECONDS or packet.number == self._key_start:
                        return
                elif packet.number == self._key_start:
                    self._key_start = None
                del self._packets[self._oldest]
                self._bytes -= len(packet.data)
            self._oldest += 1
