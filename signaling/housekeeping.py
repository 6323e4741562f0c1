"""What has to happen now and then without anybody asking."""

import asyncio

import structlog

from signaling.audit import KEEP_BODY_SECONDS
from signaling.http.services import Services
from signaling.refusals import Refused
from signaling.store import audit

log = structlog.get_logger(__name__)

LOOK_SECONDS = 5.0
"""So soon after a code has run out its owner's app hears it; the app's own countdown is exact."""
SWEEP_SECONDS = 600.0


async def keep_house(services: Services) -> None:
    """Announce codes that ran out, delete what has ended; until cancelled."""
    looked = swept = services.clock()
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        now = services.clock()
        try:
            await services.cameras.announce_expired(since=looked, now=now)
            looked = now
            if now - swept >= SWEEP_SECONDS:
                await asyncio.shield(_sweep(services, now))  # see `Store.write`
                swept = now
        except Refused as refusal:
            log.warning("housekeeping_postponed", reason=refusal.detail)
        except Exception:
            log.exception("housekeeping_failed")


async def _sweep(services: Services, now: float) -> None:
    await services.accounts.delete_ended(now=now)
    await services.resets.delete_ended(now=now)
    await services.devices.delete_unused(now=now)
    await services.grants.delete_ended(now=now)
    await services.cameras.delete_old_pairings(now=now)
    await services.transfers.delete_ended(now=now)
    await services.installations.delete_ended(now=now)
    await _forget_old_deeds(services, now)


async def _forget_old_deeds(services: Services, now: float) -> None:
    async with services.store.write() as connection:
        await audit.erase_before(connection, now - KEEP_BODY_SECONDS)
        await audit.erase_orphans(connection)
