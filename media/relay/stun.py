"""STUN as an ICE-lite agent and a plain STUN server need it (RFC 8489, RFC 8445 §7.3): read requests, write answers;
and the questions that ask a known peer whether it is still there.

Written for input from strangers: nothing raises, and an integrity check is made only for a session that exists.
"""

import hmac
import struct
import zlib
from dataclasses import dataclass
from ipaddress import ip_address

COOKIE = 0x2112A442
HEADER = struct.Struct("!HHI12s")
ATTRIBUTE = struct.Struct("!HH")
BINDING_REQUEST = 0x0001
BINDING_SUCCESS = 0x0101
USERNAME = 0x0006
MESSAGE_INTEGRITY = 0x0008
XOR_MAPPED_ADDRESS = 0x0020
PRIORITY = 0x0024
USE_CANDIDATE = 0x0025
FINGERPRINT = 0x8028
ICE_CONTROLLED = 0x8029
OUR_PRIORITY = 110 << 24 | 0xFFFF << 8 | 0xFF
"""Of a peer-reflexive candidate (RFC 8445 §7.1.1); nobody will use it."""
FINGERPRINT_XOR = 0x5354554E

MAX_REQUEST = 548
"""Bytes: what RFC 8489 §6.1 lets a sender use on an unknown path; a check of a browser has about 110."""
MAX_ATTRIBUTES = 16
"""A check carries seven; more is somebody trying how long we parse."""


@dataclass(frozen=True, slots=True)
class Binding:
    """A Binding request, or the answer to one. `username`: both ufrags as sent, `ours:theirs`; none in a plain STUN
    request. `signed`: what MESSAGE-INTEGRITY covers, with its length field already set; `integrity`: the HMAC."""

    transaction: bytes
    username: bytes | None
    signed: bytes
    integrity: bytes | None
    nominates: bool

    @property
    def ufrag(self) -> str | None:
        """The part of the user name that names a session of ours."""
        if self.username is None:
            return None
        return self.username.partition(b":")[0].decode("ascii", "replace")

    def is_signed_with(self, password: bytes) -> bool:
        """Whether its sender knows the session's password."""
        if self.integrity is None:
            return False
        return hmac.compare_digest(self.integrity, hmac.digest(password, self.signed, "sha1"))


def read_request(data: bytes) -> Binding | None:
    """A Binding request, or none for all else."""
    return _read(data, BINDING_REQUEST)


def read_answer(data: bytes) -> Binding | None:
    """The answer to a Binding request, or none for all else."""
    return _read(data, BINDING_SUCCESS)


def write_question(transaction: bytes, username: str, password: bytes, tie_breaker: int) -> bytes:
    """A check of a peer (RFC 8445 §7.2.2), as a controlled agent. `username`: `theirs:ours`. `password`: the peer's.
    `transaction`: 12 bytes; `tie_breaker`: 64 bits."""
    name = username.encode()
    body = ATTRIBUTE.pack(USERNAME, len(name)) + name + bytes(-len(name) % 4)
    body += ATTRIBUTE.pack(PRIORITY, 4) + OUR_PRIORITY.to_bytes(4, "big")
    body += ATTRIBUTE.pack(ICE_CONTROLLED, 8) + tie_breaker.to_bytes(8, "big")
    return _signed(BINDING_REQUEST, transaction, body, password)


def _read(data: bytes, wanted: int) -> Binding | None:
    if not HEADER.size <= len(data) <= MAX_REQUEST:
        return None
    kind, length, cookie, transaction = HEADER.unpack_from(data)
    if kind != wanted or cookie != COOKIE or length != len(data) - HEADER.size or length % 4:
        return None
    username = integrity = None
    signed = b""
    nominates = False
    at = HEADER.size
    for _ in range(MAX_ATTRIBUTES):
        if at == len(data):
            return Binding(transaction, username, signed, integrity, nominates)
        name, size = ATTRIBUTE.unpack_from(data, at)
        value = data[at + 4 : at + 4 + size]
        after = at + 4 + (size + 3) // 4 * 4
        if after > len(data):
            return None
        if name == FINGERPRINT:
            if value != _fingerprint(data[:at]) or after != len(data):
                return None
        elif integrity is None:
            if name == USERNAME:
                username = value
            elif name == USE_CANDIDATE:
                nominates = True
            elif name == MESSAGE_INTEGRITY:
                integrity, signed = value, _with_length(data[:at], at - HEADER.size + 24)
        at = after
    return None


def plain_answer(request: Binding, host: str, port: int) -> bytes:
    """The answer of a STUN server: the sender's address and nothing else, 32 bytes for IPv4, 44 for IPv6."""
    return _message(BINDING_SUCCESS, request.transaction, _mapped(request.transaction, host, port))


def signed_answer(request: Binding, host: str, port: int, password: bytes) -> bytes:
    """The answer to a connectivity check, with MESSAGE-INTEGRITY and FINGERPRINT (RFC 8445 §7.3)."""
    return _signed(BINDING_SUCCESS, request.transaction, _mapped(request.transaction, host, port), password)


def _signed(kind: int, transaction: bytes, body: bytes, password: bytes) -> bytes:
    unsigned = _with_length(_message(kind, transaction, body), len(body) + 24)
    digest = hmac.digest(password, unsigned, "sha1")
    body += ATTRIBUTE.pack(MESSAGE_INTEGRITY, len(digest)) + digest
    message = _message(kind, transaction, body)
    return _with_length(message, len(body) + 8) + ATTRIBUTE.pack(FINGERPRINT, 4) + _fingerprint(message)


def _message(kind: int, transaction: bytes, body: bytes) -> bytes:
    return HEADER.pack(kind, len(body), COOKIE, transaction) + body


def _mapped(transaction: bytes, host: str, port: int) -> bytes:
    """XOR-MAPPED-ADDRESS (RFC 8489 §14.2)."""
    address = ip_address(host)
    mask = (COOKIE.to_bytes(4, "big") + transaction)[: len(address.packed)]
    hidden = bytes(a ^ b for a, b in zip(address.packed, mask, strict=True))
    family = 1 if address.version == 4 else 2
    value = struct.pack("!BBH", 0, family, port ^ COOKIE >> 16) + hidden
    return ATTRIBUTE.pack(XOR_MAPPED_ADDRESS, len(value)) + value


def _with_length(message: bytes, length: int) -> bytes:
    return message[:2] + length.to_bytes(2, "big") + message[4:]


def _fingerprint(before: bytes) -> bytes:
    """Over everything before the attribute, whose own 8 bytes count in the length (RFC 8489 §14.7)."""
    covered = _with_length(before, len(before) - HEADER.size + 8)
    return (zlib.crc32(covered) ^ FINGERPRINT_XOR).to_bytes(4, "big")
