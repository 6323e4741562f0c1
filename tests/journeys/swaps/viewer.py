"""The honest viewer of a session that is swapped, and what became of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from signaling.protocol.errors import Fault
from signaling.protocol.trust.statement import Key, Untrue
from tests.journeys.swaps.broker import Swap, Wire
from tests.patience import eventually
from tests.signaling.viewer_client import WAIT_SECONDS
from tests.signaling.viewer_client import Fault as Refused
from tests.trust_viewer import Installation, TrustViewer

CONTROL_FRAMES = 3


@dataclass(frozen=True)
class Outcome:
    """`seen_by`: who noticed, and what he said. `shown`: frames; `packets`: of media that reached viewer or thief."""

    swap: Swap
    seen_by: str
    why: str
    shown: int
    packets: int

    @property
    def detected(self) -> bool:
        return self.seen_by == self.swap.seen_by and self.shown == 0 and self.packets == 0


class Victim(TrustViewer):
    """`lies`: letters of its session that its camera has not written. `why`: what was said by who noticed."""

    def __init__(self, wire: Wire, who: Installation, key: Key) -> None:
        as_socket: Any = wire
        super().__init__(as_socket, who, "camera", key)
        self.link = wire
        self.lies = 0
        self.why = ""

    def _open(self, text: str) -> None:
        before = self.privacy
        super()._open(text)
        self.lies += self.privacy is None and before is None

    async def directly(self, harmed: Callable[[], bool]) -> str:
        """Who noticed that something was wrong, before anybody was harmed."""
        try:
            await self.watch("direct")
            await eventually(lambda: harmed() or self._refused() is not None, WAIT_SECONDS)
            refused = None if harmed() else self._refused()
        except Untrue as untrue:
            self.why = str(untrue)
            return "viewer"
        except Refused as error:
            refused = error
        self.why = str(refused or "")
        return "camera" if refused is not None and refused.code == Fault.NOT_TRUSTED else "nobody"

    async def over_the_relay(self, frames: list[bytes]) -> str:
        """`frames`: what the relay has for it, as they come out of its transport."""
        wish = {"via": "relay", "trust": self.trust()}
        self.session = (await self.link.request("connect", peer=self.camera, belvedere=wish))["session"]
        told = await self.link.about(self.session, "belvedere.envelope", "error")
        if told["method"] == "error":
            self.why = told["params"]["message"]
            return "camera" if told["params"]["code"] == Fault.NOT_TRUSTED else "nobody"
        self._open(told["params"]["envelope"])
        for frame in frames:
            self.take_frame(frame)
        return "viewer" if self.lies else "nobody"

    def _refused(self) -> Refused | None:
        """What the camera said of this session."""
        errors = [said["params"] for said in self.link.session.said if said["method"] == "error"]
        return Refused(errors[0]["code"], errors[0]["message"]) if errors else None
