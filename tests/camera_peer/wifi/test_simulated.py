"""The Wi-Fi of the demo, and what `--wifi` may say."""

import pytest

from camera_peer.wifi.already_online import AlreadyOnline
from camera_peer.wifi.automatic import AutomaticWifi
from camera_peer.wifi.joiner import NetworkNotFound, WrongPassword
from camera_peer.wifi.networkmanager import NetworkManagerWifi
from camera_peer.wifi.simulated import SimulatedWifi
from camera_peer.wifi.spec import BadWifi, open_joiner


async def at_once(_: float) -> None:
    return None


async def test_the_simulated_wifi_knows_one_network() -> None:
    wifi = SimulatedWifi("Hillside", "correct horse", sleep=at_once)
    with pytest.raises(NetworkNotFound):
        await wifi.join("Valley", "correct horse", hidden=False)
    with pytest.raises(WrongPassword):
        await wifi.join("Hillside", "wrong horse", hidden=False)
    assert not wifi.joined
    await wifi.join("Hillside", "correct horse", hidden=True)
    assert wifi.joined


async def test_already_online_has_nothing_to_do() -> None:
    await AlreadyOnline().join("Hillside", "correct horse", hidden=False)


async def test_a_password_may_hold_colons() -> None:
    wifi = open_joiner("simulated:Hillside:a:b:c:d:e")
    await wifi.join("Hillside", "a:b:c:d:e", hidden=False)


def test_the_kinds() -> None:
    assert isinstance(open_joiner("auto"), AutomaticWifi)
    assert isinstance(open_joiner("already-online"), AlreadyOnline)
    assert isinstance(open_joiner("networkmanager"), NetworkManagerWifi)
    assert isinstance(open_joiner("networkmanager:wlan1"), NetworkManagerWifi)


@pytest.mark.parametrize("spec", ["", "wlan0", "auto:wlan0", "already-online:x", "simulated", "simulated:Hillside"])
def test_what_is_no_joiner_is_said(spec: str) -> None:
    with pytest.raises(BadWifi, match="already-online or simulated"):
        open_joiner(spec)
