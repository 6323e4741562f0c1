"""STUN and TURN messages as a client writes and reads them (RFC 8489, RFC 8656). Plain functions on bytes."""

import hashlib
import hmac
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address

COOKIE = 0x2112A442
HEADER = struct.Struct("!HHI12s")
ATTRIBUTE = struct.Struct("!HH")
MAX_MESSAGE = 2048
"""Bytes: a server's answer fits into one datagram."""

BINDING, ALLOCATE, REFRESH, SEND, CREATE_PERMISSION, CHANNEL_BIND = 0x001, 0x003, 0x004, 0x006, 0x008, 0x009
INDICATION, SUCCESS, FAILURE = 0x010, 0x100, 0x110
DATA_INDICATION = 0x017
USERNAME, MESSAGE_INTEGRITY, ERROR_CODE, REALM, NONCE = 0x0006, 0x0008, 0x0009, 0x0014, 0x0015
LIFETIME, XOR_PEER_ADDRESS, DATA, XOR_RELAYED_ADDRESS = 0x000D, 0x0012, 0x0013, 0x0016
REQUESTED_TRANSPORT, XOR_MAPPED_ADDRESS = 0x0019, 0x0020
UDP = b"\x11\0\0\0"
"""REQUESTED-TRANSPORT: protocol 17."""

Attribute = tuple[int, bytes]


@dataclass(frozen=True, slots=True)
class Message:
    """What was received. `kind`: method and class together."""

    kind: int
    transaction: bytes
    attributes: tuple[Attribute, ...]

    def get(self, name: int) -> bytes | None:
        """The first attribute of that name."""
        return next((value for given, value in self.attributes if given == name), None)

    @property
    def succeeded(self) -> bool:
        return self.kind & FAILURE == SUCCESS

    @property
    def error(self) -> int:
        """The error code (RFC 8489 §14.8); 0 where there is none."""
        value = self.get(ERROR_CODE)
        return value[2] % 8 * 100 + value[3] if value and len(value) >= 4 else 0


def write(kind: int, transaction: bytes, attributes: Sequence[Attribute] = (), key: bytes = b"") -> bytes:
    """A message; with `key`, signed by MESSAGE-INTEGRITY. `transaction`: 12 random bytes."""
    body = b"".join(ATTRIBUTE.pack(name, len(value)) + value + bytes(-len(value) % 4) for name, value in attributes)
    if not key:
        return HEADER.pack(kind, len(body), COOKIE, transaction) + body
    signed = HEADER.pack(kind, len(body) + 24, COOKIE, transaction) + body
    return signed + ATTRIBUTE.pack(MESSAGE_INTEGRITY, 20) + hmac.digest(key, signed, "sha1")


def read(data: bytes) -> Message | None:
    """None for whatever is no STUN message."""
    if not HEADER.size <= len(data) <= MAX_MESSAGE:
        return None
    kind, length, cookie, transaction = HEADER.unpack_from(data)
    if kind & 0xC000 or cookie != COOKIE or length != len(data) - HEADER.size or length % 4:
        return None
    attributes, at = [], HEADER.size
    while at < len(data):
        name, size = ATTRIBUTE.unpack_from(data, at)
        if at + 4 + size > len(data):
            return None
        attributes.append((name, data[at + 4 : at + 4 + size]))
        at += 4 + size + -size % 4
    return Message(kind, transaction, tuple(attributes))


def key_of(username: str, realm: bytes, password: str) -> bytes:
    """The key of long-term credentials (RFC 8489 §9.2.2)."""
    return hashlib.md5(b":".join([username.encode(), realm, password.encode()]), usedforsecurity=False).digest()


def xor_address(host: str, port: int, transaction: bytes) -> bytes:
    """The value of an XOR-…-ADDRESS attribute (RFC 8489 §14.2)."""
    packed = ip_address(host).packed
    family = 1 if len(packed) == 4 else 2
    return struct.pack("!BBH", 0, family, port ^ COOKIE >> 16) + _masked(packed, transaction)


def read_address(value: bytes | None, transaction: bytes) -> tuple[str, int] | None:
    """Host and port out of such a value; None where it is none."""
    if value is None or len(value) not in {8, 20}:
        return None
    port = int.from_bytes(value[2:4], "big") ^ COOKIE >> 16
    return str(ip_address(_masked(value[4:], transaction))), port


def _masked(packed: bytes, transaction: bytes) -> bytes:
    mask = COOKIE.to_bytes(4, "big") + transaction
    return bytes(a ^ b for a, b in zip(packed, mask, strict=False))
