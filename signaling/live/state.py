"""The interface of the live state, and the values that cross it.

Two back ends keep the same promises: `memory` for one process, `redis` for several. What must survive anything
is in the store; whatever is lost here is made again by the parties themselves within `PRESENCE_SECONDS`.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

PRESENCE_SECONDS = 30.0
"""A presence that nobody refreshes ends after this: three missed heartbeats (`messages.HEARTBEAT_SECONDS`)."""


class LiveUnavailable(Exception):
    """The live state cannot answer now; the caller may try again in a second."""


@dataclass(frozen=True, slots=True)
class Presence:
    """Which socket on which node speaks for a camera. The highest `epoch` is the truth (a fencing token)."""

    camera_id: str
    epoch: int
    socket_id: str
    node_id: str


EventKind = Literal[
    "camera", "camera_removed", "camera_revoked", "camera_given", "login_ended", "ways", "grant", "orders", "lost"
]


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """Something that other parts of the server, on any node, must hear about within a second.

    `camera`: it changed, `subject` is its id. `camera_removed`: it is gone. `camera_revoked`: its key is no
    longer valid, its sockets must close. `camera_given`: it left the account for another one; it stays connected, what
    is watched of it must end. `login_ended`: `subject` is the login's id, its sockets and streams must close. `ways`:
    `subject` is an account whose video may now go other ways than before. `grant`: what `account_id`, a guest, may do
    with the camera `subject` has changed. `orders`: the owner of the camera `subject` has said something new to it
    (`signaling.trust_store`). `lost`: the subscriber missed events (queue full, Redis gone for a while) and
    must look at everything anew.
    `account_id` owns the subject, but for `grant`.
    """

    kind: EventKind
    subject: str = ""
    account_id: str = ""


class Subscription(Protocol):
    """Events from the moment of `subscribe` on, in order; bounded, see `lost`."""

    async def next(self) -> LiveEvent:
        """Wait for the next event."""

    def close(self) -> None:
        """No more events; idempotent."""


class LiveState(Protocol):
    """All methods may raise `LiveUnavailable`, except `subscribe` and `aclose`."""

    async def start(self) -> None:
        """Begin to listen for events of other nodes."""

    async def aclose(self) -> None:
        """Let go of connections and tasks."""

    async def ping(self) -> None:
        """Whether it answers now."""

    async def claim_presence(self, camera_id: str, socket_id: str, node_id: str) -> int:
        """Make this socket the camera's; the new epoch is larger than every earlier one."""

    async def refresh_presence(self, presence: Presence) -> bool:
        """Keep it for another `PRESENCE_SECONDS`; restores one that was lost. False where a newer socket has won."""

    async def release_presence(self, camera_id: str, epoch: int) -> bool:
        """End it, only if `epoch` is still the newest."""

    async def presence(self, camera_id: str) -> Presence | None:
        """The camera's socket now."""

    async def online(self, camera_ids: list[str]) -> set[str]:
        """Those of the cameras that have a presence."""

    async def use_once(self, key: str, seconds: float) -> bool:
        """True for the first caller with this key within `seconds`, False for all others."""

    async def put(self, key: str, value: str, seconds: float) -> None:
        """Keep a value for `take`."""

    async def take(self, key: str) -> str | None:
        """The value, for one caller only; None when it was taken, never put, or is too old."""

    async def hit(self, rule: str, key: str) -> float:
        """Count one use under a rule of `signaling.rates`. 0.0 when allowed, else seconds to wait."""

    async def forgive(self, rule: str, key: str) -> None:
        """Forget what was counted."""

    async def publish(self, event: LiveEvent) -> None:
        """Tell every subscriber on every node."""

    def subscribe(self) -> Subscription:
        """Hear events from now on."""
