"""A viewer that speaks to the real server, watches over the relay or directly with ICE and DTLS, counts packets."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from tests.benchmarks.light_client import LightViewer
from tests.signaling.viewer_client import WirePeer, connected

WAIT_SECONDS = 15.0


class RelayViewer(LightViewer):
    """`session`: its id; `ticket`: the server's for it; `ice_servers`: as it was told."""

    session = ""
    ticket = ""
    ice_servers: tuple[dict[str, Any], ...] = ()

    async def watch(
        self, peer: WirePeer, camera: str, edit: Callable[[str], str] = str, via: str = "relay"
    ) -> dict[str, Any]:
        """Ask for the way and answer its offer, changed by `edit`. Returns what the server said of it."""
        result = await peer.request("connect", peer=camera, belvedere={"via": via})
        self.session, self.ticket = result["session"], result["belvedere"]["ticket"]
        self.ice_servers = tuple(result["iceServers"])
        invite = await peer.expect("invite")
        assert invite["params"]["session"] == self.session
        await peer.reply(invite, answer=await self.answer(edit(invite["params"]["offer"])))
        return dict(result["belvedere"])


@asynccontextmanager
async def signed_in(server_url: str, token: str) -> AsyncIterator[WirePeer]:
    """A registered socket of this account. Certificates are tested elsewhere."""
    async with connected(f"{server_url}/api/signaling", f"Bearer {token}", ssl=False) as peer:
        await peer.register()
        yield peer


async def until(holds: Callable[[], bool], what: str, seconds: float = WAIT_SECONDS) -> float:
    """Wait until it holds; the seconds that took. `holds` may block: it is asked in a thread."""
    began = time.monotonic()
    while not await asyncio.to_thread(holds):
        assert time.monotonic() - began < seconds, f"still not: {what}"
        await asyncio.sleep(0.05)
    return time.monotonic() - began
