"""Recovery codes: a key on paper that belongs to a keyring as any other does."""

import pytest

from signaling.protocol.identity import encode_bytes
from signaling.protocol.trust import keyring
from signaling.protocol.trust.recovery import PREFIX, Recovery, read_recovery, write_recovery
from signaling.protocol.trust.statement import Untrue
from tests.signaling.trust.people import NOW, name, ring_of, seed

CHAIN = ring_of("phone", "paper")
RING = keyring.follow(CHAIN)
PAPER = Recovery(RING.name, seed("paper"))
TEXT = write_recovery(PAPER)


def test_a_key_on_paper_adds_another_installation_by_a_signed_statement() -> None:
    read = read_recovery(f" {TEXT}\n")
    assert read == PAPER and encode_bytes(PAPER.seed) not in repr(read)
    added = keyring.change(read.key, RING, [name("paper"), name("new phone")], NOW)
    assert keyring.follow([*CHAIN, added]).keys == {name("paper"), name("new phone")}


NO_RECOVERY = {
    "nothing": "",
    "another kind": TEXT.replace("RECOVERY", "PAIRING"),
    "another version": TEXT.replace("-1:", "-2:"),
    "no keyring": TEXT.replace(RING.name, ""),
    "a cut seed": TEXT[:-2],
    "a short seed": f"{PREFIX}:{RING.name}:{encode_bytes(bytes(31))}",
    "a long seed": f"{PREFIX}:{RING.name}:{encode_bytes(bytes(33))}",
    "a short keyring": f"{PREFIX}:{encode_bytes(bytes(31))}:{encode_bytes(bytes(32))}",
    "no base64url": TEXT[:-1] + "*",
    "two endings of one seed": TEXT[:-1] + chr(ord(TEXT[-1]) + 1),
    "more": TEXT + ":",
    "another ending": TEXT + ":x",
    "no ASCII": TEXT[:-1] + "ä",
}


@pytest.mark.parametrize("what", NO_RECOVERY)
def test_what_is_no_recovery_code_signs_nothing(what: str) -> None:
    with pytest.raises(Untrue):
        read_recovery(NO_RECOVERY[what])
