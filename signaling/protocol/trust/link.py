"""Links: how a guest learns whose camera he was invited to without having to believe the server.

The owner's browser draws 128 random bits, which stand in the link's fragment and reach no server. Three keys come of
them (HKDF, RFC 5869): what the server is shown when the invitation is accepted; the key that the grant is for and the
acceptance is signed with; and one for a MAC over the camera's key, its owner's keyring and the grant.
"""

from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from signaling.protocol.identity import encode_bytes
from signaling.protocol.trust.proof import proof
from signaling.protocol.trust.statement import Key

SEED_BYTES = 16
SECRET_BYTES = 16
KEY_BYTES = 32
INFO = b"belvedere-link-1"
CONTEXT = "belvedere-link-1"


@dataclass(frozen=True, slots=True, repr=False)
class LinkKeys:
    """`secret`: for the server, base64url; it tells nothing about the others. `seed`: of the link's Ed25519 key."""

    secret: str
    seed: bytes
    mac: bytes

    @property
    def key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


def link_keys(seed: bytes) -> LinkKeys:
    """All that comes of the bits in a link. Raises ValueError where they are not as many."""
    if len(seed) != SEED_BYTES:
        raise ValueError(f"a link has {SEED_BYTES} bytes")
    derived = HKDF(hashes.SHA256(), SECRET_BYTES + 2 * KEY_BYTES, None, INFO).derive(seed)
    secret, key, mac = derived[:SECRET_BYTES], derived[SECRET_BYTES:-KEY_BYTES], derived[-KEY_BYTES:]
    return LinkKeys(encode_bytes(secret), key, mac)


def link_proof(seed: bytes, camera: Key, owner: Key, grant: Key) -> str:
    """What the owner has passed on to the guest. `owner`: name of his ring; `grant`: digest. Raises ValueError."""
    return proof(link_keys(seed).mac, CONTEXT, camera, owner, grant)
