"""Factory reset: tell the server while there is still a key to sign with, then forget everything.

Nothing of it waits for anything else: what cannot be done is said, and the rest is done. The label stays, for it is on
the camera (`label`).
"""

import secrets
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Literal

import aiohttp

from camera_peer import identity, memory, state, storage
from camera_peer.identity import DamagedKey, Identity
from camera_peer.state import DamagedState, Pairing
from camera_peer.trust import trust_of

PATH = "/api/camera/reset"
TELL_SECONDS = 10.0
"""Who resets a camera holds it in the hand and waits."""
TRIES = 2
"""The second one with the server's clock, as its first answer told it."""
HEARD, PROOF_INVALID = 204, 400
"""What the server answers. A guest portal, which points elsewhere, has not been told."""
JTI_BYTES = 16

Told = Literal["told", "untold", "nobody"]


def known(directory: Path) -> tuple[Pairing, Identity] | None:
    """Whom to tell, and what to sign with; None where nothing is paired or it cannot be read. Raises OSError."""
    if not directory.is_dir():
        return None
    with storage.alone(directory):
        try:
            pairing, device = state.load(directory).pairing, identity.load(directory)
        except (DamagedKey, DamagedState):
            return None
    return (pairing, device) if pairing is not None and device is not None else None


async def tell(pairing: Pairing, device: Identity, clock: Callable[[], float] = time.time) -> bool:
    """Whether the server knows now. It checks the signature, and revokes the key."""
    offset = 0.0
    timeout = aiohttp.ClientTimeout(total=TELL_SECONDS)
    try:
        async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as http:
            for _ in range(TRIES):
                jti = secrets.token_urlsafe(JTI_BYTES)
                token = device.device_token(pairing.camera_id, pairing.origin, now=clock() + offset, jti=jti)
                body, trust = {"token": token}, trust_of(pairing)
                async with http.post(pairing.origin + PATH, json=body, ssl=trust, allow_redirects=False) as answer:
                    if answer.status != PROOF_INVALID:
                        return answer.status == HEARD
                    offset = _date(answer) - clock()
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
        pass
    return False


async def leave(directory: Path) -> tuple[Told, bool]:
    """Tell the server and forget key, pairing and pins. Whether it was told, and whether there was anything to forget.

    Raises OSError.
    """
    kept = known(directory)
    told: Told = "nobody" if kept is None else "told" if await tell(*kept) else "untold"
    return told, memory.reset(directory)


def _date(answer: aiohttp.ClientResponse) -> float:
    """Raises ValueError."""
    return parsedate_to_datetime(answer.headers.get("Date", "")).timestamp()
