"""Handlers: health, verdicts."""

from signaling.http import shapes
from signaling.http.call import Call
from signaling.verdicts import VERDICTS


async def healthz(_call: Call) -> shapes.Health:
    """The process answers."""
    return shapes.Health("ok")


async def readyz(call: Call) -> shapes.Readiness:
    """It can work: the database and the live state answer."""
    await call.services.store.ping()
    await call.services.live.ping()
    return shapes.Readiness("ok", "unknown" if call.is_hidden else "known")


async def verdicts(_call: Call) -> shapes.Verdicts:
    return shapes.Verdicts([shapes.Verdict(v.code, v.sentence, v.advice) for v in VERDICTS])
