"""What a camera remembers: to whom it belongs, how to reach the server, and the last thing that went wrong.

One small JSON file. Nothing in it is secret: no Wi-Fi password, no one-time token; the key has its own file.
"""

from pathlib import Path

import msgspec

from camera_peer import storage
from camera_peer.owner import OwnerFacts
from camera_peer.problem import Problem
from signaling.protocol.trust.keyring import follow
from signaling.protocol.trust.statement import Untrue

STATE_FILE = "state.json"
MAX_STATE_BYTES = 256 * 1024
"""Ours has under 4 KiB, with an old keyring and many guests under 100; a larger file is damaged."""


class Pairing(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an activation won. `origin` is the server's web origin.

    `pin`: of the server's self-made key, as in the QR code (`identity.server_pin`); None where browsers can check its
    certificate. `next_pins`: of the keys that the server said will follow. `owner`: None where nobody proved to be it.
    """

    camera_id: str
    origin: str
    signaling_url: str
    name: str = ""
    pin: str | None = None
    next_pins: tuple[str, ...] = ()
    owner: OwnerFacts | None = None

    @property
    def pins(self) -> tuple[str, ...]:
        """All keys that are believed; none where it is up to ordinary validation."""
        return () if self.pin is None else (self.pin, *self.next_pins)

    def believing(self, pins: tuple[str, ...]) -> "Pairing":
        """The same pairing with these keys, of which there is at least one."""
        return msgspec.structs.replace(self, pin=pins[0], next_pins=pins[1:])

    def owned(self, owner: OwnerFacts) -> "Pairing":
        """The same pairing, and what is known of its owner now."""
        return msgspec.structs.replace(self, owner=owner)


class LastProblem(msgspec.Struct, frozen=True):
    """Reported to the server once the camera is online again (DESIGN §6.4)."""

    code: Problem
    detail: str


class CameraState(msgspec.Struct, frozen=True, omit_defaults=True):
    """The whole file."""

    version: int = 1
    pairing: Pairing | None = None
    problem: LastProblem | None = None
    former: OwnerFacts | None = None
    """What was known of the last owner who proved to be it, for he may pair this camera again."""
    serial: int = 0
    """Counts the pairings won, so that one which repeats the last one's facts is seen to be new."""


class DamagedState(Exception):
    """The state file cannot be read; the text says what to do."""


def load(directory: Path) -> CameraState:
    """What is remembered in `directory`; an empty state where there is nothing. Raises `DamagedState`, OSError."""
    path = directory / STATE_FILE
    try:
        with path.open("rb") as file:
            data = file.read(MAX_STATE_BYTES + 1)
    except FileNotFoundError:
        return CameraState()
    try:
        if len(data) > MAX_STATE_BYTES:
            raise DamagedState(_damaged(path))
        state = msgspec.json.decode(data, type=CameraState)
        for owner in (state.pairing.owner if state.pairing is not None else None, state.former):
            if owner is not None:
                follow(owner.keyring)
    except (msgspec.DecodeError, UnicodeDecodeError, Untrue):
        raise DamagedState(_damaged(path)) from None
    if state.version != 1:
        raise DamagedState(f"the state file {path} was written by a newer version of Belvedere; update this camera")
    return state


def save(directory: Path, state: CameraState) -> None:
    """Replace the state, durably. Raises OSError."""
    storage.make_private_directory(directory)
    storage.write_atomically(directory / STATE_FILE, msgspec.json.format(msgspec.json.encode(state)))


def _damaged(path: Path) -> str:
    return f"the state file {path} is damaged; {storage.reset_advice(path.parent)}"
