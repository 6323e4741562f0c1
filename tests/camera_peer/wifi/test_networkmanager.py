"""NetworkManager over a real D-Bus: right and wrong password, missing, hidden and open networks."""

import asyncio

import pytest
from dbus_fast import Variant

from camera_peer.problem import Problem
from camera_peer.wifi.joiner import JoinFailed, NetworkNotFound, NoAddress, WifiUnavailable, WrongPassword
from camera_peer.wifi.networkmanager import NetworkManagerWifi, failure_of_reason, profile
from tests.camera_peer.wifi.conftest import DEVICE_PATH, NM, MockedManager


@pytest.fixture
def wifi(network_manager: MockedManager) -> NetworkManagerWifi:
    return NetworkManagerWifi(bus_address=network_manager.address, scan_seconds=0.5, join_seconds=5)


async def test_the_right_password_joins(wifi: NetworkManagerWifi, network_manager: MockedManager) -> None:
    await wifi.join("Hillside", "correct horse", hidden=False)
    (saved,) = await network_manager.profiles()
    assert saved["connection"]["id"].value == "Belvedere Hillside"
    assert bytes(saved["802-11-wireless"]["ssid"].value) == b"Hillside"
    assert saved["802-11-wireless-security"]["key-mgmt"].value == "wpa-psk"


async def test_a_wrong_password_is_said_and_leaves_no_profile(
    wifi: NetworkManagerWifi, network_manager: MockedManager
) -> None:
    with pytest.raises(WrongPassword, match="“Hillside” refused the password"):
        await wifi.join("Hillside", "wrong horse", hidden=False)
    assert await network_manager.profiles() == []


async def test_a_new_password_replaces_the_old_profile(
    wifi: NetworkManagerWifi, network_manager: MockedManager
) -> None:
    await wifi.join("Hillside", "correct horse", hidden=False)
    await wifi.join("Hillside", "correct horse", hidden=False)
    assert len(await network_manager.profiles()) == 1


async def test_a_missing_network_is_said_without_trying(
    wifi: NetworkManagerWifi, network_manager: MockedManager
) -> None:
    with pytest.raises(NetworkNotFound, match=r"2\.4 GHz") as missing:
        await wifi.join("Nowhere", "correct horse", hidden=False)
    assert missing.value.problem is Problem.NETWORK_NOT_FOUND
    assert await network_manager.profiles() == []


async def test_a_hidden_network_joins_only_when_it_is_called_hidden(
    wifi: NetworkManagerWifi, network_manager: MockedManager
) -> None:
    with pytest.raises(NetworkNotFound):
        await wifi.join("Cellar", "staircase wit", hidden=False)
    await wifi.join("Cellar", "staircase wit", hidden=True)
    (saved,) = await network_manager.profiles()
    assert saved["802-11-wireless"]["hidden"].value is True


async def test_a_hidden_network_that_is_not_there(wifi: NetworkManagerWifi) -> None:
    with pytest.raises(NetworkNotFound):
        await wifi.join("Nowhere", "correct horse", hidden=True)


async def test_an_open_network_needs_no_password(wifi: NetworkManagerWifi, network_manager: MockedManager) -> None:
    await wifi.join("Guests", "", hidden=False)
    (saved,) = await network_manager.profiles()
    assert "802-11-wireless-security" not in saved


async def test_a_network_that_gives_no_address(wifi: NetworkManagerWifi) -> None:
    with pytest.raises(NoAddress):
        await wifi.join("Broken", "correct horse", hidden=False)


async def test_a_network_that_appears_during_the_scan_is_found(
    network_manager: MockedManager,
) -> None:
    patient = NetworkManagerWifi(bus_address=network_manager.address, scan_seconds=10)

    joining = asyncio.create_task(patient.join("Late", "whatever it is", hidden=False))
    await asyncio.sleep(0)
    await network_manager.add_network("Late", 0x100)
    with pytest.raises(NetworkNotFound):
        # seen by the scan, then refused by the mocked supplicant, which does not know it
        await joining
    calls = await network_manager.mock(
        "/org/freedesktop/NetworkManager", "GetMethodCalls", "s", ["AddAndActivateConnection"]
    )
    assert len(calls[0]) == 1


async def test_a_code_without_a_network_joins_nothing(wifi: NetworkManagerWifi, network_manager: MockedManager) -> None:
    await wifi.join("", "", hidden=False)
    assert await network_manager.profiles() == []


async def test_an_unknown_or_switched_off_adapter_is_said(network_manager: MockedManager) -> None:
    other = NetworkManagerWifi(bus_address=network_manager.address, interface="wlan7")
    with pytest.raises(WifiUnavailable, match="no Wi-Fi adapter"):
        await other.join("Hillside", "correct horse", hidden=False)
    off = [DEVICE_PATH, f"{NM}.Device", "State"]

    await network_manager.mock("/org/freedesktop", "SetProperty", "sssv", [*off, Variant("u", 20)])
    with pytest.raises(WifiUnavailable, match="switched off"):
        await NetworkManagerWifi(bus_address=network_manager.address).join("Hillside", "correct horse", hidden=False)


async def test_no_networkmanager_is_one_clear_sentence(dbus_address: str) -> None:
    for address in (dbus_address, "unix:path=/nonexistent/bus"):
        with pytest.raises(JoinFailed, match="already-online"):
            await NetworkManagerWifi(bus_address=address).join("Hillside", "correct horse", hidden=False)


@pytest.mark.parametrize(
    ("reason", "secured", "kind"),
    [
        (7, True, WrongPassword),
        (8, True, WrongPassword),
        (7, False, WifiUnavailable),
        (53, True, NetworkNotFound),
        (5, True, NoAddress),
        (17, False, NoAddress),
        (99, True, WifiUnavailable),
    ],
)
def test_what_the_reasons_of_networkmanager_mean(reason: int, secured: bool, kind: type[JoinFailed]) -> None:
    assert type(failure_of_reason(reason, "Hillside", secured=secured)) is kind


def test_a_network_with_wpa3_alone_gets_its_key_management() -> None:
    assert profile("a", "password", hidden=False, flags=0x400)["802-11-wireless-security"]["key-mgmt"].value == "sae"
    both = profile("a", "password", hidden=False, flags=0x500)
    assert both["802-11-wireless-security"]["key-mgmt"].value == "wpa-psk"


def test_no_failure_quotes_the_password() -> None:
    for kind in (WrongPassword, NetworkNotFound, NoAddress):
        assert "correct horse" not in str(kind("Hillside"))


async def test_a_reset_forgets_our_networks_and_no_other(
    wifi: NetworkManagerWifi, network_manager: MockedManager
) -> None:
    await wifi.join("Hillside", "correct horse", hidden=False)
    await wifi.join("Guests", "", hidden=False)
    theirs = profile("Theirs", "their secret", hidden=False, flags=0)
    theirs["connection"]["id"] = Variant("s", "Theirs")
    await network_manager.mock(
        "/org/freedesktop/NetworkManager/Settings", "AddConnection", "a{sa{sv}}", [theirs], f"{NM}.Settings"
    )
    assert await wifi.forget() == 2
    assert [saved["connection"]["id"].value for saved in await network_manager.profiles()] == ["Theirs"]
    assert await wifi.forget() == 0


async def test_without_networkmanager_there_is_nothing_to_forget() -> None:
    assert await NetworkManagerWifi(bus_address="unix:path=/nowhere").forget() == 0
