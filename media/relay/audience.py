"""The viewers of one camera: those that share the live stream in groups, and those that are sent to alone.

Alone is who waits for a key frame, catches up, or watches over TCP.
"""

from media.relay.fanout import FanOut
from media.relay.rtp import Packet
from media.relay.streams import NOTHING, Batch
from media.relay.udp import UdpPath
from media.relay.viewer import Lane, ViewerLeg

GroupKey = tuple[int, int, int | None, int, int, int]
"""Socket, payload types, SRTP tag length, sequence shifts: what viewers of one group have in common."""


class Audience:
    """A viewer is in it from its first packet to its end."""

    def __init__(self) -> None:
        self._alone: dict[str, ViewerLeg] = {}
        self._groups: dict[GroupKey, FanOut] = {}
        self._members: dict[str, tuple[GroupKey, ViewerLeg]] = {}

    def __contains__(self, viewer: ViewerLeg) -> bool:
        return viewer.name in self._alone or viewer.name in self._members

    @property
    def groups(self) -> int:
        """Sets of viewers that share everything but keys."""
        return len(self._groups)

    @property
    def wants_key_frame(self) -> bool:
        """Somebody sees nothing before the next one."""
        return any(viewer.wants_key_frame for viewer in self._alone.values())

    @property
    def is_catching_up(self) -> bool:
        """Somebody has older packets to come."""
        return any(viewer.is_catching_up for viewer in self._alone.values())

    def separate(self, viewer: ViewerLeg) -> None:
        """Send to this viewer alone, until it can join a group again."""
        self.remove(viewer)
        self._alone[viewer.name] = viewer

    def remove(self, viewer: ViewerLeg) -> None:
        """Send it nothing any more."""
        self._alone.pop(viewer.name, None)
        key, _ = self._members.pop(viewer.name, (None, None))
        if key is not None:
            group = self._groups[key]
            group.remove(viewer.name)
            if not len(group):
                del self._groups[key]

    def send(self, batch: Batch, now: float) -> None:
        """Send new packets to everyone."""
        if batch.late:
            self._separate_who_squeezes(batch)
        for group in list(self._groups.values()):
            self._send_group(group, batch)
        self.serve_alone(batch, now)

    def _separate_who_squeezes(self, batch: Batch) -> None:
        """A newcomer sees what was lost while it caught up as it saw the packets around: one packet with two time
        stamps would be two texts under one nonce."""
        leaving = [viewer for _, viewer in self._members.values() if viewer.squeezes(batch.late)]
        late = {packet.number for packet in batch.late}
        new = [packet.number for packet in batch.video if packet.number not in late]
        for viewer in leaving:
            if viewer.video is not None:
                viewer.resume(min(new, default=viewer.video.store.head))
                self.separate(viewer)

    def serve_alone(self, batch: Batch = NOTHING, now: float = 0.0) -> None:
        """Send what is due to those outside the groups; who has caught up joins one."""
        for viewer in list(self._alone.values()):
            viewer.advance(batch, now)
            if viewer.is_live and isinstance(viewer.path, UdpPath):
                self._group(viewer, viewer.path)

    def _send_group(self, group: FanOut, batch: Batch) -> None:
        _, model = self._members[group.first]
        packets = dressed_for(model.video, batch.video) + dressed_for(model.audio, batch.sound)
        if packets:
            group.send(packets)

    def _group(self, viewer: ViewerLeg, path: UdpPath) -> None:
        if viewer.srtp is None or viewer.video is None:
            return
        sound = viewer.audio
        key: GroupKey = (
            path.port.number,
            viewer.video.payload_type,
            sound.payload_type if sound is not None else None,
            viewer.srtp.tag,
            viewer.video.shift,
            sound.shift if sound is not None else 0,
        )
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = FanOut(path.port, viewer.srtp.tag, self._expelled)
        group.add(viewer.name, viewer.srtp.handle, path.address)
        self._members[viewer.name] = (key, viewer)
        del self._alone[viewer.name]

    def _expelled(self, name: str) -> None:
        """The group has let it go already."""
        _, viewer = self._members[name]
        viewer.end("its packets cannot be encrypted any more")


def dressed_for(lane: Lane | None, packets: list[Packet]) -> list[bytes]:
    """The packets as viewers with this lane see them live."""
    return [] if lane is None else [lane.dress(packet.data) for packet in packets]
