"""Recovery: an installation on paper, because browsers forget keys. Its key stands on the keyring as any other does."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signaling.protocol.identity import decode_bytes, encode_bytes
from signaling.protocol.trust.statement import Key, Untrue

PREFIX = "BELVEDERE-RECOVERY-1"
BYTES = 32


@dataclass(frozen=True, slots=True, repr=False)
class Recovery:
    """`ring`: the name of the keyring that it belongs to. `seed`: of its Ed25519 key."""

    ring: Key
    seed: bytes

    @property
    def key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


def write_recovery(recovery: Recovery) -> str:
    """What is printed."""
    return ":".join((PREFIX, recovery.ring, encode_bytes(recovery.seed)))


def read_recovery(text: str) -> Recovery:
    """Raises `Untrue` where it is none. Blanks around it do not matter."""
    prefix, _, rest = text.strip().partition(":")
    ring, _, seed = rest.partition(":")
    try:
        raw, secret = decode_bytes(ring), decode_bytes(seed)
    except ValueError:
        raise Untrue("this is no recovery code") from None
    if prefix != PREFIX or (len(raw), len(secret)) != (BYTES, BYTES):
        raise Untrue("this is no recovery code")
    return Recovery(ring, secret)
