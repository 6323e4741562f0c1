"""The whole database and all secrets of the server, in a thief's hand: no camera, no frame and no grant comes of it.

Whatever stands there is tried as a key, at every place and in every spelling: as the seed of whoever signs anything, as
the key of frames, as an exchange key of an envelope, as the seed of a link.
"""

import asyncio
import hashlib
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from camera_peer.identity import KEY_FILE
from signaling.protocol.identity import decode_bytes, encode_bytes, token_hash
from signaling.protocol.trust import grant, keyring, session, statement
from signaling.protocol.trust.grant import Grant
from signaling.protocol.trust.link import SEED_BYTES, link_keys, link_proof
from signaling.protocol.trust.orders import Known
from signaling.protocol.trust.session import HELLO, OFFER, Hello, Offer
from signaling.protocol.trust.statement import Key, Untrue
from signaling.server import derived
from signaling.store.secret import FILE as SECRET_FILE
from tests.home import Household, household
from tests.journeys.relay_viewer import signed_in
from tests.media.opener import Opener
from tests.protected_home import Protected, add_protected, order, own, publish
from tests.signaling.trust.people import sdp
from tests.signaling.viewer_client import WirePeer
from tests.trust_viewer import Installation, TrustViewer

KEY_BYTES = 32
PURPOSES = ("logins", "relays", "session tickets", "second factors", "passkey challenges")
FRAMES = 20


class Watcher(TrustViewer):
    """Keeps what came over the relay, as it came."""

    def __init__(self, wire: WirePeer, who: Installation, camera: str, key: Key) -> None:
        super().__init__(wire, who, camera, key)
        self.sealed: list[bytes] = []

    def take_frame(self, frame: bytes) -> None:
        self.sealed.append(frame)
        super().take_frame(frame)


@dataclass
class House:
    """What the thief has: `dump`, and what `watched` got over his relay. What he would like: the rest."""

    dump: list[bytes]
    watched: Watcher
    camera: Protected
    owner: Installation
    link_seed: bytes

    @property
    def link(self) -> Key:
        return statement.name_of(link_keys(self.link_seed).key)

    @property
    def signers(self) -> set[Key]:
        """Everybody whose word counts for anything."""
        return {self.camera.key, self.link, *keyring.follow(self.owner.ring).keys}

    @property
    def forgers(self) -> list[Ed25519PrivateKey]:
        """What the server's own secrets make as keys."""
        return [Ed25519PrivateKey.from_private_bytes(key) for key in self.dump if len(key) == KEY_BYTES]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with household(tmp_path_factory.mktemp("dumped")) as home:
        phone = own(home)
        paper = Ed25519PrivateKey.generate()
        phone.with_keys(phone.name, statement.name_of(paper))
        publish(home, phone)
        garden = add_protected(home, phone, "Garden")
        order(home, phone, garden, serials=[3])
        seed = os.urandom(SEED_BYTES)
        share(home, phone, garden, seed)
        watched = asyncio.run(watched_over_the_relay(home, phone, garden))
        dump = [*rows(home.server.data_dir), *secrets(home.server.data_dir)]
        yield House(dump, watched, garden, phone, seed)


def share(home: Household, phone: Installation, camera: Protected, seed: bytes) -> None:
    """By a signed link."""
    keys, now = link_keys(seed), int(time.time())
    to = statement.name_of(keys.key)
    text = statement.sign(phone.key, grant.GRANT, Grant(camera.key, phone.ring_name, to, ["live"], now, 1, link=True))
    proof = link_proof(seed, camera.key, phone.ring_name, statement.digest(text))
    body = {"scopes": ["live"], "secret_hash": token_hash(keys.secret), "grant": text, "link_proof": proof}
    home.call("POST", f"/api/cameras/{camera.id}/invitations", body, 201)


async def watched_over_the_relay(home: Household, phone: Installation, camera: Protected) -> Watcher:
    async with AsyncExitStack() as stack:
        wire = await stack.enter_async_context(signed_in(home.server.url, home.token))
        watching = Watcher(wire, phone, camera.id, camera.key)
        stack.push_async_callback(watching.close)
        await watching.watch("relay")
        await watching.until_shown(FRAMES)
    return watching


def is_database(file: Path) -> bool:
    return file.read_bytes()[:6] == b"SQLite"


def rows(folder: Path) -> Iterator[bytes]:
    """Every value in every table."""
    (database,) = (file for file in folder.iterdir() if file.is_file() and is_database(file))
    with closing(sqlite3.connect(database)) as opened:
        for (table,) in opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in opened.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 - its own names
                yield from (value if isinstance(value, bytes) else str(value).encode() for value in row)


def secrets(folder: Path) -> Iterator[bytes]:
    """Every other file but the log, and what the server derives of its secret."""
    secret = (folder / SECRET_FILE).read_text().strip()
    yield from (derived(secret, purpose) for purpose in PURPOSES)
    others = (file for file in folder.iterdir() if file.is_file() and file.suffix != ".log" and not is_database(file))
    yield from (file.read_bytes() for file in others)


def spellings(texts: Iterable[bytes]) -> set[bytes]:
    """As they are, and what their words are in hex and base64url."""
    found = set(texts)
    for text in tuple(found):
        for word in text.decode("latin-1").replace(".", " ").replace('"', " ").replace(":", " ").split():
            for read in (decode_bytes, bytes.fromhex):
                try:
                    found.add(read(word))
                except ValueError:
                    continue
    return found


def keys_in(texts: Iterable[bytes], size: int = KEY_BYTES) -> set[bytes]:
    """Whatever could be a key of this size: every run of bytes, and the hash of every whole value."""
    known = spellings(texts)
    runs = {text[at : at + size] for text in known for at in range(len(text) - size + 1)}
    return runs | {hashlib.sha256(text).digest()[:size] for text in known}


def signing(keys: Iterable[bytes], wanted: set[str]) -> list[Ed25519PrivateKey]:
    """Those that are one of them."""
    pairs = (Ed25519PrivateKey.from_private_bytes(key) for key in keys)
    return [pair for pair in pairs if statement.name_of(pair) in wanted]


def opening(keys: Iterable[bytes], house: House) -> list[bytes]:
    """Those that open a frame of the relay's."""
    frame, epoch = min(house.watched.sealed, key=len), house.watched.epochs[0]
    return [key for key in keys if _opens(Opener({epoch: key}), frame)]


def _opens(opener: Opener, frame: bytes) -> bool:
    try:
        opener.open_h264(frame)
    except (InvalidTag, ValueError, IndexError):
        return False
    return bool(opener.counters)


def exchanging(keys: Iterable[bytes], house: House) -> list[bytes]:
    """Those that are the private half of an exchange key of that session."""
    said = statement.read(house.watched.hello, HELLO, Hello).what.exchange
    private = ((key, X25519PrivateKey.from_private_bytes(key)) for key in keys)
    return [key for key, one in private if encode_bytes(one.public_key().public_bytes_raw()) == said]


def linking(seeds: Iterable[bytes], house: House) -> list[bytes]:
    return [seed for seed in seeds if statement.name_of(link_keys(seed).key) == house.link]


def test_signed_nothing_by_any_key_in_a_dump(house: House) -> None:
    keys = keys_in(house.dump)
    whole = b" ".join(house.dump).decode("latin-1")
    assert all(text in whole for text in (house.camera.key, *house.owner.ring)), "all that the server has is looked at"
    assert len(keys) > 1_000
    assert signing(keys, house.signers) == []
    own_file = (house.camera.process.folder / "data" / KEY_FILE).read_bytes()
    assert signing(keys_in([own_file]), house.signers), "the camera's own disk has its key, and this search finds it"


def test_sframe_and_envelope_open_by_no_key_in_a_dump(house: House) -> None:
    keys = keys_in(house.dump)
    assert opening(keys, house) == []
    assert exchanging(keys, house) == []
    sender, private = house.watched._keys[house.watched.epochs[0]], house.watched._exchange.private_bytes_raw()
    assert opening(keys_in([b"sender " + encode_bytes(sender).encode()]), house) == [sender]
    assert exchanging(keys_in([private]), house) == [private]


def test_signed_link_of_no_seed_in_a_dump(house: House) -> None:
    assert linking(keys_in(house.dump, SEED_BYTES), house) == []
    assert linking(keys_in([b"#/accept/signed " + encode_bytes(house.link_seed).encode()], SEED_BYTES), house)


def test_swap_by_whoever_has_the_servers_secrets_is_no_offer_and_no_grant(house: House) -> None:
    camera, owner, hello = house.camera.key, keyring.follow(house.owner.ring), house.watched.hello
    thief = Installation.first()
    assert len(house.forgers) >= len(PURPOSES)
    for key in house.forgers:
        what = Offer(statement.digest(hello), "s", session.fingerprint_of(sdp("thief")), encode_bytes(bytes(16)), 0)
        with pytest.raises(Untrue, match="another camera"):
            session.check_offer(statement.sign(key, OFFER, what), hello, camera, "s", sdp("thief"))
        given = Grant(camera, owner.name, thief.ring_name, ["live"], 0, 99)
        chain = [statement.sign(key, grant.GRANT, given)]
        with pytest.raises(Untrue, match="does not own"):
            grant.rights(camera, owner, Known(), keyring.follow(thief.ring), chain, time.time())
