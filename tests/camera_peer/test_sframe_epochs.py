"""Epochs: keys are fresh, their numbers never go back, and each is replaced when it has to be."""

import itertools

from camera_peer.epochs import EPOCH_SECONDS, Epochs
from signaling.protocol.trust.envelope import SENDER_KEY_BYTES


def made(last: int = -1, now: float = 0.0) -> Epochs:
    numbers = itertools.count(1)
    return Epochs(last, lambda size: bytes([next(numbers)]) * size, now)


def test_the_first_key_has_number_0_and_a_restart_goes_on_from_the_last() -> None:
    first = made()
    assert (first.key.epoch, len(first.key.secret)) == (0, SENDER_KEY_BYTES)
    first.rotate(1.0)
    assert made(first.key.epoch).key.epoch == 2


def test_each_key_is_new_and_nobody_holds_it() -> None:
    epochs = made()
    before = epochs.key
    epochs.given(None)
    assert epochs.held
    assert epochs.rotate(1.0) == epochs.key != before
    assert epochs.key.secret != before.secret
    assert not epochs.held


def test_a_key_that_somebody_holds_wears_out() -> None:
    epochs = made(now=100.0)
    assert not epochs.worn(100.0 + 2 * EPOCH_SECONDS), "nobody has it"
    epochs.given(None)
    assert not epochs.worn(99.0 + EPOCH_SECONDS)
    assert epochs.worn(100.0 + EPOCH_SECONDS)
    epochs.rotate(100.0 + EPOCH_SECONDS)
    epochs.given(None)
    assert not epochs.worn(101.0 + EPOCH_SECONDS)


def test_a_key_does_not_outlive_the_first_right_of_its_holders() -> None:
    epochs = made()
    for until in (None, 900, 500, 700, None):
        epochs.given(until)
    assert not epochs.outlived(499.9)
    assert epochs.outlived(500.0)
    epochs.rotate(1.0)
    assert not epochs.outlived(1000.0)
