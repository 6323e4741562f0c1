"""What handlers work with, put together once by the composition root."""

from collections.abc import Callable
from dataclasses import dataclass

from signaling.accounts import Accounts
from signaling.activation import Activation
from signaling.camera_events import CameraEvents
from signaling.cameras import Cameras
from signaling.gate import Gate
from signaling.live.state import LiveState
from signaling.metrics import Metrics
from signaling.protocol.messages import SOCKET_PATH
from signaling.settings import Settings
from signaling.store.database import Store


@dataclass(frozen=True, slots=True)
class Services:
    """`origin`: where we are reached. `pin`: of our key, where it is self-made. `clock`: seconds since the epoch.
    `new_id`, `new_token`: fresh random text of 96 and 128 bits."""

    settings: Settings
    origin: str
    pin: str | None
    version: str
    store: Store
    live: LiveState
    accounts: Accounts
    cameras: Cameras
    activation: Activation
    gate: Gate
    events: CameraEvents
    metrics: Metrics
    ticket_key: bytes
    relay_secret: bytes
    clock: Callable[[], float]
    new_id: Callable[[], str]
    new_token: Callable[[], str]

    @property
    def signaling_url(self) -> str:
        """The origin with ws for http."""
        return "ws" + self.origin.removeprefix("http") + SOCKET_PATH
