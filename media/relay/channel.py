"""One camera's place in the relay: its upload, its output streams, its viewers. On the event loop, nothing awaits."""

import asyncio
import secrets
from collections.abc import Callable

from media.answer import Answer
from media.frames import AudioCodec, VideoCodec
from media.offer import ABS_SEND_TIME_ID, AUDIO, VIDEO_PAYLOAD_TYPES, VP8_PAYLOAD_TYPE, Media
from media.peer import fresh_stream
from media.relay.evening import evened
from media.relay.fanout import MAX_PLAIN, FanOut
from media.relay.feedback import common_bitrate
from media.relay.output import OutputStream
from media.relay.publisher import OUTPUT_IDS, PublisherLeg
from media.relay.publisher_sdp import PublisherOffer
from media.relay.rtp import Packet
from media.relay.store import PacketStore
from media.relay.udp import UdpPath
from media.relay.viewer import Lane, ViewerLeg

TICK = 0.005
"""Seconds that a packet may wait for others to be sent with."""
MAX_PENDING = 64
"""Packets waiting for the end of their frame; more are sent at once."""
KEY_FRAME_INTERVAL = 0.5
"""Least seconds between two key frame requests to the camera, whoever asks: a key frame costs five times a picture."""
WORTH_A_KEY_FRAME = 0.25
"""Seconds of catching up above which a fresh key frame, from a camera that can make one, is sooner."""
REPORT_SECONDS = 1.0

GroupKey = tuple[int, int, int | None, int, int, int]
"""Socket, payload types, SRTP tag length, sequence shifts: what viewers of one fan-out have in common."""


class Channel:
    """Outlives its uploads: viewers stay while the camera connects anew."""

    def __init__(self, camera_id: str, clock: Callable[[], float], wall: Callable[[], float]) -> None:
        self.camera_id = camera_id
        self.viewers: dict[str, ViewerLeg] = {}
        self.publisher: PublisherLeg | None = None
        self.offered = asyncio.Event()
        """The camera's codecs are known."""
        self.empty_since: float | None = None
        self.stream = secrets.token_hex(8)
        self._clock, self._wall = clock, wall
        self._format: tuple[VideoCodec, tuple[str, ...], AudioCodec | None] | None = None
        self._video: OutputStream | None = None
        self._audio: OutputStream | None = None
        self._video_store, self._audio_store = PacketStore(), PacketStore()
        self._pending: list[tuple[OutputStream, Packet]] = []
        self._alone: dict[str, ViewerLeg] = {}
        self._groups: dict[GroupKey, FanOut] = {}
        self._keys: dict[str, GroupKey] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._asked_at = float("-inf")
        self._reported_at = float("-inf")

    # --- the camera's side

    def publish(self, leg: PublisherLeg, offer: PublisherOffer) -> list[ViewerLeg]:
        """A new upload. Returns the viewers that cannot go on with it: the codecs are others than before."""
        told = (offer.video, offer.profiles, offer.audio)
        stranded: list[ViewerLeg] = []
        if self._format is None or (self._format[0], self._format[2]) != (offer.video, offer.audio):
            stranded = list(self.viewers.values())
            self._begin(offer)
        self._format = told
        assert self._video is not None
        self._video_store.forget_group()
        leg.feed(offer, self._video, self._audio, self.take)
        self.publisher = leg
        self.offered.set()
        return stranded

    def take(self, output: OutputStream, packet: Packet, ends_frame: bool) -> None:
        """A packet of the camera, rewritten."""
        if len(packet.data) > MAX_PLAIN:
            return
        self._pending.append((output, packet))
        if len(self._pending) >= MAX_PENDING or (ends_frame and output is self._video):
            self.flush()
        else:
            self._wake()

    def flush(self) -> None:
        """Send what is pending to everyone."""
        now = self._clock()
        if self._pending:
            self._fan_out(now)
        elif self._alone:
            self._serve_alone([], [], now)
        if self.publisher is not None and self.publisher.missing and self.publisher.ask_again(now):
            self.want_key_frame()

    def want_key_frame(self) -> None:
        """Pass on a wish for a key frame; wishes of several viewers become one."""
        now = self._clock()
        if self.publisher is not None and now - self._asked_at >= KEY_FRAME_INTERVAL:
            if self.publisher.ask_for_key_frame():
                self._asked_at = now

    # --- the viewers' side

    def media(self) -> Media:
        """What an offer to a viewer announces."""
        assert self._format is not None and self._video is not None
        video, profiles, audio = self._format
        audio_ssrc = self._audio.ssrc if self._audio is not None else 0
        extensions = tuple((number, uri) for uri, number in OUTPUT_IDS.items())
        return Media(video, profiles, self._video.ssrc, audio, audio_ssrc, self.stream, extensions, data=False)

    @property
    def codecs(self) -> tuple[VideoCodec, AudioCodec | None]:
        """What the camera sends."""
        assert self._format is not None
        return self._format[0], self._format[2]

    def join(self, viewer: ViewerLeg, answer: Answer) -> None:
        """A viewer agreed; it is sent to once it is connected."""
        assert self._video is not None
        audio = None
        if self._audio is not None and answer.audio_type is not None:
            audio = Lane(self._audio, self._audio_store, answer.audio_type)
        viewer.tune(answer, Lane(self._video, self._video_store, answer.video_type), audio)
        viewer.room = self

    def leave(self, viewer: ViewerLeg) -> None:
        """A viewer is gone."""
        self._ungroup(viewer)
        self._alone.pop(viewer.name, None)
        self.viewers.pop(viewer.name, None)

    def viewer_ready(self, viewer: ViewerLeg) -> None:
        """Its keys are there: begin."""
        now = self._clock()
        self._alone[viewer.name] = viewer
        viewer.start(now)
        viewer.report(self.stream, now)
        self._serve_alone([], [], now)
        if viewer.is_waiting or viewer.remaining(now) > WORTH_A_KEY_FRAME:
            self.want_key_frame()

    def viewer_moved(self, viewer: ViewerLeg) -> None:
        """Its way is another one."""
        if viewer.fan_out is not None:
            self._ungroup(viewer)
            self._alone[viewer.name] = viewer

    def viewer_lost_picture(self, viewer: ViewerLeg) -> None:
        """It asked for a key frame."""
        self.want_key_frame()
        if viewer.rewind(self._clock()):
            self._ungroup(viewer)
            self._alone[viewer.name] = viewer
            self._wake()

    def housekeep(self, now: float) -> None:
        """A few times a second: reports both ways, and key frames that somebody still waits for."""
        if any(viewer.is_waiting for viewer in self._alone.values()):
            self.want_key_frame()
        if now - self._reported_at < REPORT_SECONDS:
            return
        self._reported_at = now
        for viewer in self.viewers.values():
            viewer.report(self.stream, now)
        if self.publisher is not None:
            wishes = [viewer.bitrate for viewer in self.viewers.values() if viewer.bitrate is not None]
            self.publisher.report(common_bitrate(wishes), now)

    def stop(self) -> None:
        """No timer may remain."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # --- inside

    def _begin(self, offer: PublisherOffer) -> None:
        """New output streams, in new places: their numbers are nobody's yet."""
        video_type = VP8_PAYLOAD_TYPE if offer.video == "vp8" else VIDEO_PAYLOAD_TYPES[0]
        self._video = OutputStream(fresh_stream(), offer.video, video_type, ABS_SEND_TIME_ID)
        self._audio = None
        if offer.audio is not None:
            self._audio = OutputStream(fresh_stream(), offer.audio, AUDIO[offer.audio][0], None)
        self._video_store, self._audio_store = PacketStore(), PacketStore()

    def _fan_out(self, now: float) -> None:
        pending, self._pending = self._pending, []
        data = evened([packet.data for _, packet in pending])
        video, late, sound = [], [], []
        for (output, packet), final in zip(pending, data, strict=True):
            if final is not packet.data:
                packet = Packet(packet.number, packet.time, final, packet.arrived_at, packet.starts_key)
            if output is self._video:
                if packet.number < self._video_store.head:
                    late.append(packet)
                self._video_store.add(packet)
                video.append(packet)
            elif output is self._audio:
                self._audio_store.add(packet)
                sound.append(packet)
        for key, group in self._groups.items():
            self._send_group(key, group, video, sound)
        if self._alone:
            self._serve_alone(late, sound, now)

    def _send_group(self, key: GroupKey, group: FanOut, video: list[Packet], sound: list[Packet]) -> None:
        if not len(group):
            return
        first = self.viewers[group.first]
        assert first.video is not None
        packets = [first.video.dress(packet.data) for packet in video]
        if first.audio is not None:
            packets += [first.audio.dress(packet.data) for packet in sound]
        group.send(packets)

    def _serve_alone(self, late: list[Packet], sound: list[Packet], now: float) -> None:
        for viewer in list(self._alone.values()):
            viewer.advance(late, sound, now)
            if viewer.is_live and isinstance(viewer.path, UdpPath):
                self._group(viewer, viewer.path)
        if any(not viewer.is_live and not viewer.is_waiting for viewer in self._alone.values()):
            self._wake()

    def _group(self, viewer: ViewerLeg, path: UdpPath) -> None:
        assert viewer.srtp is not None and viewer.video is not None
        sound = viewer.audio
        key = (
            path.port.number,
            viewer.video.payload_type,
            sound.payload_type if sound is not None else None,
            viewer.srtp.tag,
            viewer.video.shift,
            sound.shift if sound is not None else 0,
        )
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = FanOut(path.port.socket, viewer.srtp.tag, self._expelled)
        group.add(viewer.name, viewer.srtp.handle, path.port.name_of(path.address))
        viewer.fan_out = group
        self._keys[viewer.name] = key
        del self._alone[viewer.name]

    def _ungroup(self, viewer: ViewerLeg) -> None:
        key = self._keys.pop(viewer.name, None)
        if viewer.fan_out is None or key is None:
            return
        viewer.fan_out.remove(viewer.name)
        if not len(viewer.fan_out):
            self._groups.pop(key, None)
        viewer.fan_out = None

    def _expelled(self, name: str) -> None:
        viewer = self.viewers.get(name)
        if viewer is not None:
            viewer.end("its packets cannot be encrypted any more")

    def _wake(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(TICK, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self.flush()
        if self.publisher is not None and self.publisher.missing:
            self._wake()


