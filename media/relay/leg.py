"""One peer of the relay, camera or viewer: its ICE credentials, its way, its DTLS and its SRTP."""

import asyncio
import secrets
from collections.abc import Callable, Hashable

import structlog
from aiortc import RTCCertificate
from pylibsrtp import Error as SrtpError

from media.dtls import DtlsFailed, DtlsRole
from media.liveness import DEAD_SECONDS, MAX_EXCUSES, QUIET_SECONDS, Sign
from media.relay.dtls import LegDtls
from media.relay.inbox import Inbox
from media.relay.liveness import Liveness
from media.relay.path import Path
from media.relay.srtp import SrtpPair
from media.relay.stun import Binding, write_question

log = structlog.get_logger(__name__)

REACH_SECONDS = 5.0
"""From the answer to the first valid check: whoever is to come has come by then, or another way is taken."""
DTLS_SECONDS = 10.0
"""For the handshake: flights repeated after 1, 2 and 4 s have arrived by then."""
TRANSACTION_BYTES = 12
"""Of a STUN transaction id (RFC 8489 §5)."""
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
        self.liveness = Liveness()
        self._excuses, self._excused_at = 0, now
        self._peer = "", b""
        self._tie_breaker = secrets.randbits(64)
        self._reached = asyncio.Event()
        self._dtls = LegDtls(certificate, self._send_dtls)
        self._ended = ended
        self._connecting: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def is_keyed(self) -> bool:
        """Media can flow."""
        return self.srtp is not None

    def holds(self, source: Hashable, now: float) -> bool:
        """It is heard, and this is its way: the one it began with, or one it has answered on."""
        if self.path is None or self.path.source != source:
            return False
        return self.is_keyed and not self.liveness.is_in_doubt and now - self.heard_at < DEAD_SECONDS

    def use(self, path: Path) -> None:
        """A verified way; the first one lets DTLS begin."""
        if self.path is not None and not path.reliable:
            self.liveness.moved()
        self.path = path
        self._reached.set()

    def connect(self, role: DtlsRole, fingerprints: tuple[tuple[str, str], ...], username: str, password: str) -> None:
        """Begin DTLS in the background. `username`, `password`: the peer's ICE credentials."""
        self._peer = username, password.encode()
        self._connecting = asyncio.create_task(self._connect(role, list(fingerprints)))

    def take_dtls(self, data: bytes) -> None:
        """A DTLS datagram from a verified address."""
        self._dtls.take(data)

    def take_answer(self, answer: Binding, now: float) -> bool:
        """The answer to a question; whether it is one."""
        if not answer.is_signed_with(self._peer[1]) or not self.liveness.answered(answer.transaction):
            return False
        self.heard_at = now
        return True

    def keep_alive(self, now: float) -> bool:
        """Ask a quiet peer whether it is there; false once it must be given up."""
        if self.srtp is None or self.path is None:
            return True
        wish = self.liveness.wish(self.heard_at, now)
        if wish is Sign.ASK:
            transaction = secrets.token_bytes(TRANSACTION_BYTES)
            username, password = self._peer
            self.liveness.asked(transaction, now)
            self.path.send([write_question(transaction, f"{username}:{self.ufrag}", password, self._tie_breaker)])
        return wish is not Sign.GONE

    def excuse_silence(self, now: float) -> None:
        """It was we who stood still: it counts as heard so lately that it is asked before it is given up. Not time and
        again with nothing heard in between, for then it may be gone as well."""
        if self.heard_at != self._excused_at:
            self._excuses = 0
        if self._excuses < MAX_EXCUSES:
            self._excuses += 1
            self.heard_at = self._excused_at = max(self.heard_at, now - QUIET_SECONDS)

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
            async with asyncio.timeout(REACH_SECONDS):
                await self._reached.wait()
            async with asyncio.timeout(DTLS_SECONDS):
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
