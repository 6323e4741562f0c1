"""What the camera asks of whatever manages its network."""

from typing import Protocol

from camera_peer.problem import CameraProblem, Problem

JOIN_SECONDS = 60.0
"""Association, WPA handshake and DHCP take 3 to 20 s on slow hardware; a minute of silence is a failure."""


class WifiJoiner(Protocol):
    """Consumed by `camera_peer.onboarding`."""

    async def join(self, ssid: str, password: str, *, hidden: bool) -> None:
        """Return once the network is usable. An empty password means an open network. Raises `JoinFailed`.

        The password is handed on and neither kept nor logged.
        """


class JoinFailed(CameraProblem):
    """The network could not be joined; the text is for a person."""


class WrongPassword(JoinFailed):
    def __init__(self, ssid: str) -> None:
        super().__init__(
            Problem.WIFI_PASSWORD_WRONG,
            f"The Wi-Fi “{ssid}” refused the password. Check it, make a new code and show it again.",
        )


class NetworkNotFound(JoinFailed):
    def __init__(self, ssid: str) -> None:
        super().__init__(
            Problem.NETWORK_NOT_FOUND,
            f"The Wi-Fi “{ssid}” was not found. Check its name, move closer, and use a 2.4 GHz network.",
        )


class NoAddress(JoinFailed):
    def __init__(self, ssid: str) -> None:
        super().__init__(
            Problem.NO_INTERNET, f"The Wi-Fi “{ssid}” gave this camera no address. Restart the router and try again."
        )


class WifiUnavailable(JoinFailed):
    def __init__(self, detail: str) -> None:
        super().__init__(Problem.WIFI_UNAVAILABLE, detail)
