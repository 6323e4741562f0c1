"""What one connected viewer is sent: pictures at its own pace, sound, reports, and what its RTCP asks for."""

import asyncio
import time

from camera_peer.broadcast import Broadcast
from media import rtcp
from media.answer import Answer
from media.delivery import Delivery
from media.frames import CLOCK_RATES, AudioCodec, VideoCodec
from media.liveness import QUIET_SECONDS
from media.pace import Pace, Probe
from media.packetiser import CutFrame
from media.peer import SendingPeer
from media.rtp_stream import RtpStream

PROBE_SECONDS = 0.01
"""Between two probes of the path while catching up: a few dozen in all."""
PACKET_OVERHEAD = 64
"""Bytes around a payload: RTP with its extension 20, SRTP tag 16, UDP and IPv4 28."""
WORTH_A_KEY_FRAME = 0.25
"""Seconds of catching up above which a fresh key frame, from a source that can make one, is sooner."""
REPORT_SECONDS = 1.0
"""Between sender reports; the first goes with the first picture, so that sound and picture line up at once."""
STANDING_SECONDS = 1.1 * REPORT_SECONDS
"""After a report without a picture to carry the next one: a source may be slower than that, or stand."""
FIRST_RESTART_SECONDS = 0.25
"""A viewer that lost the very first group, because its keys were not ready, is served again that soon."""
RESTART_SECONDS = 1.0
"""Least seconds between later restarts from the cached group for one viewer's picture loss."""
IN_TOUCH_SECONDS = QUIET_SECONDS + 0.4
"""A peer that was quiet has been asked a few times by then."""
KEY_FRAME_PATIENCE = 0.3
"""Seconds a source has for a key frame under a new key. One that makes any when asked needs a few pictures' time."""


Codecs = tuple[VideoCodec, AudioCodec | None]
"""What was offered. A source that changes its codecs needs new sessions; until then its frames are not sent."""


class ConnectedViewer:
    """Joins the broadcast on `start` and leaves it on `stop`. All on the event loop, nothing awaits. `relay`: it shows
    what it is sent to many, who would all see again what is sent again. `sealed`: it gets sealed frames, or none."""

    def __init__(
        self,
        peer: SendingPeer,
        answer: Answer,
        broadcast: Broadcast,
        codecs: Codecs,
        *,
        relay: bool = False,
        sealed: bool = False,
    ) -> None:
        self.estimated_bitrate: int | None = None
        """The viewer's REMB in bit/s, once it sent one."""
        self.loss = 0.0
        """Fraction of the video packets lost in the last report interval."""
        self._peer = peer
        self._relay = relay
        self._sealed = sealed
        self._codecs = codecs
        self._broadcast = broadcast
        self._video = RtpStream(peer.video, answer.video_type, answer.abs_send_time)
        self._audio: RtpStream | None = None
        if answer.audio_type is not None:
            self._audio = RtpStream(peer.audio, answer.audio_type, None)
        self._delivery = Delivery()
        self._timer: asyncio.TimerHandle | None = None
        self._tuning: asyncio.Task[None] | None = None
        self._video_report_at = self._audio_report_at = 0.0
        self._last_picture: CutFrame | None = None
        self._reporting: asyncio.TimerHandle | None = None
        self._began_at = 0.0
        self._restarts = 0
        self._rekeying: asyncio.TimerHandle | None = None

    @property
    def packets_sent(self) -> int:
        """RTP packets, sound included, retransmissions not."""
        return self._video.packets + (self._audio.packets if self._audio is not None else 0)

    @property
    def in_touch(self) -> bool:
        """See `media.lane.Viewer`."""
        heard_at = max(self._peer.dtls.heard_at, self._peer.connection.heard_at)
        return asyncio.get_running_loop().time() - heard_at < IN_TOUCH_SECONDS

    def start(self) -> None:
        """Start with the cached group of pictures, then live."""
        self._peer.dtls.on_rtcp = self.take_rtcp
        self._begin(self._broadcast.join(self, sealed=self._sealed))

    def stop(self) -> None:
        """Leave, and say goodbye to the viewer."""
        self._broadcast.leave(self)
        self._peer.dtls.on_rtcp = None
        for handle in (self._timer, self._tuning, self._reporting, self._rekeying):
            if handle is not None:
                handle.cancel()
        ssrcs = [self._video.ssrc] if self._audio is None else [self._video.ssrc, self._audio.ssrc]
        self._peer.send_rtcp(rtcp.goodbye(ssrcs))

    def deliver(self, frame: CutFrame) -> None:
        """A live frame of the broadcast."""
        if frame.codec not in self._codecs:
            return
        if frame.is_video:
            if frame.keyframe:
                self._rekeyed()
            self._delivery.push(frame)
            self._pump()
        elif self._audio is not None:
            self._send(self._audio, frame, frame.timestamp)

    def take_rtcp(self, data: bytes) -> None:
        """Act on one compound packet of the viewer; a malformed one is ignored."""
        try:
            feedback = rtcp.read_feedback(data)
        except ValueError:
            return
        now = time.monotonic()
        for stream in (self._video, self._audio):
            if stream is not None and stream.ssrc in feedback.lost:
                self._peer.send(stream.again(feedback.lost[stream.ssrc], now))
        self.estimated_bitrate = feedback.bitrate or self.estimated_bitrate
        self.loss = feedback.loss.get(self._video.ssrc, self.loss)
        if feedback.key_frame:
            self._recover(now, anew=feedback.anew or not self._relay)

    def _recover(self, now: float, *, anew: bool) -> None:
        """The viewer lost the picture: ask the source for a key frame; if `anew`, start from the group as well."""
        self._broadcast.request_keyframe()
        if not anew:
            return
        wait = RESTART_SECONDS if self._restarts else FIRST_RESTART_SECONDS
        if self._delivery.catching_up or now - self._began_at < wait:
            return
        self._restarts += 1
        self._begin(self._broadcast.group(sealed=self._sealed, again=True))

    def rekeyed(self) -> None:
        """See `media.lane.Viewer`. What is live goes on under the new key, which viewers need not notice; for those who
        come now the relay needs a key frame of it: a new one, or in the end the cached group's."""
        self._rekeyed()
        if self._delivery.catching_up or self._delivery.waiting:
            self._begin_anew()
            return
        self._broadcast.request_keyframe()
        self._rekeying = asyncio.get_running_loop().call_later(KEY_FRAME_PATIENCE, self._begin_anew)

    def _rekeyed(self) -> None:
        """There is a key frame of the present key."""
        if self._rekeying is not None:
            self._rekeying.cancel()
            self._rekeying = None

    def _begin_anew(self) -> None:
        self._rekeying = None
        self._begin(self._broadcast.group(sealed=self._sealed))

    def _begin(self, group: tuple[CutFrame, ...]) -> None:
        self._began_at = time.monotonic()
        self._delivery.start(group, self._began_at)
        self._pump()
        if not group:
            self._broadcast.request_keyframe()
        elif self._tuning is None or self._tuning.done():
            self._tuning = asyncio.get_running_loop().create_task(self._tune())

    async def _tune(self) -> None:
        """Catch up as fast as the path carries."""
        connection = self._peer.connection
        pace = Pace(self._delivery.bitrate, connection.round_trip)
        asked = False
        while self._delivery.catching_up:
            before, sent_at = self._wire_bytes(), time.monotonic()
            probe = asyncio.ensure_future(connection.probe())
            await asyncio.wait({probe}, timeout=pace.patience)
            if not probe.done():
                self._go_on(pace.overdue())
            if await probe is not None:
                self._go_on(pace.answered(Probe(before, sent_at, time.monotonic())))
            if not asked and self._delivery.remaining(time.monotonic()) > WORTH_A_KEY_FRAME:
                asked = True
                self._broadcast.request_keyframe()
            await asyncio.sleep(PROBE_SECONDS)

    def _wire_bytes(self) -> int:
        return self._video.octets + self._video.packets * PACKET_OVERHEAD

    def _go_on(self, multiple: float) -> None:
        self._delivery.retune(multiple, time.monotonic())
        self._wake()

    def _wake(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._pump()

    def _pump(self) -> None:
        for frame, timestamp in self._delivery.take(time.monotonic()):
            self._send(self._video, frame, timestamp)
        due = self._delivery.next_due()
        if due is not None and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(due - time.monotonic(), self._continue)

    def _continue(self) -> None:
        self._timer = None
        self._pump()

    def _send(self, stream: RtpStream, frame: CutFrame, timestamp: int) -> None:
        wall = time.time()
        self._peer.send(stream.build(frame, timestamp, wall))
        if stream is self._video:
            if frame.arrived_at >= self._video_report_at and timestamp == frame.timestamp:
                self._video_report_at = frame.arrived_at + REPORT_SECONDS
                self._report(stream, frame, wall)
                self._report_again_in(STANDING_SECONDS)
            elif self._last_picture is None:
                self._report_again_in(STANDING_SECONDS)
            self._last_picture = frame
        elif frame.arrived_at >= self._audio_report_at:
            self._audio_report_at = frame.arrived_at + REPORT_SECONDS
            self._report(stream, frame, wall)

    def _report_again_in(self, seconds: float) -> None:
        if self._reporting is not None:
            self._reporting.cancel()
        self._reporting = asyncio.get_running_loop().call_later(seconds, self._report_standing)

    def _report_standing(self) -> None:
        """No new picture: the viewer shall know that the line is alive."""
        if self._last_picture is not None:
            self._report(self._video, self._last_picture, time.time())
            self._report_again_in(REPORT_SECONDS)

    def _report(self, stream: RtpStream, frame: CutFrame, wall: float) -> None:
        since = time.monotonic() - frame.captured_at
        clock = stream.rtp_time(frame.timestamp + int(since * CLOCK_RATES[frame.codec]))
        self._peer.send_rtcp(
            rtcp.sender_report(stream.ssrc, self._peer.stream, wall, clock, stream.packets, stream.octets)
        )
