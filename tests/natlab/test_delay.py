"""How a line holds packets, with time as an argument."""

import os
import socket

from tests.natlab import delay
from tests.natlab.delay import HELD_PACKETS, Way, change


def devices() -> tuple[socket.socket, socket.socket]:
    """Something to read packets from or write them to, like a TUN: one packet per call."""
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    near.setblocking(False)
    far.setblocking(False)
    return near, far


def test_packets_come_out_late_and_in_order() -> None:
    sender, source = devices()
    target, receiver = devices()
    with sender, source, target, receiver:
        way = Way("camera", source.fileno(), target.fileno(), delay_s=0.02)
        sender.send(b"one")
        way.take(now=10.0)
        sender.send(b"two")
        way.take(now=10.01)
        assert way.give(now=10.019) == 10.02
        assert way.give(now=10.02) == 10.03
        assert receiver.recv(100) == b"one"
        assert way.give(now=10.03) is None
        assert receiver.recv(100) == b"two"


def test_a_shorter_delay_lets_nothing_overtake() -> None:
    sender, source = devices()
    target, receiver = devices()
    with sender, source, target, receiver:
        ways = [
            Way("camera", source.fileno(), target.fileno(), 0.02),
            Way("viewer", source.fileno(), target.fileno(), 1),
        ]
        sender.send(b"one")
        ways[0].take(now=10.0)
        change(ways, b"camera 5\n")
        assert [way.delay_s for way in ways] == [0.005, 1]
        sender.send(b"two")
        ways[0].take(now=10.001)
        assert ways[0].give(now=10.01) == 10.02
        ways[0].give(now=10.02)
        assert [receiver.recv(100), receiver.recv(100)] == [b"one", b"two"]


def test_a_line_holds_so_much_and_no_more() -> None:
    reading, writing = os.pipe()
    with open(reading, "rb"), open(writing, "wb"):
        os.set_blocking(reading, False)
        way = Way("camera", reading, writing, delay_s=1)
        way.held.extend([(11.0, b"x")] * HELD_PACKETS)
        os.write(writing, b"one too many")
        way.take(now=10.0)
        assert len(way.held) == HELD_PACKETS
        assert delay.BATCH < HELD_PACKETS
