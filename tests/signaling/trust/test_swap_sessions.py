"""Sessions: whatever is swapped between camera and viewer, one of them notices before anything is shown."""

import hashlib

import msgspec
import pytest

from signaling.protocol.trust import keyring, session, statement
from signaling.protocol.trust.session import ANSWER, HELLO, OFFER, Answer, Hello, Offer, fingerprint_of
from signaling.protocol.trust.statement import Said, Untrue
from tests.signaling.trust.people import NOW, hello, key, misspelt, name, nonce, ring_of, sdp

CAMERA, VIEWER = name("camera"), name("phone")
RING = keyring.follow(ring_of("phone", "laptop"))


def heard(text: str) -> Said[Hello]:
    return statement.read(text, HELLO, Hello)


def offered(
    of: str = "camera", to: str = hello(), of_session: str = "s1", with_sdp: str = sdp("camera"), label: str = "camera"
) -> str:
    return session.offer(key(of), heard(to), of_session, with_sdp, nonce(label), NOW)


def said(text: str) -> Said[Offer]:
    return statement.read(text, OFFER, Offer)


def answered(by: str = "phone", to: str = offered(), with_sdp: str = sdp("phone")) -> str:
    return session.answer(key(by), said(to), with_sdp, NOW)


def test_what_nobody_touched_is_believed() -> None:
    offer = session.check_offer(offered(), hello(), CAMERA, "s1", sdp("camera"))
    assert offer.what.fingerprint == fingerprint_of(sdp("camera"))
    answer = session.check_answer(answered(), offer, VIEWER, sdp("phone"))
    assert (answer.what.fingerprint, answer.what.camera) == (fingerprint_of(sdp("phone")), offer.what.fingerprint)


def reworded(**fields: object) -> str:
    """A hello of the viewer's own."""
    return statement.sign(key("phone"), HELLO, msgspec.structs.replace(heard(hello()).what, **fields))


SWAPPED_HELLOS = {
    "for another camera": hello(to="other camera"),
    "by a stranger": statement.sign(key("stranger"), HELLO, heard(hello()).what),
    "in the name of another keyring": hello("laptop"),
    "an offer as a hello": offered(),
    "orders below none": reworded(orders=-2),
    "a misspelt nonce": reworded(nonce=misspelt(nonce("viewer"))),
    "a misspelt exchange key": reworded(exchange=misspelt(heard(hello()).what.exchange)),
    "no statement": "",
}


def test_a_hello_is_signed_in_the_name_of_a_keyring() -> None:
    said = session.check_hello(hello(seen=3), CAMERA, RING)
    assert (said.by, said.what.ring, said.what.orders) == (VIEWER, RING.name, 3)
    assert heard(hello()).what.orders == -1


@pytest.mark.parametrize("what", SWAPPED_HELLOS)
def test_swap_in_the_hello_is_seen_by_the_camera(what: str) -> None:
    with pytest.raises(Untrue):
        session.check_hello(SWAPPED_HELLOS[what], CAMERA, RING)


def test_swap_of_the_keyring_is_seen_by_the_camera() -> None:
    """Anybody can put another's key on his own ring, and let him be taken for one of his."""
    chain = ring_of("stranger")
    annexed = keyring.change(key("stranger"), keyring.follow(chain), [name("stranger"), VIEWER], NOW)
    with pytest.raises(Untrue, match="name of another keyring"):
        session.check_hello(hello(), CAMERA, keyring.follow([*chain, annexed]))


SWAPPED_OFFERS = {
    "the description": {"with_sdp": sdp("stranger")},
    "fingerprint and description": {"text": offered(with_sdp=sdp("stranger"))},
    "the camera": {"text": statement.sign(key("stranger"), OFFER, said(offered()).what)},
    "a camera's offer for another viewer": {"text": offered(to=hello("laptop"))},
    "an earlier offer to this viewer": {"text": offered(to=hello(label="earlier"))},
    "another session of this viewer": {"text": offered(of_session="s2")},
    "an answer as an offer": {"text": answered()},
    "no statement": {"text": ""},
    "a misspelt nonce": {
        "text": statement.sign(
            key("camera"), OFFER, msgspec.structs.replace(said(offered()).what, nonce=misspelt(nonce("camera")))
        )
    },
    "two certificates": {"with_sdp": sdp("camera") + sdp("stranger")},
    "no certificate": {"with_sdp": "v=0\r\n"},
    "another hash": {"with_sdp": sdp("camera").replace("sha-256", "sha-1")},
    "a second behind half a line end": {"with_sdp": sdp("camera") + "a=x\r" + sdp("stranger").splitlines()[1] + "\r\n"},
    "a second behind a rare line end": {
        "with_sdp": sdp("camera") + "a=x\x85" + sdp("stranger").splitlines()[1] + "\r\n"
    },
    "a second, hidden line": {"with_sdp": sdp("camera") + "a=fingerprint: \r\n"},
}


@pytest.mark.parametrize("what", SWAPPED_OFFERS)
def test_swap_in_the_offer_is_seen_by_the_viewer(what: str) -> None:
    shown = {"text": offered(), "with_sdp": sdp("camera")} | SWAPPED_OFFERS[what]
    with pytest.raises(Untrue):
        session.check_offer(shown["text"], hello(), CAMERA, "s1", shown["with_sdp"])


SWAPPED_ANSWERS = {
    "the description": {"with_sdp": sdp("stranger")},
    "fingerprint and description": {"text": answered(with_sdp=sdp("stranger"))},
    "the viewer": {"text": answered(by="stranger")},
    "an answer to an earlier offer": {"text": answered(to=offered(label="earlier"))},
    "an answer to another camera": {"text": answered(to=offered(of="other camera", to=hello(to="other camera")))},
    "another session in the same answer": {
        "text": statement.sign(
            key("phone"),
            ANSWER,
            Answer(statement.digest(offered()), "s2", fingerprint_of(sdp("phone")), fingerprint_of(sdp("camera")), NOW),
        )
    },
    "another certificate for the camera": {
        "text": statement.sign(
            key("phone"),
            ANSWER,
            Answer(statement.digest(offered()), "s1", fingerprint_of(sdp("phone")), fingerprint_of(sdp("x")), NOW),
        )
    },
    "an offer as an answer": {"text": offered()},
    "no statement": {"text": ""},
}


@pytest.mark.parametrize("what", SWAPPED_ANSWERS)
def test_swap_in_the_answer_is_seen_by_the_camera(what: str) -> None:
    shown = {"text": answered(), "with_sdp": sdp("phone")} | SWAPPED_ANSWERS[what]
    with pytest.raises(Untrue):
        session.check_answer(shown["text"], said(offered()), VIEWER, shown["with_sdp"])


def test_a_camera_offers_nothing_to_a_hello_for_another() -> None:
    with pytest.raises(Untrue, match="another camera"):
        offered(to=hello(to="other camera"))


def test_fingerprints_are_compared_as_the_same_bytes() -> None:
    digest = hashlib.sha256(b"x").digest()
    spelt = [digest.hex(":"), digest.hex(":").upper()]
    lines = [f"a=fingerprint:SHA-256 {spelt[0]}\r\n", f"a=fingerprint:sha-256 {spelt[1]}\n"]
    assert {fingerprint_of(line) for line in lines} == {f"sha-256 {spelt[1]}"}
    assert fingerprint_of("".join(lines)) == f"sha-256 {spelt[1]}", "each section may name it"


@pytest.mark.parametrize("end", ["\r", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\0", "\r\r\n"])
def test_swap_hides_behind_no_end_of_line_that_only_some_see(end: str) -> None:
    hidden = f"a=x{end}{sdp('stranger').splitlines()[1]}\r\n"
    for text in (sdp("camera") + hidden, hidden + sdp("camera"), sdp("camera").replace("\r\n", end, 1)):
        with pytest.raises(Untrue, match="not every reader"):
            fingerprint_of(text)
    assert fingerprint_of(sdp("camera").replace("\r\n", "\n")) == fingerprint_of(sdp("camera"))


@pytest.mark.parametrize(
    "text",
    [
        sdp("camera").replace("sha-256", "sha-1"),
        sdp("camera").replace(":", "", 40),
        sdp("camera")[:-60],
        sdp("camera") + sdp("phone"),
        "",
    ],
)
def test_a_description_names_one_certificate_by_sha_256(text: str) -> None:
    with pytest.raises(Untrue, match=r"another hash|exactly one"):
        fingerprint_of(text)
