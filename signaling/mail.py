"""Mail: short letters of plain text, by the operator's own server. TLS always, except to this very machine."""

import asyncio
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import aiosmtplib

from signaling.protocol.options import is_loopback

SEND_SECONDS = 20.0
"""Connecting, TLS, signing in and sending together; who takes longer has not got the letter."""
PORTS = {"smtp": 587, "smtps": 465}
"""Submission (RFC 6409), and with TLS from the start (RFC 8314 §3.3)."""


class NotSent(Exception):
    """The text is for the log: what the mail server said, and never to whom."""


class MailServer(NamedTuple):
    """`tls`: from the start, by STARTTLS, or none, which is for this machine alone."""

    host: str
    port: int
    tls: str
    user: str | None
    password: str | None


def mail_server(url: str) -> MailServer:
    """Read `smtp://` or `smtps://`. Raises ValueError with what it wants, and without the password."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError("must look like smtps://user:password@mail.example.org or smtp://…:587, which uses STARTTLS")
    try:
        port = parts.port or PORTS[parts.scheme]
    except ValueError:
        raise ValueError("the port is no number from 1 to 65535") from None
    plain = parts.scheme == "smtp" and is_loopback(parts.hostname)
    tls = "none" if plain else {"smtp": "starttls", "smtps": "start"}[parts.scheme]
    user, password = (unquote(text) if text else None for text in (parts.username, parts.password))
    return MailServer(parts.hostname, port, tls, user, password)


def checked_url(text: str) -> str:
    """For the settings."""
    mail_server(text)
    return text


def checked_sender(text: str) -> str:
    """For the settings: one address, without a name."""
    name, at, domain = text.rpartition("@")
    if not (name and at and domain and text.isascii() and text.isprintable() and not set(text) & set(' <>",;')):
        raise ValueError("must be an address like belvedere@example.org")
    return text


@dataclass(frozen=True, slots=True)
class Letter:
    to: str
    subject: str
    text: str


class Mailer:
    """`sender`: the address that letters come from. `host`: of this server, as it introduces itself."""

    def __init__(self, server: MailServer, sender: str, host: str) -> None:
        self._server = server
        self._sender = sender
        self._host = host

    async def send(self, letter: Letter) -> None:
        """Raises `NotSent`. Takes at most `SEND_SECONDS`."""
        server = self._server
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await aiosmtplib.send(
                    self._message(letter),
                    hostname=server.host,
                    port=server.port,
                    username=server.user,
                    password=server.password,
                    use_tls=server.tls == "start",
                    start_tls=server.tls == "starttls",
                    local_hostname=self._host,
                    timeout=SEND_SECONDS,
                )
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
            code = f" {error.code}" if isinstance(error, aiosmtplib.SMTPResponseException) else ""
            raise NotSent(type(error).__name__ + code) from error

    def _message(self, letter: Letter) -> EmailMessage:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._sender, letter.to, letter.subject
        message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain=self._host)
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834 §5: no answering machine shall answer
        message.set_content(letter.text)
        return message
