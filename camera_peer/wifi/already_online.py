"""For a camera that is wired, or whose network somebody else manages: there is nothing to join."""

import structlog

log = structlog.get_logger(__name__)


class AlreadyOnline:
    async def join(self, ssid: str, password: str, *, hidden: bool) -> None:
        del password, hidden
        if ssid:
            log.info("wifi_left_alone", reason="this camera is already online, so the Wi-Fi in the code is not used")
