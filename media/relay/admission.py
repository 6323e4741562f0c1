"""How many viewers the relay takes: in all, of one owner's cameras, of one camera."""

from collections import Counter


class RelayFull(Exception):
    """A limit is reached. The text says which, for people; `scope` is `node`, `owner` or `camera`."""

    def __init__(self, scope: str, sentence: str) -> None:
        super().__init__(sentence)
        self.scope = scope


class Admission:
    """Counts viewers. Everyone admitted must be released once."""

    def __init__(self, node: int, owner: int, camera: int) -> None:
        self._limits = (node, owner, camera)
        self._viewers: dict[str, tuple[str, str]] = {}
        self._owners: Counter[str] = Counter()
        self._cameras: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._viewers)

    def admit(self, viewer_id: str, owner_id: str, camera_id: str) -> None:
        """Count a viewer in. Raises `RelayFull`, or `ValueError` for an id that is in."""
        if viewer_id in self._viewers:
            raise ValueError("a viewer with this id is connected")
        node, owner, camera = self._limits
        if len(self._viewers) >= node:
            raise RelayFull("node", f"the relay carries {node} viewers, as many as it is set to; try again later")
        if self._owners[owner_id] >= owner:
            raise RelayFull("owner", f"this account has {owner} viewers over the relay, the most it may have")
        if self._cameras[camera_id] >= camera:
            raise RelayFull("camera", f"this camera has {camera} viewers over the relay, the most it may have")
        self._viewers[viewer_id] = (owner_id, camera_id)
        self._owners[owner_id] += 1
        self._cameras[camera_id] += 1

    def release(self, viewer_id: str) -> None:
        """Count a viewer out; one that is not in is ignored."""
        entry = self._viewers.pop(viewer_id, None)
        if entry is None:
            return
        for counter, key in ((self._owners, entry[0]), (self._cameras, entry[1])):
            counter[key] -= 1
            if counter[key] <= 0:
                del counter[key]
