"""Chromium's own virtual authenticator: a passkey device that says yes at once, as a finger on a sensor would."""

from typing import Any

from playwright.async_api import CDPSession, Page

OPTIONS = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class VirtualAuthenticator:
    """Belongs to one page."""

    def __init__(self, session: CDPSession, name: str) -> None:
        self._session = session
        self._name = name

    async def passkeys(self) -> list[Any]:
        """What it holds."""
        asked = {"authenticatorId": self._name}
        return list((await self._session.send("WebAuthn.getCredentials", asked))["credentials"])

    async def lose(self) -> None:
        """All that it held is gone."""
        await self._session.send("WebAuthn.clearCredentials", {"authenticatorId": self._name})


async def plug_in(page: Page) -> VirtualAuthenticator:
    """Give a page an authenticator; there is none otherwise."""
    session = await page.context.new_cdp_session(page)
    await session.send("WebAuthn.enable")
    made = await session.send("WebAuthn.addVirtualAuthenticator", {"options": OPTIONS})
    return VirtualAuthenticator(session, made["authenticatorId"])
