"""What is missing and how it is made good, in virtual time: NACKs to the camera, the store, a newcomer's approach."""

import itertools
import random

import pytest

from media.relay.approach import approach
from media.relay.reception import (
    GIVE_UP_SECONDS,
    MAX_JUMP,
    MAX_MISSING,
    REORDER_SECONDS,
    Reception,
)
from media.relay.rtp import Packet
from media.relay.store import FRESH_SECONDS, MAX_BYTES, NACK_SECONDS, PacketStore

RATE = 90_000
FPS = 30


def packet(number: int, *, key: bool = False, size: int = 1000, per_frame: int = 1) -> Packet:
    """Of a stream with `per_frame` packets a picture that began at second 100."""
    frame = number // per_frame
    starts = key and number % per_frame == 0
    return Packet(number, frame * RATE // FPS, bytes(size), 100 + frame / FPS, starts)


def filled(count: int, key_every: int, *, size: int = 1000, per_frame: int = 1) -> PacketStore:
    store = PacketStore()
    for number in range(count):
        is_key = number // per_frame % key_every == 0
        store.add(packet(number, key=is_key, size=size, per_frame=per_frame))
    return store


def test_a_gap_is_asked_for_after_a_moment_and_again_until_it_is_filled() -> None:
    reception = Reception(RATE)
    for sequence in (65_534, 65_535, 2):
        assert reception.take(sequence, 0, 0.0) is not None
    assert reception.lost(0.0) == []
    assert reception.lost(REORDER_SECONDS) == [0, 1]
    assert reception.lost(REORDER_SECONDS + 0.01) == []
    assert reception.lost(REORDER_SECONDS + 0.1) == [0, 1]
    assert reception.take(0, 0, 0.2) == 65_536
    assert reception.take(0, 0, 0.21) is None
    assert reception.lost(0.4) == [1] and reception.missing == 1
    assert reception.lost(GIVE_UP_SECONDS + 0.1) == []
    assert reception.missing == 0 and reception.overwhelmed


def test_a_packet_overtaken_by_others_is_not_asked_for() -> None:
    reception = Reception(RATE)
    for sequence in (1, 3, 2):
        reception.take(sequence, 0, 0.0)
    assert reception.lost(1.0) == [] and reception.missing == 0


def test_the_retry_learns_the_round_trip() -> None:
    reception = Reception(RATE)
    reception.take(0, 0, 0.0)
    for round_number in range(20):
        now = 1.0 + round_number
        reception.take(2 * round_number + 2, 0, now)
        assert reception.lost(now + REORDER_SECONDS)
        reception.take(2 * round_number + 1, 0, now + REORDER_SECONDS + 0.2)
    reception.take(60, 0, 50.0)
    assert len(reception.lost(50.1)) == 19
    assert reception.lost(50.1 + 0.25) == [] and len(reception.lost(50.1 + 0.31)) == 19


@pytest.mark.parametrize("gap", [MAX_MISSING + 2, MAX_JUMP + 2])
def test_too_large_a_gap_is_a_key_frames_business(gap: int) -> None:
    reception = Reception(RATE)
    reception.take(0, 0, 0.0)
    reception.take(gap, 0, 0.0)
    assert reception.overwhelmed and reception.missing == 0 and reception.lost(1.0) == []


def test_the_report_counts_as_rfc_3550_says() -> None:
    reception = Reception(RATE)
    assert reception.report() is None
    for number in range(100):
        if number % 4 != 1:
            reception.take((65_500 + number) % 65_536, number * 3000, number / FPS)
    first = reception.report()
    assert first is not None and (first.fraction, first.lost) == (64, 25)
    assert first.highest == 65_599 and first.jitter <= 1
    second = reception.report()
    assert second is not None and (second.fraction, second.lost) == (0, 25)


def test_jitter_is_seen() -> None:
    chance = random.Random(1)
    reception = Reception(RATE)
    for number in range(300):
        reception.take(number, number * 3000, number / FPS + chance.random() * 0.02)
    report = reception.report()
    assert report is not None and 300 < report.jitter < 1200


def test_packets_are_kept_as_long_as_somebody_may_ask() -> None:
    store = filled(300, key_every=10_000)
    store.forget_group()
    store.add(packet(300))
    oldest = 300 - int(NACK_SECONDS * FPS)
    assert store.with_sequence(oldest + 2) is not None and store.with_sequence(oldest - 5) is None
    assert len(store) <= NACK_SECONDS * FPS + 3


def test_the_group_is_kept_from_its_first_parameter_set_on() -> None:
    store = PacketStore()
    for number in range(200):
        store.add(Packet(number, number // 2 * 3000, bytes(10), 100 + number / 60, number == 101))
    assert store.group_start(100 + 199 / 60) == 100
    assert store.group_start(100 + 199 / 60 + FRESH_SECONDS + 0.1) is None


def test_sequence_numbers_name_the_newest_packet_that_has_them() -> None:
    store = PacketStore()
    for number in range(65_520, 65_560):
        store.add(packet(number))
    for sequence, number in ((65_535, 65_535), (0, 65_536), (23, 65_559)):
        found = store.with_sequence(sequence)
        assert found is not None and found.number == number
    assert store.with_sequence(24) is None


def test_the_store_is_bounded_in_bytes() -> None:
    store = filled(12_000, key_every=100_000, size=1400)
    assert store.bytes <= MAX_BYTES
    assert store.group_start(100 + 12_000 / FPS) is None


def test_late_packets_find_their_place_once() -> None:
    store = PacketStore()
    for number in (0, 1, 3, 2, 2):
        store.add(packet(number))
    assert len(store) == 4 and store.head == 4 and store.bytes == 4000


def test_a_newcomer_is_sent_the_group_squeezed_and_then_the_present() -> None:
    store = filled(60, key_every=100, per_frame=1)
    now = 100 + 59 / FPS
    newcomer = approach(store, now)
    assert newcomer is not None
    sent: list[tuple[int, int]] = []
    number = 60
    while not newcomer.is_live(store):
        for due, stamp in newcomer.due(store, now):
            sent.append((due.number, due.time if stamp is None else stamp))
        now += 0.005
        while 100 + number / FPS <= now:
            store.add(packet(number))
            number += 1
        assert now < 110
    assert [found for found, _ in sent] == list(range(len(sent)))
    stamps = [stamp for _, stamp in sent]
    assert all(later > earlier for earlier, later in itertools.pairwise(stamps))
    assert stamps[0] == packet(59).time and sent[-1][1] == packet(sent[-1][0]).time
    assert now - (100 + 59 / FPS) < 1.0


def test_what_a_newcomer_asks_for_again_is_what_it_was_sent() -> None:
    store = filled(60, key_every=100)
    now = 100 + 59 / FPS
    newcomer = approach(store, now)
    assert newcomer is not None
    first = {due.number: stamp for step in range(300) for due, stamp in newcomer.due(store, now + step * 0.01)}
    assert not newcomer.is_behind(store) and len(first) == 60
    newcomer.rewind(now + 3)
    again = {due.number: stamp for step in range(300) for due, stamp in newcomer.due(store, now + 3 + step * 0.01)}
    assert again == first
    assert all(newcomer.stamp(packet(number)) == stamp for number, stamp in first.items())


def test_a_fresh_key_frame_ends_the_approach() -> None:
    store = filled(300, key_every=1000, size=8000)
    now = 100 + 299 / FPS
    newcomer = approach(store, now)
    assert newcomer is not None
    shown = newcomer.due(store, now)
    assert not newcomer.is_live(store) and newcomer.remaining(store, now) > 0.25
    store.add(packet(300, key=True))
    due = newcomer.due(store, now + 0.01)
    assert [(found.number, stamp) for found, stamp in due] == [(300, None)]
    assert newcomer.is_live(store)
    assert newcomer.has_sent(shown[0][0].number) and not newcomer.has_sent(299) and not newcomer.takes_part(299)


def test_who_leaves_a_group_goes_on_where_it_was() -> None:
    store = filled(3, key_every=100)
    newcomer = approach(store, 100.1)
    assert newcomer is not None and len(newcomer.due(store, 100.1)) == 3 and newcomer.is_live(store)
    for number in range(3, 9):
        store.add(packet(number))
    newcomer.resume(store.head)
    assert newcomer.due(store, 100.3) == [] and newcomer.has_sent(5) and newcomer.is_live(store)


def test_without_a_group_there_is_no_approach() -> None:
    assert approach(PacketStore(), 0.0) is None
