"""The datagram guard decides what of the network reaches DTLS."""

import pytest

from media.guard import MAX_HELD_ADDRESSES, MAX_HELD_BYTES, MAX_HELD_DATAGRAMS, DatagramGuard, Kind, classify

PEER = ("192.0.2.7", 5000)
STRANGER = ("192.0.2.66", 666)
HELLO = b"\x16\xfe\xff hello"
MEDIA = b"\x80 media"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", Kind.JUNK),
        (b"\x00\x01", Kind.STUN),
        (b"\x03", Kind.STUN),
        (b"\x04", Kind.JUNK),
        (b"\x13", Kind.JUNK),
        (b"\x14", Kind.DTLS),
        (b"\x3f", Kind.DTLS),
        (b"\x40", Kind.JUNK),
        (b"\x7f", Kind.JUNK),
        (b"\x80", Kind.MEDIA),
        (b"\xbf", Kind.MEDIA),
        (b"\xc0", Kind.JUNK),
    ],
)
def test_first_byte_tells_the_kind(data: bytes, kind: Kind) -> None:
    assert classify(data) is kind


def test_a_strangers_datagram_never_passes() -> None:
    guard = DatagramGuard()
    guard.verify(PEER)
    assert not guard.admits(Kind.DTLS, HELLO, STRANGER)
    assert guard.admits(Kind.DTLS, HELLO, PEER)


def test_an_early_flight_is_held_until_its_address_is_verified() -> None:
    guard = DatagramGuard()
    assert not guard.admits(Kind.DTLS, HELLO, PEER)
    assert not guard.admits(Kind.MEDIA, MEDIA, PEER)
    assert not guard.admits(Kind.DTLS, b"\x16 foreign", STRANGER)
    assert guard.verify(PEER) == [HELLO, MEDIA]
    assert guard.verify(PEER) == []


def test_junk_is_dropped_from_the_peer_too() -> None:
    guard = DatagramGuard()
    guard.verify(PEER)
    assert not guard.admits(Kind.JUNK, b"", PEER)
    assert guard.dropped == 1


def test_what_is_held_is_bounded() -> None:
    guard = DatagramGuard()
    for port in range(MAX_HELD_ADDRESSES + 5):
        for _ in range(MAX_HELD_DATAGRAMS + 3):
            guard.admits(Kind.DTLS, HELLO, ("192.0.2.66", port))
    guard.admits(Kind.DTLS, b"\x16" * (MAX_HELD_BYTES + 1), ("192.0.2.66", 0))
    held = [guard.verify(("192.0.2.66", port)) for port in range(MAX_HELD_ADDRESSES + 5)]
    assert [len(datagrams) for datagrams in held] == [MAX_HELD_DATAGRAMS] * MAX_HELD_ADDRESSES + [0] * 5
    assert guard.dropped == 5 * (MAX_HELD_DATAGRAMS + 3) + MAX_HELD_ADDRESSES * 3 + 1


def test_nothing_is_kept_after_the_handshake() -> None:
    guard = DatagramGuard()
    guard.admits(Kind.DTLS, HELLO, STRANGER)
    guard.settle()
    assert guard.verify(STRANGER) == []
