"""A Wi-Fi that exists only in this process, for the demo and for tests: one network with one password."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable

from camera_peer.wifi.joiner import NetworkNotFound, WrongPassword

ASSOCIATE_SECONDS = 0.4
"""Long enough that the state can be seen, short enough that nobody waits for it."""


class SimulatedWifi:
    def __init__(self, ssid: str, password: str, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._ssid = ssid
        self._password = password
        self._sleep = sleep
        self.joined = False

    async def join(self, ssid: str, password: str, *, hidden: bool) -> None:
        del hidden  # it answers a directed probe as well
        await self._sleep(ASSOCIATE_SECONDS)
        if ssid != self._ssid:
            raise NetworkNotFound(ssid)
        if not hmac.compare_digest(password.encode(), self._password.encode()):
            raise WrongPassword(ssid)
        self.joined = True
