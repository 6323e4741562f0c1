"""What a whole journey leaves behind holds no secret: logs at their most talkative, the database, refusals, URLs."""

import json
import re
from collections.abc import Iterator
from urllib.parse import unquote

import pytest

from signaling.protocol.identity import decode_bytes
from signaling.protocol.trust import keyring
from signaling.protocol.trust.grant import GRANT
from signaling.protocol.trust.introduction import KIND as INTRODUCTION
from signaling.protocol.trust.orders import KIND as ORDERS
from signaling.protocol.trust.receipt import KIND as RECEIPT
from tests.journeys.secret_journey import Journey
from tests.journeys.secret_journey import journey as whole_journey


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    with whole_journey(tmp_path_factory.mktemp("journey")) as made:
        yield made


def found_in(journey: Journey, texts: dict[str, str]) -> list[str]:
    """Which secret stands where."""
    return [
        f"{what} in {where}" for where, text in texts.items() for what, said in journey.said.items() if said in text
    ]


def test_no_secret_is_left_in_any_log_database_or_answer(journey: Journey) -> None:
    left = journey.left()
    assert len(left["server log"]) > 1000 and len(left["camera log"]) > 100 and len(left["relay log"]) > 100
    assert any("sqlite" in name and len(text) > 10_000 for name, text in left.items())
    assert len(journey.said) >= 50 and all(len(secret) >= 12 for secret in journey.said.values())
    assert len(journey.heard) >= 14
    found = found_in(journey, left)
    assert not found, found


def test_no_secret_of_a_pairing_or_link_is_told_the_server(journey: Journey) -> None:
    """Not even in the body of a request: neither camera, nor browser, nor relay sends what the proofs rest on."""
    sent = bytes(journey.tap.sent).decode("latin-1")
    assert '"pairing_proof":"' in sent.replace(" ", "") and len(journey.unheard) == 27
    assert not [what for what, secret in journey.unheard.items() if secret in sent]
    kept = "".join(path.read_text("latin-1") for path in (journey.camera.folder / "data").rglob("*") if path.is_file())
    assert "keyring" in kept and not [what for what, secret in journey.unheard.items() if secret in kept]


def test_no_secret_goes_into_any_url(journey: Journey) -> None:
    """Not of the camera, the relay, a viewer or the web app: what stands in a URL stands in everybody's logs."""
    asked = set(journey.tap.asked)
    paths = {url.partition("?")[0] for url in asked}
    assert paths >= {"/", "/api/signaling", "/api/events", "/api/camera/activate", "/api/password-resets/use"}
    found = found_in(journey, {url: url + " " + unquote(url) for url in asked})
    assert not found, found
    assert not [url for url in asked if re.search(r"(?i)token|ticket|secret|authorization|eyJ", url.partition("?")[2])]


def test_no_token_of_any_kind_is_left_in_any_log(journey: Journey) -> None:
    """Also none that the test has not noted: no JWT but what people and cameras have signed for others to read, in the
    database alone; no credential of a header, no ICE password."""
    signed = {keyring.KIND, GRANT, INTRODUCTION, ORDERS, RECEIPT}
    for where, text in journey.left().items():
        kinds = {kind_of(head) for head in re.findall(r"(?a)(eyJ[\w-]{10,})\.eyJ", text)}
        assert kinds <= (signed if "sqlite" in where else set()), (where, kinds)
        if "log" in where:
            assert not re.search(r"(?i)\b(bearer|ticket|relay) +[\w-]{16,}|ice-pwd:\S", text), where


def kind_of(head: str) -> str:
    """What a JWT says that it is."""
    return str(json.loads(decode_bytes(head)).get("typ"))


def test_private_files_are_private(journey: Journey) -> None:
    """Made at first start, for their owner alone."""
    assert (journey.camera.folder / "data").stat().st_mode & 0o777 == 0o700
    for folder in (journey.home.server.data_dir, journey.camera.folder / "data"):
        for path in folder.rglob("*"):
            if path.is_file() and path.suffix != ".log":
                assert path.stat().st_mode & 0o077 == 0, f"{path.name} is {oct(path.stat().st_mode)}"
