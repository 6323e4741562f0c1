"""What a maker can set: defaults, environment, command line, and a clear word about mistakes."""

from dataclasses import fields
from pathlib import Path

import pytest

from camera_peer import settings
from camera_peer.__main__ import arguments, pair_command
from camera_peer.settings import HELP, BadSetting, Settings, lens_of, read


def test_every_setting_is_documented() -> None:
    assert set(HELP) == {field.name for field in fields(Settings)}
    options = {action.dest for action in parser_of_run()}
    assert set(HELP) <= options


def parser_of_run() -> list[settings.argparse.Action]:
    parser = settings.argparse.ArgumentParser()
    settings.add_options(parser)
    return parser._actions


def test_the_defaults_are_a_camera_on_a_desk() -> None:
    chosen = read({}, {"HOME": "/home/maker"})
    assert chosen == Settings(data=Path("/home/maker/.local/state/belvedere-camera"))
    assert chosen.wifi == "auto"
    assert read({}, {"XDG_STATE_HOME": "/s"}).data == Path("/s/belvedere-camera")


def test_the_command_line_wins_over_the_environment() -> None:
    environment = {"BELVEDERE_CAMERA_SOURCE": "rtsp://camera.lan/1", "BELVEDERE_CAMERA_CODEC": "vp8"}
    chosen = read({"source": "/dev/video0", "codec": None}, environment)
    assert (chosen.source, chosen.codec) == ("/dev/video0", "vp8")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("source", " "),
        ("codec", "h265"),
        ("audio", "maybe"),
        ("lens", "image:"),
        ("lens", "eye"),
        ("seed", "-1"),
        ("hook", "'abc"),
        ("hook", "led.sh \\"),
        ("log_format", "xml"),
    ],
)
def test_a_mistake_is_named(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=f"--{name.replace('_', '-')} must"):
        read({name: value}, {})


@pytest.mark.parametrize(
    ("source", "lens", "decided"),
    [
        ("test", "auto", "none"),
        ("clip.mp4", "auto", "none"),
        ("/dev/video0", "auto", "source"),
        ("rtsp://camera.lan/1", "auto", "source"),
        ("/dev/video0", "none", "none"),
        ("test", "image:/tmp/a.png", "image:/tmp/a.png"),
    ],
)
def test_who_looks_for_codes(source: str, lens: str, decided: str) -> None:
    assert lens_of(read({"source": source, "lens": lens}, {})) == decided


def test_running_is_what_is_meant_without_a_command() -> None:
    assert arguments(["--source", "test"]).command == "run"
    assert arguments([]).command == "run"
    assert arguments(["pair", "-"]).code == "-"
    assert arguments(["reset", "--data", "/d"]).data == "/d"


def test_the_command_for_a_code_by_hand_is_for_this_very_camera_and_names_no_secret() -> None:
    chosen = read({"data": "/var/lib/my camera"}, {})
    assert pair_command(chosen) == "belvedere-camera pair - --data '/var/lib/my camera'"
    wireless = read({"data": "/d", "wifi": "networkmanager:wlan1"}, {})
    words = pair_command(wireless).split()
    again = arguments(words[1:])
    assert (again.code, again.data, again.wifi) == ("-", "/d", "networkmanager:wlan1")
