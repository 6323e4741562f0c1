"""Which server the camera believes: ordinary certificate validation, or exactly the key named in the QR code.

A server with a self-made certificate puts the first 16 bytes of the SHA-256 of its public key (SPKI) into the code
(DESIGN §6.2). The camera then asks no certificate authority, compares that key, and does so after the TLS handshake
(which proves that the server holds it) and before the first byte of a request, because the request carries the token.
"""

import asyncio
import hmac
import ipaddress
import ssl
from urllib.parse import urlsplit

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from camera_peer.state import Pairing
from media.tunnel import TunnelTarget
from signaling.protocol.identity import decode_bytes, server_pin

PIN_BYTES = 16

Trust = aiohttp.Fingerprint | ssl.SSLContext
"""What aiohttp takes as `ssl=`."""


class PinnedKey(aiohttp.Fingerprint):
    """Accept the server whose public key has this pin, and no other. Raises ValueError if `pin` is malformed.

    aiohttp switches certificate validation off for a `Fingerprint` and calls `check` on each new connection before it
    uses it; the base class compares whole certificates, this one compares keys, so that a renewed certificate of the
    same key stays trusted.
    """

    def __init__(self, pin: str) -> None:
        raw = decode_bytes(pin)
        if len(raw) != PIN_BYTES:
            raise ValueError(f"a pin has {PIN_BYTES} bytes")
        super().__init__(raw.ljust(32, b"\0"))
        self._pin = pin

    def check(self, transport: asyncio.Transport) -> None:
        tls = transport.get_extra_info("ssl_object")
        certificate = tls.getpeercert(binary_form=True) if tls is not None else None
        got = key_pin(certificate) if certificate else ""
        if not hmac.compare_digest(got, self._pin):
            host, port, *_ = transport.get_extra_info("peername") or ("", 0)
            raise aiohttp.ServerFingerprintMismatch(self._pin.encode(), got.encode(), host, port)


def key_pin(certificate_der: bytes) -> str:
    """The pin of the key in a certificate (DER); empty if the certificate cannot be read."""
    try:
        key = x509.load_der_x509_certificate(certificate_der).public_key()
    except ValueError:
        return ""
    return server_pin(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def trust_for(pin: str | None) -> Trust:
    """How to check a server: by its pin if there is one, else as every browser does. Raises ValueError."""
    return PinnedKey(pin) if pin is not None else ssl.create_default_context()


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
    parts = urlsplit(url)
    if parts.scheme not in ("ws", "wss") or not parts.hostname:
        return None
    at_server = parts.hostname == urlsplit(pairing.origin).hostname
    return TunnelTarget(url, trust_for(pairing.pin if at_server else None))
