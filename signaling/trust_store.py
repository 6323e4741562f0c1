"""What the broker passes on between a camera and its owner: the owner's keyring and orders, the camera's receipt."""

from dataclasses import dataclass

from signaling.live.state import LiveEvent, LiveState
from signaling.protocol.trust.receipt import read_receipt
from signaling.protocol.trust.statement import Untrue
from signaling.store import cameras as rows
from signaling.store import trust as words
from signaling.store.database import Store


@dataclass(frozen=True, slots=True)
class OwnerWord:
    """For `belvedere.orders`. `keyring`: statements, the first one first; empty where the owner has none any more."""

    keyring: tuple[str, ...]
    orders: str | None


class TrustStore:
    """Nothing here raises for a camera that is unknown: it may have been removed a moment ago."""

    def __init__(self, store: Store, live: LiveState) -> None:
        self._store = store
        self._live = live

    async def word_for(self, camera_id: str) -> OwnerWord | None:
        """What its owner says; None for a camera that has sent no pairing proof, and would not understand.

        To be asked when a camera registers, and at a live event `orders` whose subject it is.
        """
        async with self._store.read() as connection:
            trust = await words.trust_of(connection, camera_id)
            camera = await rows.camera_by_id(connection, camera_id) if trust and trust.pairing_proof else None
            if trust is None or camera is None or camera.public_key != trust.camera_key:
                return None
            return OwnerWord(tuple(await words.ring_of(connection, camera.account_id)), trust.orders)

    async def keep_receipt(self, camera_id: str, text: str) -> bool:
        """The last one is kept, and pages that show the camera look again. False where this camera did not say it."""
        async with self._store.write() as connection:
            camera = await rows.camera_to_change(connection, camera_id)
            trust = await words.trust_of(connection, camera_id)
            if camera is None or trust is None or not _is_by(text, trust.camera_key):
                return False
            if trust.receipt == text:
                return True
            await words.update_trust(connection, camera_id, receipt=text)
        await self._live.publish(LiveEvent("camera", camera_id, camera.account_id))
        return True


def _is_by(text: str, camera_key: str) -> bool:
    try:
        read_receipt(text, camera_key)
    except Untrue:
        return False
    return True
