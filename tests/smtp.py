"""A real mail server on loopback that keeps what it is given."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from tests.patience import eventually
from tests.servers import free_port


@dataclass
class Mailbox:
    """`refuse`: letters are not taken."""

    port: int
    letters: list[EmailMessage] = field(default_factory=list)
    refuse: bool = False

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def link(self) -> str:
        """In the newest letter."""
        return str(re.findall(r"https?://\S+/#/reset/\S+", self.text)[-1])

    @property
    def secret(self) -> str:
        return self.link.rpartition("/")[2]

    @property
    def text(self) -> str:
        return str(self.letters[-1].get_content())

    def take(self, content: bytes) -> str:
        """What is answered to a letter."""
        if self.refuse:
            return "550 nobody of that name"
        self.letters.append(message_from_bytes(content.replace(b"\r\n", b"\n"), policy=policy.default))
        return "250 taken"


def _handler(box: Mailbox) -> object:
    """The library finds its methods by names in capitals."""

    async def data(_handler: object, _server: object, _session: object, envelope: Any) -> str:
        return box.take(envelope.content)

    return type("Handler", (), {"handle_DATA": data})()


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """Listens until the block ends."""
    box = Mailbox(free_port())
    controller = Controller(_handler(box), hostname="127.0.0.1", port=box.port)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


async def next_letter(box: Mailbox, before: int = 0) -> None:
    """Waits until there are more than `before`."""
    await eventually(lambda: len(box.letters) > before, seconds=10.0)
