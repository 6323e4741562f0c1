from collections.abc import Callable
from pathlib import Path

import av
from hypothesis import given
from hypothesis import strategies as st

from camera_peer.sources.parameter_sets import ParameterSets, has_b_slice, kind
from media.h264 import split

START = b"\0\0\0\1"
SPS, PPS, OTHER_PPS = b"\x67\x42\xe0\x1f\x8d", b"\x68\xce\x3c", b"\x68\x4e\x3c"
IDR, SLICE = b"\x65\x88\x84", b"\x41\x9a\x02"


def unit(*nals: bytes) -> bytes:
    return b"".join(START + nal for nal in nals)


def complete(sets: ParameterSets, *nals: bytes) -> bytes | None:
    data = unit(*nals)
    return sets.complete(data, split(data))


def test_sets_from_extradata_stand_before_every_idr() -> None:
    sets = ParameterSets(unit(SPS, PPS))
    assert complete(sets, IDR) == unit(SPS, PPS, IDR)
    assert complete(sets, SLICE) == unit(SLICE)
    assert complete(sets, SPS, PPS, IDR) == unit(SPS, PPS, IDR)


def test_sets_are_learnt_on_the_way_and_all_pps_are_kept() -> None:
    sets = ParameterSets()
    assert complete(sets, IDR) is None
    complete(sets, SPS, PPS, OTHER_PPS, IDR)
    assert complete(sets, IDR) == unit(SPS, PPS, OTHER_PPS, IDR)
    assert complete(sets, SPS, IDR) == unit(SPS, PPS, OTHER_PPS, IDR)


@given(st.binary(max_size=200))
def test_any_bytes_are_borne(data: bytes) -> None:
    sets = ParameterSets(data)
    units = split(data)
    sets.complete(data, units)
    has_b_slice(units)


def test_b_frames_are_found_in_the_slices(make_video: Callable[..., Path]) -> None:
    for b_frames in (0, 2):
        path = make_video(f"{b_frames}.h264", container="h264", b_frames=b_frames)
        units = split(path.read_bytes())
        slices = [nal for nal in units if kind(nal) in (1, 5)]
        assert len(slices) == 25
        found = sum(has_b_slice([nal]) for nal in slices)
        with av.open(str(path)) as container:
            expected = sum(frame.pict_type == 3 for frame in container.decode(video=0))
        assert found == expected
        assert (expected > 0) == (b_frames > 0)
