"""Plain: nobody but the camera makes sealed pictures plain, and for one session only."""

import pytest

from signaling.protocol.trust import statement
from signaling.protocol.trust.plain import KIND, Plain, check_plain, plain
from signaling.protocol.trust.session import HELLO, Hello
from signaling.protocol.trust.statement import Untrue
from tests.signaling.trust.people import NOW, hello, key, name
from tests.signaling.trust.test_signed_envelopes import sealed

CAMERA = name("camera")


def said(to: str = hello(), by: str = "camera") -> str:
    """What somebody says who does not look whom the hello is for."""
    return statement.sign(key(by), KIND, Plain(statement.digest(to), NOW))


def test_plain_is_signed_for_one_hello() -> None:
    text = plain(key("camera"), statement.read(hello(), HELLO, Hello), NOW)
    assert text == said()
    check_plain(text, CAMERA, hello())
    with pytest.raises(Untrue, match="another camera"):
        plain(key("other camera"), statement.read(hello(), HELLO, Hello), NOW)


NOT_PLAIN = {
    "by another camera": said(by="other camera"),
    "by the viewer": said(by="phone"),
    "to an earlier hello": said(hello(label="earlier")),
    "to another viewer": said(hello("laptop")),
    "an envelope as plain": sealed(),
    "no statement": "",
}


@pytest.mark.parametrize("what", NOT_PLAIN)
def test_what_is_not_signed_makes_nothing_plain(what: str) -> None:
    with pytest.raises(Untrue):
        check_plain(NOT_PLAIN[what], CAMERA, hello())
