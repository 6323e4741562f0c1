"""Video that passes as it is: H.264 and VP8."""

import time

from av.bitstream import BitStreamFilterContext
from av.stream import Stream

from camera_peer.sources.handover import Outlet
from camera_peer.sources.input import AnyPacket
from camera_peer.sources.lane import CannotPass, Clock, Stamps
from camera_peer.sources.parameter_sets import ParameterSets, has_b_slice, kind
from camera_peer.sources.timeline import Timeline
from media.frames import CLOCK_RATES, EncodedFrame
from media.h264 import NAL_IDR, split

KEYFRAME_WITHIN = 12.0
"""Seconds to wait for a picture that a viewer can start from; cameras send one every 1 to 10 s."""


class H264Lane:
    """Passes H.264: Annex B, one access unit a frame, SPS and PPS in front of every IDR picture."""

    def __init__(self, stream: Stream, timeline: Timeline, outlet: Outlet, clock: Clock = time.monotonic) -> None:
        extradata = stream.codec_context.extradata or b""
        # avcC (ISO 14496-15 §5.3.3) begins with version 1, Annex B with a zero.
        avcc = extradata[:1] == b"\x01"
        self._filter = BitStreamFilterContext("h264_mp4toannexb", stream) if avcc else None
        self._sets = ParameterSets(b"" if avcc else extradata)
        self._stamps = Stamps(timeline, CLOCK_RATES["h264"])
        self._outlet, self._clock = outlet, clock
        self._since: float | None = None
        self.started = False

    def feed(self, packet: AnyPacket, at: float) -> None:
        if packet.size == 0:
            return
        for part in self._filter.filter(packet) if self._filter else [packet]:
            self._pass(bytes(part), at)

    def _pass(self, data: bytes, at: float) -> None:
        now = self._clock()
        units = split(data)
        if has_b_slice(units):
            raise CannotPass("the source has B-frames, which WebRTC cannot carry")
        key = any(kind(nal) == NAL_IDR for nal in units)
        complete = self._sets.complete(data, units)
        self.started = self.started or (key and complete is not None)
        if self.started and complete is not None and units:
            self._outlet.send(EncodedFrame("h264", complete, self._stamps.next(at, now), key, now))
            return
        self._since = now if self._since is None else self._since
        if now - self._since > KEYFRAME_WITHIN:
            raise CannotPass("the source sends no IDR picture with its parameter sets")


class Vp8Lane:
    """Passes VP8."""

    def __init__(self, timeline: Timeline, outlet: Outlet, clock: Clock = time.monotonic) -> None:
        self._stamps = Stamps(timeline, CLOCK_RATES["vp8"])
        self._outlet, self._clock = outlet, clock
        self.started = False

    def feed(self, packet: AnyPacket, at: float) -> None:
        data, now = bytes(packet), self._clock()
        if data:
            key = not data[0] & 1  # RFC 6386 §9.1
            self.started = self.started or key
        if data and self.started:
            self._outlet.send(EncodedFrame("vp8", data, self._stamps.next(at, now), key, now))
