"""The relay as a client: it asks cameras for their upload while somebody watches, and takes their offers."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

import structlog

from media.relay.node import NotWanted
from media.relay.publisher_sdp import BadOffer
from media.relay.uploads import Uploads
from signaling.client import SignalingError
from signaling.protocol.errors import Fault, ProtocolError
from signaling.protocol.messages import ConnectParams, ConnectResult, ExtendResult, RegisterResult

RETRY_SECONDS = 1.0
"""Until a camera that did not come is asked again while somebody still watches; a restart takes some seconds."""
WAKE_TRIES = 10
"""For a camera that has moved and refuses the upload beside the one that flows. Once nothing flows it is asked on."""

OUR_OWN = frozenset({Fault.UNAUTHORIZED, Fault.FORBIDDEN, Fault.NOT_FOUND, Fault.WAY_CLOSED})
"""Why the server may refuse the relay itself. Handed on, a viewer would take it for the end of all its ways."""

log = structlog.get_logger(__name__)


class UploadMedia(Protocol):
    """The media of cameras; `media.relay.node.Relay` is one."""

    async def publisher_answer(self, camera_id: str, offer: str, upload_id: str) -> str: ...
    def close_upload(self, camera_id: str, upload_id: str) -> None: ...


class ClientLine(Protocol):
    """The connection to the server; `signaling.client_viewer.ViewerClient` is one."""

    async def connect(self, params: ConnectParams) -> ConnectResult: ...
    async def extend(self, session: str) -> ExtendResult: ...
    async def close_session(self, session: str, reason: str) -> bool: ...


class Audience(Protocol):
    """Those for whom uploads are made; `media.relay.party_viewers.Viewers` is one."""

    def watches(self, camera: str) -> bool: ...
    def refuse_waiting(self, camera: str, code: int, reason: str) -> None: ...


class Cameras:
    """`signaling.client_viewer.ViewerHandler` of the relay's second socket. An upload's id at the relay is its session.

    `attach` before anything comes in. `clock`: seconds of one monotonic clock.
    """

    def __init__(self, audience: Audience, clock: Callable[[], float]) -> None:
        self._audience = audience
        self._clock = clock
        self._uploads = Uploads()
        self._absent: set[str] = set()
        """Cameras that did not come when they were asked last; each is in the log once."""
        self._waiting: set[str] = set()
        """Cameras that will be asked again in a moment."""
        self._moved: dict[str, int] = {}
        """Cameras whose upload flows and is to be followed by another; how often they may still be asked for it."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._media: UploadMedia
        self._line: ClientLine

    def attach(self, media: UploadMedia, line: ClientLine) -> None:
        """Who receives, and through whom we speak."""
        self._media, self._line = media, line

    def tickets(self) -> list[str]:
        """What is shown at `register`."""
        return self._uploads.leases.tickets()

    async def stop(self) -> None:
        """End what is under way; the relay itself ends its uploads."""
        tasks = set(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- what the relay says ---

    def needed(self, camera: str) -> None:
        """Somebody watches, and nothing comes."""
        if self._uploads.ask(camera, self._clock()):
            self._spawn(self._ask(camera))

    def over(self, session: str) -> None:
        """The upload has ended, another took its place, or nobody watches any more."""
        if self._uploads.drop(session):
            self._spawn(self._say_closed(session, "the relay needs this upload no more"))

    # --- what the server says ---

    async def connected(self, registered: RegisterResult) -> None:
        """Uploads that the server does not take up again are over."""
        for session in self._uploads.leases.not_adopted(registered):
            await self.close(session, Fault.GONE, "the server did not take this session up again")

    async def disconnected(self) -> None:
        """Media goes on."""

    async def invite(self, session: str, offer: str, _proof: str | None = None) -> tuple[str, str | None]:
        """A camera's offer; returns the relay's answer. Statements are none of a relay's business."""
        camera = self._uploads.camera_of(session)
        if camera is None:
            raise ProtocolError(Fault.GONE, "this session is over")
        try:
            answer = await self._media.publisher_answer(camera, offer, session)
        except NotWanted as error:
            self._uploads.drop(session)
            raise ProtocolError(Fault.GONE, str(error)) from None
        except BadOffer as error:
            self._uploads.drop(session)
            self._moved.pop(camera, None)
            self._refuse_waiting(camera, Fault.NOT_ACCEPTABLE, str(error))
            raise ProtocolError(Fault.NOT_ACCEPTABLE, str(error)) from None
        self._absent.discard(camera)
        self._moved.pop(camera, None)
        self._uploads.take(session)
        return answer, None

    async def close(self, session: str, code: int, reason: str) -> None:
        """The session is over: the upload ends, or never came."""
        camera = self._uploads.camera_of(session)
        if camera is None:
            return
        carried = self._uploads.carries(session)
        self._uploads.drop(session)
        if carried:
            log.info("relay_upload_closed", camera=camera, reason=reason)
            self._media.close_upload(camera, session)
        elif camera in self._moved or not self._uploads.has_upload(camera):
            self._refused(camera, code, reason)

    async def wake(self, session: str) -> None:
        """The camera has moved: a new upload, which takes the place of this one once it flows."""
        camera = self._uploads.camera_of(session)
        if camera is not None and self._uploads.carries(session):
            self._moved[camera] = WAKE_TRIES
            self.needed(camera)

    async def envelope(self, session: str, text: str) -> None:
        """Keys of frames are never for a relay."""

    # --- leases ---

    async def mind_leases(self) -> None:
        """Extend what should go on, end what nobody has extended."""
        now = self._clock()
        for session in self._uploads.to_extend(now):
            self._spawn(self._extend(session))
        for session in self._uploads.leases.expired(now):
            await self.close(session, Fault.TIMEOUT, "the time for this session is over")

    async def _extend(self, session: str) -> None:
        try:
            result = await self._line.extend(session)
        except SignalingError as error:
            log.warning("relay_upload_not_extended", session=session, problem=error.message)
            return
        if self._uploads.camera_of(session) is not None:
            self._uploads.leases.accept(session, result, self._clock())

    # --- inside ---

    async def _ask(self, camera: str) -> None:
        try:
            result = await self._line.connect(ConnectParams(camera))
        except SignalingError as error:
            self._refused(camera, Fault.CAMERA_UNAVAILABLE if error.code in OUR_OWN else error.code, error.message)
            return
        finally:
            self._uploads.answered(camera)
        ticket = result.belvedere.ticket if result.belvedere else None
        self._uploads.begin(result.session, camera, result.expiry_time_seconds, ticket, self._clock())

    def _refused(self, camera: str, code: int, reason: str) -> None:
        if camera not in self._absent:
            log.info("relay_upload_refused", camera=camera, code=int(code), reason=reason)
            self._absent.add(camera)
        self._refuse_waiting(camera, code, reason)
        if camera not in self._waiting:
            self._waiting.add(camera)
            self._spawn(self._ask_again(camera))

    def _refuse_waiting(self, camera: str, code: int, reason: str) -> None:
        """While another upload flows, nobody waits for this one."""
        if not self._uploads.has_upload(camera):
            self._audience.refuse_waiting(camera, code, reason)

    async def _ask_again(self, camera: str) -> None:
        await asyncio.sleep(RETRY_SECONDS)
        self._waiting.discard(camera)
        if not self._audience.watches(camera):
            self._absent.discard(camera)
            self._moved.pop(camera, None)
        elif self._is_needed(camera):
            self.needed(camera)

    def _is_needed(self, camera: str) -> bool:
        if not self._uploads.has_upload(camera):
            return True
        tries = self._moved.pop(camera, 0)
        if tries > 1:
            self._moved[camera] = tries - 1
        return tries > 0

    async def _say_closed(self, session: str, reason: str) -> None:
        await self._line.close_session(session, reason)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
