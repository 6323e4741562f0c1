"""The private names of aiortc and aioice that our ICE and DTLS rely on. When one of these fails after an
upgrade, read those two files against the new version before touching the pin in pyproject.toml."""

import inspect
from importlib.metadata import version

import aioice
import pytest
from aioice import turn
from aioice.ice import CandidatePair, StunProtocol, get_host_addresses
from aiortc import RTCCertificate, RTCDtlsTransport


def test_versions_are_the_ones_that_were_read() -> None:
    assert (version("aiortc"), version("aioice"), version("pylibsrtp")) == ("1.16.0", "0.13.0", "1.0.0")


async def test_aioice_connection_has_the_fields_we_read() -> None:
    connection = aioice.Connection(ice_controlling=True)
    for name in (
        "_check_list",
        "_closing",
        "_early_checks",
        "_early_checks_done",
        "_local_candidates",
        "_nominated",
        "_protocols",
        "_queue",
        "_remote_candidates",
        "_tie_breaker",
    ):
        assert hasattr(connection, name), f"aioice.Connection.{name} is gone: see media/checks.py"


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("data_received", ["self", "data", "component"]),
        ("check_incoming", ["self", "message", "addr", "protocol"]),
        ("check_start", ["self", "pair"]),
        ("check_start_task", ["self", "pair"]),
        ("check_state", ["self", "pair", "state"]),
        ("build_request", ["self", "pair", "nominate"]),
        ("sort_check_list", ["self"]),
        ("_pair_remote_candidate", ["self", "remote_candidate"]),
        ("_add_remote_candidate", ["self", "remote_candidate", "network_host"]),
    ],
)
def test_aioice_calls_what_we_override_or_call(name: str, parameters: list[str]) -> None:
    assert list(inspect.signature(getattr(aioice.Connection, name)).parameters) == parameters


def test_aioice_hands_data_and_checks_to_the_overridden_methods() -> None:
    assert "self.receiver.data_received(" in inspect.getsource(StunProtocol.datagram_received)
    assert "self.check_incoming(" in inspect.getsource(aioice.Connection.request_received)
    assert "self.check_start_task(" in inspect.getsource(aioice.Connection.check_incoming)
    assert "self.check_start(" in inspect.getsource(aioice.Connection.check_start_task)
    assert CandidatePair.State.SUCCEEDED
    assert isinstance(get_host_addresses(use_ipv4=True, use_ipv6=True), list)


def test_an_answer_reaches_whoever_stands_in_the_protocols_transactions() -> None:
    source = inspect.getsource(StunProtocol.datagram_received)
    assert "transaction = self.transactions[message.transaction_id]" in source
    assert "transaction.response_received(message, addr)" in source


def test_a_turn_endpoint_speaks_to_the_protocol_it_is_given() -> None:
    source = inspect.getsource(turn.TurnTransport._connect)
    assert "receiver = protocol" in source and "protocol.connection_made(" in source
    given = ["protocol_factory", "server_addr", "username", "password", "ssl", "transport"]
    assert set(given) <= set(inspect.signature(turn.create_turn_endpoint).parameters)


def test_dtls_needs_only_what_our_stand_in_has() -> None:
    source = inspect.getsource(RTCDtlsTransport)
    used = {word for word in ("_recv(", "_send(", "role") if f"self.transport.{word}" in source}
    assert used == {"_recv(", "_send(", "role"}


@pytest.mark.parametrize("name", ["_handle_rtcp_data", "_handle_rtp_data", "_set_role", "_register_data_receiver"])
def test_dtls_has_the_methods_we_use(name: str) -> None:
    assert hasattr(RTCDtlsTransport, name), f"RTCDtlsTransport.{name} is gone: see media/dtls.py"


def test_dtls_keeps_its_srtp_session_and_takes_our_certificate() -> None:
    assert "self._tx_srtp = Session(tx_policy)" in inspect.getsource(RTCDtlsTransport._setup_srtp)
    assert "tx_policy.allow_repeat_tx = True" in inspect.getsource(RTCDtlsTransport._setup_srtp)
    assert list(inspect.signature(RTCDtlsTransport).parameters) == ["transport", "certificates"]
    assert RTCCertificate.generateCertificate().getFingerprints()[0].algorithm == "sha-256"


def test_dtls_asks_the_certificate_for_its_ciphers() -> None:
    assert list(inspect.signature(RTCCertificate._create_ssl_context).parameters) == ["self", "srtp_profiles"]
    assert "__local_certificate._create_ssl_context(" in inspect.getsource(RTCDtlsTransport)
