"""A phone app, as small as it can be: what anyone can do with the public REST API."""

import secrets
from dataclasses import dataclass, field
from typing import Any

import aiohttp

ANSWER = aiohttp.ClientTimeout(total=20)


class Refused(Exception):
    """The server answered with a problem; the text is its code and detail."""


@dataclass(slots=True)
class App:
    """One person's app. `origin`: where the server is, for instance `http://127.0.0.1:8080`."""

    origin: str
    http: aiohttp.ClientSession
    email: str = "demo@example.org"
    password: str = field(default_factory=lambda: secrets.token_urlsafe(9))
    _token: str = ""

    async def register(self, invitation: str) -> None:
        """Make the account. `invitation`: the secret behind the first-start link."""
        body = {"email": self.email, "password": self.password, "invitation": invitation}
        await self._call("POST", "/api/accounts", body)

    async def log_in(self) -> None:
        answer = await self._call("POST", "/api/sessions", {"email": self.email, "password": self.password})
        self._token = answer["token"]

    async def add_camera(self, name: str, model: str, ssid: str) -> tuple[str, str]:
        """Returns camera id and one-time token."""
        answer = await self._call("POST", "/api/cameras", {"name": name, "model": model, "ssid": ssid})
        return answer["camera"]["id"], answer["pairing"]["token"]

    async def qr_image(self, camera: str, token: str, ssid: str, password: str) -> bytes:
        """The QR code as PNG, drawn by the server."""
        body = {"token": token, "ssid": ssid, "wifi_password": password}
        async with self._request("POST", f"/api/cameras/{camera}/qr.png", body) as answer:
            await self._refuse(answer)
            image: bytes = await answer.read()
            return image

    async def camera(self, camera: str) -> dict[str, Any]:
        state: dict[str, Any] = await self._call("GET", f"/api/cameras/{camera}")
        return state

    async def confirm(self, camera: str) -> None:
        """Yes, this is my camera."""
        await self._call("POST", f"/api/cameras/{camera}/confirm", {"mine": True})

    async def reachable(self) -> bool:
        """Whether the server answers its readiness probe."""
        try:
            async with self.http.get(self.origin + "/readyz", timeout=ANSWER) as answer:
                return answer.status == 200
        except (TimeoutError, aiohttp.ClientError):
            return False

    async def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        async with self._request(method, path, body) as answer:
            await self._refuse(answer)
            return await answer.json()

    def _request(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        return self.http.request(method, self.origin + path, json=body, headers=headers, timeout=ANSWER)

    async def _refuse(self, answer: aiohttp.ClientResponse) -> None:
        if answer.status >= 400:
            problem = await answer.json(content_type=None)
            raise Refused(f"{problem.get('code')}: {problem.get('detail') or problem.get('title')}")
