"""Cutting H.264 for RTP, checked by putting it together again."""

import pytest
from aiortc.codecs.h264 import H264PayloadDescriptor
from hypothesis import given
from hypothesis import strategies as st

from media import h264

SPS_BASELINE = bytes.fromhex("6742e01f8d8d40")
SPS_MAIN = bytes.fromhex("674d401f9652")
PPS = bytes.fromhex("68ce3c80")
IDR = b"\x65" + bytes(range(1, 256)) * 20
LIMIT = 1180


def annex_b(*units: bytes) -> bytes:
    return b"".join(b"\x00\x00\x00\x01" + unit for unit in units)


def reassemble(payloads: list[bytes]) -> bytes:
    """What aiortc's receiver makes of the payloads: an Annex B stream with four-byte start codes."""
    return b"".join(H264PayloadDescriptor.parse(payload)[1] for payload in payloads)


def test_split_takes_both_start_codes_and_trailing_zeros() -> None:
    stream = b"\x00\x00\x00\x01" + PPS + b"\x00\x00\x00\x01" + IDR + b"\x00\x00\x01" + PPS + b"\x00"
    assert h264.split(stream) == [PPS, IDR, PPS]


@pytest.mark.parametrize("data", [b"", b"\x00\x00\x01", b"no start code"])
def test_what_has_no_unit_gives_no_payload(data: bytes) -> None:
    assert h264.payloads(data, LIMIT) == []


def test_a_key_frame_comes_out_whole_with_its_parameter_sets_in_one_packet() -> None:
    payloads = h264.payloads(annex_b(SPS_BASELINE, PPS, IDR), LIMIT)
    assert payloads[0][0] & 0x1F == h264.NAL_STAP_A
    assert reassemble(payloads) == annex_b(SPS_BASELINE, PPS, IDR)


def test_fragments_are_equally_long_but_the_last() -> None:
    payloads = h264.payloads(annex_b(IDR), LIMIT)
    assert {len(payload) for payload in payloads[:-1]} == {LIMIT}
    assert 2 < len(payloads[-1]) <= LIMIT
    assert payloads[0][1] & 0xC0 == 0x80
    assert payloads[-1][1] & 0xC0 == 0x40


unit = st.builds(
    lambda kind, body: bytes((0x60 | kind,)) + body,
    st.sampled_from([1, 5, 6, 7, 8]),
    st.binary(min_size=1, max_size=90).map(lambda body: body.replace(b"\x00", b"\x01")),
)


@given(st.lists(unit, min_size=1, max_size=12), st.integers(20, 64))
def test_any_access_unit_comes_out_whole_within_the_limit(units: list[bytes], limit: int) -> None:
    payloads = h264.payloads(annex_b(*units), limit)
    assert max(map(len, payloads)) <= limit
    assert reassemble(payloads) == annex_b(*units)


def test_profile_is_read_from_the_sps() -> None:
    assert h264.profile_level_id(annex_b(b"\x09\xf0", SPS_MAIN, PPS)) == "4d401f"
    assert h264.profile_level_id(annex_b(PPS)) is None


@pytest.mark.parametrize(
    ("stream", "offered"),
    [
        (None, ["42e01f"]),
        ("42e01f", ["42e01f"]),
        ("42c015", ["42e01f"]),
        ("4d401f", ["4d001f", "42e01f"]),
        ("640028", ["64001f", "42e01f"]),
    ],
)
def test_constrained_baseline_is_always_offered(stream: str | None, offered: list[str]) -> None:
    assert h264.offered_profiles(stream) == offered
