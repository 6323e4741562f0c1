"""Cutting VP8 for RTP."""

from aiortc.codecs.vpx import VpxPayloadDescriptor
from hypothesis import given
from hypothesis import strategies as st

from media import vp8


@given(st.binary(min_size=1, max_size=300), st.integers(2, 64))
def test_a_frame_comes_out_whole_and_starts_once(frame: bytes, limit: int) -> None:
    payloads = vp8.payloads(frame, limit)
    parsed = [VpxPayloadDescriptor.parse(payload) for payload in payloads]
    assert b"".join(rest for _, rest in parsed) == frame
    assert [bool(descriptor.partition_start) for descriptor, _ in parsed] == [True] + [False] * (len(parsed) - 1)
    assert max(map(len, payloads)) <= limit
