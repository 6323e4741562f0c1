"""One sending peer: a gathered ICE connection, its certificate, and the DTLS on top, from offer to close."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from aiortc import RTCCertificate

from media.answer import Answer
from media.dtls import DtlsFailed, DtlsLink, SrtpError, fingerprint_of
from media.frames import AudioCodec, VideoCodec
from media.ice import GuardedConnection, gathered, usable_candidate
from media.offer import Media, Transport, write_offer
from media.rtp_stream import StreamState
from media.udp_out import DatagramSender
from signaling.protocol.messages import MAX_CANDIDATES

log = structlog.get_logger(__name__)

CLOSE_LIMIT = 2.0
"""Seconds for a goodbye; a transport that cannot even close is left to the garbage collector."""


@dataclass(frozen=True, slots=True)
class StunServer:
    """Where to ask for our public address."""

    host: str
    port: int


def fresh_stream() -> StreamState:
    """Random numbers of a new RTP stream. The sequence starts in the lower half: a wrap within the first packets makes
    receivers guess the roll-over counter of SRTP (RFC 3711 §3.3.1)."""
    return StreamState(1 + secrets.randbelow(2**32 - 1), secrets.randbits(15), secrets.randbits(32))


class SendingPeer:
    """Made by `prepare`, which gathers. Then: `offer`, `connect`, `send`, `close`."""

    def __init__(self, connection: GuardedConnection, certificate: RTCCertificate) -> None:
        self.connection = connection
        self.video = fresh_stream()
        self.audio = fresh_stream()
        self.stream = secrets.token_hex(8)
        self._certificate = certificate
        self._dtls = DtlsLink(connection, certificate)
        self._sender: DatagramSender | None = None
        self._candidates = 0

    @property
    def dtls(self) -> DtlsLink:
        """For its RTCP callback and its liveness."""
        return self._dtls

    def offer(self, video: VideoCodec, profiles: list[str], audio: AudioCodec | None) -> str:
        """The offer's SDP, with every candidate and the end of candidates."""
        transport = Transport(
            username=self.connection.local_username,
            password=self.connection.local_password,
            fingerprint=fingerprint_of(self._certificate),
            candidates=tuple(candidate.to_sdp() for candidate in self.connection.local_candidates),
        )
        media = Media(video, tuple(profiles), self.video.ssrc, audio, self.audio.ssrc, self.stream)
        return write_offer(transport, media, secrets.randbits(62))

    def add_candidate(self, text: str) -> None:
        """One candidate of the viewer. Raises `ValueError` when it is malformed; one that is of no use is dropped."""
        if self._candidates >= MAX_CANDIDATES:
            return
        candidate = usable_candidate(text)
        if candidate is not None:
            self._candidates += 1
            self.connection.add_candidate(candidate)

    async def connect(self, answer: Answer) -> None:
        """ICE, then DTLS. Raises `ConnectionError` or `DtlsFailed`; the caller sets the time limit."""
        await self.connection.start(answer.username, answer.password)
        await self._dtls.establish(answer.role, list(answer.fingerprints))
        self._sender = DatagramSender(*self.connection.remote_address())

    def send(self, packets: list[bytes]) -> None:
        """Encrypt plain RTP packets and send them, in order. Nothing happens before and after the connection."""
        self._send(packets, self._dtls.protect)

    def send_rtcp(self, packet: bytes) -> None:
        """Encrypt one compound RTCP packet and send it."""
        self._send([packet], self._dtls.protect_rtcp)

    def _send(self, packets: list[bytes], protect: Callable[[bytes], bytes]) -> None:
        if self._sender is None or self._dtls.state != "connected":
            return
        try:
            self._sender.send([protect(packet) for packet in packets])
        except SrtpError as error:
            log.warning("packets_not_encrypted", count=len(packets), error=str(error))

    async def close(self) -> None:
        """End DTLS and ICE. Safe at any moment, also twice."""
        try:
            async with asyncio.timeout(CLOSE_LIMIT):
                await self._dtls.stop()
                if self._sender is not None:
                    self._sender.close()
                    self._sender = None
                await self.connection.close()
        except TimeoutError:
            return


async def prepare(stun: StunServer | None) -> SendingPeer:
    """A peer whose offer can be made at once: certificate made, candidates gathered."""
    certificate = RTCCertificate.generateCertificate()
    connection = await gathered((stun.host, stun.port) if stun is not None else None)
    return SendingPeer(connection, certificate)


__all__ = ["DtlsFailed", "SendingPeer", "StunServer", "fresh_stream", "prepare"]
