"""Introductions: only one's own installations say which key a camera has."""

import pytest

from signaling.protocol.trust import keyring, statement
from signaling.protocol.trust.introduction import KIND, MAX_ID_CHARS, Introduction, read_introduction
from signaling.protocol.trust.statement import Untrue
from tests.signaling.trust.people import NOW, key, misspelt, name, ordered, ring_of

RING = keyring.follow(ring_of("phone", "laptop"))
STRANGERS = keyring.follow(ring_of("stranger"))
ID = "camera-1"


def introduced(by: str = "phone", **changed: object) -> str:
    fields: dict[str, object] = {"ring": RING.name, "id": ID, "camera": name("camera"), "owner": RING.name, "iat": NOW}
    return statement.sign(key(by), KIND, Introduction(**fields | changed))  # type: ignore[arg-type]


def test_a_signed_introduction_names_a_camera_and_its_owner() -> None:
    assert read_introduction(introduced(), RING, ID) == Introduction(RING.name, ID, name("camera"), RING.name, NOW)
    guest = introduced("laptop", owner=STRANGERS.name)
    assert read_introduction(guest, RING, ID).owner == STRANGERS.name


def test_the_newest_signed_introduction_counts() -> None:
    first = read_introduction(introduced(), RING, ID)
    other = introduced(camera=name("other camera"), iat=NOW + 1)
    second = read_introduction(other, RING, ID, first)
    assert second.camera == name("other camera")
    assert read_introduction(introduced(), RING, ID, second) == second, "an old one shown again changes nothing"
    same_time = introduced(camera=name("stranger"))
    assert read_introduction(same_time, RING, ID, first) == first


NO_INTRODUCTIONS = {
    "by a stranger": introduced("stranger"),
    "by the camera": introduced("camera"),
    "to another keyring": introduced(ring=STRANGERS.name),
    "of another camera": introduced(id="camera-2"),
    "without an id": introduced(id=""),
    "an endless id": introduced(id="c" * (MAX_ID_CHARS + 1)),
    "no key": introduced(camera="x"),
    "a misspelt key": introduced(camera=misspelt(name("camera"))),
    "no owner": introduced(owner=""),
    "a misspelt owner": introduced(owner=misspelt(RING.name)),
    "no time": introduced(iat=-1),
    "orders as an introduction": ordered(),
    "no statement": "",
}


@pytest.mark.parametrize("what", NO_INTRODUCTIONS)
def test_what_is_no_signed_introduction_is_not_believed(what: str) -> None:
    with pytest.raises(Untrue):
        read_introduction(NO_INTRODUCTIONS[what], RING, ID)
