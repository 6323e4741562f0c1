"""Envelopes: the key of a camera's frames reaches who said hello, and nobody else."""

import msgspec
import pytest

from signaling.protocol.identity import decode_bytes, encode_bytes
from signaling.protocol.trust import envelope, statement
from signaling.protocol.trust.envelope import KIND, SENDER_KEY_BYTES, Envelope, SenderKey
from signaling.protocol.trust.session import HELLO, Hello
from signaling.protocol.trust.statement import Untrue
from tests.signaling.trust.people import NOW, exchange_key, hello, key, misspelt, name, nonce, ring_of, seed

SENDER = SenderKey(0x1234, seed("sender"))
CAMERA = name("camera")
RING = statement.digest(ring_of("phone")[0])


def sealed(to: str = hello(), by: str = "camera", sender: SenderKey = SENDER) -> str:
    said = statement.read(to, HELLO, Hello)
    return envelope.seal(key(by), said, exchange_key("camera"), sender, 99, NOW)


def opened(text: str, of: str = hello(), by: str = "phone", camera: str = CAMERA) -> tuple[SenderKey, int]:
    return envelope.open_(text, camera, of, exchange_key(by))


def test_a_signed_envelope_is_opened_by_whom_it_is_for() -> None:
    assert opened(sealed()) == (SENDER, 99)
    assert encode_bytes(SENDER.secret) not in sealed()


def changed(**fields: object) -> str:
    what = statement.read(sealed(), KIND, Envelope).what
    return statement.sign(key("camera"), KIND, msgspec.structs.replace(what, **fields))


def test_a_signed_envelope_is_opened_by_nobody_else() -> None:
    cases = [
        lambda: opened(sealed(), by="stranger"),
        lambda: opened(sealed(to=hello("stranger"))),
        lambda: opened(sealed(to=hello(label="earlier"))),
        lambda: opened(sealed(by="stranger")),
        lambda: opened(sealed(), camera=name("other camera")),
        lambda: opened(changed(sealed=encode_bytes(decode_bytes(SEALED)[::-1]))),
        lambda: opened(changed(sealed="?")),
        lambda: opened(changed(epoch=-1)),
        lambda: opened(changed(counter=2**53)),
        lambda: opened(changed(exchange=encode_bytes(bytes(32)))),
        lambda: opened(changed(exchange="_" * 43)),
        lambda: opened(MISSPELT),
        lambda: opened(changed(exchange=encode_bytes(exchange_key("stranger").public_key().public_bytes_raw()))),
        lambda: opened(sealed(sender=SenderKey(1, bytes(SENDER_KEY_BYTES - 1)))),
        lambda: opened(hello()),
    ]
    for case in cases:
        with pytest.raises(Untrue):
            case()


MISSPELT = changed(exchange=misspelt(encode_bytes(exchange_key("camera").public_key().public_bytes_raw())))
SEALED = statement.read(sealed(), KIND, Envelope).what.sealed


def test_a_hello_without_a_usable_exchange_key_gets_nothing() -> None:
    """The identity element (RFC 7748 §6.1): the secret would be no secret."""
    weak = statement.sign(key("phone"), HELLO, Hello(CAMERA, RING, nonce("viewer"), encode_bytes(bytes(32)), NOW))
    with pytest.raises(Untrue, match="makes no secret"):
        sealed(to=weak)
