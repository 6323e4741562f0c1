"""`--wifi`, as a maker types it."""

from camera_peer.wifi.already_online import AlreadyOnline
from camera_peer.wifi.automatic import Adapters, AutomaticWifi
from camera_peer.wifi.joiner import WifiJoiner
from camera_peer.wifi.simulated import SimulatedWifi

FORMS = "auto, networkmanager[:INTERFACE], already-online or simulated:SSID:PASSWORD"


class BadWifi(ValueError):
    """The text is no joiner; the message says which there are."""


def open_joiner(spec: str) -> WifiJoiner:
    """The joiner that `spec` names. Raises `BadWifi`."""
    kind, _, rest = spec.partition(":")
    if kind == "auto" and not rest:
        return AutomaticWifi(network_manager)
    if kind == "already-online" and not rest:
        return AlreadyOnline()
    if kind == "networkmanager":
        return network_manager(rest or None)
    if kind == "simulated" and ":" in rest:
        ssid, _, password = rest.partition(":")
        return SimulatedWifi(ssid, password)
    raise BadWifi(f"--wifi must be {FORMS}, not {spec!r}")


async def forget_networks(spec: str) -> int:
    """How many networks that joiners of this `spec` made known were forgotten. Raises `BadWifi`."""
    open_joiner(spec)
    kind, _, rest = spec.partition(":")
    return await network_manager(rest or None).forget() if kind in ("auto", "networkmanager") else 0


def network_manager(interface: str | None = None) -> Adapters:
    """D-Bus is loaded only where it is used: a camera that is paired needs none."""
    from camera_peer.wifi.networkmanager import NetworkManagerWifi

    return NetworkManagerWifi(interface=interface)
