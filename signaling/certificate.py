"""The self-made certificate: ECDSA P-256, kept in DATA_DIR, its key named by the pin in every QR code.

Cameras trust the key, not the certificate: it is made once and stays; the certificate around it is made anew when it
nears its end or when this machine has other names. People see a browser warning, once.

Beside the key lies the one that comes after it, which nobody is shown. Cameras are told both pins whenever they
register, so that a change of key costs no pairing (DESIGN §6.2).
"""

import ipaddress
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from signaling.protocol.identity import server_pin
from signaling.protocol.tls import TLS_1_2_CIPHERS
from signaling.store.secret import write_private

KEY_FILE, NEXT_KEY_FILE, CERTIFICATE_FILE = "tls-key.pem", "tls-next-key.pem", "tls-certificate.pem"
VALID = timedelta(days=397)
"""Browsers accept no longer life (CA/Browser Forum BR §6.3.2)."""
RENEW_BEFORE = timedelta(days=30)


class CannotRotate(Exception):
    """The text is one sentence for the operator."""


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.2 and newer. Raises OSError or ssl.SSLError where the files are no good."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(TLS_1_2_CIPHERS)
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(certificate, key)
    return context


def ensure(data_dir: Path, names: list[str], now: datetime) -> tuple[str, str]:
    """Make what is missing in `data_dir`. `names`: host names and addresses. Returns the pins of key and next key.

    The next key takes the place of one that is gone: cameras know it, a new one they would refuse. Raises OSError,
    ValueError, TypeError.
    """
    if not (data_dir / KEY_FILE).exists() and (data_dir / NEXT_KEY_FILE).exists():
        rotate(data_dir)
    key, successor = _read_or_make_key(data_dir / KEY_FILE), _read_or_make_key(data_dir / NEXT_KEY_FILE)
    path = data_dir / CERTIFICATE_FILE
    if not _still_good(path, key, names, now):
        certificate = make(key, names, now)
        write_private(path, certificate.public_bytes(serialization.Encoding.PEM))
    return pin_of(key.public_key()), pin_of(successor.public_key())


def rotate(data_dir: Path) -> None:
    """Make the next key the key, from the next start on, which also makes a new next one.

    Until then there is none, so that a second change cannot outrun what cameras were told. Raises `CannotRotate`,
    OSError, ValueError, TypeError.
    """
    try:
        _read_key(data_dir / NEXT_KEY_FILE)
    except FileNotFoundError:
        raise CannotRotate(
            f"there is no next key in {data_dir} that cameras could know; start the server with its self-made "
            "certificate, and let every camera be online once before you change the key"
        ) from None
    (data_dir / NEXT_KEY_FILE).replace(data_dir / KEY_FILE)


def pin_of(key: ec.EllipticCurvePublicKey) -> str:
    """What stands as `k` in the QR code."""
    spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return server_pin(spki)


def own_pin(data_dir: Path) -> str:
    """The pin of the key that lies there. Raises OSError, ValueError, TypeError."""
    return pin_of(_read_key(data_dir / KEY_FILE).public_key())


def make(key: ec.EllipticCurvePrivateKey, names: list[str], now: datetime) -> x509.Certificate:
    """A certificate for these names, signed by its own key."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Belvedere")])
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + VALID)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=False)
    )
    return builder.sign(key, hashes.SHA256())


def own_names(origin_host: str, own_address: str) -> list[str]:
    """Under which names and addresses this machine may be called."""
    candidates = [origin_host, own_address, socket.gethostname(), "localhost", "127.0.0.1", "::1"]
    return list(dict.fromkeys(name for name in candidates if name and name.isascii()))


def own_address() -> str:
    """The address that this machine uses towards others. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # RFC 5737: documentation only, and UDP connect sends no packet
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def _read_or_make_key(path: Path) -> ec.EllipticCurvePrivateKey:
    if not path.exists():
        made = ec.generate_private_key(ec.SECP256R1())
        form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        write_private(path, made.private_bytes(*form))
    return _read_key(path)


def _read_key(path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except ValueError as error:
        raise ValueError(f"{path} is not a key in PEM form") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{path} is not the key that this server made")
    return key


def _still_good(path: Path, key: ec.EllipticCurvePrivateKey, names: list[str], now: datetime) -> bool:
    if not path.exists():
        return False
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    named = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    same_key = certificate.public_key() == key.public_key()
    covers = all(_general_name(name) in list(named) for name in names)
    return same_key and covers and certificate.not_valid_after_utc - now.astimezone(UTC) > RENEW_BEFORE


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
