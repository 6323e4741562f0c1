"""What a pairing leaves behind, beside the key: whether camera and owner have shown each other who they are.

Both send a MAC under a secret that stands in the code and that we never see; we pass each on to the other side.
"""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from signaling.keyrings import up_to
from signaling.store import trust as words
from signaling.store.rows import Camera, CameraTrust, Pairing


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose the camera is, as the owner says: the keyring, and the proof that the camera is to check."""

    keyring: list[str]
    proof: str


async def owner_of(connection: AsyncConnection, camera: Camera | None, pairing: Pairing | None) -> Owner | None:
    """What the camera is told of its owner: the keyring as far as his proof goes. None where he has sent none."""
    if camera is None or pairing is None or pairing.owner_head is None or pairing.owner_proof is None:
        return None
    keyring = up_to(await words.ring_of(connection, camera.account_id), pairing.owner_head)
    return Owner(keyring, pairing.owner_proof) if keyring else None


async def note_pairing(
    connection: AsyncConnection, camera_id: str, camera_key: str | None, proof: str | None, owner: Owner | None
) -> bool:
    """The code was used by the device with this key. True where both sides have sent a proof.

    Orders are about a key: what was revoked for the same one stays revoked, and nothing is left of another.
    """
    before = await words.trust_of(connection, camera_id)
    same = before is not None and before.camera_key == camera_key
    if not same:
        await words.forget_camera(connection, camera_id)
    if camera_key is None:
        return False
    protected = proof is not None and owner is not None
    kept = before.orders if before is not None and same else None
    await words.put_trust(connection, CameraTrust(camera_id, camera_key, proof, protected, kept))
    return protected
