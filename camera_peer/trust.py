"""Which server the camera believes: ordinary certificate validation, or exactly the key named in the QR code.

A server with a self-made certificate puts the first 16 bytes of the SHA-256 of its public key (SPKI) into the code
(DESIGN §6.2). The camera then asks no certificate authority, compares that key, and does so after the TLS handshake
(which proves that the server holds it) and before the first byte of a request, because the request carries the token.
Whenever it registers, over a connection so checked, the server names its key and the next one: those two are believed
from then on, so that the key can change and nobody has to pair again.
"""

import asyncio
import hmac
import ipaddress
import ssl
from collections.abc import Sequence
from urllib.parse import urlsplit

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from camera_peer.state import Pairing
from media.tunnel import TunnelTarget
from signaling.protocol.identity import decode_bytes, server_pin

PIN_BYTES = 16
MAX_PINS = 4
"""The key, the next one, and room for a server that has another beside them."""

Trust = aiohttp.Fingerprint | ssl.SSLContext
"""What aiohttp takes as `ssl=`."""


class UnknownKey(aiohttp.ServerFingerprintMismatch):
    """The server that answered has another key than those believed."""

    def __str__(self) -> str:
        return (
            "the server that answered has a key that this camera does not know, so nothing was sent; if its operator "
            "changed the key twice while this camera was away, pair the camera again, else somebody stands in between"
        )


class PinnedKey(aiohttp.Fingerprint):
    """Accept the server whose public key has one of these pins, and no other. Raises ValueError if one is malformed.

    aiohttp switches certificate validation off for a `Fingerprint` and calls `check` on each new connection before it
    uses it; the base class compares whole certificates, this one compares keys, so that a renewed certificate of the
    same key stays trusted.
    """

    def __init__(self, pin: str, *others: str) -> None:
        self.pins = (pin, *others)
        first, *_ = [_raw(each) for each in self.pins]
        super().__init__(first.ljust(32, b"\0"))

    def check(self, transport: asyncio.Transport) -> None:
        tls = transport.get_extra_info("ssl_object")
        certificate = tls.getpeercert(binary_form=True) if tls is not None else None
        got = key_pin(certificate) if certificate else ""
        if not any(hmac.compare_digest(got, pin) for pin in self.pins):
            host, port, *_ = transport.get_extra_info("peername") or ("", 0)
            raise UnknownKey(self.pins[0].encode(), got.encode(), host, port)


def _raw(pin: str) -> bytes:
    raw = decode_bytes(pin)
    if len(raw) != PIN_BYTES:
        raise ValueError(f"a pin has {PIN_BYTES} bytes")
    return raw


def key_pin(certificate_der: bytes) -> str:
    """The pin of the key in a certificate (DER); empty if the certificate cannot be read."""
    try:
        key = x509.load_der_x509_certificate(certificate_der).public_key()
    except ValueError:
        return ""
    return server_pin(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def trust_for(pin: str | None, *others: str) -> Trust:
    """How to check a server: by its pins if there are any, else as every browser does. Raises ValueError."""
    return PinnedKey(pin, *others) if pin is not None else ssl.create_default_context()


def trust_of(pairing: Pairing) -> Trust:
    """How to check the server of this pairing. Raises ValueError."""
    return trust_for(pairing.pin, *pairing.next_pins)


def successors(believed: Sequence[str], told: Sequence[str]) -> tuple[str, ...] | None:
    """The pins to believe from now on, after a server that was checked by one of those `believed` has named its own.

    None: as before. That is so for a camera without a pin, which must not come to trust less than every browser does;
    and for a list that cannot be right, because the key by which we just knew the server is in every right one.
    """
    if not 0 < len(told) <= MAX_PINS or not set(told) & set(believed):
        return None
    try:
        PinnedKey(*told)
    except ValueError:
        return None
    return tuple(told)


def is_plain_and_remote(origin: str) -> bool:
    """Whether this origin would be spoken to without TLS over a network, where everyone could read the token along
    (`localhost` and loopback stay inside)."""
    parts = urlsplit(origin)
    if parts.scheme != "http":
        return False
    try:
        return not ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return parts.hostname != "localhost"


def tunnel_target(url: str, pairing: Pairing) -> TunnelTarget | None:
    """A relay's WebSocket as the server named it; none for what is no WebSocket.

    On the server's own host it has the server's key, which may be self-made and pinned. A relay elsewhere is checked as
    every browser does. Either way the media in it is encrypted to whom the signaling introduced.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme not in ("ws", "wss") or not parts.hostname:
        return None
    at_server = parts.hostname == urlsplit(pairing.origin).hostname
    return TunnelTarget(url, trust_of(pairing) if at_server else trust_for(None))
