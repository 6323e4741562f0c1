"""A world around the pure broker: peers with inboxes, a clock that is a number, a gate that is a set.

Nothing here waits. A message goes in by `say`, everything it causes has happened when `say` returns.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from signaling import broker
from signaling.effects import (
    Address,
    AskConnect,
    AskExtend,
    AskRegister,
    Counted,
    Effect,
    Hangup,
    News,
    Send,
    Watched,
    Watching,
)
from signaling.introduction import ConnectGrant
from signaling.leases import ExtendGrant, Refusal
from signaling.limits import Limits
from signaling.protocol.errors import Fault, ProtocolError
from signaling.protocol.messages import IceServer, OrdersParams, decode
from signaling.protocol.relay_token import is_relay, key_of
from signaling.registration import ClientIdentity, DeviceIdentity, Identity, RelayIdentity
from signaling.table import Table
from signaling.viewings import Viewings
from signaling.ways import Policy, Terms

KEY = b"a key of the test, thirty-two bytes or more"
START = 1_800_000_000.0
OFFER = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n"
ANSWER = "v=0\r\no=- 2 2 IN IP4 127.0.0.1\r\n"
Json = dict[str, Any]


@dataclass(eq=False)
class Peer:
    """One socket as its owner sees it."""

    world: "World"
    address: Address
    inbox: list[Json] = field(default_factory=list)
    closed: tuple[int, str] | None = None
    ids: int = 0

    def say(self, message: Json | str) -> None:
        text = message if isinstance(message, str) else json.dumps({"jsonrpc": "2.0", **message})
        self.world.hear(self.address, text)

    def ask(self, method: str, **params: Any) -> Json:
        """Send a request and return what came back for it: `result` or `error`, or {} if nothing has come yet."""
        self.ids += 1
        number = f"q{self.ids}"
        self.say({"id": number, "method": method, "params": params})
        found = [m for m in self.inbox if m.get("id") == number and "method" not in m]
        return found[-1] if found else {}

    def tell(self, method: str, **params: Any) -> None:
        self.say({"method": method, "params": params})

    def got(self, method: str) -> list[Json]:
        """All requests and notifications with this method so far."""
        return [m for m in self.inbox if m.get("method") == method]

    def answers(self) -> list[Json]:
        return [m for m in self.inbox if "method" not in m]

    def reply(self, request: Json, **result: Any) -> None:
        self.say({"id": request["id"], "result": result})

    def refuse(self, request: Json, code: int, message: str = "no") -> None:
        self.say({"id": request["id"], "error": {"code": code, "message": message}})

    def leave(self, *, properly: bool = False) -> None:
        self.world.apply(broker.closed(self.world.table, self.address, self.world.now, left=properly))


class World:
    """Camera `c1` belongs to user `u1`, and so on; a login is called after its user unless said otherwise."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.table = Table(KEY, limits or Limits())
        self.now = START
        self.peers: dict[Address, Peer] = {}
        self.news: list[News] = []
        self.counted: Counter[str] = Counter()
        self.epochs: Counter[str] = Counter()
        self.sessions = 0
        self.dead_logins: set[str] = set()
        self.login_seconds = 86_400
        self.client_ice: list[IceServer] = []
        self.policy: Policy = "auto"
        self.direct_viewers = 64
        self.guests: set[tuple[str, str]] = set()
        """(user, camera): with whom cameras are shared."""
        self.until = float("inf")
        self.viewings = Viewings()
        self.orders: dict[str, OrdersParams] = {}
        """By camera: what those that know their owner are told of him."""

    def peer(self) -> Peer:
        """A socket that has said nothing."""
        address = Address("node", f"s{len(self.peers) + 1}")
        peer = self.peers[address] = Peer(self, address)
        self.apply(broker.opened(self.table, address, self.now))
        return peer

    def device(self, camera: str = "c1", *, tickets: list[str] | None = None, ours: bool = True) -> Peer:
        peer = self.peer()
        extra = {"belvedere": {"tickets": tickets or []}} if ours else {}
        peer.ask("register", authorization=f"device {camera}", **extra)
        return peer

    def relay(
        self, name: str = "home", *, tickets: tuple[list[str], list[str]] = ([], []), stun: list[str] | None = None
    ) -> tuple[Peer, Peer]:
        """A relay with both its sockets: the one that plays cameras, and the one that asks them."""
        player, asker = self.peer(), self.peer()
        for peer, role, held in ((player, "device", tickets[0]), (asker, "client", tickets[1])):
            places = {"tunnel": "wss://relay.example/m", "stun": stun or []}
            extra = {"tickets": held, "role": role} | (places if role == "device" else {})
            peer.ask("register", authorization=f"relay {name}", belvedere=extra)
        return player, asker

    def viewer(self, user: str = "u1", *, login: str = "", tickets: list[str] | None = None) -> Peer:
        peer = self.peer()
        peer.ask("register", authorization=f"viewer {user} {login or user}", belvedere={"tickets": tickets or []})
        return peer

    def call(self, viewer: Peer, camera: str = "c1") -> str:
        """`connect`; returns the session."""
        return str(viewer.ask("connect", peer=camera)["result"]["session"])

    def flow(self, viewer: Peer, device: Peer, camera: str = "c1") -> str:
        """A whole set-up; returns the session."""
        session = self.call(viewer, camera)
        device.reply(device.got("connect")[-1])
        device.ask("invite", session=session, offer=OFFER)
        viewer.reply(viewer.got("invite")[-1], answer=ANSWER)
        return session

    def ticket(self, peer: Peer, session: str) -> str:
        """The ticket that a party was given at `connect`."""
        for message in peer.inbox:
            part = message.get("result") or message.get("params") or {}
            if part.get("session") == session and "belvedere" in part:
                return str(part["belvedere"]["ticket"])
        raise AssertionError("no ticket")

    def sleep(self, seconds: float) -> None:
        """Let time pass, ringing every alarm on the way at its moment."""
        until = self.now + seconds
        while (due := self.table.next_deadline()) is not None and due <= until:
            self.now = max(self.now, due)
            self.apply(broker.expire(self.table, self.now))
        self.now = until

    def hear(self, address: Address, text: str) -> None:
        try:
            message = decode(text)
        except ProtocolError as error:
            self.apply(broker.malformed(self.table, address, error))
        else:
            self.apply(broker.handle(self.table, address, message, self.now))

    def apply(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Send():
                    if self.peers[effect.to].closed is None:
                        self.peers[effect.to].inbox.append(json.loads(effect.text))
                case Hangup():
                    self.peers[effect.to].closed = (effect.code, effect.reason)
                    self.apply(broker.closed(self.table, effect.to, self.now, left=False))
                case Counted():
                    self.counted[effect.name] += 1
                case AskRegister():
                    self._register(effect)
                case AskConnect():
                    self._connect(effect)
                case AskExtend():
                    self._extend(effect)
                case Watching():
                    self.viewings.began(effect)
                case Watched():
                    self.viewings.ended(effect.session, self.now)
                case _:
                    self.news.append(effect)

    def _register(self, ask: AskRegister) -> None:
        alive = {t.session: self._terms(t.camera) for t in ask.tickets if t.login not in self.dead_logins}
        identity = self._identity((ask.authorization or "").split(" "), ask)
        self.apply(broker.registered(self.table, ask, identity, alive, self.now))

    def _identity(self, words: list[str], ask: AskRegister) -> Identity | Refusal:
        if words[0] == "relay" and ask.role is not None:
            return RelayIdentity(key_of(words[1]), ask.role)
        if ask.role is not None:
            return Refusal(Fault.UNAUTHORIZED, "no relay")
        if words[0] == "device":
            self.epochs[words[1]] += 1
            return DeviceIdentity(words[1], self.epochs[words[1]], orders=self.orders.get(words[1]))
        if words[0] == "viewer" and words[2] not in self.dead_logins:
            return ClientIdentity(f"id-{ask.peer.socket}", words[1], words[2], self.now + self.login_seconds)
        return Refusal(Fault.UNAUTHORIZED, "no")

    def _connect(self, ask: AskConnect) -> None:
        self.sessions += 1
        party = self.table.parties[ask.peer]
        terms = self._terms(ask.camera)
        grant = ConnectGrant(f"session-{self.sessions}", party.deadline, terms, self.client_ice, self.client_ice)
        allowed = ask.camera[1:] == party.user[1:] or is_relay(party.user) or (party.user, ask.camera) in self.guests
        refusal = Refusal(Fault.FORBIDDEN, "there is no such camera, or you may not watch it")
        self.apply(broker.connected(self.table, ask, grant if allowed else refusal, self.now))

    def _terms(self, camera: str) -> Terms:
        return Terms(f"u{camera[1:]}", self.policy, self.direct_viewers, self.until)

    def _extend(self, ask: AskExtend) -> None:
        party = self.table.parties[ask.peer]
        refused = party.login in self.dead_logins or ask.authorization == "wrong"
        grant = Refusal(Fault.UNAUTHORIZED, "no") if refused else ExtendGrant(party.deadline)
        self.apply(broker.extended(self.table, ask, grant, self.now))
