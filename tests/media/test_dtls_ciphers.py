"""DTLS agrees on ciphers that encrypt and authenticate in one, and on nothing older, whoever is at the other end."""

import contextlib
from typing import Any

import pytest
from aiortc import RTCCertificate
from aiortc.rtcdtlstransport import SRTP_PROFILES
from OpenSSL import SSL

from media.dtls import Certificate

DATAGRAM_BYTES = 1500
OLD = [b"ECDHE-ECDSA-AES128-SHA", b"ECDHE-ECDSA-AES256-SHA", b"ECDHE-ECDSA-AES128-SHA256"]


def peer(certificate: RTCCertificate, ciphers: bytes | None = None) -> SSL.Connection:
    context: Any = certificate._create_ssl_context(SRTP_PROFILES)
    if ciphers is not None:
        context.set_cipher_list(ciphers + b":@SECLEVEL=0")
    return SSL.Connection(context, None)


def shaken(client: SSL.Connection, server: SSL.Connection) -> tuple[str, str]:
    """Version and cipher on which the two agree. Raises `SSL.Error` where they do not."""
    client.set_connect_state()
    server.set_accept_state()
    for _ in range(4):
        for end, other in ((client, server), (server, client)):
            _move(end, other)
    return client.get_protocol_version_name(), str(client.get_cipher_name())


def _move(end: SSL.Connection, other: SSL.Connection) -> None:
    with contextlib.suppress(SSL.WantReadError):
        end.do_handshake()
    while True:
        try:
            other.bio_write(end.bio_read(DATAGRAM_BYTES))
        except SSL.WantReadError:
            return


@pytest.mark.parametrize("ours_first", [False, True])
def test_both_ends_of_ours_and_stock_ones_agree_on_gcm(ours_first: bool) -> None:
    for other in (Certificate.generateCertificate(), RTCCertificate.generateCertificate()):
        ends = peer(Certificate.generateCertificate()), peer(other)
        agreed = shaken(*(ends if ours_first else reversed(ends)))
        assert agreed == ("DTLSv1.2", "ECDHE-ECDSA-AES128-GCM-SHA256")


@pytest.mark.parametrize("ours_first", [False, True])
@pytest.mark.parametrize("cipher", OLD)
def test_what_is_outdated_is_refused(cipher: bytes, ours_first: bool) -> None:
    ends = peer(Certificate.generateCertificate()), peer(RTCCertificate.generateCertificate(), cipher)
    with pytest.raises(SSL.Error):
        shaken(*(ends if ours_first else reversed(ends)))
