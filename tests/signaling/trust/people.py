"""A camera, its owner with two installations, a guest, a stranger: their keys, always the same, and what they say."""

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from signaling.protocol.identity import encode_bytes
from signaling.protocol.trust import grant, keyring, orders, session, statement
from signaling.protocol.trust.grant import Grant
from signaling.protocol.trust.orders import Orders
from signaling.protocol.trust.session import Hello

NOW = 1_800_000_000


def seed(name: str) -> bytes:
    return hashlib.sha256(f"belvedere test key {name}".encode()).digest()


def key(name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(seed(name))


def exchange_key(name: str) -> X25519PrivateKey:
    return X25519PrivateKey.from_private_bytes(seed(f"exchange {name}"))


def name(person: str) -> str:
    """How this one's key is called."""
    return statement.name_of(key(person))


def misspelt(text: str) -> str:
    """Another spelling of the same bytes, with an unused bit set: no encoder makes it (RFC 4648 §3.5)."""
    signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text[:-1] + signs[signs.index(text[-1]) + 1]


def nonce(label: str) -> str:
    return encode_bytes(seed(f"nonce {label}")[:16])


def ring_of(*persons: str) -> list[str]:
    """A chain that the first begins, who then adds the others one by one."""
    first = persons[0]
    chain = [keyring.begin(key(first), NOW)]
    for number in range(1, len(persons)):
        keys = [name(person) for person in persons[: number + 1]]
        chain.append(keyring.change(key(first), keyring.follow(chain), keys, NOW + number))
    return chain


def granted(to: str, by: str = "phone", **changed: object) -> str:
    """To a keyring or a link."""
    owner = keyring.follow(ring_of("phone", "laptop"))
    fields: dict[str, object] = {
        "camera": name("camera"),
        "ring": owner.name,
        "to": to,
        "scopes": ["live"],
        "nbf": NOW,
        "serial": 7,
    }
    return statement.sign(key(by), grant.GRANT, Grant(**fields | changed))  # type: ignore[arg-type]


def ordered(by: str = "laptop", *, n: int = 0, floor: int = 0, serials: tuple[int, ...] = (7,), **other: object) -> str:
    """What the owner says about his camera; the grant of `granted` is revoked by it."""
    fields: dict[str, object] = {"camera": name("camera"), "ring": statement.digest(ring_of("phone")[0])} | other
    return statement.sign(key(by), orders.KIND, Orders(**fields, n=n, floor=floor, serials=list(serials)))  # type: ignore[arg-type]


def hello(by: str = "phone", to: str = "camera", label: str = "viewer", seen: int = -1) -> str:
    """In the name of the ring that this one began."""
    public = encode_bytes(exchange_key(by).public_key().public_bytes_raw())
    ring = statement.digest(ring_of(by)[0])
    return statement.sign(key(by), session.HELLO, Hello(name(to), ring, nonce(label), public, NOW, seen))


def sdp(person: str) -> str:
    """As much of a description as matters, with a certificate of this one's."""
    digest = hashlib.sha256(f"certificate of {person}".encode()).hexdigest().upper()
    value = ":".join(digest[at : at + 2] for at in range(0, 64, 2))
    return f"v=0\r\na=fingerprint:sha-256 {value}\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=setup:actpass\r\n"
