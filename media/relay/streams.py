"""What one camera's viewers share: the output streams and their stored packets."""

from dataclasses import dataclass

from media.frames import AudioCodec, VideoCodec
from media.offer import ABS_SEND_TIME_ID, AUDIO, VIDEO_PAYLOAD_TYPES, VP8_PAYLOAD_TYPE, Media
from media.relay.evening import evened
from media.relay.output import OutputStream
from media.relay.publisher import OUTPUT_IDS
from media.relay.publisher_sdp import PublisherOffer
from media.relay.rtp import Packet
from media.relay.store import PacketStore
from media.rtp_stream import StreamState

Pending = list[tuple[OutputStream, Packet]]


@dataclass(frozen=True, slots=True)
class Batch:
    """Packets in the order to send them. `late` are those of `video` that were lost upstream and came in the end."""

    video: list[Packet]
    late: list[Packet]
    sound: list[Packet]


NOTHING = Batch([], [], [])


class Streams:
    """Made for a camera's codecs. Another upload of it goes on in them; other codecs need new ones. `name`: their CNAME
    and stream id."""

    def __init__(self, name: str, offer: PublisherOffer, video: StreamState, audio: StreamState) -> None:
        video_type = VP8_PAYLOAD_TYPE if offer.video == "vp8" else VIDEO_PAYLOAD_TYPES[0]
        self.name = name
        self.profiles = offer.profiles
        self.video = OutputStream(video, offer.video, video_type, ABS_SEND_TIME_ID)
        self.audio: OutputStream | None = None
        if offer.audio is not None:
            self.audio = OutputStream(audio, offer.audio, AUDIO[offer.audio][0], None)
        self.codecs: tuple[VideoCodec, AudioCodec | None] = (offer.video, offer.audio)
        self.pictures, self.sound = PacketStore(), PacketStore()

    def media(self) -> Media:
        """What an offer to a viewer announces."""
        audio_ssrc = self.audio.ssrc if self.audio is not None else 0
        extensions = tuple((number, uri) for uri, number in OUTPUT_IDS.items())
        video, audio = self.codecs
        return Media(video, self.profiles, self.video.ssrc, audio, audio_ssrc, self.name, extensions, data=False)

    def keep(self, pending: Pending) -> Batch:
        """Make packets equally long where that is worth it, store them, and sort them for sending."""
        batch = Batch([], [], [])
        sizes = evened([packet.data for _, packet in pending])
        for (output, rewritten), data in zip(pending, sizes, strict=True):
            packet = rewritten
            if data is not packet.data:
                packet = Packet(packet.number, packet.time, data, packet.arrived_at, packet.starts_key)
            if output is self.video:
                if packet.number < self.pictures.head:
                    batch.late.append(packet)
                self.pictures.add(packet)
                batch.video.append(packet)
            elif output is self.audio:
                self.sound.add(packet)
                batch.sound.append(packet)
        return batch
