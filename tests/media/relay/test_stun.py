"""Our STUN against aioice's, an independent implementation, and against the test vectors of RFC 5769."""

import struct

import pytest
from aioice import stun
from hypothesis import given
from hypothesis import strategies as st

from media.relay.stun import MAX_ATTRIBUTES, plain_answer, read_request, signed_answer

PASSWORD = b"VOkJxbRl1RmTxUk/WvJxBt"
RFC_5769_REQUEST = bytes.fromhex(
    "000100582112a442b7e7a701bc34d686fa87dfae"
    "802200105354554e207465737420636c69656e74"
    "002400046e0001ff80290008932ff9b151263b36"
    "000600096576746a3a68367659202020"
    "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"
    "80280004e57a3bcf"
)


def request(username: str = "ours:theirs", password: bytes = PASSWORD, *, nominate: bool = False) -> bytes:
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    message.attributes["USERNAME"] = username
    if nominate:
        message.attributes["USE-CANDIDATE"] = None
    message.add_message_integrity(password)
    return bytes(message)


def test_the_request_of_rfc_5769_is_understood() -> None:
    read = read_request(RFC_5769_REQUEST)
    assert read is not None and read.username == b"evtj:h6vY" and read.ufrag == "evtj"
    assert read.is_signed_with(PASSWORD) and not read.is_signed_with(PASSWORD + b"x")


@pytest.mark.parametrize("nominate", [True, False])
def test_a_check_of_aioice_is_understood(nominate: bool) -> None:
    read = read_request(request(nominate=nominate))
    assert read is not None and read.ufrag == "ours" and read.nominates is nominate
    assert read.is_signed_with(PASSWORD)


def test_a_nomination_behind_the_signature_does_not_count() -> None:
    """RFC 8489 §14.5: attributes after MESSAGE-INTEGRITY are to be ignored."""
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    message.attributes["USERNAME"] = "ours:theirs"
    message._integrity_data = bytes(message)
    message.attributes["MESSAGE-INTEGRITY"] = stun.message_integrity(bytes(message), PASSWORD)
    message.attributes["USE-CANDIDATE"] = None
    read = read_request(bytes(message))
    assert read is not None and read.is_signed_with(PASSWORD) and not read.nominates


@pytest.mark.parametrize(("host", "size"), [("192.0.2.7", 32), ("2001:db8::7", 44)])
def test_a_stun_servers_answer_is_small_and_right(host: str, size: int) -> None:
    bare = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    read = read_request(bytes(bare))
    assert read is not None and read.username is None and not read.is_signed_with(b"")
    answer = plain_answer(read, host, 54321)
    parsed = stun.parse_message(answer)
    assert parsed.message_class == stun.Class.RESPONSE and parsed.transaction_id == bare.transaction_id
    assert parsed.attributes == {"XOR-MAPPED-ADDRESS": (host, 54321)} and len(answer) == size


@pytest.mark.parametrize("host", ["192.0.2.7", "2001:db8::7"])
def test_an_answer_to_a_check_satisfies_aioice(host: str) -> None:
    read = read_request(request())
    assert read is not None
    parsed = stun.parse_message(signed_answer(read, host, 54321, PASSWORD))
    assert parsed.check_message_integrity(PASSWORD)
    assert parsed.attributes["XOR-MAPPED-ADDRESS"] == (host, 54321) and "FINGERPRINT" in parsed.attributes


def test_an_answer_to_a_check_is_no_larger_than_a_browsers_check() -> None:
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    message.attributes["USERNAME"] = "0123456789ab:abcd"
    message.attributes["ICE-CONTROLLING"] = 1
    message.attributes["PRIORITY"] = 1
    message.add_message_integrity(PASSWORD)
    read = read_request(bytes(message))
    assert read is not None
    assert len(signed_answer(read, "2001:db8::7", 1, PASSWORD)) <= len(bytes(message))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:-1],
        lambda data: data + bytes(4),
        lambda data: b"\x01" + data[1:],
        lambda data: data[:4] + bytes(4) + data[8:],
        lambda data: data[:-1] + bytes((data[-1] ^ 1,)),
        lambda data: data[:22] + b"\xff\xff" + data[24:],
    ],
    ids=["short", "long", "answer", "cookie", "fingerprint", "attribute"],
)
def test_a_damaged_check_is_none(spoil: "object") -> None:
    assert callable(spoil)
    assert read_request(spoil(request())) is None


def test_attributes_are_numbered() -> None:
    body = struct.pack("!HH", 0x7FFF, 0) * (MAX_ATTRIBUTES + 1)
    assert read_request(struct.pack("!HHI12s", 1, len(body), stun.COOKIE, bytes(12)) + body) is None


@given(st.binary(max_size=200), st.booleans())
def test_nothing_raises(data: bytes, headed: bool) -> None:
    if headed:
        data = struct.pack("!HHI12s", 1, len(data), stun.COOKIE, bytes(12)) + data
    read = read_request(data)
    assert read is None or not read.is_signed_with(PASSWORD)
