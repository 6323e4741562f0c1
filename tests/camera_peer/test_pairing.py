"""`pair TEXT|IMAGE|-`: text, picture, text file and standard input."""

import io
from pathlib import Path

import pytest
from PIL import Image

from camera_peer import pairing
from camera_peer.pairing import code_from
from signaling.protocol.qr import BadPayload, read
from tests.benchmarks.qr_trials import FORMS, QUIET_ZONE, draw

COMPACT = FORMS["compact"]


@pytest.mark.parametrize("label", list(FORMS))
def test_the_text_itself(label: str) -> None:
    assert code_from(f"  {FORMS[label]}\n") == read(FORMS[label])


def test_a_wifi_uri() -> None:
    assert code_from("WIFI:S:a;P:12345678;U:https\\://a;K:token;;").ssid == "a"


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_picture(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "code"
    draw("compact").image.convert("RGB").save(path, kind)
    assert code_from(str(path)) == read(COMPACT)


def test_a_picture_cropped_to_the_symbol(tmp_path: Path) -> None:
    shown = draw("compact")
    edge = QUIET_ZONE * shown.image.width // (shown.modules + 2 * QUIET_ZONE)
    path = tmp_path / "cropped.png"
    shown.image.crop((edge, edge, shown.image.width - edge, shown.image.height - edge)).save(path)
    assert code_from(str(path)) == read(COMPACT)


def test_a_text_file(tmp_path: Path) -> None:
    path = tmp_path / "code.txt"
    path.write_text(COMPACT + "\n")
    assert code_from(str(path)) == read(COMPACT)


@pytest.mark.parametrize("as_picture", [True, False])
def test_standard_input(monkeypatch: pytest.MonkeyPatch, as_picture: bool) -> None:
    data = io.BytesIO()
    if as_picture:
        draw("compact").image.save(data, "PNG")
    else:
        data.write(COMPACT.encode())
    data.seek(0)
    monkeypatch.setattr(pairing.sys, "stdin", io.TextIOWrapper(data))
    assert code_from("-") == read(COMPACT)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\x89PNG not really" + bytes(2000), "neither an onboarding code nor a picture"),
        (b"hello", "not an onboarding code"),
        (b"\xff\xfe", "neither an onboarding code nor a picture"),
    ],
)
def test_a_file_that_is_none(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(BadPayload, match=sentence):
        code_from(str(path))


def test_a_picture_without_a_code(tmp_path: Path) -> None:
    path = tmp_path / "wall.png"
    Image.new("L", (300, 300), 128).save(path)
    with pytest.raises(BadPayload, match="no QR code in"):
        code_from(str(path))


@pytest.mark.parametrize("argument", ["no-such-file.png", "a\0b", ".", "x" * 5000])
def test_what_is_neither_text_nor_file(argument: str) -> None:
    with pytest.raises(BadPayload, match="neither an onboarding code nor a file"):
        code_from(argument)
