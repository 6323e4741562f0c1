"""A camera's side of onboarding, for tests: its key, its activation, the JWT it signs for each connect."""

import secrets
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signaling.protocol.identity import DEVICE_TOKEN_TYPE, encode_bytes, sign_activation
from tests.signaling.api import Answer, Api

HARDWARE = "aa:bb:cc:dd:ee:ff"


class Device:
    """A camera with a key of its own."""

    def __init__(self, api: Api) -> None:
        self._api = api.another()
        self.key = Ed25519PrivateKey.generate()

    @property
    def public_key(self) -> str:
        return encode_bytes(self.key.public_key().public_bytes_raw())

    def claim(self, token: str, **changed: Any) -> dict[str, Any]:
        """The body of an activation."""
        body = {
            "secret_token": token,
            "my_hardware_id": HARDWARE,
            "my_local_ip": "192.168.1.20",
            "public_key": self.public_key,
            "proof": sign_activation(self.key, self._api.origin, token, HARDWARE),
        }
        return {name: value for name, value in (body | changed).items() if value is not None}

    async def try_activate(self, token: str, **changed: Any) -> Answer:
        return await self._api.call("POST", "/api/camera/activate", self.claim(token, **changed))

    async def activate(self, token: str) -> Any:
        return await self._api.good("POST", "/api/camera/activate", self.claim(token))

    async def seen(self, token: str) -> Answer:
        return await self._api.call("POST", "/api/camera/seen", {"secret_token": token})

    def authorization(self, camera_id: str, **changed: Any) -> str:
        """A fresh `Bearer …` as the camera sends it to the signaling socket."""
        now = int(time.time())
        claims = {"iss": camera_id, "aud": self._api.origin, "iat": now, "exp": now + 60, "jti": secrets.token_hex(8)}
        headers = {"typ": DEVICE_TOKEN_TYPE, "kid": camera_id}
        return "Bearer " + jwt.encode(claims | changed, self.key, algorithm="EdDSA", headers=headers)
