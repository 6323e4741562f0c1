"""The test source's sound: a soft tick once a second, encoded beforehand as one second of Opus that repeats."""

import numpy as np
from av.audio.frame import AudioFrame

from camera_peer.sources.opus import PACKET_SAMPLES, RATE, opus_encoder

PACKETS_A_SECOND = RATE // PACKET_SAMPLES

_PITCH, _DECAY, _LOUDNESS = 880.0, 0.03, 0.12


def second_of_ticks() -> list[bytes]:
    """The fifty Opus packets of one second; the tick is in the first. They may be repeated without a click, because
    they are the middle of three equal seconds and end in silence."""
    time = np.arange(RATE) / RATE
    wave = _LOUDNESS * np.sin(2 * np.pi * _PITCH * time) * np.exp(-time / _DECAY) * np.minimum(1, time / 0.004)
    samples = np.tile((wave * 32767).astype(np.int16), 3)
    encoder = opus_encoder("mono")
    packets: list[bytes] = []
    for start in range(0, len(samples), PACKET_SAMPLES):
        frame = AudioFrame.from_ndarray(samples[None, start : start + PACKET_SAMPLES], format="s16", layout="mono")
        frame.sample_rate, frame.pts = RATE, start
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    return packets[PACKETS_A_SECOND : 2 * PACKETS_A_SECOND]
