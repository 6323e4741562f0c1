"""What the watermark test rests on: each frame of a camera says its number, in both ways, and only its own."""

import av

from media.frames import EncodedFrame
from media.packetiser import cut
from tests.journeys.watermark.mark import CAMERAS, GROUP, HEIGHT, marked_clip, number_beside, number_in


def test_every_frame_carries_the_watermark_in_both_ways() -> None:
    for camera in range(0, CAMERAS, 17):
        decoder = av.CodecContext.create("h264", "r")
        pictures = []
        clip = marked_clip(camera)
        assert len(clip) == GROUP and [key for _, key in clip] == [True] + [False] * (GROUP - 1)
        for data, key in clip:
            payloads = cut(EncodedFrame("h264", data, 0, key, 0.0), 0.0).payloads
            assert [number for part in payloads if (number := number_beside(part)) is not None] == [camera]
            pictures += decoder.decode(av.Packet(data))
        pictures += decoder.decode(None)
        assert [number_in(picture.to_ndarray(format="yuv420p")[:HEIGHT]) for picture in pictures] == [camera] * GROUP
