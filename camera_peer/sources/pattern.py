"""The test source: a painted scene with the time in it, a tick once a second, encoded like any camera's picture."""

import threading
import time
from collections.abc import Callable

from av.video.frame import VideoFrame

from camera_peer.encoder import KeyframeGate
from camera_peer.sources.encoding import EncodingThread, Picture, Wish
from camera_peer.sources.handover import Outlet, run_in_thread
from camera_peer.sources.opus import RATE
from camera_peer.sources.scene import Scene
from camera_peer.sources.spec import PatternSpec, bitrate_within
from camera_peer.sources.tick import PACKETS_A_SECOND, second_of_ticks
from media.frames import CLOCK_RATES, AudioCodec, EncodedFrame, FrameSink, VideoCodec

IDLE_LOOK = 0.25
"""Seconds between two looks whether the source is to stop while nobody watches. Demand wakes it at once."""

MAX_LATE = 0.5
"""Seconds behind its timetable after which the pattern starts a new one instead of catching up."""


class PatternSource:
    """Implements `media.frames.Source`. `wall` gives Unix time in seconds, for the clock in the picture."""

    def __init__(
        self, spec: PatternSpec, codec: VideoCodec, audio: bool, bitrate: int, wall: Callable[[], float] = time.time
    ) -> None:
        self.video_codec: VideoCodec = codec
        self.audio_codec: AudioCodec | None = "opus" if audio and spec.audio else None
        self._spec, self._wall = spec, wall
        self._wish = Wish(codec, bitrate_within(spec.bitrate or bitrate), spec.gop)
        self._gate = KeyframeGate()
        self._wanted = threading.Event()
        self._count = 0
        if spec.always_on:
            self._wanted.set()

    async def run(self, sink: FrameSink) -> None:
        await run_in_thread(self._work, sink, "pattern")

    def demand(self, wanted: bool) -> None:
        if self._spec.always_on:
            return
        if wanted:
            self._wanted.set()
        else:
            self._wanted.clear()

    def request_keyframe(self) -> None:
        if not self._spec.always_on:
            self._gate.request()

    def _work(self, outlet: Outlet) -> None:
        scene = Scene(self._spec.width, self._spec.height, busy=self._spec.busy, stamped=self._spec.stamped)
        ticks = second_of_ticks() if self.audio_codec else []
        with EncodingThread(outlet, self._wish, self._spec.fps, self._gate) as encoder:
            while not outlet.stopped:
                if self._wanted.wait(IDLE_LOOK):
                    self._gate.force()
                    self._play(outlet, encoder, scene, ticks)
                    encoder.clear()

    def _play(self, outlet: Outlet, encoder: EncodingThread, scene: Scene, ticks: list[bytes]) -> None:
        """Paint and tick on time until nobody watches."""
        picture_due = sound_due = time.monotonic()
        while self._wanted.is_set():
            due = min(picture_due, sound_due) if ticks else picture_due
            now = time.monotonic()
            if outlet.pause(due - now):
                return
            if now - due > MAX_LATE:
                picture_due = sound_due = now
            elif due == picture_due:
                encoder.submit(self._paint(scene, due))
                picture_due += 1 / self._spec.fps
            else:
                outlet.send(self._tick(ticks, due))
                sound_due += 1 / PACKETS_A_SECOND

    def _paint(self, scene: Scene, due: float) -> Picture:
        self._count += 1
        now = time.monotonic()
        pixels = scene.paint(self._wall(), self._count)
        frame = VideoFrame.from_ndarray(pixels, format="yuv420p")
        return Picture(frame, round(due * CLOCK_RATES["h264"]), now)

    def _tick(self, ticks: list[bytes], due: float) -> EncodedFrame:
        """The packet that belongs to this moment of the wall clock's second, so that sound and picture agree."""
        packet = ticks[int(self._wall() * PACKETS_A_SECOND) % PACKETS_A_SECOND]
        return EncodedFrame("opus", packet, round(due * RATE), keyframe=True, captured_at=time.monotonic())
