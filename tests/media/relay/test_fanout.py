"""The hot path against pylibsrtp as receiver: every copy decrypts with its viewer's key, on every kind of sending."""

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from pylibsrtp import Policy, Session

from media.relay import fanout, srtp
from media.relay.fanout import MAX_PLAIN, ROWS, FanOut, runs
from media.relay.inbox import Inbox
from media.relay.udp import UdpPort

PROFILES = list(srtp.TAG_BYTES)


def rtp(number: int, size: int) -> bytes:
    return (
        b"\x80\x66" + number.to_bytes(2, "big") + bytes(4) + b"\x00\x00\x30\x39" + bytes((number % 251,)) * (size - 12)
    )


class Receiver:
    """A socket and the other end of an SRTP association."""

    def __init__(self, stack: ExitStack, profile: bytes, host: str) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = stack.enter_context(socket.socket(family, socket.SOCK_DGRAM))
        self.socket.bind((host, 0))
        self.socket.settimeout(2)
        material = os.urandom(srtp.material_bytes(profile))
        self.ours = srtp.keyed(profile, material, as_server=True)
        self._theirs = srtp.keyed(profile, material, as_server=False)
        self._inbox = Inbox()

    def read(self) -> bytes:
        self._inbox.put(self.socket.recv(2048))
        assert self._theirs.unprotect(self._inbox.pointer, self._inbox.length)
        return self._inbox.bytes()

    def has_nothing(self) -> bool:
        self.socket.setblocking(False)
        try:
            self.socket.recv(2048)
        except BlockingIOError:
            return True
        return False


@contextmanager
def port_on(host: str) -> Iterator[UdpPort]:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.bind((host, 0))
        yield UdpPort(out, Inbox(), lambda *_: None)


def stay(name: str) -> None:
    raise AssertionError(f"{name} had to leave")


FRAME = [rtp(number, 1200) for number in range(5)] + [rtp(5, 300)] + [rtp(6, 100)]


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("way", ["segments", "messages", "singly"])
def test_each_viewer_decrypts_every_packet(profile: bytes, host: str, way: str) -> None:
    with ExitStack() as stack:
        port = stack.enter_context(port_on(host))
        group = FanOut(port, srtp.TAG_BYTES[profile], stay, batching=way != "singly")
        group._segmenting = way == "segments"
        receivers = [Receiver(stack, profile, host) for _ in range(9)]
        for number, receiver in enumerate(receivers):
            group.add(str(number), receiver.ours.handle, receiver.socket.getsockname())
        group.send(FRAME)
        for receiver in receivers:
            assert [receiver.read() for _ in FRAME] == FRAME
        assert (group.sent, group.dropped) == (len(FRAME) * len(receivers), 0)


def test_who_leaves_gets_nothing_more_and_the_others_everything() -> None:
    with ExitStack() as stack:
        port = stack.enter_context(port_on("127.0.0.1"))
        group = FanOut(port, 16, stay)
        receivers = {name: Receiver(stack, PROFILES[0], "127.0.0.1") for name in "abcde"}
        for name, receiver in receivers.items():
            group.add(name, receiver.ours.handle, receiver.socket.getsockname())
        for leaver in ("b", "e", "b"):
            group.remove(leaver)
        group.send(FRAME[:2])
        assert len(group) == 3
        for name in "acd":
            assert [receivers[name].read() for _ in range(2)] == FRAME[:2]
        assert receivers["b"].has_nothing() and receivers["e"].has_nothing()


def test_a_packet_sent_twice_is_the_same_to_the_last_bit() -> None:
    """AES-GCM gives its authentication key away otherwise (RFC 7714 §8.4)."""
    with ExitStack() as stack:
        port = stack.enter_context(port_on("127.0.0.1"))
        receiver = Receiver(stack, PROFILES[0], "127.0.0.1")
        group = FanOut(port, 16, stay)
        group.add("a", receiver.ours.handle, receiver.socket.getsockname())
        group.send([FRAME[0]])
        assert receiver.ours.protect(FRAME[0]) == receiver.socket.recv(2048)


def test_plain_text_never_leaves_when_encryption_fails() -> None:
    left: list[str] = []
    with ExitStack() as stack:
        port = stack.enter_context(port_on("127.0.0.1"))
        good, bad = (Receiver(stack, PROFILES[0], "127.0.0.1") for _ in range(2))
        group = FanOut(port, 16, left.append)
        for name, receiver in (("good", good), ("bad", bad)):
            group.add(name, receiver.ours.handle, receiver.socket.getsockname())
        bad.ours.protect(rtp(srtp.WINDOW + 1000, 100))
        group.send([FRAME[0]])
        assert left == ["bad"] and bad.has_nothing()
        good.socket.setblocking(True)
        group.send([FRAME[1]])
        assert good.read() == FRAME[1]


def test_an_address_that_fails_costs_the_others_nothing() -> None:
    with ExitStack() as stack:
        port = stack.enter_context(port_on("127.0.0.1"))
        receivers = [Receiver(stack, PROFILES[0], "127.0.0.1") for _ in range(3)]
        group = FanOut(port, 16, stay)
        for number, receiver in enumerate(receivers):
            address = ("192.0.2.1", 9) if number == 1 else receiver.socket.getsockname()
            group.add(str(number), receiver.ours.handle, address)
        group.send(FRAME)
        for number in (0, 2):
            assert [receivers[number].read() for _ in FRAME] == FRAME
        assert group._segmenting


def test_runs_hold_what_one_message_can_carry() -> None:
    cut = list(runs([bytes(100)] * 40 + [bytes(50), bytes(50), bytes(100)]))
    assert [len(run) for run in cut] == [ROWS, 9, 1, 1]
    assert ROWS * (MAX_PLAIN + 16) < 65_507


def test_the_binding_is_the_one_this_was_written_for(monkeypatch: pytest.MonkeyPatch) -> None:
    srtp.check_binding()
    monkeypatch.setattr(srtp, "NEEDED", ("srtp_protect", "srtp_no_more"))
    with pytest.raises(srtp.BindingChanged, match="srtp_no_more"):
        srtp.check_binding()


def test_libsrtp_takes_our_window() -> None:
    policy = Policy(key=os.urandom(46), ssrc_type=Policy.SSRC_ANY_OUTBOUND)
    policy.window_size = srtp.WINDOW
    assert Session(policy) and fanout.PACKET_BYTES >= MAX_PLAIN + srtp.TRAILER


@pytest.mark.parametrize("batching", [True, False])
def test_nothing_is_written_into_the_connection_that_gets_a_closed_sockets_descriptor(batching: bool) -> None:
    with ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        client = stack.enter_context(socket.create_connection(listening.getsockname()))
        receiver = Receiver(stack, PROFILES[0], "127.0.0.1")
        port = stack.enter_context(port_on("127.0.0.1"))
        group = FanOut(port, receiver.ours.tag, stay, batching=batching)
        group.add("a", receiver.ours.handle, receiver.socket.getsockname())
        group.send(FRAME)
        descriptor, sent = port.socket.fileno(), group.sent
        loop = asyncio.new_event_loop()
        stack.callback(loop.close)
        port.close(loop)
        accepted = stack.enter_context(listening.accept()[0])
        assert accepted.fileno() == descriptor
        group.send(FRAME)
        accepted.sendall(b"end")
        client.settimeout(2)
        assert (client.recv(100), group.sent) == (b"end", sent)
