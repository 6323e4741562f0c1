"""One output stream for all viewers of a camera: its numbers run on whatever the camera's do.

SRTP refuses to go back, and a viewer's decoder must not notice that the camera connected anew (FACTS §3).
"""

from dataclasses import dataclass

from media.frames import CLOCK_RATES, Codec
from media.relay.keyframe import starts_key_frame
from media.relay.rtp import (
    EXTENSION_BIT,
    HEADER,
    MARKER_BIT,
    PADDING_BIT,
    SEQUENCE_MASK,
    TIME_BITS,
    TIME_MASK,
    Incoming,
    Packet,
    Unwrapper,
    write_elements,
)
from media.rtp_stream import StreamState


@dataclass(frozen=True, slots=True)
class Report:
    """A moment in both clocks: `ntp`, the camera's wall clock in seconds since 1900, was `time` in the output stream.
    `heard_at`: our clock when the camera said so."""

    ntp: float
    time: int
    heard_at: float


class OutputStream:
    """Rewrites packets of the present publisher. `extensions`: camera's extension id → ours."""

    def __init__(self, start: StreamState, codec: Codec, payload_type: int, send_time_id: int | None) -> None:
        self.codec = codec
        self.ssrc = start.ssrc
        self.payload_type = payload_type
        self.clock_rate = CLOCK_RATES[codec]
        self.is_video = self.clock_rate == CLOCK_RATES["h264"]
        self.packets = 0
        self.octets = 0
        self.report: Report | None = None
        self._send_time_id = send_time_id
        self._next_number = start.sequence
        self._last_time = start.timestamp
        self._last_at: float | None = None
        self._first_in: int | None = None
        self._number_offset = 0
        self._time_offset = 0
        self._times = Unwrapper(TIME_BITS)
        self._extensions: dict[int, int] = {}

    def attach(self, extensions: dict[int, int]) -> None:
        """A publisher begins, with numbers of its own."""
        self._extensions = extensions
        self.restart()

    def restart(self) -> None:
        """The publisher's numbers begin anew."""
        self._first_in = None
        self._times = Unwrapper(TIME_BITS)
        self.report = None

    def rewrite(self, number: int, incoming: Incoming, now: float, wall: float) -> Packet | None:
        """The packet as the viewers get it; none for one from before the publisher's first. `number`: the camera's
        sequence number, counted on. `wall`: `time.time()`."""
        time_in = self._times.count(incoming.timestamp)
        if self._first_in is None:
            self._begin(number, time_in, now)
        elif number < self._first_in:
            return None
        out, time = number + self._number_offset, time_in + self._time_offset
        if out >= self._next_number:
            self._next_number = out + 1
            self._last_time, self._last_at = time, now
        self.packets += 1
        self.octets += len(incoming.payload)
        starts_key = starts_key_frame(self.codec, incoming.payload)
        return Packet(out, time, self._write(out, time, incoming, wall), now, starts_key)

    def note_report(self, ntp: float, timestamp: int, now: float) -> None:
        """The camera's sender report: NTP seconds and its RTP time stamp."""
        if self._first_in is not None:
            self.report = Report(ntp, self._times.count(timestamp) + self._time_offset, now)

    def _begin(self, number: int, time_in: int, now: float) -> None:
        self._first_in = number
        self._number_offset = self._next_number - number
        passed = 0 if self._last_at is None else max(1, int((now - self._last_at) * self.clock_rate))
        self._time_offset = self._last_time + passed - time_in

    def _write(self, number: int, time: int, incoming: Incoming, wall: float) -> bytes:
        elements = [
            (self._extensions[theirs], value)
            for theirs, value in incoming.extensions.items()
            if theirs in self._extensions
        ]
        if self._send_time_id is not None:
            stamp = int(wall % 64 * (1 << 18))
            elements.insert(0, (self._send_time_id, stamp.to_bytes(3, "big")))
        extension = write_elements(elements)
        first = 0x80 | (EXTENSION_BIT if extension else 0) | (PADDING_BIT if incoming.padded else 0)
        second = self.payload_type | (MARKER_BIT if incoming.marker else 0)
        header = HEADER.pack(first, second, number & SEQUENCE_MASK, time & TIME_MASK, self.ssrc)
        return header + extension + incoming.payload
