"""The leg towards a camera: what it sends becomes output packets; what is missing is asked for again."""

import secrets
from collections.abc import Callable

from aiortc import RTCCertificate

from media.relay import rtp
from media.relay.feedback import (
    bitrate_limit,
    full_intra_request,
    negative_acknowledgement,
    picture_loss,
    read_sender,
    receiver_report,
)
from media.relay.handover import Handover, Shown
from media.relay.keyframe import starts_key_frame
from media.relay.leg import PeerLeg
from media.relay.output import OutputStream
from media.relay.publisher_sdp import PLAYOUT_DELAY, VIDEO_ORIENTATION, PublisherOffer
from media.relay.reception import Reception

PLAYOUT_DELAY_ID, VIDEO_ORIENTATION_ID = 6, 7
OUTPUT_IDS = {PLAYOUT_DELAY: PLAYOUT_DELAY_ID, VIDEO_ORIENTATION: VIDEO_ORIENTATION_ID}
"""Ids of the header extensions that travel on, as the relay's offers name them."""
DLSR_UNITS = 65_536
"""Of a second (RFC 3550 §6.4.1)."""
MAX_HELD = 8
"""Packets of a picture that stand before its first slice: a delimiter, parameter sets, remarks."""

Deliver = Callable[[OutputStream, rtp.Packet, bool], None]
"""Takes an output packet; the flag says whether a frame ends with it."""
Knock = Callable[[bytes | None, float], bool]
"""Whether to begin with this packet. Takes its payload, if a key frame begins in it, and the time."""


class _Lane:
    """One of the camera's two streams. `ssrc`: none before its first packet. `extensions`: the camera's ids → ours."""

    def __init__(self, output: OutputStream, extensions: dict[int, int]) -> None:
        self.output = output
        self.extensions = extensions
        self.ssrc: int | None = None
        self.reception = Reception(output.clock_rate)
        self.last_report = (0, 0.0)


class PublisherLeg(PeerLeg):
    """One upload of a camera: it feeds the streams, or waits until it may. `name`: its session's id."""

    def __init__(self, name: str, certificate: RTCCertificate, now: float, ended: Callable[[str], None]) -> None:
        super().__init__(certificate, now, ended)
        self.name = name
        self.ssrc = 1 + secrets.randbelow(2**32 - 1)
        self.profiles: tuple[str, ...] = ()
        self.handover: Handover | None = None
        """While it waits."""
        self.flowed_at = float("-inf")
        """When it last fed the streams."""
        self.shown: Shown | None = None
        self._lanes: dict[int, _Lane] = {}
        self._video: _Lane | None = None
        self._deliver: Deliver | None = None
        self._knock: Knock = lambda *_: True
        self._held: list[rtp.Incoming] = []
        """The latest picture's packets, while it waits."""
        self._continues = False
        self._requests = 0
        self._key_time: int | None = None
        """Time stamp of the latest key frame: each of its slices looks like a beginning."""
        self.received = 0

    def feed(self, offer: PublisherOffer, video: OutputStream, audio: OutputStream | None, deliver: Deliver) -> None:
        """Where its packets go, by the payload types the answer picks. Call `begin` or `wait` next."""
        extensions = {theirs: OUTPUT_IDS[uri] for uri, theirs in offer.extensions.items()}
        self._deliver = deliver
        self.profiles = offer.profiles
        self._video = self._lanes[offer.video_type] = _Lane(video, extensions)
        if audio is not None and offer.audio_type is not None:
            self._lanes[offer.audio_type] = _Lane(audio, {})

    def begin(self, *, continues: bool = False) -> None:
        """Feed the streams from now on; no other upload does any more. `continues`: in the midst of a group whose
        beginning viewers saw."""
        self.handover, self._held, self._key_time = None, [], None
        self._continues = continues
        for lane in self._lanes.values():
            lane.output.attach(lane.extensions)

    def wait(self, handover: Handover, knock: Knock) -> None:
        """Feed nothing before `knock` says so, or `begin` is called."""
        self.handover, self._knock = handover, knock

    @property
    def is_blank(self) -> bool:
        """Nothing that came could be shown, for its key frame was lost."""
        return self.shown is None and not self._continues

    @property
    def missing(self) -> int:
        """Packets that are still hoped for."""
        return sum(lane.reception.missing for lane in self._lanes.values())

    def take_rtp(self, data: bytes, now: float, wall: float) -> None:
        incoming = rtp.read(data)
        if incoming is None or self._deliver is None:
            return
        lane = self._lanes.get(incoming.payload_type)
        if lane is None:
            return
        if self.handover is None:
            self._give(lane, incoming, now, wall)
        elif self._may_begin(lane, incoming, now):
            held = self._held if lane is self._video else [*self._held, incoming]
            self.begin()
            for packet in held:
                self._give(self._lanes[packet.payload_type], packet, now, wall)

    def _may_begin(self, lane: _Lane, incoming: rtp.Incoming, now: float) -> bool:
        lane.ssrc = incoming.ssrc
        if lane is self._video:
            picture = [packet for packet in self._held if packet.timestamp == incoming.timestamp]
            self._held = [*picture[1 - MAX_HELD :], incoming]
        starts_key = starts_key_frame(lane.output.codec, incoming.payload) and self._is_first_slice(incoming)
        return self._knock(incoming.payload if starts_key else None, now)

    def _is_first_slice(self, incoming: rtp.Incoming) -> bool:
        before, self._key_time = self._key_time, incoming.timestamp
        return before != incoming.timestamp

    def _give(self, lane: _Lane, incoming: rtp.Incoming, now: float, wall: float) -> None:
        if lane.ssrc != incoming.ssrc:
            if lane.ssrc is not None:
                lane.reception = Reception(lane.output.clock_rate)
                lane.output.restart()
            lane.ssrc = incoming.ssrc
        number = lane.reception.take(incoming.sequence, incoming.timestamp, now)
        if number is None:
            return
        self.received += 1
        packet = lane.output.rewrite(number, incoming, now, wall)
        if packet is None or self._deliver is None:
            return
        self.flowed_at = now
        if packet.starts_key and self._is_first_slice(incoming):
            self.shown = incoming.payload, now
        self._deliver(lane.output, packet, incoming.marker)

    def take_rtcp(self, data: bytes, now: float) -> None:
        try:
            reports, left = read_sender(data)
        except ValueError:
            return
        for ssrc, ntp, timestamp, middle in reports:
            for lane in self._lanes.values():
                if lane.ssrc == ssrc:
                    if self.handover is None:
                        lane.output.note_report(ntp, timestamp, now)
                    lane.last_report = (middle, now)
        if left:
            self.end("the camera ended its upload")

    def ask_again(self, now: float) -> bool:
        """NACK what is missing and due. True when more is lost than that can repair: a key frame is needed."""
        hopeless = False
        for lane in self._lanes.values():
            lost = lane.reception.lost(now)
            if lost and lane.ssrc is not None:
                self.send_rtcp(negative_acknowledgement(self.ssrc, lane.ssrc, lost))
            if lane.reception.overwhelmed:
                lane.reception.overwhelmed = False
                hopeless = hopeless or lane is self._video
        return hopeless

    def ask_for_key_frame(self, *, anew: bool) -> bool:
        """Send a PLI; false while nothing is known to send it about. `anew`: with a FIR, which lets the camera send the
        group again that it has cached. Whoever had seen it would see it twice."""
        if self._video is None or self._video.ssrc is None or self.srtp is None:
            return False
        wish = picture_loss(self.ssrc, self._video.ssrc)
        if anew:
            self._requests += 1
            wish += full_intra_request(self.ssrc, self._video.ssrc, self._requests)
        self.send_rtcp(wish)
        return True

    def report(self, bitrate: int | None, now: float) -> None:
        """Receiver report, and the viewers' common bitrate in bit/s, if there is one."""
        blocks = []
        for lane in self._lanes.values():
            counted = lane.reception.report()
            if counted is None or lane.ssrc is None:
                continue
            middle, heard_at = lane.last_report
            delay = int((now - heard_at) * DLSR_UNITS) if middle else 0
            blocks.append((lane.ssrc, counted, middle, delay & 0xFFFF_FFFF))
        packet = receiver_report(self.ssrc, blocks)
        if bitrate is not None and self._video is not None and self._video.ssrc is not None:
            packet += bitrate_limit(self.ssrc, [self._video.ssrc], bitrate)
        self.send_rtcp(packet)
