"""DTLS over a guarded ICE connection, and SRTP keys out of it. Beside ICE the only file that uses private names
of aiortc (pinned by tests/media/test_pins.py)."""

import asyncio
from collections.abc import Callable
from typing import Any, Literal, Protocol

from aiortc import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport
from OpenSSL import SSL
from pylibsrtp import Error as SrtpError

from media.ice import GuardedConnection

DtlsRole = Literal["client", "server"]


CIPHERS = b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305"
"""Forward secret and authenticated (RFC 9325 §4.2). The first is what WebRTC demands of everybody (RFC 8827 §6.5); with
none of them there is a DTLS before 1.2."""


class DtlsFailed(Exception):
    """The handshake failed: the peer's certificate is not the one it announced, or it speaks no DTLS-SRTP we know."""


class Certificate(RTCCertificate):
    """A key and certificate of our own, and the ciphers we take with it; aiortc's also takes AES-CBC with SHA-1."""

    def _create_ssl_context(self, srtp_profiles: list[Any]) -> SSL.Context:
        context: SSL.Context = super()._create_ssl_context(srtp_profiles)
        context.set_cipher_list(CIPHERS)
        return context


class DataReceiver(Protocol):
    """What takes the decrypted data channel packets (SCTP)."""

    async def _handle_data(self, data: bytes) -> None: ...


class _IceLink:
    """What `RTCDtlsTransport` needs of an `RTCIceTransport`."""

    role = "controlling"

    def __init__(self, connection: GuardedConnection) -> None:
        self._recv = connection.recv
        self._send = connection.send


class DtlsLink(RTCDtlsTransport):
    """A DTLS association whose RTCP goes to one callback, and whose RTP is never read: the camera only sends."""

    def __init__(self, connection: GuardedConnection, certificate: RTCCertificate) -> None:
        link: Any = _IceLink(connection)
        super().__init__(link, [certificate])
        self.on_rtcp: Callable[[bytes], None] | None = None
        """Called with each authenticated, decrypted compound RTCP packet."""
        self.heard_at = 0.0
        """Loop time of the last one."""
        self.ended = asyncio.Event()
        """Set when the association is over, by the peer's goodbye or a dead transport."""
        self._connection = connection
        self.on("statechange", self._note_state)

    async def establish(self, role: DtlsRole, fingerprints: list[tuple[str, str]]) -> None:
        """Shake hands. `fingerprints`: (algorithm, value) from the peer's SDP. Raises `DtlsFailed`."""
        self._set_role(role)
        await self.start(RTCDtlsParameters([RTCDtlsFingerprint(a, v) for a, v in fingerprints]))
        if self.state != "connected":
            raise DtlsFailed("the viewer's DTLS certificate or protocol does not match its answer")
        self._connection.guard.settle()
        self.heard_at = asyncio.get_running_loop().time()

    def _note_state(self) -> None:
        if self.state in ("closed", "failed"):
            self.ended.set()

    def protect(self, packet: bytes) -> bytes:
        """Encrypt one RTP packet."""
        protected: bytes = self._tx_srtp.protect(packet)
        return protected

    def protect_rtcp(self, packet: bytes) -> bytes:
        """Encrypt one compound RTCP packet."""
        protected: bytes = self._tx_srtp.protect_rtcp(packet)
        return protected

    async def _handle_rtcp_data(self, data: bytes) -> None:
        self.heard_at = asyncio.get_running_loop().time()
        if self.on_rtcp is not None:
            self.on_rtcp(data)

    async def _handle_rtp_data(self, data: bytes, arrival_time_ms: int) -> None:
        """Drop it: no section of our offers lets the viewer send media."""


def fingerprint_of(certificate: RTCCertificate) -> str:
    """The certificate's SHA-256 fingerprint as SDP writes it (RFC 8122 §5)."""
    return next(f.value for f in certificate.getFingerprints() if f.algorithm == "sha-256")


__all__ = ["Certificate", "DtlsFailed", "DtlsLink", "DtlsRole", "SrtpError", "fingerprint_of"]
