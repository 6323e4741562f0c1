"""Whoever reads only docs/end-to-end.md can write a verifier that says what the vectors say."""

import ast
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.signaling.trust import page_reading as page
from tests.signaling.trust.page_frames import Frames
from tests.signaling.trust.page_reading import Refused

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[2] / "vectors/trust.json").read_text())
NOTHING = {"n": -1, "floor": 0, "serials": [], "standard": False}


def refuses(check: Callable[[Any], object], cases: list[dict[str, Any]]) -> None:
    for case in cases:
        with pytest.raises(Refused):
            pytest.fail(f"taken: {case['why']}: {check(case)}")


def test_signed_verifier_of_the_page_has_nothing_of_ours() -> None:
    tree = ast.parse(Path(page.__file__).read_text())
    modules = {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not [module for module in modules if module.split(".")[0] in ("signaling", "media", "camera_peer", "tests")]


def test_pairing_by_the_page() -> None:
    said = VECTORS["pairing"]
    words = [said[name] for name in ("origin", "token", "camera", "ring", "head")]
    proofs = page.pairing_proofs(page.decoded(said["secret"]), *words)
    assert proofs == (said["camera_proof"], said["owner_proof"])


def test_signed_statements_by_the_page() -> None:
    said = VECTORS["statements"]
    for case in said["says_more"]:
        assert page.follow([case["text"]])["keys"] == {said["by"]}, case["why"]
    refuses(lambda case: page.follow([case["text"]]), said["refused"])


def test_signed_keyrings_by_the_page() -> None:
    good, *bad = VECTORS["keyrings"]
    ring = page.follow(good["chain"])
    assert (ring["name"], sorted(ring["keys"])) == (good["name"], good["keys"])
    refuses(lambda case: page.follow(case["chain"]), bad)


def test_signed_grants_by_the_page() -> None:
    said = VECTORS["grants"]
    owner, viewer = page.follow(said["owner"]), page.follow(said["viewer"])

    def allowed(case: dict[str, Any], known: dict[str, Any] = NOTHING) -> set[str]:
        return page.rights(said["camera"], owner, known, viewer, case["chain"], said["now"])

    good = [case for case in said["cases"] if "scopes" in case]
    assert all(allowed(case) == set(case["scopes"]) for case in good) and len(good) == 2
    refuses(allowed, [case for case in said["cases"] if "scopes" not in case])
    orders = page.ordered(said["orders"], said["camera"], owner, NOTHING)
    refuses(lambda case: allowed(case, orders), good[:1])


def test_signed_orders_by_the_page() -> None:
    said = VECTORS["orders"]
    owner = page.follow(said["owner"])

    def taken(*texts: str) -> dict[str, Any]:
        known = NOTHING
        for text in texts:
            known = page.ordered(text, said["camera"], owner, known)
        return known

    assert page.digest(said["text"]) == said["digest"]
    assert taken(said["text"], said["of_the_same_number"]) == taken(said["text"])
    assert taken(said["text"], said["later"]["text"]) == {name: said["later"][name] for name in NOTHING}
    refuses(lambda case: taken(*case["texts"]), said["taken_back"])
    refuses(lambda case: taken(case["text"]), said["refused"])


def test_signed_receipts_introductions_and_plains_by_the_page() -> None:
    receipts, met, plain = (VECTORS[name] for name in ("receipts", "introductions", "plain"))
    assert page.receipt(receipts["text"], receipts["camera"]) == receipts["says"]
    assert page.receipt(receipts["of_nothing"], receipts["camera"])["n"] == -1
    refuses(lambda case: page.receipt(case["text"], receipts["camera"]), receipts["refused"])
    ring = page.follow(met["ring"])
    assert page.introduction(met["text"], ring, met["id"]) == met["says"]
    refuses(lambda case: page.introduction(case["text"], ring, met["id"]), met["refused"])
    page.check_plain(plain["text"], plain["camera"], plain["hello"])
    refuses(lambda case: page.check_plain(case["text"], plain["camera"], plain["hello"]), plain["refused"])


def test_pairing_of_links_installations_and_paper_by_the_page() -> None:
    link, code, paper = (VECTORS[name] for name in ("links", "installations", "recovery"))
    words = (link["camera"], link["owner"], link["grant"])
    assert page.link(page.decoded(link["seed"]), *words) == (link["secret"], link["key"], link["proof"])
    secret = page.decoded(code["secret"])
    assert {page.code_secret(text) for text in (code["code"], *code["spelt"])} == {secret}
    refuses(lambda case: page.code_secret(case["text"]), [{"why": text, "text": text} for text in code["refused"]])
    proofs = page.installation_proofs(secret, code["key"], code["ring"], code["head"])
    assert proofs == (code["proof"], code["welcome"])
    assert page.recovery(paper["text"]) == (paper["ring"], paper["key"])
    refuses(lambda case: page.recovery(case["text"]), paper["refused"])


def test_swap_in_sessions_by_the_page() -> None:
    said = VECTORS["sessions"]
    ring, good, answer = page.follow(said["ring"]), said["good"], said["answer"]
    assert page.check_hello(said["owner_hello"], said["camera"], ring)["orders"] == 3
    refuses(lambda case: page.check_hello(case["text"], said["camera"], ring), said["swapped_hellos"])

    def offered(case: dict[str, Any]) -> dict[str, Any]:
        return page.check_offer(case["text"], said["hello"], said["camera"], said["session"], case["with_sdp"])

    def answered(case: dict[str, Any]) -> dict[str, Any]:
        return page.check_answer(case["text"], good["text"], said["viewer"], case["with_sdp"])

    assert offered(good)["fingerprint"] == good["fingerprint"]
    refuses(offered, said["swapped"])
    assert answered(answer)["camera"] == good["fingerprint"]
    refuses(answered, said["swapped_answers"])


def test_signed_envelopes_by_the_page() -> None:
    said = VECTORS["envelopes"]

    def opened(case: dict[str, Any]) -> tuple[int, bytes, int]:
        return page.open_envelope(case["text"], said["camera"], said["hello"], page.decoded(said["exchange_seed"]))

    assert opened(said) == (said["epoch"], page.decoded(said["secret"]), said["counter"])
    refuses(opened, said["refused"])


def test_sframe_by_the_page() -> None:
    said = VECTORS["frames"]
    opener, doubter = (Frames(said["epoch"], page.decoded(said["secret"])) for _ in range(2))
    for frame in said["frames"]:
        shut = bytes.fromhex(frame["sealed"])
        assert opener.open(frame["codec"], shut).hex() == frame["plain"]
        with pytest.raises(ValueError, match="changed"):
            doubter.open(frame["codec"], shut[:-3] + bytes((shut[-3] ^ 1,)) + shut[-2:])
    assert opener.counters == list(range(8)), (
        "a picture of two pieces, a frame of VP8, a sound, a picture of four pieces"
    )


@pytest.mark.parametrize("case", VECTORS["frames"]["torn"], ids=lambda case: str(case["why"]))
def test_sframe_by_the_page_opens_no_torn_picture(case: dict[str, str]) -> None:
    said = VECTORS["frames"]
    with pytest.raises(ValueError, match=r"changed|several pictures|no picture"):
        Frames(said["epoch"], page.decoded(said["secret"])).open(case["codec"], bytes.fromhex(case["sealed"]))
