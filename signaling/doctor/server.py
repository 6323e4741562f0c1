"""The server as apps and cameras reach it: its address, its certificate, its clock."""

import asyncio
import ctypes
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from signaling import certificate
from signaling.doctor.finding import Finding, bad, ok, warn
from signaling.doctor.line import CONNECT_SECONDS, why

SUBJECT, CERTIFICATE, CLOCK, PROXY = "Server", "Certificate", "Clock", "Proxy"
RENEW_BEFORE = timedelta(days=14)
"""ACME clients renew 30 days before the end; two weeks later something is wrong with that."""
MAX_SKEW_SECONDS = 30.0
"""A camera's signed token lives for one minute."""
TIME_ERROR = 5
"""adjtimex(2): nobody keeps this clock right."""
TIMEX_BYTES = 512
"""More than the struct timex of any Linux."""
MAX_BODY = 64 * 1024


async def try_server(origin: str) -> list[Finding]:
    """One GET of /readyz; the certificate is another question."""
    try:
        timeout = aiohttp.ClientTimeout(total=2 * CONNECT_SECONDS)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"{origin}/readyz", ssl=False, allow_redirects=False) as answer,
        ):
            body = (await answer.content.read(MAX_BODY)).decode("utf-8", "replace")
            skew = _skew(answer.headers.get("Date"), datetime.now(UTC))
            return [_readiness(origin, answer.status, body), *_proxy(body), *skew]
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
        advice = "start it, check BELVEDERE_PUBLIC_URL and its DNS entry, and let its port in at the firewall"
        return [bad(SUBJECT, f"{origin} does not answer ({why(cause)})", advice)]


def _readiness(origin: str, status: int, body: str) -> Finding:
    if status == 200 and '"ok"' in body:
        return ok(SUBJECT, f"{origin} answers and can work")
    if status == 503:
        return bad(
            SUBJECT, f"{origin} answers, but its database or Redis does not", "see the lines about them, and its log"
        )
    advice = "another program answers there; check BELVEDERE_PUBLIC_URL and your proxy"
    return bad(SUBJECT, f"{origin}/readyz answers with status {status}", advice)


def _proxy(body: str) -> list[Finding]:
    if '"your_address":"unknown"' not in body:
        return []
    advice = (
        "have it set X-Forwarded-For, and name its network in BELVEDERE_TRUSTED_PROXIES; until then no code can be "
        "bound to a network. All is well if this machine itself calls by the proxy's address"
    )
    return [warn(PROXY, "it does not say who calls, so that limits count all visitors as one", advice)]


def _skew(date: str | None, now: datetime) -> list[Finding]:
    """Between this machine's clock and the server's."""
    try:
        seconds = abs((parsedate_to_datetime(date or "") - now).total_seconds())
    except (ValueError, TypeError):
        return []
    if seconds <= MAX_SKEW_SECONDS:
        return []
    return [bad(CLOCK, f"this machine's clock and the server's are {seconds:.0f} s apart", "let NTP keep both clocks")]


async def try_certificate(origin: str, own_pin: str | None) -> list[Finding]:
    """`own_pin`: of the self-made key of this data folder, where there is one."""
    parts = urlsplit(origin)
    if parts.scheme != "https":
        return [ok(CERTIFICATE, "none needed: the address is for this machine alone")]
    host, port = parts.hostname or "", parts.port or 443
    try:
        shown = await _certificate(host, port, certificate_is_checked=False)
        trusted = await _is_trusted(host, port)
    except ssl.SSLError as error:
        advice = "the server or the proxy before it must speak TLS there"
        return [bad(CERTIFICATE, f"{origin} speaks no TLS ({error.reason})", advice)]
    except (OSError, TimeoutError):
        return []  # nobody there, which another line says
    return [_judge(shown, trusted, own_pin, datetime.now(UTC))]


def _judge(shown: x509.Certificate, trusted: str, own_pin: str | None, now: datetime) -> Finding:
    """`trusted`: empty, or why browsers refuse it."""
    left = shown.not_valid_after_utc - now
    if trusted:
        key = shown.public_key()
        if own_pin and isinstance(key, ec.EllipticCurvePublicKey) and certificate.pin_of(key) == own_pin:
            advice = "cameras trust its key by the QR code; people's browsers warn once. BELVEDERE_TLS_CERT ends that"
            return warn(CERTIFICATE, "is self-made", advice)
        return bad(
            CERTIFICATE, f"browsers refuse it: {trusted}", "get one for this name, and name it in BELVEDERE_TLS_CERT"
        )
    if left < RENEW_BEFORE:
        return warn(CERTIFICATE, f"ends in {left.days} days", "see why your ACME client has not renewed it")
    return ok(CERTIFICATE, f"is trusted, for {left.days} more days")


async def _is_trusted(host: str, port: int) -> str:
    """Empty where browsers trust it, else the reason why not. Raises OSError, TimeoutError."""
    try:
        await _certificate(host, port, certificate_is_checked=True)
    except ssl.SSLCertVerificationError as error:
        return str(error.verify_message)
    return ""


async def _certificate(host: str, port: int, *, certificate_is_checked: bool) -> x509.Certificate:
    """The certificate that is shown there. Raises OSError, TimeoutError."""
    context = ssl.create_default_context()
    if not certificate_is_checked:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    async with asyncio.timeout(CONNECT_SECONDS):
        _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=host)
    try:
        encoded = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return x509.load_der_x509_certificate(encoded)
    finally:
        writer.transport.abort()


def try_clock() -> list[Finding]:
    """Whether somebody keeps this machine's clock right, as Linux knows it; nothing where it is not Linux."""
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(TIMEX_BYTES))
    except (OSError, AttributeError):
        return []
    if state == TIME_ERROR:
        advice = "let NTP keep it (timedatectl set-ntp true): tokens and TURN credentials live by the clock"
        return [warn(CLOCK, "nothing keeps this machine's clock right", advice)]
    return [ok(CLOCK, "is kept right")] if state >= 0 else []
