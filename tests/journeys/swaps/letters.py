"""Swaps of what a camera sends a viewer of the relay, that the viewer has to see.

The relay belongs to the thief as well: beside the camera's frames it sends his own, plain and sealed.
"""

from collections.abc import Callable

from signaling.protocol.trust import statement
from signaling.protocol.trust.plain import KIND, Plain
from tests.journeys.swaps.broker import Session, Swap
from tests.journeys.swaps.forging import edited
from tests.journeys.swaps.thief import SENDER

Writing = Callable[[Session, str], str]


def plain(at: Session, _: str) -> str:
    """That nothing is sealed, says the thief."""
    return statement.sign(at.broker.thief.phone.key, KIND, Plain(statement.digest(at.trust.hello), 0))


def plain_in_the_cameras_name(at: Session, letter: str) -> str:
    """Under the header of the camera's own envelope."""
    return ".".join((letter.split(".")[0], *plain(at, letter).split(".")[1:]))


def of(past: str) -> Writing:
    return lambda at, _: at.broker.past[past].letters[0]


LETTERS = [
    Swap("a plain by the thief", "viewer", "relay", letter=plain),
    Swap("an envelope's header with a plain by the thief", "viewer", "relay", letter=plain_in_the_cameras_name),
    Swap("a plain of an earlier session", "viewer", "relay", letter=of("plain")),
    Swap("envelope by the thief", "viewer", "relay", letter=lambda at, _: at.broker.thief.letter(at.trust.hello)),
    Swap("envelope of an earlier session", "viewer", "relay", letter=of("sealed")),
    Swap("envelope of another viewer", "viewer", "relay", letter=of("guest's")),
    Swap("envelope of another camera", "viewer", "relay", letter=of("attic's")),
    Swap("envelope of an earlier epoch", "viewer", "relay", letter=of("epoch")),
    Swap("the envelope's epoch", "viewer", "relay", letter=lambda _, text: edited(text, epoch=SENDER.epoch)),
    Swap("the envelope's counter", "viewer", "relay", letter=lambda _, text: edited(text, counter=0)),
    Swap("the envelope's time", "viewer", "relay", letter=lambda _, text: edited(text, iat=0)),
    Swap("the hello in place of the envelope", "viewer", "relay", letter=lambda at, _: at.trust.hello),
]
