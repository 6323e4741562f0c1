"""A private D-Bus with python-dbusmock's NetworkManager: one adapter, three networks and their passwords."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvloop
from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

NM = "org.freedesktop.NetworkManager"
DEVICE_PATH = "/org/freedesktop/NetworkManager/Devices/wlan0"
MOCK = "org.freedesktop.DBus.Mock"
NM_PATH = "/org/freedesktop/NetworkManager"

CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
<policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>"""

SUPPLICANT = """
networks = {'Hillside': 'correct horse', 'Cellar': 'staircase wit', 'Guests': '', 'Broken': 'correct horse'}
settings, device, point = args
ssid = bytes(settings['802-11-wireless']['ssid']).decode()
hidden = bool(settings['802-11-wireless'].get('hidden', False))
psk = str(settings.get('802-11-wireless-security', {}).get('psk', ''))
settings_object = objects['/org/freedesktop/NetworkManager/Settings']
made = settings_object.SettingsAddConnection(settings)
adapter = objects[str(device)]
reason = 0
if ssid not in networks or (ssid == 'Cellar' and not hidden):
    reason = 53
elif psk != networks[ssid]:
    reason = 7
elif ssid == 'Broken':
    reason = 17
for old, new in ((30, 40), (40, 50), (50, 60), (60, 50), (50, 120 if reason else 100)):
    why = dbus.UInt32(reason if new == 120 else 0)
    adapter.EmitSignal('org.freedesktop.NetworkManager.Device', 'StateChanged', 'uuu',
                       [dbus.UInt32(new), dbus.UInt32(old), why])
ret = (dbus.ObjectPath(made), dbus.ObjectPath('/org/freedesktop/NetworkManager/ActiveConnection/0'))
"""
"""What NetworkManager does with a new profile, told by signals: the mock's own method believes every password."""


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop that the camera runs on."""
    return {"uvloop": uvloop.new_event_loop}


@dataclass
class MockedManager:
    """`address`: of the private bus."""

    address: str
    bus: MessageBus

    async def mock(self, path: str, member: str, signature: str, body: list[Any], interface: str = MOCK) -> list[Any]:
        message = Message(destination=NM, path=path, interface=interface, member=member, signature=signature, body=body)
        reply = await self.bus.call(message)
        assert reply is not None
        assert reply.message_type is not MessageType.ERROR, reply.body
        return list(reply.body)

    async def profiles(self) -> list[dict[str, dict[str, Variant]]]:
        """The saved connections."""
        (paths,) = await self.mock(f"{NM_PATH}/Settings", "ListConnections", "", [], f"{NM}.Settings")
        connection = f"{NM}.Settings.Connection"
        return [(await self.mock(path, "GetSettings", "", [], connection))[0] for path in paths]

    async def add_network(self, name: str, security: int, strength: int = 70) -> None:
        await self.mock(
            NM_PATH.rsplit("/", 1)[0],
            "AddAccessPoint",
            "ssssuuuyu",
            [DEVICE_PATH, f"ap_{name}_{strength}", name, "00:23:F8:7E:12:BB", 2, 2425, 5400, strength, security],
        )


@pytest.fixture(scope="session")
def dbus_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    directory = tmp_path_factory.mktemp("dbus")
    path = directory / "bus"
    config = directory / "bus.conf"
    config.write_text(CONFIG.format(path=path))
    daemon = subprocess.Popen(
        ["/usr/bin/dbus-daemon", "--nofork", "--print-address", f"--config-file={config}"], stdout=subprocess.PIPE
    )
    assert daemon.stdout is not None
    assert daemon.stdout.readline()
    yield f"unix:path={path}"
    daemon.terminate()
    daemon.wait()
    daemon.stdout.close()


@pytest.fixture
async def network_manager(dbus_address: str, tmp_path: Path) -> AsyncIterator[MockedManager]:
    environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": dbus_address}
    log = (tmp_path / "dbusmock.log").open("wb")
    mock = subprocess.Popen(
        ["/usr/bin/python3", "-m", "dbusmock", "--template", "networkmanager"],
        env=environment,
        stdout=log,
        stderr=log,
    )
    bus = await MessageBus(bus_address=dbus_address, bus_type=BusType.SYSTEM).connect()
    try:
        await _until_owned(bus)
        manager = MockedManager(dbus_address, bus)
        await manager.mock("/org/freedesktop", "AddWiFiDevice", "ssi", ["wlan0", "wlan0", 30])
        for name, security in (("Hillside", 0x100), ("Guests", 0), ("Broken", 0x100)):
            await manager.add_network(name, security)
        method = [NM, "AddAndActivateConnection", "a{sa{sv}}oo", "oo", SUPPLICANT]
        await manager.mock(NM_PATH, "AddMethod", "sssss", method)
        yield manager
    finally:
        bus.disconnect()
        mock.terminate()
        mock.wait()
        log.close()


async def _until_owned(bus: MessageBus) -> None:
    """dbusmock has taken NetworkManager's name; it starts within a second or two."""
    question = {
        "destination": "org.freedesktop.DBus",
        "path": "/org/freedesktop/DBus",
        "interface": "org.freedesktop.DBus",
        "member": "NameHasOwner",
        "signature": "s",
        "body": [NM],
    }
    async with asyncio.timeout(20):
        while True:
            reply = await bus.call(Message(**question))
            if reply is not None and reply.body[0]:
                return
            await asyncio.sleep(0.05)
