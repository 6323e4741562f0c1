"""The parts that decide: codes of apps by the vectors of RFC 6238, recovery codes, and what the vault keeps."""

import base64

import pytest

from signaling.recovery_codes import ALPHABET, COUNT, LENGTH, codes_from, normalised
from signaling.totp import is_code, secret_of, step_of
from signaling.vault import Unreadable, Vault

SECRET = secret_of(b"12345678901234567890")
"""RFC 6238, Appendix B; its codes there have eight digits, of which an app shows the last six."""


@pytest.mark.parametrize(
    ("now", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (2000000000, "279037"), (20000000000, "353130")],
)
def test_codes_of_the_rfc(now: int, code: str) -> None:
    step = now // 30
    assert step_of(SECRET, code, after=0, now=now) == step
    assert step_of(SECRET, code, after=0, now=now + 30) == step_of(SECRET, code, after=0, now=now - 30) == step
    assert step_of(SECRET, code, after=0, now=now + 60) is None and step_of(SECRET, code, after=0, now=now - 60) is None
    assert step_of(SECRET, code, after=step, now=now) is None
    assert step_of(SECRET, "000000", after=0, now=now) is None


@pytest.mark.parametrize("text", ["", "12345", "1234567", "12345x", "\u0661" * 6, "+12345"])
def test_what_is_no_code_of_an_app(text: str) -> None:
    assert is_code("123456") and not is_code(text)


def test_recovery_codes_are_read_as_people_type_them() -> None:
    codes = codes_from(bytes(index % 256 for index in range(COUNT * LENGTH)))
    assert len(codes) == COUNT and codes[0] == "ABCD-EFGH-JKLM" and len(set(ALPHABET)) == 32
    assert normalised(" abcd efgh-jklm ") == "ABCDEFGHJKLM"
    for text in ("", "ABCD-EFGH-JKL", "ABCD-EFGH-JKL0", "ABCD-EFGH-JKLMN", "ABCD-EFGH-JKLİ"):
        assert normalised(text) is None


def test_the_vault_opens_only_what_it_sealed_for_whom() -> None:
    vault = Vault(b"k" * 32)
    sealed = vault.seal("a secret", "a")
    assert vault.open(sealed, "a") == "a secret" and sealed != vault.seal("a secret", "a")
    raw = base64.b64decode(sealed)
    changed = base64.b64encode(raw[:-1] + bytes([raw[-1] ^ 1])).decode()
    for other, text, account in ((vault, sealed, "b"), (Vault(b"x" * 32), sealed, "a"), (vault, changed, "a")):
        with pytest.raises(Unreadable):
            other.open(text, account)


def test_hashes_of_codes_differ_by_account_and_server() -> None:
    vault = Vault(b"k" * 32)
    hashes = {vault.hash("CODE", "a"), vault.hash("CODE", "b"), Vault(b"x" * 32).hash("CODE", "a")}
    assert len(hashes) == 3 and vault.hash("CODE", "a") in hashes
