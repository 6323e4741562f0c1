"""What a whole journey leaves behind holds no secret: logs at their most talkative, the database, what was answered.

A server, a camera and a relay, each a process of its own, live through pairing, sharing, watching directly and over the
relay, wrong passwords and refused requests. Secret is: each password, the Wi-Fi's, each token, ticket, bearer and link
secret, the keys of the programs, and the ICE passwords that stand in offers and answers.
"""

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from signaling.protocol import qr
from signaling.store.secret import FILE as SECRET_FILE
from tests.home import SMALL_SOURCE, CameraProcess, Household, household
from tests.journeys.relay_viewer import RelayViewer, signed_in, until
from tests.servers import PASSWORD, RELAY_SECRET, RelayProcess, relay_process

WIFI, GUESS, NEW = "wifi-password-of-the-hillside", "a guess that is quite wrong", "another horse battery staple"
GUEST, GUEST_PASSWORD = "guest@example.org", "seven magpies over the gate"


@dataclass
class Journey:
    """`said`: every secret there was, by what it is. `heard`: every answer that was a refusal, as text."""

    home: Household
    relay: RelayProcess
    said: dict[str, str] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    camera: CameraProcess = field(init=False)

    def call(self, method: str, path: str, body: Any = None, token: str = "") -> Any:
        status, answer = self.home.server.call(method, path, body, token or self.home.token)
        if status >= 400:
            self.heard.append(answer.decode() if isinstance(answer, bytes) else json.dumps(answer))
        return answer

    def link(self, what: str, path: str, body: Any = None) -> str:
        """Make a link; its secret is noted."""
        secret = str(self.call("POST", path, body)["link"].rpartition("/")[2])
        self.said[what] = secret
        return secret


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    folder = tmp_path_factory.mktemp("journey")
    with (
        household(folder, relay="0", relay_secret=RELAY_SECRET, log_level="debug", rate_limits="1") as home,
        relay_process(folder / "relay", home.server.url, log_level="debug") as relay,
    ):
        made = Journey(home, relay)
        made.said |= {"password": PASSWORD, "account token": home.token, "relay secret": RELAY_SECRET}
        _pair(made)
        _share(made)
        _do_wrong(made)
        asyncio.run(_watch(made))
        yield made


def _pair(journey: Journey) -> None:
    """The code is drawn by the server once, so that it hears the Wi-Fi password; and read by the camera."""
    home = journey.home
    body = {"name": "Garden", "model": "belvedere", "ssid": "Hillside", "wifi_password": WIFI}
    answer = journey.call("POST", "/api/cameras", body)
    camera = home.new_camera("--source", SMALL_SOURCE, "--wifi", "already-online")
    camera.id, journey.camera = answer["camera"]["id"], camera
    journey.said |= {"Wi-Fi password": WIFI, "pairing token": answer["pairing"]["token"]}
    assert qr.read(answer["pairing"]["payload"]).password == WIFI
    drawn = {"token": answer["pairing"]["token"], "ssid": "Hillside", "wifi_password": WIFI}
    assert journey.call("POST", f"/api/cameras/{camera.id}/qr.svg", drawn)
    paired = camera.pair(answer["pairing"]["payload"])
    assert paired.returncode == 0, paired.stdout + paired.stderr
    journey.heard.append(paired.stdout + paired.stderr)
    camera.start()
    home.wait_online(camera)
    journey.call("POST", f"/api/cameras/{camera.id}/confirm", {"mine": True})


def _share(journey: Journey) -> None:
    """By a link that is used and one that is not; also what an administrator and another kind of camera are given."""
    camera = journey.camera.id
    used = journey.link("sharing link", f"/api/cameras/{camera}/invitations", {"scopes": ["live"]})
    journey.link("open sharing link", f"/api/cameras/{camera}/invitations", {"scopes": ["live"]})
    journey.link("invitation", "/api/invitations")
    guest = {"email": GUEST, "password": GUEST_PASSWORD}
    journey.call("POST", "/api/grants/check", {"invitation": used})
    assert journey.call("POST", "/api/accounts", guest | {"invitation": used})["email"] == GUEST
    journey.said |= {
        "guest's password": GUEST_PASSWORD,
        "guest's token": journey.call("POST", "/api/sessions", guest)["token"],
    }
    ticket = journey.call("POST", "/api/socket-tickets", {"camera": camera})["ticket"]
    second = journey.call("POST", "/api/cameras", {"name": "Door", "model": "onvif", "ssid": ""})
    bearer = journey.call("POST", f"/api/cameras/{second['camera']['id']}/token")["token"]
    journey.said |= {"socket ticket": ticket, "device bearer": bearer, "second token": second["pairing"]["token"]}


def _do_wrong(journey: Journey) -> None:
    """Refusals quote what they refuse only where that is no secret."""
    said, owner = journey.said, "owner@example.org"
    said |= {"wrong password": GUESS, "new password": NEW}
    journey.call("POST", "/api/sessions", {"email": owner, "password": GUESS})
    journey.call("PUT", "/api/me/password", {"current_password": GUESS, "new_password": NEW})
    journey.call("POST", "/api/sessions", {"email": owner, "password": [GUESS]})
    journey.call("POST", "/api/cameras", {"name": "A", "model": "B", "ssid": "x", "wifi_password": WIFI * 9})
    journey.call("POST", "/api/cameras", {"name": "A", "model": "B", "secret": said["socket ticket"]})
    journey.call("POST", "/api/camera/seen", {"secret_token": said["pairing token"]})
    journey.call("GET", "/api/me", token=said["device bearer"])
    journey.call("GET", f"/api/nothing?access_token={said['account token']}")
    journey.call("GET", f"/api/signaling?authorization={said['device bearer']}")
    journey.call("DELETE", f"/api/sessions/{said['account token'][:60]}")
    assert len(journey.heard) >= 9


async def _watch(journey: Journey) -> None:
    home, said = journey.home, journey.said
    async with AsyncExitStack() as stack:
        peer = await stack.enter_async_context(signed_in(home.server.url, home.token))
        for via in ("direct", "relay"):
            viewer = RelayViewer()
            stack.push_async_callback(viewer.close)
            await viewer.watch(peer, journey.camera.id, _noting(said, via), via=via)
            said[f"session ticket, {via}"] = viewer.ticket
            said[f"viewer's ICE password, {via}"] = viewer.connection.local_password
            await until(lambda seen=viewer: seen.packets > 20, "packets")


def _noting(said: dict[str, str], via: str) -> Any:
    def note(offer: str) -> str:
        said[f"ICE password of the offer, {via}"] = re.findall(r"a=ice-pwd:(\S+)", offer)[0]
        return offer

    return note


def _left(journey: Journey) -> dict[str, str]:
    """Everything that anybody could find afterwards, but the private files that are there to hold a secret."""
    server = journey.home.server
    log = re.sub(r"\S*/#/register/\S+", "", server.output)  # the first-start link is printed for the operator, once
    left = {"server log": log, "camera log": journey.camera.output, "relay log": journey.relay.output}
    left |= {f"answer {number}": text for number, text in enumerate(journey.heard)}
    for path in Path(server.data_dir).rglob("*"):
        if path.is_file() and path not in {server.log, server.data_dir / SECRET_FILE}:
            left[path.name] = path.read_bytes().decode("latin-1")
    return left


def test_no_secret_is_left_in_any_log_database_or_answer(journey: Journey) -> None:
    left = _left(journey)
    assert len(left["server log"]) > 1000 and len(left["camera log"]) > 100 and len(left["relay log"]) > 100
    assert any("sqlite" in name and len(text) > 10_000 for name, text in left.items())
    assert len(journey.said) >= 18 and all(len(secret) >= 12 for secret in journey.said.values())
    found = [
        f"{what} in {where}" for where, text in left.items() for what, secret in journey.said.items() if secret in text
    ]
    assert not found, found


def test_no_token_of_any_kind_is_left_in_any_log(journey: Journey) -> None:
    """Also none that the test has not noted: no JWT, no credential of a header, no ICE password."""
    for where, text in _left(journey).items():
        assert not re.search(r"eyJ[\w-]{10,}\.eyJ", text), where
        if "log" in where:
            assert not re.search(r"(?i)\b(bearer|ticket|relay) +[\w-]{16,}|ice-pwd:\S", text), where


def test_private_files_are_private(journey: Journey) -> None:
    """Made at first start, for their owner alone."""
    assert (journey.camera.folder / "data").stat().st_mode & 0o777 == 0o700
    for folder in (journey.home.server.data_dir, journey.camera.folder / "data"):
        for path in folder.rglob("*"):
            if path.is_file() and path.suffix != ".log":
                assert path.stat().st_mode & 0o077 == 0, f"{path.name} is {oct(path.stat().st_mode)}"
