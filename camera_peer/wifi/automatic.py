"""The default: join the Wi-Fi of the code where that helps, and leave the network alone where it does not.

A camera whose only way is Wi-Fi has to join what the code names. One that is online by cable (or by anything else that
is not a Wi-Fi adapter of NetworkManager) needs nothing, and a wrong password in the code must not keep it from working.
One that is in another Wi-Fi was shown a code with this one, so it moves.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Protocol

import structlog

from camera_peer.wifi.joiner import WifiJoiner
from camera_peer.wifi.routes import ways_out

log = structlog.get_logger(__name__)


class Adapters(WifiJoiner, Protocol):
    """Joins, and knows what is joined; `NetworkManagerWifi` is one."""

    async def networks(self) -> dict[str, bytes]:
        """SSID by interface of each Wi-Fi adapter that can be told what to join, empty where it has joined none."""

    async def forget(self) -> int:
        """Let go of every network that it made known; how many there were."""


class AutomaticWifi:
    """`open_wifi`: called when there is something to join. `ways_out`: names of the interfaces over which this machine
    is online."""

    def __init__(self, open_wifi: Callable[[], Adapters], ways_out: Callable[[], Collection[str]] = ways_out) -> None:
        self._open_wifi = open_wifi
        self._ways_out = ways_out

    async def join(self, ssid: str, password: str, *, hidden: bool) -> None:
        """See `WifiJoiner.join`."""
        if not ssid:
            return
        wifi = self._open_wifi()
        reason = reason_to_stay(ssid, await wifi.networks(), self._ways_out())
        if reason is None:
            await wifi.join(ssid, password, hidden=hidden)
        else:
            log.info("wifi_left_alone", reason=reason, otherwise="--wifi networkmanager insists on joining it")


def reason_to_stay(ssid: str, networks: Mapping[str, bytes], ways_out: Collection[str]) -> str | None:
    """Why nothing is joined, for a person; None where `ssid` is to be joined."""
    if not networks:
        return "there is no Wi-Fi adapter here that NetworkManager manages, so the Wi-Fi in the code is not used"
    if ssid.encode() in networks.values():
        return "this camera is in the Wi-Fi of the code already"
    others = sorted(set(ways_out) - set(networks))
    if others:
        return f"this camera is online already (over {', '.join(others)}), so the Wi-Fi in the code is not used"
    return None
