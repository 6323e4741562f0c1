"""Pairing of installations: the code that a person carries tells each of the two who the other is."""

import pytest

from signaling.protocol.trust import installation, keyring
from signaling.protocol.trust.installation import code_secret, installation_proof, welcome_proof, write_code
from signaling.protocol.trust.proof import is_proof
from signaling.protocol.trust.statement import Untrue
from tests.signaling.trust.people import name, ring_of, seed

CODE = write_code(seed("code")[:10])
SECRET, OTHER_SECRET = code_secret(CODE), code_secret(write_code(seed("other")[:10]))
RING = keyring.follow(ring_of("phone", "laptop"))
WELCOME = (SECRET, name("laptop"), RING.name, RING.head)
OTHER = (OTHER_SECRET, name("stranger"), name("stranger"), RING.name)

SPELT = [CODE.lower(), CODE.replace("-", ""), CODE.replace("-", " "), f" {CODE} "]


def test_pairing_codes_are_written_in_four_groups() -> None:
    assert write_code(bytes(10)) == "0000-0000-0000-0000"
    assert write_code(b"\xff" * 10) == "ZZZZ-ZZZZ-ZZZZ-ZZZZ"
    assert write_code(bytes([0, 68, 50, 20, 199, 66, 84, 182, 53, 207])) == "0123-4567-89AB-CDEF"
    for length in (0, 9, 11):
        with pytest.raises(ValueError, match="10 bytes"):
            write_code(bytes(length))


@pytest.mark.parametrize("spelt", SPELT)
def test_pairing_codes_may_be_typed_in_several_ways(spelt: str) -> None:
    assert code_secret(spelt) == SECRET and len(SECRET) == 16


def test_pairing_codes_forgive_what_looks_alike() -> None:
    assert code_secret("O0o0-I1Ll-0000-0000") == code_secret("0000-1111-0000-0000")


NO_CODES = [
    "",
    CODE[:-1],
    CODE + "0",
    CODE[:-1] + "U",
    CODE[:-1] + "\u0131",
    CODE[:-1] + "\n",
    CODE[:-1] + "*",
    CODE + "\n",
]


@pytest.mark.parametrize("text", NO_CODES)
def test_what_is_no_pairing_code_has_no_secret(text: str) -> None:
    with pytest.raises(Untrue):
        code_secret(text)


def test_pairing_of_an_installation_is_proven_by_the_code() -> None:
    ours = installation_proof(SECRET, name("laptop"))
    assert is_proof(ours, installation_proof(SECRET, name("laptop")))
    assert not is_proof(ours, installation_proof(OTHER_SECRET, name("laptop")))
    assert not is_proof(ours, installation_proof(SECRET, name("stranger")))


@pytest.mark.parametrize("at", range(4))
def test_pairing_with_a_welcome_swapped_is_not_proven(at: int) -> None:
    swapped = (*WELCOME[:at], OTHER[at], *WELCOME[at + 1 :])
    assert is_proof(welcome_proof(*WELCOME), welcome_proof(*WELCOME))
    assert not is_proof(welcome_proof(*WELCOME), welcome_proof(*swapped))  # type: ignore[arg-type]


def test_pairing_secrets_of_installations_have_sixteen_bytes() -> None:
    for secret in (b"", SECRET[1:], SECRET + b"0"):
        with pytest.raises(ValueError, match="16 bytes"):
            installation_proof(secret, name("laptop"))


def test_pairing_codes_leave_nothing_to_guess_from() -> None:
    """32 signs, 16 of them: 80 bits."""
    assert len(set(installation.SIGNS)) ** 16 == 2 ** (8 * installation.CODE_BYTES)
