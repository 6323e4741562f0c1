"""Letters: to a mail server that is real, and by TLS wherever it is not this machine."""

import pytest

from signaling import mail
from signaling.mail import Letter, Mailer, NotSent, checked_sender, mail_server
from tests.servers import free_port
from tests.smtp import mailbox

LETTER = Letter(
    "maria@example.org", "Subject", "A line.\n\n" + "https://cameras.example.org:8443/#/reset/" + "x" * 60 + "\n"
)


@pytest.mark.parametrize(
    ("url", "port", "tls"),
    [
        ("smtp://mail.example.org", 587, "starttls"),
        ("smtp://mail.example.org:25", 25, "starttls"),
        ("smtps://mail.example.org", 465, "start"),
        ("smtps://127.0.0.1", 465, "start"),
        ("smtp://127.0.0.1:2525", 2525, "none"),
        ("smtp://[::1]:2525", 2525, "none"),
        ("smtp://localhost", 587, "none"),
        ("smtp://localhost.example.org", 587, "starttls"),
    ],
)
def test_tls_always_but_on_this_machine(url: str, port: int, tls: str) -> None:
    server = mail_server(url)
    assert (server.port, server.tls) == (port, tls)


def test_user_and_password_may_hold_anything() -> None:
    server = mail_server("smtps://me%40example.org:p%2Fss%3Aw%40rd@mail.example.org")
    assert (server.user, server.password) == ("me@example.org", "p/ss:w@rd")


@pytest.mark.parametrize(
    "url", ["mail.example.org", "http://a:geheim@b", "smtp://", "smtp://u:geheim@h:99999", "smtp://h/x"]
)
def test_what_is_no_mail_server(url: str) -> None:
    with pytest.raises(ValueError, match=r"must look like|no number") as refused:
        mail_server(url)
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize("text", ["nobody", "a b@example.org", "A <a@example.org>", "a@b\nBcc: c@d", "ü@example"])
def test_what_is_no_sender(text: str) -> None:
    with pytest.raises(ValueError, match="an address like"):
        checked_sender(text)


async def test_a_letter_arrives_whole() -> None:
    with mailbox() as box:
        await Mailer(mail_server(box.url), "belvedere@example.org", "cameras.example.org").send(LETTER)
    (letter,) = box.letters
    assert letter["From"] == "belvedere@example.org" and letter["To"] == LETTER.to
    assert letter["Message-ID"].endswith("@cameras.example.org>") and letter["Auto-Submitted"] == "auto-generated"
    assert letter.get_content_type() == "text/plain" and letter.get_content() == LETTER.text


async def test_nothing_is_said_to_a_server_without_tls() -> None:
    with mailbox() as box:
        plain = mail_server(box.url)
        for tls in ("starttls", "start"):
            with pytest.raises(NotSent):
                await Mailer(plain._replace(tls=tls), "belvedere@example.org", "localhost").send(LETTER)
    assert box.letters == []


async def test_what_was_not_sent_names_the_cause_and_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "SEND_SECONDS", 5.0)
    with mailbox() as box:
        box.refuse = True
        with pytest.raises(NotSent, match=r"^SMTPDataError 550$"):
            await Mailer(mail_server(box.url), "belvedere@example.org", "localhost").send(LETTER)
    away = mail_server(f"smtp://127.0.0.1:{free_port()}")
    with pytest.raises(NotSent, match="Connect"):
        await Mailer(away, "belvedere@example.org", "localhost").send(LETTER)
