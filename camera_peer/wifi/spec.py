"""`--wifi`, as a maker types it."""

from camera_peer.wifi.already_online import AlreadyOnline
from camera_peer.wifi.joiner import WifiJoiner
from camera_peer.wifi.simulated import SimulatedWifi

FORMS = "networkmanager[:INTERFACE], already-online or simulated:SSID:PASSWORD"


class BadWifi(ValueError):
    """The text is no joiner; the message says which there are."""


def open_joiner(spec: str) -> WifiJoiner:
    """The joiner that `spec` names. Raises `BadWifi`."""
    kind, _, rest = spec.partition(":")
    if kind == "already-online" and not rest:
        return AlreadyOnline()
    if kind == "networkmanager":
        # D-Bus is loaded only where it is used: a camera on a desk has none
        from camera_peer.wifi.networkmanager import NetworkManagerWifi

        return NetworkManagerWifi(interface=rest or None)
    if kind == "simulated" and ":" in rest:
        ssid, _, password = rest.partition(":")
        return SimulatedWifi(ssid, password)
    raise BadWifi(f"--wifi must be {FORMS}, not {spec!r}")
