"""A copied key is told from a camera that moves, sleeps and restarts."""

import random

from signaling.rivals import (
    MAX_WORDS,
    RETURNS,
    TURN_SECONDS,
    TURNS,
    WINDOW_SECONDS,
    Arrival,
    Known,
    contested,
    met,
    outlived,
)

HOME, ROAD, THIEF = "192.0.2.7", "198.51.100.20", "203.0.113.9"


class Life:
    """Arrivals one after the other, each some seconds later, each with a higher epoch."""

    def __init__(self) -> None:
        self.known = Known()
        self.now = 1000.0
        self.epoch = 0

    def arrives(self, instance: str, address: str = HOME, after: float = 10.0) -> bool:
        """Whether the owner is to be warned now."""
        self.now += after
        self.epoch += 1
        self.known = met(self.known, Arrival(self.epoch, instance, address), self.now)
        return contested(self.known)

    def takes_over(self, instance: str = "", address: str = HOME, after: float = 10.0) -> bool:
        """As `arrives`, while the connection before still answers."""
        before = self.known.newest
        self.arrives(instance, address, after)
        if before is not None:
            self.known = outlived(self.known, before, self.now)
        return contested(self.known)


def test_a_copied_key_shows_when_the_real_camera_has_come_back_often_enough() -> None:
    life = Life()
    life.arrives("camera", after=0)
    warned = [life.arrives(*who) for _ in range(RETURNS) for who in (("copy", THIEF), ("camera", HOME))]
    assert warned.index(True) >= RETURNS - 1 and warned[-1]
    assert sorted(life.known.addresses) == sorted([HOME, THIEF])


def test_a_camera_between_two_networks_is_no_thief() -> None:
    """Wi-Fi and mobile data by turns: both addresses alternate, and the old sockets are half-open each time."""
    life = Life()
    assert not any(life.arrives("camera", (HOME, ROAD)[turn % 2], after=3) for turn in range(200))


def test_a_camera_that_restarts_without_end_is_no_thief() -> None:
    life = Life()
    assert not any(life.arrives(f"start-{number}", (HOME, ROAD)[number % 2], after=5) for number in range(200))


def test_an_update_that_overlaps_is_no_thief() -> None:
    life = Life()
    for number in range(10):
        assert not life.arrives(f"version-{number}", after=WINDOW_SECONDS / 2)
        assert not life.arrives(f"version-{number + 1}", after=5)
        assert not life.arrives(f"version-{number}", after=5), "the old one's last word"
        assert not life.arrives(f"version-{number + 1}", after=5 + WINDOW_SECONDS / 2)


def test_a_thief_hides_neither_by_silence_nor_by_new_words() -> None:
    for form in ("", "word-{}"):
        life = Life()
        life.arrives("camera", after=0)
        number, warned = 0, False
        for _ in range(RETURNS):
            for _ in range(3 * MAX_WORDS):
                number += 1
                life.arrives(form.format(number), THIEF, after=0.3)
            warned = life.arrives("camera", after=10)
        assert warned and len(life.known.lasted) <= MAX_WORDS


def test_who_comes_rarely_is_forgotten_in_time() -> None:
    life = Life()
    for _ in range(10):
        assert not life.arrives("copy", THIEF, after=WINDOW_SECONDS)
        assert not life.arrives("camera", after=10)


def test_late_news_of_an_older_connection_says_nothing() -> None:
    life = Life()
    life.arrives("camera")
    life.arrives("copy")
    before = life.known
    assert met(before, Arrival(1, "camera", HOME), life.now) == before


def test_what_is_remembered_is_bounded() -> None:
    life, dice = Life(), random.Random(7)
    for _ in range(2000):
        life.arrives(dice.choice(["", "a", "b", f"w{dice.randrange(10**6)}"]), after=dice.random() * 20)
        life.takes_over(dice.choice(["", "a"]))
    assert len(life.known.lasted) <= MAX_WORDS and len(life.known.returns) <= RETURNS
    assert len(life.known.turns) <= TURNS


def test_without_words_it_counts_who_still_answers_when_another_takes_the_place() -> None:
    life = Life()
    warned = [life.takes_over(address=(HOME, THIEF)[turn % 2], after=30) for turn in range(TURNS + 2)]
    assert warned.index(True) == TURNS
    assert sorted(life.known.addresses) == sorted([HOME, THIEF])


def test_without_words_a_line_that_breaks_without_end_is_no_thief() -> None:
    life = Life()
    assert not any(life.arrives("", (HOME, ROAD)[turn % 2], after=3) for turn in range(200))


def test_without_words_a_camera_that_changes_between_two_good_lines_is_no_thief() -> None:
    life = Life()
    assert not any(life.takes_over(address=(HOME, ROAD)[turn % 2], after=TURN_SECONDS / 3) for turn in range(200))


def test_a_thief_with_words_does_not_hide_from_a_camera_without() -> None:
    life = Life()
    life.arrives("")
    warned = False
    for number in range(TURNS):
        life.takes_over(f"word-{number}", THIEF)
        warned = life.arrives("", HOME)
    assert warned, "the thief never answers, the real camera does"


def test_where_both_say_a_word_the_words_tell() -> None:
    """Our own camera opens its new socket before the old one ends."""
    life = Life()
    assert not any(life.takes_over("camera", (HOME, ROAD)[turn % 2], after=3) for turn in range(200))
    assert life.known.turns == []


def test_late_news_that_an_older_connection_answered_says_nothing_of_itself() -> None:
    life = Life()
    life.arrives("")
    newest = life.known.newest
    assert newest is not None and outlived(life.known, newest, life.now) == life.known
    assert outlived(Known(), newest, life.now) == Known()
