"""Who there is in the watermark test: cameras with their keys, and viewers with their logins and what they may see."""

from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from camera_peer.state import Pairing
from signaling.protocol.messages import SOCKET_PATH


class CameraPlan(msgspec.Struct, frozen=True):
    """`number`: what its pictures say. `key`: the raw private key in hex."""

    id: str
    number: int
    key: str

    @property
    def private_key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(self.key))

    def pairing(self, origin: str) -> Pairing:
        return Pairing(self.id, origin, origin.replace("http", "ws", 1) + SOCKET_PATH)


class ViewerPlan(msgspec.Struct, frozen=True):
    """`token`: of a login of its own. `cameras`: the numbers by the ids of those that it may watch."""

    email: str
    token: str
    cameras: dict[str, int]


class Plan(msgspec.Struct, frozen=True):
    """`origin`: of the server."""

    origin: str
    cameras: list[CameraPlan]
    viewers: list[ViewerPlan]

    @property
    def signaling_url(self) -> str:
        return self.origin + SOCKET_PATH


def read_plan(path: Path) -> Plan:
    return msgspec.json.decode(path.read_bytes(), type=Plan)


def write_plan(plan: Plan, path: Path) -> None:
    path.write_bytes(msgspec.json.encode(plan))
