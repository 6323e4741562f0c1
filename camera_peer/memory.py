"""What a running camera remembers, shared with `belvedere-camera pair` and `reset` beside it.

Key and pairing belong together: whoever wins a pairing writes both, whoever finds one of them changed takes both anew.
Everything that reads and then writes does so alone (`storage.alone`) and starts from what is on the disk, so that a
note of one process never undoes the pairing of another.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec

from camera_peer import identity, label, state, storage
from camera_peer.identity import Identity
from camera_peer.label import Label
from camera_peer.owner import OwnerFacts, again
from camera_peer.state import CameraState, LastProblem, Pairing

Stamps = tuple[storage.Stamp | None, ...]


class Memory:
    """`identity`, `pairing` and `problem` are as this process last took or wrote them. Making it reads them, and makes
    the key if there is none. Every method may raise `DamagedKey`, `DamagedState` or OSError."""

    def __init__(self, directory: Path, random_bytes: Callable[[int], bytes]) -> None:
        self.directory = directory
        self._random_bytes = random_bytes
        self.reload()

    def reload(self) -> None:
        """Take what is on the disk; a key that is missing, as after a reset, is made there."""
        with storage.alone(self.directory):
            self.identity: Identity = identity.load_or_make(self.directory, self._random_bytes)
            self._state = state.load(self.directory)
            self._seen = self._stamps()

    @property
    def pairing(self) -> Pairing | None:
        return self._state.pairing

    @property
    def owner(self) -> OwnerFacts | None:
        """What is known of the last owner who proved to be it, also after the pairing was forgotten."""
        return _former(self._state)

    @property
    def problem(self) -> LastProblem | None:
        return self._state.problem

    def label(self) -> Label:
        """What is printed on this camera; made if there is none. Raises `DamagedLabel` or OSError."""
        with storage.alone(self.directory):
            return label.load_or_make(self.directory, self._random_bytes)

    def changed(self) -> bool:
        """Whether another process paired or reset this camera. A problem that it noted is no change."""
        if self._stamps() == self._seen:
            return False
        with storage.alone(self.directory):
            return self._differs()

    def win(self, pairing: Pairing, *, unless_changed: bool) -> bool:
        """Keep a pairing that was won with `identity`. False, and nothing is kept, if it must not displace what another
        process did meanwhile."""
        with storage.alone(self.directory):
            if unless_changed and self._differs():
                return False
            kept = state.load(self.directory)
            identity.save(self.directory, self.identity)
            former = _former(kept)
            if pairing.owner is not None:
                pairing = pairing.owned(again(pairing.owner, former))
                former = None
            self._save(CameraState(pairing=pairing, problem=kept.problem, former=former, serial=kept.serial + 1))
            return True

    def learn(self, pins: tuple[str, ...]) -> None:
        """Believe these keys of the server from now on. Nothing is written where they are known, or where another
        process has changed the pairing."""
        if self.pairing is not None and self.pairing.pins != pins:
            self._amend(self.pairing.believing(pins))

    def own(self, owner: OwnerFacts) -> None:
        """Know this of the owner from now on; otherwise as `learn`."""
        if self.pairing is not None and self.pairing.owner != owner:
            self._amend(self.pairing.owned(owner))

    def note(self, problem: LastProblem | None) -> None:
        """Keep the last problem beside whatever pairing is on the disk; remembered also where it cannot be kept."""
        self._state = msgspec.structs.replace(self._state, problem=problem)
        with storage.alone(self.directory):
            kept = state.load(self.directory)
            if kept.problem != problem:
                state.save(self.directory, msgspec.structs.replace(kept, problem=problem))

    def forget(self, problem: LastProblem) -> bool:
        """Give the pairing up. False, and nothing is forgotten, if another process has put a new one in its place."""
        with storage.alone(self.directory):
            if self._differs():
                return False
            self._save(CameraState(problem=problem, former=_former(self._state), serial=self._state.serial))
            return True

    def _amend(self, pairing: Pairing) -> None:
        with storage.alone(self.directory):
            if not self._differs():
                self._save(msgspec.structs.replace(state.load(self.directory), pairing=pairing))

    def _save(self, wanted: CameraState) -> None:
        state.save(self.directory, wanted)
        self._state, self._seen = wanted, self._stamps()

    def _differs(self) -> bool:
        stamps, kept, owner = self._stamps(), state.load(self.directory), identity.load(self.directory)
        same = (kept.pairing, kept.serial) == (self._state.pairing, self._state.serial)
        if not same or owner is None or owner.public_key != self.identity.public_key:
            return True
        self._seen = stamps
        return False

    def _stamps(self) -> Stamps:
        return tuple(storage.stamp(self.directory / name) for name in (state.STATE_FILE, identity.KEY_FILE))


def _former(kept: CameraState) -> OwnerFacts | None:
    """The last owner who proved to be it."""
    known = kept.pairing.owner if kept.pairing is not None else None
    return known or kept.former


def reset(directory: Path) -> bool:
    """Factory reset: forget the pairing and the key. True if there was anything to forget. Raises OSError."""
    if not directory.is_dir():
        return False
    with storage.alone(directory):
        found = [path for path in (directory / state.STATE_FILE, directory / identity.KEY_FILE) if path.exists()]
        for path in found:
            storage.remove(path)
    return bool(found)
