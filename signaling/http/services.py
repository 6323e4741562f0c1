"""What handlers work with, put together once by the composition root."""

from collections.abc import Callable
from dataclasses import dataclass

from signaling.accounts import Accounts
from signaling.activation import Activation
from signaling.alarms import Alarms
from signaling.camera_events import CameraEvents
from signaling.cameras import Cameras
from signaling.devices import Devices
from signaling.factors import Factors
from signaling.gate import Gate
from signaling.grants import Grants
from signaling.installations import Installations
from signaling.keyrings import Keyrings
from signaling.live.state import LiveState
from signaling.metrics import Metrics
from signaling.protocol.messages import SOCKET_PATH
from signaling.resets import Resets
from signaling.settings import Settings
from signaling.sign_in import SignIn
from signaling.store.database import Store
from signaling.transfers import Transfers
from signaling.trust import Trust
from signaling.trust_store import TrustStore
from signaling.watch_log import WatchLog


@dataclass(frozen=True, slots=True)
class Services:
    """`origin`: where we are reached. `pins`: of our key and the next one, where they are self-made, else empty.
    `clock`: seconds since the epoch. `new_id`, `new_token`: fresh random text of 96 and 128 bits."""

    settings: Settings
    origin: str
    pins: tuple[str, ...]
    version: str
    store: Store
    live: LiveState
    accounts: Accounts
    sign_in: SignIn
    factors: Factors
    cameras: Cameras
    grants: Grants
    transfers: Transfers
    activation: Activation
    keyrings: Keyrings
    installations: Installations
    trust: Trust
    trust_store: TrustStore
    alarms: Alarms
    gate: Gate
    events: CameraEvents
    watch_log: WatchLog
    devices: Devices
    resets: Resets
    metrics: Metrics
    ticket_key: bytes
    relay_secret: bytes
    clock: Callable[[], float]
    new_id: Callable[[], str]
    new_token: Callable[[], str]

    @property
    def pin(self) -> str | None:
        """Of our self-made key; None where every browser can check it."""
        return self.pins[0] if self.pins else None

    @property
    def signaling_url(self) -> str:
        """The origin with ws for http."""
        return "ws" + self.origin.removeprefix("http") + SOCKET_PATH
