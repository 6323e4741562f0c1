"""The default of `--wifi`: a camera that needs the Wi-Fi of the code joins it, any other leaves its network alone."""

import pytest
from dbus_fast import Variant
from structlog.testing import capture_logs

from camera_peer.wifi import routes
from camera_peer.wifi.automatic import AutomaticWifi, reason_to_stay
from camera_peer.wifi.joiner import WrongPassword
from camera_peer.wifi.networkmanager import NetworkManagerWifi
from tests.camera_peer.wifi.conftest import DEVICE_PATH, NM, MockedManager

IPV4_HEAD = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
ZEROS = "0" * 32


def automatic(address: str, *ways_out: str) -> AutomaticWifi:
    return AutomaticWifi(
        lambda: NetworkManagerWifi(bus_address=address, scan_seconds=0.5, join_seconds=5), lambda: ways_out
    )


async def is_in(manager: MockedManager, network: str) -> None:
    """The adapter has joined one of the networks of `conftest`."""
    state = [DEVICE_PATH, f"{NM}.Device", "State", Variant("u", 100)]
    await manager.mock("/org/freedesktop", "SetProperty", "sssv", state)
    point = Variant("o", f"/org/freedesktop/NetworkManager/AccessPoint/ap_{network}_70")
    await manager.mock(DEVICE_PATH, "AddProperty", "ssv", [f"{NM}.Device.Wireless", "ActiveAccessPoint", point])


async def test_a_camera_that_is_not_online_joins(network_manager: MockedManager) -> None:
    await automatic(network_manager.address).join("Hillside", "correct horse", hidden=False)
    assert len(await network_manager.profiles()) == 1


async def test_what_goes_wrong_there_is_said(network_manager: MockedManager) -> None:
    with pytest.raises(WrongPassword):
        await automatic(network_manager.address).join("Hillside", "wrong horse", hidden=False)


async def test_a_camera_in_another_wifi_moves_to_that_of_the_code(network_manager: MockedManager) -> None:
    await is_in(network_manager, "Guests")
    await automatic(network_manager.address, "wlan0").join("Hillside", "correct horse", hidden=False)
    assert len(await network_manager.profiles()) == 1


async def test_a_camera_in_the_wifi_of_the_code_stays_as_it_is(network_manager: MockedManager) -> None:
    await is_in(network_manager, "Hillside")
    with capture_logs() as logs:
        await automatic(network_manager.address, "wlan0").join("Hillside", "wrong horse", hidden=False)
    assert await network_manager.profiles() == []
    assert [line["event"] for line in logs] == ["wifi_left_alone"]


async def test_a_camera_with_a_cable_leaves_the_wifi_alone_and_says_so(network_manager: MockedManager) -> None:
    with capture_logs() as logs:
        await automatic(network_manager.address, "eth0").join("Hillside", "correct horse", hidden=False)
    assert await network_manager.profiles() == []
    assert "over eth0" in logs[0]["reason"] and "--wifi networkmanager" in logs[0]["otherwise"]


async def test_an_adapter_that_others_manage_is_not_touched(network_manager: MockedManager) -> None:
    unmanaged = [DEVICE_PATH, f"{NM}.Device", "State", Variant("u", 10)]
    await network_manager.mock("/org/freedesktop", "SetProperty", "sssv", unmanaged)
    await automatic(network_manager.address, "wlan0").join("Hillside", "correct horse", hidden=False)
    assert await network_manager.profiles() == []


async def test_without_networkmanager_nothing_is_joined(dbus_address: str) -> None:
    for address in (dbus_address, "unix:path=/nonexistent/bus", "nonsense"):
        with capture_logs() as logs:
            await automatic(address).join("Hillside", "correct horse", hidden=False)
        assert "no Wi-Fi adapter" in logs[0]["reason"]


async def test_a_code_without_a_network_asks_nobody() -> None:
    def open_wifi() -> NetworkManagerWifi:
        raise AssertionError("there is nothing to join")

    await AutomaticWifi(open_wifi).join("", "", hidden=False)


def test_any_of_several_adapters_will_do() -> None:
    assert reason_to_stay("Hillside", {"wlan0": b"", "wlan1": b"Hillside"}, ()) is not None
    assert reason_to_stay("Hillside", {"wlan0": b"", "wlan1": b"Guests"}, ("wlan1",)) is None


def test_the_ways_out_are_the_default_routes() -> None:
    table = IPV4_HEAD + (
        "eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
        "wlan0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
        "usb0\t00000000\t010200C0\t0000\t0\t0\t0\t00000000\t0\t0\t0\n"
    )
    assert routes.of_ipv4(table) == {"eth0"}
    link_local = f"fe80{'0' * 28} 40 {ZEROS} 00 {ZEROS} 00000400 00000001 00000000 00000001    wlan0\n"
    no_way_out = f"{ZEROS} 00 {ZEROS} 00 {ZEROS} ffffffff 00000001 00000000 00200200       lo\n"
    default = f"{ZEROS} 00 {ZEROS} 00 fe80{'0' * 27}1 00000400 00000001 00000000 00450003     eth1\n"
    assert routes.of_ipv6(link_local + no_way_out + default) == {"eth1"}
    assert routes.of_ipv4("") == routes.of_ipv6("") == frozenset()


def test_the_system_s_own_tables_can_be_read() -> None:
    assert "lo" not in routes.ways_out()
