"""Joining a Wi-Fi through NetworkManager on D-Bus, as Debian, Raspberry Pi OS and Fedora have it.

NetworkManager keeps the password in its own root-only store; here it is only handed on. The profile is named after us,
so that an earlier one with an old password is replaced and never tried again.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from dbus_fast import AuthError, BusType, DBusError, InvalidAddressError, Variant
from dbus_fast.aio import MessageBus

from camera_peer.wifi.joiner import (
    JOIN_SECONDS,
    JoinFailed,
    NetworkNotFound,
    NoAddress,
    WifiUnavailable,
    WrongPassword,
)
from camera_peer.wifi.manager import ACTIVATED_STATE, CALL_SECONDS, NM, NM_PATH, Manager

log = structlog.get_logger(__name__)

NO_OBJECT = "/"
PREFIX = "Belvedere "
"""Of the names of our profiles."""

FAILED_STATE = 120
"""NMDeviceState."""
SAE = 0x400
PSK = 0x100
"""NM80211ApSecurityFlags."""

BUS_FAILURES = (DBusError, AuthError, InvalidAddressError, OSError, EOFError, TimeoutError)

REASONS_PASSWORD = frozenset({7, 8, 9, 10, 11})
"""NMDeviceStateReason: no secrets, and how the supplicant says that the four-way handshake failed."""
REASONS_ADDRESS = frozenset({5, 6, 15, 16, 17})
REASON_SSID_NOT_FOUND = 53

SCAN_SECONDS = 15.0
"""A full scan of both bands takes 4 to 10 s; one more look costs little against a wrong "not found"."""
SCAN_POLL_SECONDS = 0.5


class NetworkManagerWifi:
    """`bus_address`: None means the system bus. `interface`: for instance `wlan0`; None means the first Wi-Fi."""

    def __init__(
        self,
        *,
        bus_address: str | None = None,
        interface: str | None = None,
        scan_seconds: float = SCAN_SECONDS,
        join_seconds: float = JOIN_SECONDS,
    ) -> None:
        self._bus_address = bus_address
        self._interface = interface
        self._scan_seconds = scan_seconds
        self._join_seconds = join_seconds

    async def join(self, ssid: str, password: str, *, hidden: bool) -> None:
        """See `WifiJoiner.join`. An empty `ssid` means that the code names no network: nothing is joined."""
        if not ssid:
            return
        try:
            async with self._connected() as manager:
                device = await manager.wifi_device(self._interface)
                point, flags = await self._find(manager, device, ssid, hidden)
                settings = profile(ssid, password, hidden=hidden, flags=flags)
                await self._activate(manager, device, point, settings, ssid, password)
        except BUS_FAILURES as error:
            raise failure_of_call(error, ssid) from error

    async def networks(self) -> dict[str, bytes]:
        """SSID by interface of each adapter that NetworkManager manages; none where there is no NetworkManager."""
        try:
            async with self._connected() as manager:
                return await manager.networks()
        except BUS_FAILURES:
            return {}

    async def forget(self) -> int:
        """Delete every profile that we made, whichever network it is for; how many there were. None of anybody else's.

        They are known by their names: whoever runs several cameras here shares them.
        """
        forgotten = 0
        try:
            async with self._connected() as manager:
                for path in await manager.connections_named(PREFIX, whole=False):
                    await manager.delete(path)
                    forgotten += 1
        except BUS_FAILURES as error:
            log.warning("wifi_not_forgotten", error=type(error).__name__)
        return forgotten

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Manager]:
        bus = MessageBus(bus_address=self._bus_address, bus_type=BusType.SYSTEM)
        try:
            async with asyncio.timeout(CALL_SECONDS):
                await bus.connect()
            yield Manager(bus)
        finally:
            bus.disconnect()

    async def _find(self, manager: Manager, device: str, ssid: str, hidden: bool) -> tuple[str, int]:
        """Path and security flags of the access point; a hidden network has none."""
        if hidden:
            return NO_OBJECT, PSK
        await manager.request_scan(device)
        looks = max(1, round(self._scan_seconds / SCAN_POLL_SECONDS))
        for _ in range(looks):
            found = await manager.access_point(device, ssid)
            if found is not None:
                return found
            await asyncio.sleep(SCAN_POLL_SECONDS)
        raise NetworkNotFound(ssid)

    async def _activate(
        self, manager: Manager, device: str, point: str, settings: dict[str, Any], ssid: str, password: str
    ) -> None:
        older = await manager.connections_named(settings["connection"]["id"].value)
        changes = await manager.watch(device)
        made, _ = await manager.call(NM_PATH, NM, "AddAndActivateConnection", "a{sa{sv}}oo", [settings, device, point])
        try:
            async with asyncio.timeout(self._join_seconds):
                while (change := await changes.get())[0] not in (ACTIVATED_STATE, FAILED_STATE):
                    pass
        except TimeoutError:
            await manager.delete(made)
            raise NetworkNotFound(ssid) if hidden_profile(settings) else NoAddress(ssid) from None
        if change[0] == FAILED_STATE:
            await manager.delete(made)
            raise failure_of_reason(change[1], ssid, secured=bool(password))
        for path in older:
            if path != made:
                await manager.delete(path)


def profile(ssid: str, password: str, *, hidden: bool, flags: int) -> dict[str, Any]:
    """The connection settings, as NetworkManager's D-Bus API takes them. `flags`: of the access point's security."""
    settings = {
        "connection": {"id": Variant("s", f"{PREFIX}{ssid}"), "type": Variant("s", "802-11-wireless")},
        "802-11-wireless": {"ssid": Variant("ay", ssid.encode()), "mode": Variant("s", "infrastructure")},
    }
    if hidden:
        settings["802-11-wireless"]["hidden"] = Variant("b", value=True)
    if password:
        only_wpa3 = bool(flags & SAE) and not flags & PSK
        settings["802-11-wireless-security"] = {
            "key-mgmt": Variant("s", "sae" if only_wpa3 else "wpa-psk"),
            "psk": Variant("s", password),
        }
    return settings


def hidden_profile(settings: dict[str, Any]) -> bool:
    return "hidden" in settings["802-11-wireless"]


def failure_of_reason(reason: int, ssid: str, *, secured: bool) -> JoinFailed:
    """What a failed activation means. `reason` is an NMDeviceStateReason."""
    if reason == REASON_SSID_NOT_FOUND:
        return NetworkNotFound(ssid)
    if reason in REASONS_PASSWORD and secured:
        return WrongPassword(ssid)
    if reason in REASONS_PASSWORD:
        return WifiUnavailable(f"The Wi-Fi “{ssid}” wants a password, but the code has none.")
    if reason in REASONS_ADDRESS:
        return NoAddress(ssid)
    return WifiUnavailable(f"NetworkManager could not join the Wi-Fi “{ssid}” (reason {reason}).")


def failure_of_call(error: Exception, ssid: str) -> JoinFailed:
    """What a refused D-Bus call means. The error's own text may quote the profile, so it is not passed on."""
    name = error.type if isinstance(error, DBusError) else type(error).__name__
    log.warning("networkmanager_refused", error=name)
    if name.endswith("InvalidProperty"):
        return WrongPassword(ssid)
    if name.endswith(("PermissionDenied", "AccessDenied")):
        return WifiUnavailable(
            "NetworkManager does not let this user join networks; run the camera as root, or, where this machine is "
            "online already, with --wifi already-online."
        )
    return WifiUnavailable("NetworkManager does not answer. Is it running? Else start with --wifi already-online.")
