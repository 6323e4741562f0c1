"""SFrame: as RFC 9605 writes it, and in frames that packetisers still understand."""

import os
import random

import pytest
from cryptography.exceptions import InvalidTag

from media import h264, sframe
from media.frames import EncodedFrame
from media.packetiser import cut
from media.placeholder import placeholders, pps_number
from media.sealed_frames import MAX_PIECES, Unsealable, escape, sealed
from tests.benchmarks.clip import encode_clip
from tests.media.opener import Opener
from tests.media.recording import pictures_in

BASE_KEY = bytes(range(16))
KEY = os.urandom(32)


def test_sframe_vector_of_the_rfc() -> None:
    """Appendix C.3, AES_128_GCM_SHA256_128."""
    key, salt = sframe.derive(0x123, BASE_KEY)
    assert (key.hex(), salt.hex()) == ("d34f547f4ca4f9a7447006fe7fcbf768", "75234edefe07819026751816")
    sealer = sframe.sealer(0x123, BASE_KEY)
    sealer.counter = 0x4567
    plain, metadata = b"draft-ietf-sframe-enc", b"IETF SFrame WG"
    expected = "9901234567b7412c2513a1b66dbb48841bbaf17f598751176ad847681a69c6d0b091c07018ce4adb34eb"
    assert sealer.seal(plain, metadata).hex() == expected
    assert Opener({0x123: BASE_KEY}).open(bytes.fromhex(expected), metadata) == plain


@pytest.mark.parametrize(
    ("kid", "counter", "encoded"),
    [
        (0, 0, "00"),
        (0, 255, "08ff"),
        (1, 1, "11"),
        (255, 0, "80ff"),
        (256, 65536, "9a0100010000"),
        (65535, 2**64 - 1, "9fffffffffffffffffffff"),
        (2**32, 2**40, "cd0100000000010000000000"),
    ],
)
def test_sframe_headers_of_the_rfc(kid: int, counter: int, encoded: str) -> None:
    """Appendix C.1."""
    assert sframe.header(kid, counter).hex() == encoded


def test_sframe_counters_never_repeat() -> None:
    opener, sealer = Opener({7: KEY}), sframe.sealer(7, KEY)
    for _ in range(300):
        opener.open(sealer.seal(b"x"))
    assert opener.counters == list(range(300))


def frame(codec: str, data: bytes, *, keyframe: bool = True) -> EncodedFrame:
    return EncodedFrame(codec, data, 0, keyframe, 0.0)  # type: ignore[arg-type]


def picture(chance: random.Random, slices: int = 3) -> list[bytes]:
    """SPS, PPS and slices, with as many zeros as an encoder would have had to escape."""
    units = [b"\x67\x42\xe0\x1f" + chance.randbytes(9), b"\x68\xce\x3c\x80"]
    for _ in range(slices):
        body = bytes(chance.choice((0, 0, 1, 3, 255, chance.randrange(256))) for _ in range(chance.randrange(1, 4000)))
        units.append(escape(b"", b"\x65" + body + b"\x80"))
    return units


def test_sframe_in_h264_comes_back_whole_after_packets() -> None:
    chance = random.Random(20260101)
    sealer, opener = sframe.sealer(0x1234, KEY), Opener({0x1234: KEY})
    for _ in range(60):
        units = picture(chance)
        plain = b"".join(b"\0\0\0\1" + unit for unit in units)
        shut = sealed(frame("h264", plain), sealer)
        assert h264.profile_level_id(shut.data) == "42e01f"
        assert [unit[0] & 0x1F for unit in h264.split(shut.data)] == [7, 8, 6, 5, 5, 5]
        assert cut(shut, 0.0).payloads
        assert opener.open_h264(shut.data) == plain


@pytest.mark.parametrize("length", range(2, 20))
def test_sframe_in_slices_of_any_length_comes_back_whole(length: int) -> None:
    """A still scene makes slices of seven bytes."""
    plain = b"\0\0\0\1\x41" + bytes(range(9, 8 + length))
    shut = sealed(frame("h264", plain), sframe.sealer(1, KEY)).data
    assert Opener({1: KEY}).open_h264(shut) == plain


def test_sframe_leaves_no_start_code_and_no_zero_at_the_end() -> None:
    chance = random.Random(7)
    sealer = sframe.sealer(1, KEY)
    for _ in range(300):
        shut = sealed(frame("h264", b"".join(b"\0\0\1" + unit for unit in picture(chance, 1))), sealer)
        (unit,) = (unit for unit in h264.split(shut.data) if unit[0] & 0x1F == 5)
        assert not any(bytes((0, 0, low)) in unit for low in (0, 1, 2)) and unit[-1] >= 0x80


@pytest.mark.parametrize("before", [b"", b"\0", b"\0\0", b"\1\0", b"\1\0\0"])
@pytest.mark.parametrize("data", [b"\0\0\0\0\0", b"\1", b"\0\1", b"\3", b"\0\3", b"\0\0\4\0\0\2", b"\4\0\0"])
def test_sframe_escapes_also_over_its_edge(before: bytes, data: bytes) -> None:
    whole = before + escape(before, data) + b"\x80"
    assert not any(bytes((0, 0, low)) in whole for low in (0, 1, 2))


def pieces_of(units: list[bytes], sealer: sframe.Sealer) -> list[bytes]:
    """What is sealed of one picture, with start codes, without what stands readable for who forwards."""
    shut = sealed(frame("h264", b"".join(b"\0\0\0\1" + unit for unit in units)), sealer)
    return [b"\0\0\0\1" + unit for unit in h264.split(shut.data) if unit[0] & 0x1F in (1, 5, 6)]


SLICES = [bytes((0x41, *range(at, at + 40), 0x80)) for at in (1, 2, 3)]
SETS = [b"\x67\x42\xe0\x1f\x8d\x80", b"\x68\xce\x3c\x80"]


@pytest.mark.parametrize(
    "kept", [[0], [1], [2], [0, 2], [1, 2], [0, 2, 1], [2, 1, 0], [0, 1, 1], [0, 1, 2, 2]], ids=str
)
def test_sframe_of_a_picture_is_opened_whole_and_in_order(kept: list[int]) -> None:
    pieces = pieces_of(SLICES, sframe.sealer(1, KEY))
    assert Opener({1: KEY}).open_h264(b"".join(pieces)) == b"".join(b"\0\0\0\1" + unit for unit in SLICES)
    with pytest.raises(InvalidTag):
        Opener({1: KEY}).open_h264(b"".join(pieces[at] for at in kept))


@pytest.mark.parametrize("kept", [(0, 0, 1), (0, 1, 1), (0, 1, 2), (2, 1, 0), (1, 0, 1)], ids=str)
def test_sframe_of_several_pictures_makes_none(kept: tuple[int, ...]) -> None:
    """Slices in their places, `kept` of each naming the picture that it was sealed in."""
    sealer = sframe.sealer(1, KEY)
    pictures = [pieces_of(SLICES, sealer) for _ in range(3)]
    with pytest.raises(ValueError, match="several pictures"):
        Opener({1: KEY}).open_h264(b"".join(pictures[of][at] for at, of in enumerate(kept)))


def test_sframe_of_a_picture_without_its_parameter_sets_is_not_opened() -> None:
    sealer = sframe.sealer(1, KEY)
    sets, *slices = pieces_of(SETS + SLICES, sealer)
    for changed in (slices, [*slices, sets], [sets, *pieces_of(SLICES, sealer)]):
        with pytest.raises(InvalidTag):
            Opener({1: KEY}).open_h264(b"".join(changed))


def test_sframe_of_more_pieces_than_a_viewer_opens_is_not_sealed() -> None:
    sealer = sframe.sealer(1, KEY)
    assert len(pieces_of(SLICES[:1] * MAX_PIECES, sealer)) == MAX_PIECES
    for units in (SLICES[:1] * (MAX_PIECES + 1), SETS + SLICES[:1] * MAX_PIECES, SLICES[:1] * 70_000):
        with pytest.raises(Unsealable, match="pieces"):
            pieces_of(units, sealer)
    assert sealer.counter == MAX_PIECES


def parameter_sets(data: bytes) -> list[bytes]:
    return [unit for unit in h264.split(data) if unit[0] & 0x1F in (7, 8)]


@pytest.mark.parametrize("profile", ["baseline", "main", "high"])
@pytest.mark.parametrize("size", [(320, 240), (1280, 720)])
def test_sframe_has_parameter_sets_that_link_no_picture_to_its_camera(profile: str, size: tuple[int, int]) -> None:
    """Whatever the camera, what stands readable is the same, and its own are nowhere to be seen."""
    data, key = encode_clip(width=size[0], height=size[1], frames=1, profile=profile)[0]
    shut = sealed(frame("h264", data, keyframe=key), sframe.sealer(1, KEY)).data
    true, readable = parameter_sets(data), parameter_sets(shut)
    assert len(true) == 2 and readable == placeholders([b"\x68\x80"])
    assert true[0] not in shut and true[0][1:6] not in shut
    assert b"x264" in data and b"x264" not in shut
    assert parameter_sets(Opener({1: KEY}).open_h264(shut)) == true


def test_sframe_has_readable_parameter_sets_that_decoders_take() -> None:
    """And who decodes with them sees noise of a size that is not the camera's."""
    data, key = encode_clip(width=320, height=240, frames=1)[0]
    shut = sealed(frame("h264", data, keyframe=key), sframe.sealer(1, KEY)).data
    assert [picture.shape for picture in pictures_in("h264", [shut]).values()] == [(720, 1280)]


@pytest.mark.parametrize(
    ("unit", "number"), [("68ce3c80", 0), ("684e", 1), ("6800802c", 255), ("6800402c", 0), ("68", 0)]
)
def test_sframe_placeholder_has_the_number_that_slices_name(unit: str, number: int) -> None:
    """One above 255 is none (ITU-T H.264 §7.4.2.2)."""
    true = bytes.fromhex(unit)
    assert pps_number(true) == number
    assert pps_number(placeholders([true])[1]) == number


def test_sframe_tells_nothing_of_a_picture() -> None:
    """Supplemental information, which may say anything, is left out; the same picture never looks the same."""
    sei = b"\x06\x05camera 17 in the nursery\x80"
    units = [*picture(random.Random(1), 1), sei]
    plain = b"".join(b"\0\0\1" + unit for unit in units)
    sealer = sframe.sealer(1, KEY)
    first, second = (sealed(frame("h264", plain), sealer).data for _ in range(2))
    assert b"nursery" not in first and first != second
    clear = sum(16 + 8 for unit in units if unit[0] & 0x1F == 5)
    assert units[2][9:40] not in first and len(first) > len(units[2]) + clear - 16


@pytest.mark.parametrize("codec", ["vp8", "opus"])
@pytest.mark.parametrize("keyframe", [True, False])
def test_sframe_in_other_codecs_comes_back_whole(codec: str, *, keyframe: bool) -> None:
    data = bytes([0x10 if keyframe else 0x11]) + os.urandom(900)
    opener = Opener({5: KEY})
    shut = sealed(frame(codec, data, keyframe=keyframe), sframe.sealer(5, KEY)).data
    assert (opener.open_vp8 if codec == "vp8" else opener.open_opus)(shut) == data
    assert data[12:40] not in shut


@pytest.mark.parametrize("at", [0, 3, 9, 12, 40, -1])
def test_sframe_notices_every_change(at: int) -> None:
    data = bytearray(sealed(frame("vp8", b"\x10" + bytes(900)), sframe.sealer(5, KEY)).data)
    data[at] ^= 0x20
    with pytest.raises((InvalidTag, ValueError)):
        Opener({5: KEY}).open_vp8(bytes(data))


def test_sframe_of_another_key_is_not_opened() -> None:
    shut = sframe.sealer(5, os.urandom(32)).seal(b"picture")
    with pytest.raises(InvalidTag):
        Opener({5: KEY}).open(shut)
    with pytest.raises(ValueError, match="nobody sent"):
        Opener({6: KEY}).open(shut)
