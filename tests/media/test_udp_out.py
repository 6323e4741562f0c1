"""Datagrams out in few system calls: real sockets."""

import asyncio
import errno
import socket

from hypothesis import given
from hypothesis import strategies as st

from media.udp_out import MAX_RUN_BYTES, MAX_SEGMENTS, DatagramSender, RunSender, runs


@given(st.lists(st.sampled_from([1, 40, 1200, 1201]), max_size=200).map(lambda sizes: [bytes(n) for n in sizes]))
def test_runs_can_be_segmented_and_lose_nothing(packets: list[bytes]) -> None:
    cut = list(runs(packets))
    assert [packet for run in cut for packet in run] == packets
    for run in cut:
        assert len(run) <= MAX_SEGMENTS and sum(map(len, run)) <= MAX_RUN_BYTES
        assert {len(packet) for packet in run[:-1]} <= {len(run[0])}
        assert len(run[-1]) <= len(run[0])


def test_a_frame_of_equal_packets_is_one_run() -> None:
    assert len(list(runs([bytes(1200)] * 7 + [bytes(300)]))) == 1


async def test_what_is_sent_arrives_datagram_by_datagram() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(2)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))
        sender = DatagramSender(transport, receiver.getsockname())
        packets = [bytes((number,)) * (1200 if number < 5 else 50) for number in range(7)]
        sender.send(packets)
        assert [receiver.recv(2000) for _ in packets] == packets
        sender.close()
        sender.send(packets)
        transport.close()


def test_a_full_line_loses_packets_and_never_blocks() -> None:
    class FullSocket(socket.socket):
        def sendmsg(self, *_: object, **__: object) -> int:
            raise BlockingIOError(errno.EAGAIN, "full")

    with FullSocket(socket.AF_INET, socket.SOCK_DGRAM) as full:
        sender = RunSender(full)
        sender.send([bytes(1200)] * 3, ("127.0.0.1", 9))
        assert sender.dropped == 3


def test_one_narrow_way_does_not_end_segmenting_for_all() -> None:
    class Narrow(socket.socket):
        narrow = False
        cut = 0

        def sendmsg(self, *_: object, **__: object) -> int:
            if self.narrow:
                raise OSError(errno.EMSGSIZE, "too long")
            self.cut += 1
            return 0

    with Narrow(socket.AF_INET, socket.SOCK_DGRAM) as out, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(2)
        sender = RunSender(out)
        sender.send([bytes(1200)] * 3, receiver.getsockname())
        out.narrow = True
        sender.send([b"x" * 1200] * 2, receiver.getsockname())
        assert [receiver.recv(2000)[:1] for _ in range(2)] == [b"x", b"x"]
        out.narrow = False
        sender.send([bytes(1200)] * 3, receiver.getsockname())
        assert out.cut == 2 and sender.dropped == 0
