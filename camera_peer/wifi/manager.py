"""The few calls of NetworkManager's D-Bus API that joining a Wi-Fi needs. Decides nothing."""

import asyncio
from typing import Any

from dbus_fast import DBusError, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from camera_peer.wifi.joiner import WifiUnavailable

NM = "org.freedesktop.NetworkManager"
NM_PATH = "/org/freedesktop/NetworkManager"
DEVICE = f"{NM}.Device"
WIRELESS = f"{NM}.Device.Wireless"
ACCESS_POINT = f"{NM}.AccessPoint"
CONNECTION = f"{NM}.Settings.Connection"
WIFI_DEVICE = 2
"""NMDeviceType."""
UNMANAGED_STATE = 10
USABLE_STATE = 30
ACTIVATED_STATE = 100
"""NMDeviceState: above the first NetworkManager looks after it, from the second on it can be told to connect."""

CALL_SECONDS = 25.0
MAX_STATE_CHANGES = 64
"""Queued state changes of one device during one attempt; a normal attempt has 8."""


class Manager:
    """The few calls of NetworkManager that are needed. Raises `DBusError` and TimeoutError."""

    def __init__(self, bus: MessageBus) -> None:
        self._bus = bus

    async def call(self, path: str, interface: str, member: str, signature: str = "", body: Any = ()) -> list[Any]:
        """One method call; its results."""
        message = Message(
            destination=NM, path=path, interface=interface, member=member, signature=signature, body=list(body)
        )
        async with asyncio.timeout(CALL_SECONDS):
            reply = await self._bus.call(message)
        if reply is None or reply.message_type is MessageType.ERROR:
            raise DBusError(reply.error_name if reply and reply.error_name else f"{NM}.NoReply", member)
        return list(reply.body)

    async def get(self, path: str, interface: str, name: str) -> Any:
        (value,) = await self.call(path, "org.freedesktop.DBus.Properties", "Get", "ss", [interface, name])
        return value.value

    async def wifi_devices(self) -> list[str]:
        """Paths of the Wi-Fi adapters."""
        (devices,) = await self.call(NM_PATH, NM, "GetDevices")
        return [str(device) for device in devices if await self.get(device, DEVICE, "DeviceType") == WIFI_DEVICE]

    async def wifi_device(self, wanted: str | None) -> str:
        """Path of the Wi-Fi adapter. Raises `WifiUnavailable`."""
        for device in await self.wifi_devices():
            if wanted in (None, await self.get(device, DEVICE, "Interface")):
                if await self.get(device, DEVICE, "State") < USABLE_STATE:
                    raise WifiUnavailable("The Wi-Fi adapter is switched off or not managed by NetworkManager.")
                return device
        raise WifiUnavailable("NetworkManager knows no Wi-Fi adapter here; start with --wifi already-online if wired.")

    async def networks(self) -> dict[str, bytes]:
        """SSID by interface of each Wi-Fi adapter that NetworkManager manages, empty where it has joined none."""
        found: dict[str, bytes] = {}
        for device in await self.wifi_devices():
            state = await self.get(device, DEVICE, "State")
            if state > UNMANAGED_STATE:
                point = await self.get(device, WIRELESS, "ActiveAccessPoint") if state == ACTIVATED_STATE else ""
                found[await self.get(device, DEVICE, "Interface")] = await self._ssid(point) if point else b""
        return found

    async def request_scan(self, device: str) -> None:
        """Ask for a fresh scan; refused while one runs, which is as good."""
        try:
            await self.call(device, WIRELESS, "RequestScan", "a{sv}", [{}])
        except DBusError:
            return

    async def access_point(self, device: str, ssid: str) -> tuple[str, int] | None:
        """Path and security flags of the strongest access point with that name."""
        (points,) = await self.call(device, WIRELESS, "GetAllAccessPoints")
        named = [path for path in points if await self._ssid(path) == ssid.encode()]
        if not named:
            return None
        strengths = {path: await self.get(path, ACCESS_POINT, "Strength") for path in named}
        best = max(named, key=lambda path: strengths[path])
        return best, int(await self.get(best, ACCESS_POINT, "RsnFlags"))

    async def _ssid(self, point: str) -> bytes:
        """Empty where the access point has gone meanwhile."""
        try:
            return bytes(await self.get(point, ACCESS_POINT, "Ssid"))
        except DBusError:
            return b""

    async def connections_named(self, name: str, *, whole: bool = True) -> list[str]:
        """Paths of the saved profiles with this id; or, if not `whole`, whose ids begin with it."""
        (paths,) = await self.call(f"{NM_PATH}/Settings", f"{NM}.Settings", "ListConnections")
        named = []
        for path in paths:
            (settings,) = await self.call(path, CONNECTION, "GetSettings")
            found = settings.get("connection", {}).get("id", Variant("s", "")).value
            if found == name or (not whole and found.startswith(name)):
                named.append(str(path))
        return named

    async def delete(self, path: str) -> None:
        """Forget a profile; one that is gone already is fine."""
        try:
            await self.call(path, CONNECTION, "Delete")
        except DBusError:
            return

    async def watch(self, device: str) -> "asyncio.Queue[tuple[int, int]]":
        """(state, reason) of each `StateChanged` of the device from now on."""
        changes: asyncio.Queue[tuple[int, int]] = asyncio.Queue(MAX_STATE_CHANGES)

        def heard(message: Message) -> None:
            ours = message.path == device and message.interface == DEVICE and message.member == "StateChanged"
            if ours and message.message_type is MessageType.SIGNAL and not changes.full():
                new, _, reason = message.body
                changes.put_nowait((int(new), int(reason)))

        self._bus.add_message_handler(heard)
        rule = f"type='signal',interface='{DEVICE}',member='StateChanged',path='{device}'"
        await self._bus.call(
            Message(
                destination="org.freedesktop.DBus",
                path="/org/freedesktop/DBus",
                interface="org.freedesktop.DBus",
                member="AddMatch",
                signature="s",
                body=[rule],
            )
        )
        return changes
