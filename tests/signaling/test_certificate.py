"""The self-made certificate: its key stays, its names follow, and it is what the QR code says."""

import asyncio
import contextlib
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


def shown(given: x509.Certificate) -> str:
    """The pin of the key that a client sees."""
    return server_pin(given.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def test_the_key_stays_whatever_changes(tmp_path: Path) -> None:
    pins = certificate.ensure(tmp_path, NAMES, NOW)
    first = read(tmp_path)
    assert certificate.ensure(tmp_path, NAMES, NOW + timedelta(days=300)) == pins and read(tmp_path) == first
    assert certificate.ensure(tmp_path, [*NAMES, "new.example.org"], NOW) == pins and read(tmp_path) != first
    second = read(tmp_path)
    assert certificate.ensure(tmp_path, NAMES, NOW + timedelta(days=380)) == pins and read(tmp_path) != second
    for file in (certificate.KEY_FILE, certificate.NEXT_KEY_FILE):
        assert (tmp_path / file).stat().st_mode & 0o077 == 0
    assert shown(first) == pins[0] != pins[1]


def test_the_next_key_takes_over_with_a_certificate_of_its_own(tmp_path: Path) -> None:
    current, following = certificate.ensure(tmp_path, NAMES, NOW)
    certificate.rotate(tmp_path)
    assert shown(read(tmp_path)) == current, "nothing is made before the next start"
    now_current, fresh = certificate.ensure(tmp_path, NAMES, NOW)
    assert now_current == following == shown(read(tmp_path))
    assert fresh not in (current, following)


def test_a_key_that_is_gone_is_followed_by_the_one_that_cameras_know(tmp_path: Path) -> None:
    _, following = certificate.ensure(tmp_path, NAMES, NOW)
    (tmp_path / certificate.KEY_FILE).unlink()
    assert certificate.ensure(tmp_path, NAMES, NOW)[0] == following


def test_a_folder_from_before_there_were_next_keys_gets_one(tmp_path: Path) -> None:
    current, _ = certificate.ensure(tmp_path, NAMES, NOW)
    (tmp_path / certificate.NEXT_KEY_FILE).unlink()
    again, following = certificate.ensure(tmp_path, NAMES, NOW)
    assert again == current != following


def test_a_change_that_no_camera_could_follow_is_refused(tmp_path: Path) -> None:
    _, following = certificate.ensure(tmp_path, NAMES, NOW)
    certificate.rotate(tmp_path)
    with pytest.raises(certificate.CannotRotate, match="start the server"):
        certificate.rotate(tmp_path)
    assert certificate.ensure(tmp_path, NAMES, NOW)[0] == following
    (tmp_path / certificate.NEXT_KEY_FILE).write_text("nonsense")
    with pytest.raises(ValueError, match=certificate.NEXT_KEY_FILE):
        certificate.rotate(tmp_path)
    assert certificate.pin_of(certificate._read_key(tmp_path / certificate.KEY_FILE).public_key()) == following


def test_clients_accept_it_for_its_names(tmp_path: Path) -> None:
    certificate.ensure(tmp_path, NAMES, datetime.now(UTC))
    names = read(tmp_path).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["cameras.example.org"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == NAMES[1:]
    context = certificate.server_context(tmp_path / certificate.CERTIFICATE_FILE, tmp_path / certificate.KEY_FILE)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def shaken(server: ssl.SSLContext, client: ssl.SSLContext) -> tuple[str, str]:
    """Version and cipher on which the two agree. Raises `ssl.SSLError` where they do not."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = server.wrap_bio(to_server, to_client, server_side=True), client.wrap_bio(to_client, to_server)
    for _ in range(4):
        for end in ends:
            with contextlib.suppress(ssl.SSLWantReadError):
                end.do_handshake()
    cipher = ends[1].cipher()
    assert cipher is not None
    return str(ends[1].version()), cipher[0]


def client(newest: ssl.TLSVersion, ciphers: str = "ALL:@SECLEVEL=0") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, newest
    context.set_ciphers(ciphers)
    return context


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_tls_is_of_today_and_forward_secret(tmp_path: Path) -> None:
    certificate.ensure(tmp_path, NAMES, NOW)
    server = certificate.server_context(tmp_path / certificate.CERTIFICATE_FILE, tmp_path / certificate.KEY_FILE)
    assert shaken(server, client(ssl.TLSVersion.MAXIMUM_SUPPORTED))[0] == "TLSv1.3"
    version, cipher = shaken(server, client(ssl.TLSVersion.TLSv1_2))
    assert version == "TLSv1.2" and cipher.startswith("ECDHE-") and ("GCM" in cipher or "POLY1305" in cipher)
    old = [client(ssl.TLSVersion.TLSv1_1), client(ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES256-SHA384:@SECLEVEL=0")]
    for outdated in old:
        with pytest.raises(ssl.SSLError):
            shaken(server, outdated)
    for offered in server.get_ciphers():
        assert offered["aead"] and offered["kea"] in {"kx-ecdhe", "kx-any"}, offered["name"]


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
        pairing = added["pairing"]
        assert pairing["pin"] == shown(presented) == qr.read(pairing["payload"]).pin
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
