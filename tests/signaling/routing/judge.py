"""Who may hear what: a second opinion that knows nothing of the broker's table.

It is told of each socket whose it is, and gives out the session ids itself. From that alone it follows whether an
effect may go where the broker sends it: to a party of that very session, or back to the one who asked. What camera and
viewer say past a relay goes to that camera and to that viewer's own sockets, and never to a relay.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import msgspec

from signaling.effects import (
    Address,
    AskConnect,
    AskExtend,
    AskRegister,
    Counted,
    Effect,
    FirstFrame,
    Hangup,
    Receipted,
    Reported,
    Send,
    Watching,
)

MARK = re.compile(r"<([^<>|]*)\|([^<>|]*)>")
"""What every peer writes into all that it says: `<its tenant|the session>`."""
OVER = "this session is over"
SECRET = (
    '"trust',
    '"hello',
    '"proof',
    '"envelope',
    *(f'"belvedere.{word}' for word in ("hello", "envelope", "orders")),
)
"""What no relay may ever hear: as the name of a member or of a message, or as a statement of these tests."""
PAST_RELAY = frozenset({"belvedere.hello", "belvedere.envelope", "belvedere.close", "error"})
"""What a camera says, hears or causes of a session in which a relay shows it."""


def mark(tenant: str, session: str) -> str:
    return f"<{tenant}|{session}>"


@dataclass(eq=False)
class Ear:
    """One socket. `device`: the camera or relay that it is; `user`, `login`: of a viewer, or of a relay as one."""

    address: Address
    tenant: str
    device: str = ""
    user: str = ""
    login: str = ""
    asked: dict[Any, str] = field(default_factory=dict)
    """Its open requests, and the sessions they are about."""
    listed: set[str] = field(default_factory=set)
    """Sessions that it has named by a ticket, its own or stolen."""


@dataclass
class Book:
    """One session: who asked for what. `device`: who was asked to show it, once that is known."""

    user: str
    camera: str
    clients: set[Address]
    device: str = ""
    tenants: frozenset[str] = frozenset()


class _Error(msgspec.Struct):
    session: str = ""
    message: str = ""


class _Trust(msgspec.Struct):
    hello: str


class _Extra(msgspec.Struct):
    ticket: str | None = None
    trust: _Trust | None = None
    proof: str | None = None
    camera: str | None = None
    owner: str | None = None
    adopted: list[str] = []


class _Params(msgspec.Struct):
    session: str = ""
    reason: str = ""
    message: str = ""
    belvedere: _Extra | None = None
    trust: _Trust | None = None
    envelope: str | None = None
    keyring: list[str] = []


class Heard(msgspec.Struct):
    """A message as its receiver reads it."""

    id: int | str | None = None
    method: str | None = None
    params: _Params | None = None
    result: _Params | None = None
    error: _Error | None = None


_heard = msgspec.json.Decoder(Heard)


class Foreign(AssertionError):
    """Somebody hears what is not for him."""


class Judge:
    """`delivered` counts what was heard, by kind. `guests`: (user, camera), with whom cameras are shared."""

    def __init__(self, owner_of: dict[str, str], guests: set[tuple[str, str]]) -> None:
        self.ears: dict[Address, Ear] = {}
        self.books: dict[str, Book] = {}
        self.delivered: Counter[str] = Counter()
        self.counted: Counter[str] = Counter()
        self._owner_of = owner_of
        self._guests = guests

    def granted(self, session: str, client: Ear, camera: str) -> None:
        """This session id was given out for that question."""
        tenants = frozenset({client.tenant, self._owner_of[camera]})
        self.books[session] = Book(client.user, camera, {client.address}, tenants=tenants)

    def listed(self, ear: Ear, sessions: list[str]) -> None:
        """The socket has shown tickets of these. They make it a party only of its own user's."""
        ear.listed.update(sessions)
        for session in sessions:
            book = self.books.get(session)
            if book is not None and ear.user and book.user == ear.user:
                book.clients.add(ear.address)

    def effect(self, effect: Effect, speaker: Ear | None) -> Heard | None:
        """Judge one effect of what `speaker` said; None: of time, or of the server itself. Raises `Foreign`."""
        match effect:
            case Send():
                return self._sent(effect, self.ears[effect.to], speaker)
            case Hangup():
                self._hung_up(self.ears[effect.to], speaker)
            case AskRegister() | AskConnect() | AskExtend():
                _must(speaker is not None and effect.peer == speaker.address, effect)
            case Reported(camera=camera) | Receipted(camera=camera):
                _must(speaker is not None and camera == speaker.device, effect)
            case FirstFrame(camera=camera):
                _must(speaker is not None and self._watches(speaker, camera), effect)
            case Watching():
                book = self.books[effect.session]
                whose = (book.user, book.camera, self._owner_of[book.camera])
                _must((effect.user, effect.camera, effect.owner) == whose, effect)
            case Counted(name=name):
                self.counted[name] += 1
        return None

    def _sent(self, effect: Send, ear: Ear, speaker: Ear | None) -> Heard:
        heard = _heard.decode(effect.text)
        _must(ear.tenant != "relay" or not any(word in effect.text for word in SECRET), effect)
        if heard.method == "belvedere.orders":
            _must(speaker is None or speaker is ear, effect)
            return self._ordered(heard, ear, effect)
        if heard.method is None and heard.error is not None and heard.error.session:
            about = heard.error.session
            self._about(about, "error", heard.error.message, ear, speaker, effect)
        elif heard.method is None or heard.params is None:
            about = self._answered(heard, ear, speaker, effect)
        else:
            about = heard.params.session
            if heard.method == "connect":
                self._shown(heard.params, ear, effect)
            self._between(heard, about, ear, effect)
            self._about(about, heard.method, heard.params.reason or heard.params.message, ear, speaker, effect)
        for tenant, session in MARK.findall(effect.text):
            _must(ear is speaker or self._may_read(ear, tenant, session, about), effect)
        return heard

    def _answered(self, heard: Heard, ear: Ear, speaker: Ear | None, effect: Send) -> str:
        """An answer goes to who asked, once; if somebody else caused it, it is about a session of both. Which one."""
        if heard.id is None or heard.id not in ear.asked:
            _must(ear is speaker, effect)
            self.delivered["refusal"] += 1
            return ""
        about = ear.asked.pop(heard.id)
        if speaker is not None and ear is not speaker:
            caused = self._is_party(speaker, about) or self._is_shown(speaker, about, "error")
            _must(caused and self._is_party(ear, about), effect)
        if heard.result is not None and heard.result.belvedere is not None:
            self._proven(heard.result.belvedere, about, effect)
        if heard.result is not None and heard.result.session:
            _must(ear.address in self.books[heard.result.session].clients, effect)
        self.delivered["answer to another" if ear is not speaker else "answer"] += 1
        return about

    def _ordered(self, heard: Heard, ear: Ear, effect: Send) -> Heard:
        """A camera hears of its own owner, whoever caused it, and of no other."""
        (said,) = heard.params.keyring if heard.params is not None else [""]
        _must(bool(ear.device) and said == f"ring.of.{self._owner_of[ear.device]}", effect)
        self.delivered["belvedere.orders"] += 1
        return heard

    def _between(self, heard: Heard, about: str, ear: Ear, effect: Send) -> None:
        """A viewer's word of itself goes to the camera that it asked for; the camera's key to that viewer. Both say for
        which session, in what nobody on the way can read."""
        book, params = self.books[about], heard.params or _Params()
        extra = params.belvedere or _Extra()
        for trust in (params.trust, extra.trust):
            if trust is not None:
                _must(ear.device == book.camera and trust.hello == f"hello.of.{book.user}", effect)
                self.delivered["trust"] += 1
        if params.envelope is not None:
            _must(ear.address in book.clients and params.envelope == f"envelope.of.{book.camera}.{about}", effect)
        self._proven(extra, about, effect)

    def _proven(self, extra: _Extra, about: str, effect: Send) -> None:
        """A statement about a description was made for that session, by one of its tenants, and no relay carries it."""
        if extra.proof is not None:
            book = self.books[about]
            _must(extra.proof in {f"proof.of.{tenant}.{about}" for tenant in book.tenants}, effect)
            _must(book.device == book.camera and not book.user.startswith("relay:"), effect)
            self.delivered["proof"] += 1

    def _shown(self, params: _Params, ear: Ear, effect: Send) -> None:
        """Who is asked to show a camera is that camera, or a relay that is told whose it is."""
        book = self.books[params.session]
        extra = params.belvedere or _Extra()
        if ear.device != book.camera:
            _must(ear.device.startswith("relay:") and not book.user.startswith("relay:"), effect)
            _must((extra.camera, extra.owner) == (book.camera, self._owner_of[book.camera]), effect)
        book.device = ear.device

    def _about(self, session: str, kind: str, text: str, ear: Ear, speaker: Ear | None, effect: Send) -> None:
        """Only parties of a session hear of it, and only from each other. Who shows a bad ticket hears that it is."""
        if ear is speaker and text == OVER and session in ear.listed:
            self.delivered["over"] += 1
            return
        _must(self._is_party(ear, session) or self._is_shown(ear, session, kind), effect)
        speaks = speaker is None or self._is_party(speaker, session) or self._is_shown(speaker, session, kind)
        _must(speaks or self._follows(speaker, session), effect)
        self.delivered[kind] += 1

    def _may_read(self, ear: Ear, tenant: str, session: str, about: str) -> bool:
        """What is said about a session is read by its parties, was written by one of its tenants, and for it."""
        book = self.books.get(about)
        wrote = book is not None and (tenant in book.tenants or tenant == "relay")
        heard = self._is_party(ear, about) or self._is_shown(ear, about, "belvedere.close")
        return wrote and session in ("", about) and heard

    def _is_party(self, ear: Ear, session: str) -> bool:
        book = self.books.get(session)
        if book is None:
            return False
        return ear.address in book.clients or bool(ear.device and ear.device == book.device)

    def _is_shown(self, ear: Ear, session: str, kind: str) -> bool:
        """The camera that a relay shows is no party, but may hear and say some of it."""
        book = self.books.get(session)
        relayed = book is not None and book.device.startswith("relay:")
        return relayed and book is not None and kind in PAST_RELAY and ear.device == book.camera

    def _follows(self, speaker: Ear | None, session: str) -> bool:
        """A relay's new socket speaks for its old one by what it does not list."""
        return speaker is not None and speaker.tenant == "relay" and self.books[session].user == speaker.user

    def _watches(self, ear: Ear, camera: str) -> bool:
        return self._owner_of[camera] == ear.tenant or (ear.user, camera) in self._guests

    def _hung_up(self, ear: Ear, speaker: Ear | None) -> None:
        """One leaves himself, is followed by a newer connection of the same device, or is sent away by the server."""
        same = speaker is None or ear is speaker or (ear.device or ear.user) == (speaker.device or speaker.user)
        _must(same, ear)


def _must(holds: bool, what: object) -> None:
    if not holds:
        raise Foreign(what)
