"""The leg towards a viewer: its approach to the live stream, what it lost, its reports."""

from collections.abc import Callable
from typing import Protocol

from aiortc import RTCCertificate

from media import rtcp
from media.relay.approach import Approach, approach
from media.relay.leg import PeerLeg
from media.relay.output import OutputStream
from media.relay.path import MAX_BACKLOG, Path
from media.relay.rtp import SEQUENCE_MASK, Packet, dressed
from media.relay.store import PacketStore
from media.relay.streams import Batch
from media.rtp_stream import MAX_RESENDS_PER_SECOND

WRAP_SOON = 0xF000
SHIFT = 0x4000
"""A newcomer whose first sequence number is above `WRAP_SOON` gets all numbers shifted: were packets lost just then, it
would miss that the number wrapped, and decrypt nothing (RFC 3711 §3.3.1)."""
HIGH_BACKLOG, LOW_BACKLOG = MAX_BACKLOG // 2, MAX_BACKLOG // 8
"""Bytes above which a slow TCP viewer is sent nothing, and below which it is tried with the next key frame."""
SETTLED_SECONDS = 3.0
"""A browser's bitrate estimate starts low; until then it would punish all other viewers."""
MAX_REWINDS = 2
REWIND_WITHIN = 3.0
"""Seconds after its start in which a viewer that lost its picture is sent its first group again, that often at most:
its keys were not ready."""


class Room(Protocol):
    """What a viewer needs of its camera's channel."""

    def viewer_ready(self, viewer: "ViewerLeg") -> None: ...

    def viewer_moved(self, viewer: "ViewerLeg") -> None: ...

    def viewer_lost_picture(self, viewer: "ViewerLeg") -> None: ...


class Lane:
    """One output stream as this viewer sees it."""

    def __init__(self, output: OutputStream, store: PacketStore, payload_type: int) -> None:
        self.output = output
        self.store = store
        self.payload_type = payload_type
        self.shift = 0
        self.sent_before = output.packets, output.octets

    def start(self, number: int) -> None:
        """The first packet will be this one."""
        self.shift = SHIFT if number & SEQUENCE_MASK >= WRAP_SOON else 0
        self.sent_before = self.output.packets, self.output.octets

    def dress(self, data: bytes, stamp: int | None = None) -> bytes:
        """A packet of the stream for this viewer."""
        if self.payload_type == self.output.payload_type and not self.shift and stamp is None:
            return data
        return dressed(data, self.payload_type, self.shift, stamp)

    def report(self, cname: str, now: float) -> bytes:
        """Sender report in the camera's wall clock; nothing before the camera has sent one."""
        known = self.output.report
        if known is None:
            return b""
        since = now - known.heard_at
        clock = known.time + int(since * self.output.clock_rate)
        packets, octets = self.output.packets - self.sent_before[0], self.output.octets - self.sent_before[1]
        wall = known.ntp + since - rtcp.NTP_EPOCH
        return rtcp.sender_report(self.output.ssrc, cname, wall, clock, packets, octets)


class ViewerLeg(PeerLeg):
    """Sends by itself only what its audience does not send for it: while it waits, catches up, or watches over TCP."""

    def __init__(self, name: str, certificate: RTCCertificate, now: float, ended: Callable[[str], None]) -> None:
        super().__init__(certificate, now, ended)
        self.name = name
        self.room: Room | None = None
        self.video: Lane | None = None
        self.audio: Lane | None = None
        self.bitrate: int | None = None
        self._approach: Approach | None = None
        self._live = False
        self._after = -1
        self._budget = float(MAX_RESENDS_PER_SECOND)
        self._budget_at = now
        self._started_at = now
        self._rewinds = 0

    @property
    def is_waiting(self) -> bool:
        """Nothing can be shown before the next key frame."""
        return self._approach is None

    @property
    def is_catching_up(self) -> bool:
        """Older packets are still to be sent."""
        return self._approach is not None and self.video is not None and self._approach.is_behind(self.video.store)

    @property
    def is_live(self) -> bool:
        """It is sent what comes when it comes."""
        return self._live

    @property
    def wants_key_frame(self) -> bool:
        """It waits for one, and its line is free for it."""
        return self._approach is None and (self.path is None or self.path.backlog() <= LOW_BACKLOG)

    def enter(self, room: Room, video: Lane, audio: Lane | None) -> None:
        """What it agreed to be sent."""
        self.room, self.video, self.audio = room, video, audio

    def use(self, path: Path) -> None:
        super().use(path)
        if self.room is not None:
            self.room.viewer_moved(self)

    def connected(self) -> None:
        if self.room is not None:
            self.room.viewer_ready(self)

    def start(self, now: float) -> None:
        """Begin with the cached group, or wait for a key frame."""
        self._started_at = now
        if self.audio is not None:
            self.audio.start(self.audio.store.head)
        self._begin(now)

    def advance(self, batch: Batch, now: float) -> None:
        """Send what is due, where the viewer is sent to alone."""
        if self.video is None or self.srtp is None:
            return
        if self._approach is None:
            self._begin(now)
        packets = [self.audio.dress(packet.data) for packet in batch.sound] if self.audio is not None else []
        if self._approach is not None:
            if self.path is not None and self.path.backlog() > HIGH_BACKLOG:
                self._fall_behind(self.video.store.head)
                return
            packets += [
                self.video.dress(packet.data, self._approach.stamp(packet))
                for packet in batch.late
                if self._approach.has_sent(packet.number)
            ]
            packets += [self.video.dress(p.data, stamp) for p, stamp in self._approach.due(self.video.store, now)]
            self._live = self._approach.is_live(self.video.store)
        if packets:
            self.send_rtp(packets)

    def remaining(self, now: float) -> float:
        """Seconds until it shows the present."""
        if self._approach is None or self.video is None:
            return 0.0
        return self._approach.remaining(self.video.store, now)

    def take_rtcp(self, data: bytes, now: float) -> None:
        try:
            feedback = rtcp.read_feedback(data)
        except ValueError:
            return
        for lane in (self.video, self.audio):
            if lane is not None and lane.output.ssrc in feedback.lost:
                self._send_again(lane, feedback.lost[lane.output.ssrc], now)
        if feedback.bitrate is not None and now - self._started_at > SETTLED_SECONDS:
            self.bitrate = feedback.bitrate
        if feedback.key_frame and self.room is not None:
            self.room.viewer_lost_picture(self)

    def rewind(self, now: float) -> bool:
        """Send the first group again, to the last bit the same; false when that was done often enough."""
        if self._approach is None or self._rewinds >= MAX_REWINDS or now - self._started_at > REWIND_WITHIN:
            return False
        self._rewinds += 1
        self._approach.rewind(now)
        self._live = False
        return True

    def resume(self, number: int) -> None:
        """It leaves a group that it was sent the live stream with, up to this packet."""
        if self._live and self._approach is not None:
            self._approach.resume(number)

    def squeezes(self, packets: list[Packet]) -> bool:
        """Whether it must see one of these with another time stamp than its group."""
        approached = self._approach
        return approached is not None and any(approached.squeezes(packet) for packet in packets)

    def report(self, cname: str, now: float) -> None:
        """Sender reports of its streams."""
        packet = b"".join(lane.report(cname, now) for lane in (self.video, self.audio) if lane is not None)
        if packet:
            self.send_rtcp(packet)

    def _begin(self, now: float) -> None:
        if self.video is None or (self.path is not None and self.path.backlog() > LOW_BACKLOG):
            return
        start = self.video.store.group_start(now)
        if start is None or start < self._after:
            return
        fresh = self._after < 0
        self._approach = approach(self.video.store, now) if fresh else Approach(start, None, now)
        if fresh:
            self.video.start(start)

    def _fall_behind(self, head: int) -> None:
        """Its line is slower than the stream: leave out what comes before the next key frame."""
        self._after = head
        self._approach = None
        self._live = False

    def _was_sent(self, newcomer: Approach, number: int) -> bool:
        """A packet asked for before it was sent might yet get another time stamp: two texts under one nonce."""
        return newcomer.takes_part(number) if self._live else newcomer.has_sent(number)

    def _send_again(self, lane: Lane, sequences: list[int], now: float) -> None:
        elapsed = max(0.0, now - self._budget_at)
        self._budget = min(MAX_RESENDS_PER_SECOND, self._budget + elapsed * MAX_RESENDS_PER_SECOND)
        self._budget_at = now
        found: list[bytes] = []
        for sequence in sequences[: int(self._budget)]:
            packet = lane.store.with_sequence(sequence - lane.shift & SEQUENCE_MASK)
            if packet is None:
                continue
            if lane is not self.video:
                found.append(lane.dress(packet.data))
            elif self._approach is not None and self._was_sent(self._approach, packet.number):
                found.append(lane.dress(packet.data, self._approach.stamp(packet)))
        self._budget -= len(found)
        if found:
            self.send_rtp(found)
