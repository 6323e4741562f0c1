"""Who acts at this moment: set once where a request is let in, read where a deed is written into the audit log."""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """`name`: the e-mail of an account, or `camera`, `visitor`, `server`. `address`: where from, as text."""

    name: str
    address: str = ""


SERVER = Actor("server")
"""Nobody asked: housekeeping, or an administrator's command."""

acting: ContextVar[Actor] = ContextVar("acting", default=SERVER)
"""Of the running request. Each request and each socket runs in a task of its own, so they never see each other's."""


def now_known_as(name: str) -> None:
    """The running request has shown who it is."""
    acting.set(Actor(name, acting.get().address))


@contextlib.contextmanager
def unplaced() -> Iterator[None]:
    """Without from where: for what is written into the log of somebody whose business that is not."""
    token = acting.set(Actor(acting.get().name))
    try:
        yield
    finally:
        acting.reset(token)
