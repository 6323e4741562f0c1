"""Sound of any kind to Opus: resampled to 48 kHz, one or two channels, packets of 20 ms."""

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

RATE = 48_000
PACKET_SAMPLES = 960
"""20 ms, the length every WebRTC endpoint takes (RFC 7587 §4.2)."""

BITS_PER_CHANNEL = 32_000
"""Bits per second: speech and surroundings sound clean at it (RFC 7587 §3.1.1)."""

MAX_APART = 0.1
"""Seconds that the samples' count and the source's times may differ before the count is corrected."""


def opus_encoder(layout: str) -> AudioCodecContext:
    """For frames of `PACKET_SAMPLES` samples, s16."""
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.format, encoder.layout = RATE, "s16", layout
    encoder.bit_rate = BITS_PER_CHANNEL * (2 if layout == "stereo" else 1)
    return encoder


class OpusTranscoder:
    """Frames of one stream in, Opus packets with their times out."""

    def __init__(self, channels: int) -> None:
        self._layout = "mono" if channels == 1 else "stereo"
        self._encoder = opus_encoder(self._layout)
        self._resampler = self._fresh_resampler()
        self._next: float | None = None
        self._expected = 0.0
        self._samples = 0

    def reset(self) -> None:
        """Forget what is half done: the next frame does not continue the last."""
        self._resampler = self._fresh_resampler()
        self._next = None

    def _fresh_resampler(self) -> AudioResampler:
        return AudioResampler(format="s16", layout=self._layout, rate=RATE, frame_size=PACKET_SAMPLES)

    def feed(self, frame: AudioFrame, at: float) -> list[tuple[bytes, float]]:
        """Packets that are complete now, each with its time in seconds. `at` is the frame's. Raises
        `av.FFmpegError`."""
        if self._next is None or abs(at - self._expected) > MAX_APART:
            self.reset()
            self._next = self._expected = at
        self._expected += frame.samples / frame.sample_rate
        frame.pts = None
        packets = []
        for piece in self._resampler.resample(frame):
            piece.pts, self._samples = self._samples, self._samples + piece.samples
            for packet in self._encoder.encode(piece):
                packets.append((bytes(packet), self._next))
                self._next += PACKET_SAMPLES / RATE
        return packets
