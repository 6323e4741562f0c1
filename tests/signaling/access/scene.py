"""A server with an owner who has cameras, and with somebody else: where the access matrix is played."""

import contextlib
import re
import secrets
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from signaling.server import Running
from signaling.store.database import SQLITE_FILE
from tests.signaling.api import EMAIL, PASSWORD, Answer, Api
from tests.signaling.device import Device
from tests.signaling.sharing import grants, guest_of, link

OTHER_EMAIL = "other@example.org"
NOT_COMPARED = {"audit", "alembic_version"}
"""The log of failed tries may grow by a refused request; nothing else may."""


@dataclass
class Scene:
    """`things`: what rows name with a `$`: ids of the owner's own, and secrets."""

    running: Running
    owner: Api
    things: dict[str, str]
    other_device: Device
    owner_email: str = EMAIL
    other_email: str = OTHER_EMAIL
    device: Device = field(init=False)

    @property
    def other_camera(self) -> str:
        return self.things["second"]

    @property
    def private(self) -> list[str]:
        """Words that no answer to somebody else may contain."""
        return [self.owner_email, *self.things.values(), "Garden"]

    async def fresh_token(self, email: str) -> str:
        """A new session of this account."""
        api = self.owner.another()
        await api.sign_in(email, PASSWORD)
        return api.token

    def filled(self, value: Any, *, unknown: bool = False) -> Any:
        """A row's words with the scene's own. `unknown`: with ids of the same form that nothing here has."""
        if isinstance(value, dict):
            return {name: self.filled(each, unknown=unknown) for name, each in value.items()}
        if not isinstance(value, str) or not value.startswith("$"):
            return value
        known = self.things[value[1:]]
        return secrets.token_urlsafe(len(known))[: len(known)] if unknown else known

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


async def set_scene(running: Running, owner: Api) -> Scene:
    """Two working cameras, one of them shared with a guest, one that waits for its owner's yes, one pending, a second
    session, and another user."""
    other = owner.another()
    await other.register(await owner.invite(), OTHER_EMAIL, PASSWORD)
    things: dict[str, str] = {}
    devices: dict[str, Device] = {}
    for name in ("camera", "second", "unconfirmed"):
        things[name], token = await owner.add_camera("Garden")
        devices[name] = Device(owner)
        await devices[name].activate(token)
        if name != "unconfirmed":
            await owner.good("POST", f"/api/cameras/{things[name]}/confirm", {"mine": True})
    await guest_of(owner, things["camera"])
    things["grant"] = (await grants(owner, things["camera"]))["grants"][0]["id"]
    await link(owner, things["camera"])
    things["invitation"] = (await grants(owner, things["camera"]))["invitations"][0]["id"]
    things["pending"], things["code"] = await owner.add_camera("Garden")
    before = {session["id"] for session in (await owner.good("GET", "/api/sessions"))["sessions"]}
    await owner.another().sign_in()
    after = {session["id"] for session in (await owner.good("GET", "/api/sessions"))["sessions"]}
    (things["session"],) = after - before
    scene = Scene(running, owner, things, devices["second"])
    scene.device = devices["camera"]
    return scene
