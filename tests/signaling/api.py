"""An HTTP client for tests that holds every answer against the server's own OpenAPI document."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from jsonschema import Draft202012Validator

EMAIL, PASSWORD = "owner@example.org", "correct horse battery"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    data: bytes
    json: Any

    @property
    def code(self) -> str | None:
        """Of a problem."""
        return self.json.get("code") if isinstance(self.json, dict) else None


class Documented:
    """The OpenAPI document as a judge of answers."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self._paths = [(re.compile(re.sub(r"{\w+}", "[^/]+", path) + r"\Z"), path) for path in document["paths"]]

    def check(self, method: str, path: str, answer: Answer) -> None:
        """Raises AssertionError where status, media type or body are not in the document."""
        plain = path.partition("?")[0]
        matching = [name for pattern, name in self._paths if pattern.match(plain)]
        exact = [name for name in matching if name == plain] or matching
        if not exact or method.lower() not in self.document["paths"][exact[0]]:
            return
        responses = self.document["paths"][exact[0]][method.lower()]["responses"]
        assert str(answer.status) in responses, f"{method} {exact[0]} may not answer {answer.status}: {answer.data!r}"
        content = responses[str(answer.status)].get("content")
        if content is None:
            assert answer.data == b"", "an answer without documented content is empty"
            return
        media_type = str(answer.headers["Content-Type"]).partition(";")[0]
        assert media_type in content
        if media_type.endswith("json"):
            self._validate(content[media_type]["schema"], answer.json)
        if answer.code is not None and answer.status >= 400:
            assert f"`{answer.code}`" in responses[str(answer.status)]["description"], answer.code

    def _validate(self, schema: dict[str, Any], value: Any) -> None:
        Draft202012Validator(schema | {"components": self.document["components"]}).validate(value)


class Api:
    """One app. `token` is sent as bearer once signed in."""

    def __init__(self, origin: str, http: aiohttp.ClientSession, documented: Documented) -> None:
        self.origin = origin
        self.http = http
        self.token = ""
        self._documented = documented

    def another(self) -> "Api":
        """An app of somebody else."""
        return Api(self.origin, self.http, self._documented)

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        data: bytes | None = None,
    ) -> Answer:
        given = dict(headers or {})
        if self.token:
            given.setdefault("Authorization", f"Bearer {self.token}")
        if body is not None:
            data = json.dumps(body).encode()
        if data is not None:
            given.setdefault("Content-Type", "application/json")
        async with self.http.request(method, self.origin + path, data=data, headers=given) as response:
            raw = await response.read()
            is_json = "json" in response.headers.get("Content-Type", "")
            answer = Answer(response.status, response.headers, raw, json.loads(raw) if is_json and raw else None)
        if method != "HEAD":
            self._documented.check(method, path, answer)
        return answer

    async def good(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of an answer that has to be a success."""
        answer = await self.call(method, path, body)
        assert answer.status < 300, answer.json
        return answer.json

    async def sign_in(self, email: str = EMAIL, password: str = PASSWORD) -> None:
        answer = await self.good("POST", "/api/sessions", {"email": email, "password": password})
        self.token = answer["token"]

    async def register(self, invitation: str, email: str = EMAIL, password: str = PASSWORD) -> None:
        body = {"email": email, "password": password, "invitation": invitation}
        await self.good("POST", "/api/accounts", body)
        await self.sign_in(email, password)

    async def invite(self) -> str:
        """The secret of a new invitation."""
        return str((await self.good("POST", "/api/invitations"))["link"].rpartition("/")[2])

    async def add_camera(self, name: str = "Garden", **more: Any) -> tuple[str, str]:
        """Camera id and one-time token."""
        answer = await self.good("POST", "/api/cameras", {"name": name, "model": "Test", "ssid": "Hillside", **more})
        return answer["camera"]["id"], answer["pairing"]["token"]

    async def camera(self, camera_id: str) -> Any:
        return await self.good("GET", f"/api/cameras/{camera_id}")
