"""Keeps the table true to what happens elsewhere: revocations, and the presence of the cameras connected here."""

import asyncio
import functools
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import structlog

from signaling import broker
from signaling.admission import Gate
from signaling.effects import Address, Effect
from signaling.gate import Viewer
from signaling.live.state import PRESENCE_SECONDS, LiveEvent, LiveState, LiveUnavailable, Presence, Subscription
from signaling.protocol.relay_token import is_relay
from signaling.refusals import Refused
from signaling.table import Table

RETRY_SECONDS = 1.0
"""After the live state or the store failed us."""
REFRESH_SECONDS = PRESENCE_SECONDS / 3

log = structlog.get_logger(__name__)


class Watch:
    """`apply` carries effects out. `serial` grows with every revocation."""

    def __init__(
        self,
        table: Table,
        live: LiveState,
        gate: Gate,
        apply: Callable[[Iterable[Effect]], object],
        clock: Callable[[], float],
    ) -> None:
        self.serial = 0
        self._doubted: asyncio.Queue[Address] = asyncio.Queue()
        """Bounded by the sockets there are: each asks one thing at a time, and waits."""
        self._table = table
        self._live = live
        self._gate = gate
        self._apply = apply
        self._clock = clock

    def jobs(self) -> list[Coroutine[Any, Any, None]]:
        """To be run side by side until cancelled."""
        # Subscribed before the first socket is served, so that nothing is missed.
        subscription = self._live.subscribe()
        return [self._revocations(subscription), self._doubts(), self._presences()]

    async def _revocations(self, subscription: Subscription) -> None:
        try:
            while True:
                event = await subscription.next()
                await self._until_done(functools.partial(self._heard, event))
        finally:
            subscription.close()

    async def _heard(self, event: LiveEvent) -> None:
        now = self._clock()
        match event.kind:
            case "login_ended":
                self.serial += 1
                self._apply(broker.revoke_login(self._table, event.subject, now))
            case "camera_removed" | "camera_revoked":
                self.serial += 1
                self._apply(broker.revoke_camera(self._table, event.subject, now))
            case "camera_given":
                self.serial += 1
                self._apply(broker.end_watching(self._table, event.subject))
            case "ways":
                self.serial += 1
                await self._close_ways([event.subject])
            case "grant":
                self.serial += 1
                await self._look_at([(event.account_id, event.subject)])
            case "lost":
                self.serial += 1
                await self.recheck(list(self._table.parties))
            case "orders":
                self.serial += 1
                await self._push_orders(event.subject)
            case "camera":
                pass

    def recheck_soon(self, peer: Address) -> None:
        """Look at this party anew, as one whose answer may have been out of date."""
        self._doubted.put_nowait(peer)

    async def _doubts(self) -> None:
        while True:
            peer = await self._doubted.get()
            await self._until_done(functools.partial(self.recheck, [peer]))

    async def recheck(self, peers: list[Address]) -> None:
        """Look at these parties anew, and at the sessions they are in."""
        parties = [party for peer in peers if (party := self._table.parties.get(peer)) is not None]
        devices = {party.device for party in parties if party.role == "device"}
        cameras = {key for key in devices if not is_relay(key)}
        logins = {party.login for party in parties if party.role == "client"}
        for session in list(self._table.sessions.values()):
            if session.device in devices or session.client in peers:
                logins.add(session.login)
        for login in sorted(logins):
            if not await self._gate.session_alive(login):
                self._apply(broker.revoke_login(self._table, login, self._clock()))
        for camera in sorted(cameras):
            if not await self._gate.camera_alive(camera):
                self._apply(broker.revoke_camera(self._table, camera, self._clock()))
            await self._push_orders(camera)
        seen = [s for s in self._table.sessions.values() if s.client in peers or s.device in devices]
        await self._look_at(sorted({(session.user, session.camera) for session in seen}))
        await self._close_ways(sorted({session.owner for session in seen}))

    async def _push_orders(self, camera: str) -> None:
        """Tell a camera that is here what its owner says now."""
        if self._table.device(camera) is not None:
            self._apply(broker.push_orders(self._table, camera, await self._gate.orders_of(camera)))

    async def _look_at(self, viewers: list[tuple[str, str]]) -> None:
        """End what these accounts may no longer watch, or have it end in time. Pairs of account and camera."""
        for user, camera in viewers:
            if not self._table.of_viewer(user, camera):
                continue
            terms = await self._gate.may_watch(Viewer(user, "", self._clock()), camera)
            if terms is None:
                self._apply(broker.revoke_watching(self._table, user, camera))
            else:
                self._apply(broker.watch_until(self._table, user, camera, terms.until, self._clock()))

    async def _close_ways(self, owners: list[str]) -> None:
        """End what the owners' policies no longer allow."""
        for owner in owners:
            policy = await self._gate.policy_of(owner)
            if policy is not None:
                self._apply(broker.close_ways(self._table, owner, policy))

    async def _presences(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            await self._safely(self.refresh())

    async def refresh(self) -> None:
        """Keep the presence of the cameras here alive; one that a newer socket elsewhere speaks for is let go."""
        problems: list[str] = []
        for camera, address in list(self._table.devices.items()):
            party = self._table.parties.get(address)
            if party is None or party.relay or self._table.devices.get(camera) != address:
                continue
            presence = Presence(camera, party.epoch, address.socket, address.node)
            try:
                if not await self._live.refresh_presence(presence):
                    self._apply(broker.superseded(self._table, address, self._clock()))
            except LiveUnavailable as error:
                problems.append(str(error))
        if problems:
            log.warning("presences_not_refreshed", cameras=len(problems), problem=problems[-1])

    async def _until_done(self, job: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """A revocation that is not carried out is a hole."""
        while True:
            if await self._safely(job()):
                return
            await asyncio.sleep(RETRY_SECONDS)

    async def _safely(self, job: Coroutine[Any, Any, None]) -> bool:
        """Whether it worked."""
        try:
            await job
        except (LiveUnavailable, Refused) as error:
            log.warning("watch_interrupted", problem=str(error))
            return False
        except Exception:
            log.exception("watch_failed")
            return False
        return True
