"""One sending peer: a gathered ICE connection, its certificate, and the DTLS on top, from offer to close."""

import asyncio
import secrets
from collections.abc import Callable

import aiohttp
import structlog
from aiortc import RTCCertificate

from media.answer import Answer
from media.candidates import usable_candidate
from media.dtls import Certificate, DtlsFailed, DtlsLink, SrtpError, fingerprint_of
from media.frames import AudioCodec, VideoCodec
from media.ice import GuardedConnection, gathered
from media.ice_servers import Credential, StunServer, TurnServer
from media.offer import Media, Transport, write_offer
from media.rtp_stream import StreamState
from media.tunnel import TunnelTarget
from media.udp_out import DatagramSender
from signaling.protocol.messages import MAX_CANDIDATES

log = structlog.get_logger(__name__)

WAY_LIMIT = 4.8
"""Seconds for a pair to be nominated; within 5 s the viewer shall know that there is none."""
DTLS_LIMIT = 10.0
"""Seconds for the handshake: its own timers start at 1 s, and packets are lost."""
TUNNEL_HEAD_START = 0.5
"""Seconds for which UDP alone is tried, which carries pictures better."""
CLOSE_LIMIT = 2.0
"""Seconds for a goodbye; a transport that cannot even close is left to the garbage collector."""


class NoWay(ConnectionError):
    """No pair of candidates answered in time."""


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
        self._tunneling: asyncio.Task[None] | None = None

    @property
    def dtls(self) -> DtlsLink:
        """For its RTCP callback and its liveness."""
        return self._dtls

    def offer(self, video: VideoCodec, profiles: list[str], audio: AudioCodec | None, *, complete: bool = True) -> str:
        """The offer's SDP. `complete`: these are all candidates, none will be trickled."""
        transport = Transport(
            username=self.connection.local_username,
            password=self.connection.local_password,
            fingerprint=fingerprint_of(self._certificate),
            candidates=tuple(candidate.to_sdp() for candidate in self.connection.local_candidates),
            complete=complete,
        )
        media = Media(video, tuple(profiles), self.video.ssrc, audio, self.audio.ssrc, self.stream)
        return write_offer(transport, media, secrets.randbits(62))

    async def allocate(self, server: TurnServer, credential: Credential) -> str:
        """One more candidate, on a TURN server; to be trickled. Raises one of `media.turn.FAILURES`."""
        candidate = await self.connection.add_relayed(server, credential)
        return f"candidate:{candidate.to_sdp()}"

    def add_candidate(self, text: str) -> None:
        """One candidate of the viewer, an empty one for the end of them. Raises `ValueError` when it is malformed; one
        that is of no use is dropped."""
        if not text:
            self.connection.candidates_complete = True
            return
        if self._candidates >= MAX_CANDIDATES:
            return
        candidate = usable_candidate(text)
        if candidate is not None:
            self._candidates += 1
            self.connection.add_candidate(candidate)

    async def connect(self, answer: Answer, tunnel: TunnelTarget | None = None) -> None:
        """ICE, then DTLS. `tunnel`: of a relay, to be used where UDP finds no way. Raises `NoWay`, `ConnectionError` or
        `DtlsFailed`."""
        if tunnel is not None:
            self._tunneling = asyncio.create_task(self._tunnel(tunnel))
        try:
            async with asyncio.timeout(WAY_LIMIT):
                await self.connection.start(answer.username, answer.password)
        except TimeoutError:
            raise NoWay("no way to the viewer was found in time") from None
        self.connection.on_move = self._aim
        try:
            async with asyncio.timeout(DTLS_LIMIT):
                await self._dtls.establish(answer.role, list(answer.fingerprints))
        except TimeoutError:
            raise DtlsFailed("the viewer did not complete the handshake in time") from None
        self._aim()

    def send(self, packets: list[bytes]) -> None:
        """Encrypt plain RTP packets and send them, in order. Nothing happens before and after the connection."""
        self._send(packets, self._dtls.protect)

    def send_rtcp(self, packet: bytes) -> None:
        """Encrypt one compound RTCP packet and send it."""
        self._send([packet], self._dtls.protect_rtcp)

    async def close(self) -> None:
        """End DTLS and ICE. Safe at any moment, also twice."""
        if self._tunneling is not None:
            self._tunneling.cancel()
        self.connection.on_move = None
        try:
            async with asyncio.timeout(CLOSE_LIMIT):
                await self._dtls.stop()
                self._end_sender()
                await self.connection.close()
        except TimeoutError:
            return

    def _send(self, packets: list[bytes], protect: Callable[[bytes], bytes]) -> None:
        if self._sender is None or self._dtls.state != "connected":
            return
        try:
            self._sender.send([protect(packet) for packet in packets])
        except SrtpError as error:
            log.warning("packets_not_encrypted", count=len(packets), error=str(error))

    def _aim(self) -> None:
        """Send over the pair that is nominated now."""
        self._end_sender()
        self._sender = DatagramSender(*self.connection.remote_address())

    def _end_sender(self) -> None:
        if self._sender is not None:
            self._sender.close()
            self._sender = None

    async def _tunnel(self, target: TunnelTarget) -> None:
        """Open the tunnel, unless UDP is quicker. Where no STUN server answered, it is not waited for."""
        wait = 0.0 if self.connection.stun_answered is False else TUNNEL_HEAD_START
        await asyncio.wait([nominated := asyncio.ensure_future(self.connection.nominated.wait())], timeout=wait)
        nominated.cancel()
        if self.connection.nominated.is_set():
            return
        try:
            await self.connection.add_tunnel(target)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            log.info("tunnel_not_opened", problem=str(error) or type(error).__name__)


async def prepare(stun: StunServer | None) -> SendingPeer:
    """A peer whose offer can be made at once: certificate made, candidates gathered."""
    certificate = Certificate.generateCertificate()
    return SendingPeer(await gathered(stun), certificate)


__all__ = ["DtlsFailed", "NoWay", "SendingPeer", "StunServer", "fresh_stream", "prepare"]
