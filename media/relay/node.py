"""The relay as its host sees it: sockets, certificate, and who may watch what through it."""

import asyncio
import secrets
import socket
import time
from collections.abc import Callable
from contextlib import suppress

import structlog
from aioice.ice import get_host_addresses
from aiortc import RTCCertificate

from media.answer import BadAnswer, read_answer
from media.dtls import fingerprint_of
from media.guard import Kind, classify
from media.offer import Transport, write_offer
from media.relay.admission import Admission, RelayFull
from media.relay.candidates import candidates
from media.relay.channel import Channel
from media.relay.inbox import Inbox
from media.relay.leg import PeerLeg
from media.relay.publisher import PublisherLeg
from media.relay.publisher_sdp import BadOffer, read_offer, write_answer
from media.relay.settings import RelaySettings
from media.relay.srtp import check_binding
from media.relay.switchboard import Switchboard
from media.relay.tcp import TcpConnection, TcpListener
from media.relay.udp import Address, UdpPath, UdpPort
from media.relay.viewer import ViewerLeg

log = structlog.get_logger(__name__)

HOUSEKEEPING_SECONDS = 0.25
OFFER_SECONDS = 10.0
"""Until the camera's offer must be there once a viewer asks."""
ANSWER_SECONDS = 30.0
"""An offer stays open without an answer."""
CERTIFICATE_SECONDS = 86_400.0
"""New legs get a new certificate each day; aiortc's are valid for 30 days."""
BIND_TRIES = 10
"""For a port chosen by the system that must be free for UDP and TCP on every address."""


class CameraUnavailable(Exception):
    """The camera did not begin its upload in time."""


class UnknownViewer(Exception):
    """No such viewer: it has ended, or never was."""


class NotWanted(Exception):
    """Nobody watches this camera over the relay."""


class Relay:
    """`needs_upload(camera_id)`: ask the camera to offer; called again when an upload is lost while watched.
    `upload_over(camera_id)`: its upload has ended or is not needed any more. `viewer_ended(viewer_id, reason)`: once
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
        self._needs_upload, self._upload_over, self._viewer_ended = needs_upload, upload_over, viewer_ended
        self._clock, self._wall = clock, wall
        self._admission = Admission(settings.viewers, settings.viewers_per_owner, settings.viewers_per_camera)
        self._switchboard = Switchboard()
        self._inbox = Inbox()
        self._ports: list[UdpPort] = []
        self._tcp = TcpListener(self._receive_tcp)
        self._channels: dict[str, Channel] = {}
        self._viewers: dict[str, tuple[Channel, ViewerLeg]] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._certificate = RTCCertificate.generateCertificate()
        self._certified_at = clock()
        self._keeper: asyncio.Task[None] | None = None
        self.port = 0

    async def start(self) -> None:
        """Bind and serve. Raises `OSError` when an address or the port is not to be had."""
        addresses = self._settings.addresses or tuple(get_host_addresses(use_ipv4=True, use_ipv6=True))
        for attempt in range(BIND_TRIES):
            try:
                await self._bind(addresses)
                break
            except OSError:
                await self._unbind()
                if self._settings.port or attempt == BIND_TRIES - 1:
                    raise
        loop = asyncio.get_running_loop()
        for port in self._ports:
            port.start(loop)
        self._keeper = asyncio.create_task(self._keep())
        log.info("relay_started", port=self.port, addresses=len(self._ports))

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
        await self._unbind()

    # --- for the signaling party

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
        viewer.connect(agreed.role, agreed.fingerprints)

    def close_viewer(self, viewer_id: str) -> None:
        """End a viewer; `viewer_ended` is not called. An unknown one is ignored."""
        entry = self._viewers.pop(viewer_id, None)
        if entry is None:
            return
        channel, viewer = entry
        self._admission.release(viewer_id)
        channel.leave(viewer)
        self._close(viewer)

    async def publisher_answer(self, camera_id: str, offer: str) -> str:
        """A camera's offer, and the answer to it. It replaces an upload that is there. Raises `BadOffer`, `NotWanted`
        when nobody watches."""
        channel = self._channels.get(camera_id)
        if channel is None:
            raise NotWanted("nobody watches this camera over the relay")
        told = read_offer(offer)
        if channel.publisher is not None:
            self._close(channel.publisher)
        leg = PublisherLeg(
            self._fresh_certificate(), self._clock(), lambda reason: self._lost_upload(channel, leg, reason)
        )
        self._switchboard.add(leg)
        for viewer in channel.publish(leg, told):
            self._lost_viewer(viewer.name, "the camera changed its codecs")
        answer = write_answer(told, self._transport(leg), secrets.randbits(62))
        leg.connect("server", told.fingerprints)
        return answer

    def close_upload(self, camera_id: str) -> None:
        """The signaling says the camera's session is over. `upload_over` is not called."""
        channel = self._channels.get(camera_id)
        if channel is not None and channel.publisher is not None:
            leg, channel.publisher = channel.publisher, None
            self._close(leg)

    # --- inside

    def _channel(self, camera_id: str) -> Channel:
        channel = self._channels.get(camera_id)
        if channel is None:
            channel = self._channels[camera_id] = Channel(camera_id, self._clock)
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
                [port.socket.getsockname()[0] for port in self._ports],
                self.port,
                self._settings.public_addresses,
                self._settings.public_port or self.port,
                tcp=self._settings.tcp,
            ),
            lite=True,
        )

    def _fresh_certificate(self) -> RTCCertificate:
        now = self._clock()
        if now - self._certified_at > CERTIFICATE_SECONDS:
            self._certificate, self._certified_at = RTCCertificate.generateCertificate(), now
        return self._certificate

    def _lost_viewer(self, viewer_id: str, reason: str) -> None:
        log.info("relay_viewer_ended", viewer=viewer_id, reason=reason)
        self.close_viewer(viewer_id)
        self._viewer_ended(viewer_id, reason)

    def _lost_upload(self, channel: Channel, leg: PublisherLeg, reason: str) -> None:
        if channel.publisher is not leg:
            return
        log.info("relay_upload_lost", camera=channel.camera_id, reason=reason)
        channel.publisher = None
        self._close(leg)
        self._upload_over(channel.camera_id)
        self._ask_for_upload(channel)

    def _end_channel(self, channel: Channel) -> None:
        self._channels.pop(channel.camera_id, None)
        channel.stop()
        if channel.publisher is not None:
            leg, channel.publisher = channel.publisher, None
            self._close(leg)
        self._upload_over(channel.camera_id)

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
        for viewer_id, (_, viewer) in list(self._viewers.items()):
            silent = now - viewer.heard_at
            if viewer.room is None and silent > ANSWER_SECONDS:
                self._lost_viewer(viewer_id, "the viewer did not answer")
            elif viewer.srtp is not None and silent > self._settings.viewer_silence:
                self._lost_viewer(viewer_id, "the viewer fell silent")
        for channel in list(self._channels.values()):
            leg = channel.publisher
            if leg is not None and leg.srtp is not None and now - leg.heard_at > self._settings.publisher_silence:
                self._lost_upload(channel, leg, "the camera fell silent")
            if channel.empty_since is not None and now - channel.empty_since >= self._settings.linger:
                self._end_channel(channel)
            else:
                self._ask_for_upload(channel)
                channel.housekeep(now)

    # --- datagrams

    def _receive(self, port: UdpPort, length: int, address: Address) -> None:
        """The hot path: one datagram, in the inbox."""
        inbox = self._inbox
        first = inbox.view[0] if length else 255
        if 128 <= first <= 191:
            leg = self._switchboard.leg_at((port.number, address))
            if leg is not None:
                inbox.length[0] = length
                leg.take_media(inbox, self._clock(), self._wall())
            return
        data = bytes(inbox.view[:length])
        kind = classify(data)
        if kind is Kind.STUN:
            path = UdpPath(port, address)
            answer = self._switchboard.check(data, address[0], address[1], path, self._clock())
            if answer is not None:
                path.send([answer])
        elif kind is Kind.DTLS:
            leg = self._switchboard.leg_at((port.number, address))
            if leg is not None:
                leg.take_dtls(data)

    def _receive_tcp(self, connection: TcpConnection, frame: bytes) -> None:
        kind = classify(frame)
        if kind is Kind.STUN:
            answer = self._switchboard.check(frame, connection.host, connection.port, connection, self._clock())
            if self._switchboard.leg_at(connection.source) is not None:
                connection.prove()
            if answer is not None:
                connection.send([answer])
            return
        leg = self._switchboard.leg_at(connection.source)
        if leg is None:
            connection.close()
        elif kind is Kind.DTLS:
            leg.take_dtls(frame)
        elif kind is Kind.MEDIA:
            self._inbox.put(frame)
            leg.take_media(self._inbox, self._clock(), self._wall())

    async def _bind(self, addresses: tuple[str, ...]) -> None:
        self.port = self._settings.port
        for address in addresses:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            out = socket.socket(family, socket.SOCK_DGRAM)
            if family == socket.AF_INET6:
                out.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            self._ports.append(UdpPort(out, self._inbox, self._receive))
            out.bind((address, self.port))
            self.port = out.getsockname()[1]
            if self._settings.tcp:
                await self._tcp.listen(address, self.port)

    async def _unbind(self) -> None:
        loop = asyncio.get_running_loop()
        for port in self._ports:
            with suppress(ValueError):
                port.close(loop)
        self._ports.clear()
        await self._tcp.close()


__all__ = ["BadAnswer", "BadOffer", "CameraUnavailable", "NotWanted", "Relay", "RelayFull", "UnknownViewer"]
