"""A whole journey with every kind of secret in it, each noted by its name, and all that is left behind.

A server, a camera and a relay, each a process of its own, and a browser live through pairing, sharing, second factors,
links, watching directly and over the relay, wrong passwords and refused requests. Secret is: each password, also the
Wi-Fi's, each token, ticket, bearer and link secret, codes of apps and labels, the keys of the programs, and the ICE
passwords and TURN credentials that stand in messages. Past the server even go the secret of a pairing, the seed of a
link and what comes of it, the codes that add a device (`unheard`).
"""

import asyncio
import json
import re
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from os import urandom
from pathlib import Path
from typing import Any

import pyotp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from camera_peer.identity import KEY_FILE
from camera_peer.label import LABEL_FILE
from signaling.protocol import qr
from signaling.protocol.identity import decode_bytes, encode_bytes, token_hash
from signaling.protocol.trust import keyring, statement
from signaling.protocol.trust.grant import GRANT, Grant
from signaling.protocol.trust.installation import (
    CODE_BYTES,
    code_secret,
    installation_proof,
    welcome_proof,
    write_code,
)
from signaling.protocol.trust.introduction import KIND as INTRODUCTION
from signaling.protocol.trust.introduction import Introduction
from signaling.protocol.trust.link import SEED_BYTES, link_keys, link_proof
from signaling.protocol.trust.orders import KIND as ORDERS
from signaling.protocol.trust.orders import Orders
from signaling.protocol.trust.pairing import SECRET_BYTES, owner_proof
from signaling.protocol.trust.recovery import Recovery, write_recovery
from signaling.store.secret import FILE as SECRET_FILE
from tests.browser import chromium, home_page, moving, new_page, sign_in, watch
from tests.home import SMALL_SOURCE, CameraProcess, Household, household, wait_until
from tests.journeys.lens import WIFI_PASSWORD
from tests.journeys.relay_viewer import RelayViewer, signed_in, until
from tests.journeys.tap import Tap
from tests.journeys.test_setup_code import label_of, wizard
from tests.journeys.watching import use_paper
from tests.servers import PASSWORD, RELAY_SECRET, RelayProcess, relay_process
from tests.smtp import Mailbox, mailbox, next_letter

WIFI, GUESS, NEW = "wifi-password-of-the-hillside", "a guess that is quite wrong", "another horse battery staple"
GUEST, GUEST_PASSWORD = "guest@example.org", "seven magpies over the gate"
GUEST_NEW = "eight herons under the bridge"
TURN_SECRET = "a-secret-that-server-and-coturn-share-0123456789"
OWNER_KEY = Ed25519PrivateKey.generate()
TALKATIVE = {"relay": "0", "relay_secret": RELAY_SECRET, "log_level": "debug", "rate_limits": "1"}


@dataclass
class Journey:
    """`said`: every secret there was, by what it is. `unheard`: those of them that no program tells the server.
    `heard`: every answer that was a refusal, as text. `tap`: what the programs and the browser asked for; the
    journey's own calls are not theirs."""

    home: Household
    relay: RelayProcess
    tap: Tap
    box: Mailbox
    said: dict[str, str] = field(default_factory=dict)
    unheard: dict[str, str] = field(default_factory=dict)
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

    def note_key(self, what: str, key: bytes, *, unheard: bool = False) -> None:
        """In each form in which it could be written."""
        forms = {"raw": key.decode("latin-1"), "hex": key.hex(), "base64": b64encode(key).decode().rstrip("=")}
        forms["base64url"] = forms["base64"].translate(str.maketrans("+/", "-_"))
        noted = {f"{what}, {form}": text for form, text in forms.items()}
        self.said |= noted
        self.unheard |= noted if unheard else {}

    def left(self) -> dict[str, str]:
        """Everything that anybody could find afterwards, but the private files that are there to hold a secret."""
        server = self.home.server
        log = re.sub(r"\S*/#/register/\S+", "", server.output)  # the first-start link is printed for the operator, once
        left = {"server log": log, "camera log": self.camera.output, "relay log": self.relay.output}
        left |= {f"answer {number}": text for number, text in enumerate(self.heard)}
        for path in Path(server.data_dir).rglob("*"):
            if path.is_file() and path not in {server.log, server.data_dir / SECRET_FILE}:
                left[path.name] = path.read_bytes().decode("latin-1")
        return left


@contextmanager
def journey(folder: Path) -> Iterator[Journey]:
    """From the first start to the end of it all; the programs still run."""
    tap = Tap()
    turn = {"turn_urls": "turn:127.0.0.1:9?transport=udp", "turn_secret": TURN_SECRET}
    with ExitStack() as stack:
        box = stack.enter_context(mailbox())
        settings = {"public_url": tap.url, "smtp_url": box.url, "mail_from": "belvedere@example.org"} | turn | TALKATIVE
        home = stack.enter_context(household(folder, **settings))
        stack.enter_context(tap.open(home.server.port))
        relay = stack.enter_context(relay_process(folder / "relay", tap.url, log_level="debug"))
        made = Journey(home, relay, tap, box)
        made.said |= {"password": PASSWORD, "account token": home.token}
        made.said |= {"relay secret": RELAY_SECRET, "TURN secret": TURN_SECRET}
        made.said["server's key"] = (home.server.data_dir / SECRET_FILE).read_text().strip()
        _pair(made)
        _add_devices(made)
        _share(made)
        _second_factor(made)
        _do_wrong(made)
        asyncio.run(_watch(made))
        asyncio.run(_browse(made))
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
    paired = camera.pair(_with_secret(journey, camera.id, answer["pairing"]))
    assert paired.returncode == 0, paired.stdout + paired.stderr
    journey.heard.append(paired.stdout + paired.stderr)
    camera.start()
    home.wait_online(camera)
    label = label_of(camera)["setup code"]
    journey.said |= {"setup code": label, "setup code, plain": label.replace("-", "")}
    journey.note_key("camera's key", (camera.folder / "data" / KEY_FILE).read_bytes())
    kept = json.loads((camera.folder / "data" / LABEL_FILE).read_text())["private_key"]
    journey.note_key("label's private key", decode_bytes(kept))
    journey.call("POST", f"/api/cameras/{camera.id}/confirm", {"mine": True})
    _let_anybody_watch(journey, camera.id)


def _let_anybody_watch(journey: Journey, camera: str) -> None:
    """Viewers that sign nothing are let in where the owner has signed that. His other devices learn of the camera."""
    trust = journey.call("GET", f"/api/cameras/{camera}/trust")
    ring = keyring.follow(trust["owner_keyring"]).name
    known = Introduction(ring, camera, trust["camera_key"], ring, int(time.time()))
    said = {"statement": statement.sign(OWNER_KEY, INTRODUCTION, known)}
    journey.call("PUT", f"/api/cameras/{camera}/introduction", said)
    allowed = statement.sign(OWNER_KEY, ORDERS, Orders(trust["camera_key"], ring, 0, 0, [], standard=True))
    journey.call("PUT", f"/api/cameras/{camera}/orders", {"statement": allowed})
    wait_until(lambda: journey.call("GET", f"/api/cameras/{camera}/trust")["receipt"], "the camera's receipt")


def _with_secret(journey: Journey, camera: str, pairing: Any) -> str:
    """The code as a browser draws it, for a camera that is to know whose it is."""
    first, secret, token = keyring.begin(OWNER_KEY, int(time.time())), urandom(SECRET_BYTES), pairing["token"]
    journey.call("POST", "/api/me/keyring", {"statement": first})
    ring = keyring.follow([first])
    body = {"head": ring.head, "proof": owner_proof(secret, journey.tap.url, token, ring.name, ring.head)}
    journey.call("PUT", f"/api/cameras/{camera}/pairing/owner", body)
    journey.note_key("owner's key", OWNER_KEY.private_bytes_raw(), unheard=True)
    journey.note_key("pairing secret", secret, unheard=True)
    return qr.to_compact(replace(qr.read(pairing["payload"]), pairing_secret=encode_bytes(secret)))


def _add_devices(journey: Journey) -> None:
    """A second browser, by a code that a person carries over, and one on paper."""
    paper, other = urandom(32), Ed25519PrivateKey.generate()
    code, ring = write_code(urandom(CODE_BYTES)), keyring.follow(journey.call("GET", "/api/me/keyring")["statements"])
    secret, key = code_secret(code), statement.name_of(other)
    body = {"key": key, "proof": installation_proof(secret, key), "label": "Tablet"}
    asked = journey.call("POST", "/api/me/installations", body)["id"]
    recovery = Recovery(ring.name, paper)
    keys = [*ring.keys, key, statement.name_of(recovery.key)]
    text = keyring.change(OWNER_KEY, ring, keys, int(time.time()))
    ring = keyring.follow(journey.call("POST", "/api/me/keyring", {"statement": text})["statements"])
    welcome = {"proof": welcome_proof(secret, key, ring.name, ring.head)}
    journey.call("PUT", f"/api/me/installations/{asked}", welcome)
    assert journey.call("GET", f"/api/me/installations/{asked}")["proof"] == welcome["proof"]
    for what, each in (("secret of an installation's code", secret), ("recovery key", paper)):
        journey.note_key(what, each, unheard=True)
    plain = code.replace("-", "")
    written = {"installation's code": code, "that, plain": plain, "recovery code": write_recovery(recovery)}
    journey.said |= written
    journey.unheard |= written


def _signed_link(journey: Journey, camera: str) -> str:
    """A link as a browser draws it; what accepts it."""
    seed = urandom(SEED_BYTES)
    keys, trust = link_keys(seed), journey.call("GET", f"/api/cameras/{camera}/trust")
    assert trust["protected"], trust
    owner = keyring.follow(trust["owner_keyring"])
    to, now = statement.name_of(keys.key), int(time.time())
    grant = statement.sign(OWNER_KEY, GRANT, Grant(trust["camera_key"], owner.name, to, ["live"], now, 0, link=True))
    proof = link_proof(seed, trust["camera_key"], owner.name, statement.digest(grant))
    body = {"scopes": ["live"], "secret_hash": token_hash(keys.secret), "grant": grant, "link_proof": proof}
    assert journey.call("POST", f"/api/cameras/{camera}/invitations", body)["link"] == f"{journey.tap.url}/"
    journey.note_key("seed of a link", seed, unheard=True)
    journey.note_key("key of a link", keys.seed, unheard=True)
    journey.said["sharing link"] = keys.secret
    return keys.secret


def _share(journey: Journey) -> None:
    """By a link that is used and one that is not; also what an administrator and another kind of camera are given."""
    camera = journey.camera.id
    used = _signed_link(journey, camera)
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


def _second_factor(journey: Journey) -> None:
    """A guest's app and recovery codes. The ticket stands in the refusal that asks for the second step, by design, and
    nowhere else."""
    said = journey.said
    guest = {"email": GUEST, "password": GUEST_PASSWORD}
    secret = journey.call("POST", "/api/me/totp", {"password": GUEST_PASSWORD}, said["guest's token"])["secret"]
    app = pyotp.TOTP(secret)
    code = {"code": app.at(time.time() - app.interval)}
    codes = journey.call("POST", "/api/me/totp/confirm", code, said["guest's token"])["recovery_codes"]
    ticket = journey.home.server.call("POST", "/api/sessions", guest)[1]["second_factor"]["ticket"]
    said |= {"secret of the app": secret, "second-step ticket": ticket}
    said |= {f"recovery code {number}": each for number, each in enumerate(codes)}
    said |= {f"recovery code {number}, plain": each.replace("-", "") for number, each in enumerate(codes)}
    journey.call("POST", "/api/sessions/second-step", {"ticket": ticket, "code": codes[0][::-1]})
    journey.call("POST", "/api/sessions/second-step", {"ticket": ticket, "passkey": {"id": codes[1]}})
    journey.call("POST", "/api/sessions/second-step", {"ticket": ticket + codes[2], "code": codes[3]})
    answer = journey.call("POST", "/api/sessions/second-step", {"ticket": ticket, "code": codes[4]})
    said["token after the second step"] = answer["token"]


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
        peer = await stack.enter_async_context(signed_in(journey.tap.url, home.token))
        for via in ("direct", "relay"):
            viewer = RelayViewer()
            stack.push_async_callback(viewer.close)
            await viewer.watch(peer, journey.camera.id, _noting(said, via), via=via)
            said[f"session ticket, {via}"] = viewer.ticket
            said[f"TURN credential, {via}"] = next(one for one in viewer.ice_servers if "credential" in one)[
                "credential"
            ]
            said[f"viewer's ICE password, {via}"] = viewer.connection.local_password
            await until(lambda seen=viewer: seen.packets > 20, "packets")


async def _browse(journey: Journey) -> None:
    """A browser opens every kind of link, watches, makes a code for a setup code, and sets a forgotten password."""
    said, home, url = journey.said, journey.home, journey.tap.url
    transfer = journey.link("transfer link", f"/api/cameras/{journey.camera.id}/transfer")
    journey.call("POST", "/api/transfers/check", {"transfer": transfer}, said["token after the second step"])
    journey.call("POST", "/api/password-resets", {"email": GUEST})
    await next_letter(journey.box)
    reset = said["reset link"] = journey.box.secret
    journey.call("POST", "/api/password-resets/use", {"reset": reset, "new_password": "12345678"})
    said |= {"Wi-Fi password in the browser": WIFI_PASSWORD, "guest's new password": GUEST_NEW}
    async with chromium() as browser:
        page = await new_page(browser)
        await sign_in(page, url)
        await use_paper(page, url, said["recovery code"])
        await page.goto(f"{url}/#/")
        await watch(page, "Garden")
        await moving(page)
        await page.goto(f"{url}/#/")
        await home_page(page)
        await wizard(page, said["setup code"])
        await page.goto(f"{url}/#/accept/signed/{said['seed of a link, base64url']}")
        await page.get_by_role("heading").first.wait_for()
        for name in ("accept", "transfer", "register"):
            secret = {"accept": "open sharing link", "register": "invitation"}.get(name, "transfer link")
            await page.goto(f"{url}/#/{name}/{said[secret]}")
            await page.get_by_role("heading").first.wait_for()
        other = await new_page(browser)
        await other.goto(journey.box.link)
        await other.get_by_role("textbox", name="New password").fill(GUEST_NEW)
        await other.get_by_role("button", name="Set password").click()
        await other.get_by_text("Your password is set").wait_for()
        said["cookie"] = (await page.context.cookies())[0]["value"]
    journey.call("POST", "/api/password-resets/use", {"reset": reset, "new_password": NEW})
    assert home.server.call("GET", "/api/me", None, said["token after the second step"])[0] == 401


def _noting(said: dict[str, str], via: str) -> Any:
    def note(offer: str) -> str:
        said[f"ICE password of the offer, {via}"] = re.findall(r"a=ice-pwd:(\S+)", offer)[0]
        return offer

    return note
