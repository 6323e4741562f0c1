"""One peer of the relay, camera or viewer: its ICE credentials, its way, its DTLS and its SRTP."""

import asyncio
import secrets
from collections.abc import Callable

import structlog
from aiortc import RTCCertificate
from pylibsrtp import Error as SrtpError

from media.dtls import DtlsFailed, DtlsRole
from media.relay.dtls import LegDtls
from media.relay.inbox import Inbox
from media.relay.path import Path
from media.relay.srtp import SrtpPair

log = structlog.get_logger(__name__)

CONNECT_SECONDS = 15.0
"""For ICE and DTLS together; Chromium gives up after 15 s as well."""
CLOSE_SECONDS = 1.0
"""For a goodbye."""
RTCP_TYPES = range(192, 224)
"""Second byte of an RTCP packet (RFC 5761 §4)."""


class PeerLeg:
    """Made for an offer, then `connect`, media, `close`. `ended(reason)` is called once if it ends by itself."""

    def __init__(self, certificate: RTCCertificate, now: float, ended: Callable[[str], None]) -> None:
        self.certificate = certificate
        self.ufrag = secrets.token_hex(6)
        self.password = secrets.token_hex(16).encode()
        self.path: Path | None = None
        self.heard_at = now
        self.srtp: SrtpPair | None = None
        self._reached = asyncio.Event()
        self._dtls = LegDtls(certificate, self._send_dtls)
        self._ended = ended
        self._connecting: asyncio.Task[None] | None = None
        self._closed = False

    def use(self, path: Path) -> None:
        """A verified way; the first one lets DTLS begin."""
        self.path = path
        self._reached.set()

    def connect(self, role: DtlsRole, fingerprints: tuple[tuple[str, str], ...]) -> None:
        """Begin DTLS in the background."""
        self._connecting = asyncio.create_task(self._connect(role, list(fingerprints)))

    def take_dtls(self, data: bytes) -> None:
        """A DTLS datagram from a verified address."""
        self._dtls.take(data)

    def take_media(self, inbox: Inbox, now: float, wall: float) -> None:
        """An SRTP or SRTCP packet from a verified address, decrypted here."""
        if self.srtp is None:
            return
        if inbox.length[0] >= 2 and inbox.view[1] in RTCP_TYPES:
            if self.srtp.unprotect_rtcp(inbox.pointer, inbox.length):
                self.heard_at = now
                self.take_rtcp(inbox.bytes(), now)
        elif self.srtp.unprotect(inbox.pointer, inbox.length):
            self.heard_at = now
            self.take_rtp(inbox.bytes(), now, wall)

    def take_rtp(self, data: bytes, now: float, wall: float) -> None:
        """A decrypted RTP packet."""

    def take_rtcp(self, data: bytes, now: float) -> None:
        """A decrypted compound RTCP packet."""

    def connected(self) -> None:
        """Keys are there."""

    def send_rtp(self, packets: list[bytes]) -> None:
        """Encrypt and send plain packets."""
        if self.srtp is None or self.path is None:
            return
        protect = self.srtp.protect
        try:
            self.path.send([protect(packet) for packet in packets])
        except SrtpError as error:
            log.warning("packets_not_encrypted", count=len(packets), error=str(error))

    def send_rtcp(self, packet: bytes) -> None:
        """Encrypt and send one compound packet."""
        if self.srtp is None or self.path is None:
            return
        try:
            self.path.send([self.srtp.protect_rtcp(packet)])
        except SrtpError as error:
            log.warning("report_not_encrypted", error=str(error))

    def end(self, reason: str) -> None:
        """Tell the owner, once."""
        if not self._closed:
            self._closed = True
            self._ended(reason)

    async def close(self) -> None:
        """Say goodbye and free everything. `ended` is not called any more."""
        self._closed = True
        self._dtls.ended = None
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.wait({self._connecting})
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._dtls.stop()
        except TimeoutError:
            log.info("goodbye_not_sent")
        self.srtp = None
        if self.path is not None:
            self.path.close()

    async def _connect(self, role: DtlsRole, fingerprints: list[tuple[str, str]]) -> None:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._reached.wait()
                self.srtp = await self._dtls.establish(role, fingerprints)
        except TimeoutError:
            self.end("no way to the relay was found in time")
        except DtlsFailed as error:
            self.end(str(error))
        except Exception:
            log.exception("leg_failed")
            self.end("an internal error ended the session")
        else:
            self._dtls.ended = lambda: self.end("the other side left")
            self.connected()

    def _send_dtls(self, data: bytes) -> None:
        if self.path is not None:
            self.path.send([data])
