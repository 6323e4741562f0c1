"""The self-made certificate: its key stays, its names follow, and it is what the QR code says."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from signaling import certificate
from signaling.protocol import qr
from signaling.protocol.identity import server_pin
from tests.servers import belvedere

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = ["cameras.example.org", "192.0.2.1", "2001:db8::1"]


def read(folder: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / certificate.CERTIFICATE_FILE).read_bytes())


def test_the_key_stays_whatever_changes(tmp_path: Path) -> None:
    pin = certificate.ensure(tmp_path, NAMES, NOW)
    first = read(tmp_path)
    assert certificate.ensure(tmp_path, NAMES, NOW + timedelta(days=300)) == pin and read(tmp_path) == first
    assert certificate.ensure(tmp_path, [*NAMES, "new.example.org"], NOW) == pin and read(tmp_path) != first
    second = read(tmp_path)
    assert certificate.ensure(tmp_path, NAMES, NOW + timedelta(days=380)) == pin and read(tmp_path) != second
    assert (tmp_path / certificate.KEY_FILE).stat().st_mode & 0o077 == 0
    spki = first.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert server_pin(spki) == pin


def test_clients_accept_it_for_its_names(tmp_path: Path) -> None:
    certificate.ensure(tmp_path, NAMES, datetime.now(UTC))
    names = read(tmp_path).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["cameras.example.org"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == NAMES[1:]
    context = certificate.server_context(tmp_path / certificate.CERTIFICATE_FILE, tmp_path / certificate.KEY_FILE)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_a_key_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / certificate.KEY_FILE).write_text("nonsense")
    with pytest.raises(ValueError, match="PEM"):
        certificate.ensure(tmp_path, NAMES, NOW)


def test_beyond_loopback_there_is_tls_and_the_code_carries_the_pin(tmp_path: Path) -> None:
    """A real server: the pin in the QR payload is that of the key that answers."""
    with belvedere(tmp_path, public_url="https://localhost:1") as server:
        token = server.sign_up()
        body = {"name": "A", "model": "B", "ssid": "W", "wifi_password": ""}
        _, added = server.call("POST", "/api/cameras", body, token)
        presented = x509.load_der_x509_certificate(
            ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", server.port)))
        )
        spki = presented.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        pairing = added["pairing"]
        assert pairing["pin"] == server_pin(spki) == qr.read(pairing["payload"]).pin
        assert pairing["server_url"] == "https://localhost:1"
        asyncio.run(_plain_http_is_no_way_in(server.port))


async def _plain_http_is_no_way_in(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    try:
        assert not (await reader.read(100)).startswith(b"HTTP/1.1 200")
    except ConnectionError:
        pass  # refused in the clearest way
    finally:
        writer.close()
