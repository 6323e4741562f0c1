"""The relay as a device: viewers that the server sends here, from `connect` to their end."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

import structlog

from media.answer import BadAnswer
from media.leases import Leases
from media.relay.admission import RelayFull
from media.relay.node import CameraUnavailable, UnknownViewer
from signaling.client import SignalingError
from signaling.protocol.errors import Fault, Notice, ProtocolError
from signaling.protocol.messages import (
    Candidate,
    DeviceConnectParams,
    DeviceExtendParams,
    InviteResult,
    RegisterResult,
    Trust,
)

log = structlog.get_logger(__name__)


class ViewerMedia(Protocol):
    """The media of viewers; `media.relay.node.Relay` is one."""

    async def viewer_offer(self, camera_id: str, viewer_id: str, owner_id: str) -> str: ...
    def viewer_answer(self, viewer_id: str, answer: str) -> None: ...
    def close_viewer(self, viewer_id: str) -> None: ...


class DeviceLine(Protocol):
    """The connection to the server; `signaling.client.SignalingClient` is one."""

    async def invite(self, session: str, offer: str) -> InviteResult: ...
    async def close_session(self, session: str, reason: str) -> bool: ...
    async def error(self, session: str, code: int, message: str) -> bool: ...


class Viewers:
    """`signaling.client.Handler` of the relay's first socket. A viewer's id at the relay is its session's.

    `attach` before anything comes in. `clock`: seconds of one monotonic clock.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._leases = Leases()
        self._cameras: dict[str, str] = {}
        self._offering: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._media: ViewerMedia
        self._line: DeviceLine

    def attach(self, media: ViewerMedia, line: DeviceLine) -> None:
        """Who shows, and through whom we speak."""
        self._media, self._line = media, line

    def watches(self, camera: str) -> bool:
        """Whether anybody watches this camera, or is about to."""
        return camera in self._cameras.values()

    def tickets(self) -> list[str]:
        """What is shown at `register`."""
        return self._leases.tickets()

    async def stop(self) -> None:
        """End what is under way; the relay itself ends its viewers."""
        tasks = {*self._tasks, *self._offering.values()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- what the server says ---

    async def connected(self, registered: RegisterResult) -> None:
        """Sessions that the server does not take up again are over."""
        for session in self._leases.not_adopted(registered):
            await self.close(session, "the server did not take this session up again")

    async def disconnected(self) -> None:
        """Media goes on."""

    async def connect(self, params: DeviceConnectParams) -> None:
        """A viewer wants to see. What comes of it is told by `invite` or `error`."""
        extra = params.belvedere
        if extra is None or not extra.camera or not extra.owner:
            raise ProtocolError(Fault.BAD_REQUEST, "a relay has to be told whose camera it shall show")
        if params.session in self._cameras:
            raise ProtocolError(Fault.BAD_REQUEST, "a session with this id exists")
        self._leases.accept(params.session, params, self._clock())
        self._cameras[params.session] = extra.camera
        task = asyncio.create_task(self._invite(params.session, extra.camera, extra.owner))
        self._offering[params.session] = task
        task.add_done_callback(lambda _: self._offering.pop(params.session, None))

    async def candidate(self, session: str, candidate: Candidate) -> None:
        """An ICE-lite agent answers checks and needs no candidates (RFC 8445 §2.5)."""

    async def extend(self, params: DeviceExtendParams) -> None:
        """More time for a session."""
        self._leases.extend(params, self._clock())

    async def close(self, session: str, reason: str) -> None:
        """The session is over, and nobody has to be told."""
        if self._drop(session):
            log.info("relay_session_closed", session=session, reason=reason)
        offering = self._offering.get(session)
        if offering is not None and offering is not asyncio.current_task():
            offering.cancel()
            await asyncio.wait({offering})
        self._media.close_viewer(session)

    async def hello(self, session: str, trust: Trust | None) -> None:
        """Who watches is between viewer and camera; a relay is never told."""

    async def orders(self, keyring: Sequence[str], orders: str | None) -> None:
        """A relay has no owner."""

    # --- what the relay says ---

    def ended(self, session: str, reason: str) -> None:
        """A viewer ended by itself: the server may forget it."""
        if self._drop(session):
            self._spawn(self._say_closed(session, reason))

    def refuse_waiting(self, camera: str, code: int, reason: str) -> None:
        """The camera does not come: whoever waits for the first offer hears it; who is connected stays."""
        for session in [name for name in self._offering if self._cameras.get(name) == camera]:
            self._spawn(self._refuse(session, code, reason))

    async def end_leases(self) -> None:
        """End what nobody has extended."""
        for session in self._leases.expired(self._clock()):
            await self.close(session, "the time for this session is over")
            await self._say_closed(session, "the time for this session is over")

    # --- inside ---

    async def _invite(self, session: str, camera: str, owner: str) -> None:
        try:
            offer = await self._media.viewer_offer(camera, session, owner)
            answer = await self._line.invite(session, offer)
            self._media.viewer_answer(session, answer.answer)
        except RelayFull as full:
            log.warning("relay_full", scope=full.scope)
            await self._fail(session, Notice.RESOURCES, f"{full.scope}: {full}")
        except CameraUnavailable as error:
            await self._fail(session, Fault.CAMERA_UNAVAILABLE, str(error))
        except BadAnswer as error:
            await self._fail(session, Fault.NOT_ACCEPTABLE, str(error))
        except (SignalingError, UnknownViewer) as error:
            await self.close(session, str(error))
        except Exception:
            # Our bug: this session ends, all others go on.
            log.exception("relay_session_broke", session=session)
            self._media.close_viewer(session)
            await self._fail(session, Fault.INTERNAL, "the relay failed")

    async def _refuse(self, session: str, code: int, reason: str) -> None:
        waited = session in self._cameras
        await self.close(session, reason)
        if waited:
            await self._line.error(session, code, reason)

    async def _fail(self, session: str, code: int, reason: str) -> None:
        if self._drop(session):
            log.info("relay_session_failed", session=session, code=int(code), reason=reason)
            await self._line.error(session, code, reason)

    async def _say_closed(self, session: str, reason: str) -> None:
        await self._line.close_session(session, reason)

    def _drop(self, session: str) -> bool:
        self._cameras.pop(session, None)
        return self._leases.drop(session)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
