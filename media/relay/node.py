"""The relay as its host sees it: sockets, certificate, and who may watch what through it."""

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from aioice.ice import get_host_addresses
from aiortc import RTCCertificate

from media.answer import BadAnswer, read_answer
from media.dtls import Certificate, fingerprint_of
from media.offer import Transport, write_offer
from media.relay.admission import Admission, RelayFull
from media.relay.candidates import candidates, listened
from media.relay.channel import Channel
from media.relay.entrance import Entrance
from media.relay.leg import PeerLeg
from media.relay.publisher import PublisherLeg
from media.relay.publisher_sdp import BadOffer, read_offer, write_answer
from media.relay.settings import RelaySettings
from media.relay.srtp import check_binding
from media.relay.stun_port import StunPort
from media.relay.switchboard import Switchboard
from media.relay.tcp import TcpConnection
from media.relay.tunnel import Tunnel
from media.relay.viewer import ViewerLeg

log = structlog.get_logger(__name__)

HOUSEKEEPING_SECONDS = 0.1
"""As often as a quiet peer may be asked whether it is there."""
STALL_SECONDS = 1.0
"""When this process stood still for so long, that was nobody's silence: what they said is unread, and they were not
asked."""
OFFER_SECONDS = 10.0
"""Until the camera's offer must be there once a viewer asks."""
ANSWER_SECONDS = 30.0
"""An offer stays open without an answer."""
CERTIFICATE_SECONDS = 86_400.0
"""New legs get a new certificate each day; aiortc's are valid for 30 days."""


class CameraUnavailable(Exception):
    """The camera did not begin its upload in time."""


class UnknownViewer(Exception):
    """No such viewer: it has ended, or never was."""


class NotWanted(Exception):
    """Nobody watches this camera over the relay."""


@dataclass(frozen=True, slots=True)
class Load:
    """How busy the relay is. `uploads`: cameras that send now. `ignored`: checks of strangers, since the start."""

    viewers: int
    uploads: int
    tcp_connections: int
    ignored: int


class Relay:
    """`needs_upload(camera_id)`: ask the camera to offer; called again when an upload is lost while watched.
    `upload_over(upload_id)`: this upload has ended or is not needed any more. `viewer_ended(viewer_id, reason)`: once
    for a viewer that ended by itself."""

    def __init__(
        self,
        settings: RelaySettings,
        *,
        needs_upload: Callable[[str], None],
        upload_over: Callable[[str], None],
        viewer_ended: Callable[[str, str], None],
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        check_binding()
        self._settings = settings
        self._public = settings.public_addresses
        self._needs_upload, self._upload_over, self._viewer_ended = needs_upload, upload_over, viewer_ended
        self._clock = clock
        self._admission = Admission(settings.viewers, settings.viewers_per_owner, settings.viewers_per_camera)
        self._switchboard = Switchboard()
        self._entrance = Entrance(self._switchboard, clock, wall)
        self._stun = StunPort(clock)
        self._channels: dict[str, Channel] = {}
        self._viewers: dict[str, tuple[Channel, ViewerLeg]] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._certificate = Certificate.generateCertificate()
        self._certified_at = clock()
        self._keeper: asyncio.Task[None] | None = None
        self._kept_at = clock()

    @property
    def port(self) -> int:
        """Of UDP and TCP, once started."""
        return self._entrance.port

    @property
    def stun_port(self) -> int:
        """Of plain STUN besides, once started; 0: none."""
        return self._stun.number

    @property
    def addresses(self) -> list[str]:
        """Where it is offered: the public addresses, if it has any, or this machine's."""
        return list(self._public) or self._entrance.addresses

    async def start(self) -> None:
        """Bind and serve. Raises `OSError` when an address or the port is not to be had."""
        addresses = self._settings.addresses or tuple(get_host_addresses(use_ipv4=True, use_ipv6=True))
        await self._entrance.open(addresses, self._settings.port, tcp=self._settings.tcp)
        if self._settings.stun_port is not None:
            self._stun.open(addresses, self._settings.stun_port)
        self._keeper = asyncio.create_task(self._keep())
        log.info("relay_listening", port=self.port, stun_port=self.stun_port, addresses=list(addresses))

    async def stop(self) -> None:
        """End everything."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait({self._keeper})
        for viewer_id in list(self._viewers):
            self.close_viewer(viewer_id)
        for channel in list(self._channels.values()):
            self._end_channel(channel)
        if self._closing:
            await asyncio.wait(self._closing)
        self._stun.close()
        await self._entrance.close()

    def load(self) -> Load:
        """For metrics, and for whoever chooses among relays."""
        uploads = sum(channel.publisher is not None for channel in self._channels.values())
        return Load(len(self._viewers), uploads, len(self._entrance.tcp), self._switchboard.ignored)

    async def viewer_offer(self, camera_id: str, viewer_id: str, owner_id: str) -> str:
        """An offer for a viewer; the first one of a camera makes it upload. Raises `RelayFull`, `CameraUnavailable`,
        and `ValueError` for an id in use."""
        self._admission.admit(viewer_id, owner_id, camera_id)
        channel = self._channel(camera_id)
        viewer = ViewerLeg(
            viewer_id, self._fresh_certificate(), self._clock(), lambda reason: self._lost_viewer(viewer_id, reason)
        )
        channel.viewers[viewer_id] = viewer
        channel.empty_since = None
        self._viewers[viewer_id] = (channel, viewer)
        self._ask_for_upload(channel)
        try:
            async with asyncio.timeout(OFFER_SECONDS):
                await channel.offered.wait()
        except BaseException as error:
            self.close_viewer(viewer_id)
            if isinstance(error, TimeoutError):
                raise CameraUnavailable("the camera did not begin to send in time") from None
            raise
        if channel.streams is None or viewer_id not in self._viewers:
            raise CameraUnavailable("the session ended while it was being set up")
        self._switchboard.add(viewer)
        return write_offer(self._transport(viewer), channel.streams.media(), secrets.randbits(62))

    def viewer_answer(self, viewer_id: str, answer: str) -> None:
        """The viewer's answer. Raises `UnknownViewer`, or `BadAnswer`, which ends the viewer; a second is ignored."""
        channel, viewer = self._viewers.get(viewer_id, (None, None))
        if channel is None or viewer is None or channel.streams is None:
            raise UnknownViewer("this session has ended")
        if viewer.room is not None:
            return
        try:
            agreed = read_answer(answer, *channel.streams.codecs)
        except BadAnswer:
            self.close_viewer(viewer_id)
            raise
        channel.join(viewer, agreed, channel.streams)
        viewer.connect(agreed.role, agreed.fingerprints, agreed.username, agreed.password)

    def close_viewer(self, viewer_id: str) -> None:
        """End a viewer; `viewer_ended` is not called. An unknown one is ignored."""
        entry = self._viewers.pop(viewer_id, None)
        if entry is None:
            return
        channel, viewer = entry
        self._admission.release(viewer_id)
        channel.leave(viewer)
        self._close(viewer)

    async def publisher_answer(self, camera_id: str, offer: str, upload_id: str | None = None) -> str:
        """A camera's offer, and the answer to it. An upload that is there goes on until this one can take its place
        without a break, at most for `handover.LIMIT_SECONDS`. `upload_id`: the camera's id by default. Raises
        `BadOffer`, `NotWanted` when nobody watches."""
        channel = self._channels.get(camera_id)
        if channel is None:
            raise NotWanted("nobody watches this camera over the relay")
        told = read_offer(offer)
        leg = PublisherLeg(
            upload_id or camera_id,
            self._fresh_certificate(),
            self._clock(),
            lambda reason: self._lost_upload(channel, leg, reason),
        )
        self._switchboard.add(leg)
        for viewer in channel.publish(leg, told):
            self._lost_viewer(viewer.name, "the camera changed its codecs")
        answer = write_answer(told, self._transport(leg), secrets.randbits(62))
        leg.connect("server", told.fingerprints, told.username, told.password)
        return answer

    def tunnel(
        self,
        address: tuple[str, int],
        send: Callable[[bytes], None],
        backlog: Callable[[], int],
        end: Callable[[], None],
    ) -> Tunnel:
        """A way for one camera's datagrams over a connection that the caller holds; see `Tunnel`. `address`: of the
        peer, for its checks' answers."""
        return Tunnel(address, self._entrance.receive_frame, send, backlog, end)

    def tcp_connection(self) -> TcpConnection:
        """The protocol for a TCP connection that somebody else has accepted, of framed datagrams (RFC 4571)."""
        return self._entrance.tcp.connection()

    def use_public_addresses(self, addresses: tuple[str, ...]) -> None:
        """Instead of those in the settings, offered from now on."""
        self._public = addresses

    async def use_addresses(self, addresses: tuple[str, ...]) -> None:
        """This machine has these addresses now: they are bound, and offered from now on."""
        await self._entrance.refresh(addresses, tcp=self._settings.tcp)
        self._stun.refresh(addresses)

    def close_upload(self, camera_id: str, upload_id: str) -> None:
        """The signaling says that this session of the camera is over. `upload_over` is not called."""
        channel = self._channels.get(camera_id)
        if channel is None:
            return
        for leg in channel.uploads:
            if leg.name == upload_id and channel.drop(leg):
                self._close(leg)

    def _channel(self, camera_id: str) -> Channel:
        channel = self._channels.get(camera_id)
        if channel is None:
            channel = self._channels[camera_id] = Channel(camera_id, self._clock, self._replaced)
        return channel

    def _ask_for_upload(self, channel: Channel) -> None:
        if channel.lacks_upload(self._clock()):
            self._needs_upload(channel.camera_id)

    def _transport(self, leg: PeerLeg) -> Transport:
        return Transport(
            username=leg.ufrag,
            password=leg.password.decode(),
            fingerprint=fingerprint_of(leg.certificate),
            candidates=candidates(
                self._entrance.addresses,
                self.port,
                self._public,
                self._settings.public_port or self.port,
                tcp=self._settings.tcp,
                shared=self._shared(),
            ),
            lite=True,
        )

    def _shared(self) -> tuple[tuple[str, int], ...]:
        port = self._settings.shared_tcp_port
        if port is None:
            return ()
        local = listened(self._settings.shared_tcp_hosts, self._entrance.addresses)
        public = self._settings.shared_tcp_public_port or port
        return *((address, port) for address in local), *((address, public) for address in self._public)

    def _fresh_certificate(self) -> RTCCertificate:
        now = self._clock()
        if now - self._certified_at > CERTIFICATE_SECONDS:
            self._certificate, self._certified_at = Certificate.generateCertificate(), now
        return self._certificate

    def _lost_viewer(self, viewer_id: str, reason: str) -> None:
        log.info("relay_viewer_ended", viewer=viewer_id, reason=reason)
        self.close_viewer(viewer_id)
        self._viewer_ended(viewer_id, reason)

    def _lost_upload(self, channel: Channel, leg: PublisherLeg, reason: str) -> None:
        if not channel.drop(leg):
            return
        log.info("relay_upload_lost", camera=channel.camera_id, reason=reason)
        self._close(leg)
        self._upload_over(leg.name)
        self._ask_for_upload(channel)

    def _replaced(self, leg: PublisherLeg) -> None:
        self._close(leg)
        self._upload_over(leg.name)

    def _end_channel(self, channel: Channel) -> None:
        self._channels.pop(channel.camera_id, None)
        channel.stop()
        for leg in channel.uploads:
            channel.drop(leg)
            self._replaced(leg)

    def _close(self, leg: PeerLeg) -> None:
        self._switchboard.remove(leg)
        task = asyncio.create_task(leg.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(HOUSEKEEPING_SECONDS)
            try:
                self._housekeep(self._clock())
            except Exception:
                log.exception("relay_housekeeping_failed")

    def _housekeep(self, now: float) -> None:
        if now - self._kept_at > STALL_SECONDS:
            self._excuse_silence(now)
        self._kept_at = now
        for viewer_id, (_, viewer) in list(self._viewers.items()):
            if viewer.room is None and now - viewer.heard_at > ANSWER_SECONDS:
                self._lost_viewer(viewer_id, "the viewer did not answer")
            elif not viewer.keep_alive(now):
                self._lost_viewer(viewer_id, "the viewer fell silent")
        for channel in list(self._channels.values()):
            for leg in channel.uploads:
                if not leg.keep_alive(now):
                    self._lost_upload(channel, leg, "the camera fell silent")
            late = channel.settle(now)
            if late is not None:
                self._lost_upload(channel, late, "the camera sent nothing on its new way")
            if channel.empty_since is not None and now - channel.empty_since >= self._settings.linger:
                self._end_channel(channel)
            else:
                self._ask_for_upload(channel)
                channel.housekeep(now)

    def _excuse_silence(self, now: float) -> None:
        uploads = [leg for channel in self._channels.values() for leg in channel.uploads]
        for leg in (*uploads, *(viewer for _, viewer in self._viewers.values())):
            leg.excuse_silence(now)


__all__ = ["BadAnswer", "BadOffer", "CameraUnavailable", "Load", "NotWanted", "Relay", "RelayFull", "UnknownViewer"]
