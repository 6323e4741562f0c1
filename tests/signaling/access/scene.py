"""A server with an owner who has cameras, with guests, and with somebody else: where the access matrix is played."""

import contextlib
import re
import secrets
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signaling.server import Running
from signaling.store.database import SQLITE_FILE
from tests.signaling.access.stage import OWNER, SHARED, Stage
from tests.signaling.api import PASSWORD, Answer, Api
from tests.signaling.device import Device
from tests.signaling.factors import sign_in_by_passkey

NOT_COMPARED = {"audit", "alembic_version"}
"""The log of failed tries may grow by a refused request; nothing else may."""


@dataclass
class Scene:
    """`owner`: signed in."""

    running: Running
    owner: Api
    stage: Stage

    @property
    def things(self) -> dict[str, str]:
        return self.stage.things

    def device(self, name: str) -> Device:
        """A camera of the owner's."""
        device = Device(self.owner)
        device.key = self.stage.keys[name]
        return device

    def private(self, *, guest: bool = False) -> list[str]:
        """Words that no answer to somebody else may contain; a guest knows the camera and its owner."""
        return [word for name, word in self.things.items() if not (guest and name in SHARED)]

    async def fresh_token(self, email: str) -> str:
        """A new session of this account."""
        api = self.owner.another()
        if email == OWNER:
            self.stage.passkey.origin = self.running.origin
            assert (await sign_in_by_passkey(api, self.stage.passkey)).status == 201
        else:
            await api.sign_in(email, PASSWORD)
        return api.token

    def filled(self, value: Any, *, unknown: bool = False) -> Any:
        """A row's words with the scene's own. `unknown`: with ids of the same form that nothing here has; what was
        signed is no id."""
        if isinstance(value, dict):
            return {name: self.filled(each, unknown=unknown) for name, each in value.items()}
        if not isinstance(value, str) or not value.startswith("$"):
            return value
        known = self.things[value[1:]]
        return (
            secrets.token_urlsafe(len(known) * 3 // 4).ljust(len(known), "A") if unknown and "." not in known else known
        )

    async def ask(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Answer:
        """One request; of a stream the beginning is enough."""
        if path.startswith("/api/events"):
            async with self.owner.http.request(method, self.running.origin + path, headers=headers) as response:
                streaming = response.status == 200
                data = b"" if streaming else await response.read()
                return Answer(response.status, response.headers, data, None if streaming else await response.json())
        nobody = self.owner.another()
        return await nobody.call(method, path, body, headers=headers)

    def remembered(self) -> dict[str, list[str]]:
        """Every row of the database, but for the log."""
        path = Path(self.running.services.settings.data_dir) / SQLITE_FILE
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            dump = "\n".join(connection.iterdump())
        rows = re.findall(r'^INSERT INTO "(\w+)" (.*)', dump, re.MULTILINE)
        return {name: [row for of, row in rows if of == name] for name in {n for n, _ in rows} - NOT_COMPARED}
