"""Many households and a relay that talk all at once through one broker, and some of them maliciously.

Everything is drawn from one seed: who speaks, what about, when questions to the outside are answered, who loses his
socket and comes back with which tickets, his own or stolen ones.
"""

import json
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from signaling import broker
from signaling.effects import Address, Ask, AskConnect, AskExtend, AskRegister, Effect, Hangup, Send
from signaling.introduction import ConnectGrant
from signaling.leases import ExtendGrant, Refusal
from signaling.protocol.errors import Fault, ProtocolError
from signaling.protocol.messages import OrdersParams, decode
from signaling.registration import ClientIdentity, DeviceIdentity, Identity, RelayIdentity
from signaling.table import Table
from signaling.ways import Terms
from tests.signaling.routing.judge import Ear, Heard, Judge, mark

KEY = b"a key of the test, thirty-two bytes or more"
START = 1_800_000_000.0
TENANTS, CAMERAS, VIEWERS = 40, 2, 3
STEP_SECONDS = 0.004
"""Between two messages: a million of them are more than an hour, so that leases end."""
LOGIN_SECONDS = 1800.0
RELAY = "relay:home"
REMEMBERED = 24
"""Sessions that a peer still speaks of, open or not."""
HOSTILE, LEAVING, REVOKED, RESTART = 0.15, 0.004, 0.0005, 0.00001
"""Shares of what happens: words about others' sessions, somebody leaves, a right ends, the server begins anew."""


@dataclass(eq=False)
class Peer(Ear):
    """A socket with somebody at it."""

    authorization: str = ""
    role: str | None = None
    """What a relay's socket says that it is."""
    todo: deque[Callable[[], str]] = field(default_factory=deque)
    """What it has been asked, and answers when it comes to it."""
    sessions: deque[str] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    tickets: dict[str, str] = field(default_factory=dict)
    ids: int = 0

    @property
    def serves(self) -> bool:
        """A camera, or a relay as one."""
        return bool(self.device)


class Traffic:
    """`run` says so many messages; the judge raises where one of their effects goes astray."""

    def __init__(self, seed: str) -> None:
        self.rng = random.Random(seed)
        self.now = START
        self.said = self.hostile = self.restarts = 0
        self.cameras = {f"c{tenant}-{n}": f"u{tenant}" for tenant in range(TENANTS) for n in range(CAMERAS)}
        self.guests = {(f"u{(tenant + 1) % TENANTS}", f"c{tenant}-0") for tenant in range(TENANTS)}
        self.judge = Judge(self.cameras, self.guests)
        self._may_watch = {
            user: [name for name, owner in self.cameras.items() if owner == user or (user, name) in self.guests]
            for user in self.cameras.values()
        }
        self.table = Table(KEY)
        self.peers: list[Peer] = []
        self._asks: list[tuple[Ask, Peer]] = []
        self._recent: deque[str] = deque(maxlen=400)
        self._stolen: deque[str] = deque(maxlen=200)
        self._sockets = self._sessions = self._epochs = self._ordered = 0
        for peer in self._everybody():
            self._arrive(peer, [])

    def run(self, messages: int) -> None:
        """Go on until so many have been said."""
        rng = self.rng
        while self.said < messages:
            peer = rng.choice(self.peers)
            chance = rng.random()
            if chance < RESTART:
                self._restart()
            elif chance < REVOKED:
                self._apply(self._revocation(), None)
            elif chance < LEAVING:
                self._come_back(peer)
            elif chance < LEAVING + HOSTILE:
                self.hostile += 1
                self._say(peer, self._trespass(peer))
            elif peer.todo:
                self._say(peer, peer.todo.popleft()())
            else:
                self._say(peer, self._sensible(peer))
            self._answer_some()
            self._let_time_pass()

    # --- who is there ---

    def _everybody(self) -> list[Peer]:
        nowhere = Address("", "")
        made = [Peer(nowhere, self.cameras[name], device=name, authorization=f"device {name}") for name in self.cameras]
        for tenant in range(TENANTS):
            user = f"u{tenant}"
            for number in range(VIEWERS):
                login = f"{user}-{number}"
                made.append(Peer(nowhere, user, user=user, login=login, authorization=f"viewer {user} {login}"))
        made.append(Peer(nowhere, "relay", device=RELAY, authorization="relay", role="device"))
        made.append(Peer(nowhere, "relay", user=RELAY, login=RELAY, authorization="relay", role="client"))
        return made

    def _arrive(self, peer: Peer, tickets: list[tuple[str, str]]) -> None:
        """A new socket, which registers with these tickets."""
        self._sockets += 1
        peer.address = Address("node", f"s{self._sockets}")
        self.peers.append(peer)
        self.judge.ears[peer.address] = peer
        self.judge.listed(peer, [session for session, _ in tickets])
        self._apply(broker.opened(self.table, peer.address, self.now), peer)
        extra: dict[str, Any] = {"tickets": [ticket for _, ticket in tickets]}
        if peer.role is not None:
            extra["role"] = peer.role
        params = {"authorization": peer.authorization, "belvedere": extra}
        self._say(peer, self._request(peer, "register", json.dumps(params)))

    def _come_back(self, peer: Peer) -> None:
        """The socket is lost, or left; its owner returns, with what tickets he has."""
        self._forget(peer)
        left = self.rng.random() < 0.3
        self._apply(broker.closed(self.table, peer.address, self.now, left=left), peer)
        self._return(peer)

    def _return(self, peer: Peer) -> None:
        tickets = list(peer.tickets.items())[-8:]
        if self._stolen and self.rng.random() < 0.5:
            tickets += self.rng.choices(self._stolen, k=4)
        fresh = Peer(
            peer.address,
            peer.tenant,
            peer.device,
            peer.user,
            peer.login,
            authorization=peer.authorization,
            role=peer.role,
            sessions=peer.sessions,
            tickets=dict(tickets[:8]),
        )
        self._arrive(fresh, tickets)

    def _forget(self, peer: Peer) -> None:
        if peer in self.peers:
            self.peers.remove(peer)

    def _restart(self) -> None:
        """The server is killed: an empty table, and all come back in any order."""
        self.restarts += 1
        self.table = Table(KEY)
        self._asks.clear()
        gone, self.peers = self.peers, []
        self.rng.shuffle(gone)
        for peer in gone:
            self._return(peer)

    def _revocation(self) -> list[Effect]:
        """A right ends: of a guest, of a login, of a camera's old owner, of direct ways."""
        rng, table, now = self.rng, self.table, self.now
        user, camera = rng.choice(sorted(self.guests))
        return rng.choice(
            (
                lambda: broker.revoke_watching(table, user, camera),
                lambda: broker.watch_until(table, user, camera, now + 1.0, now),
                lambda: broker.end_watching(table, camera),
                lambda: broker.revoke_login(table, f"{user}-0", now),
                lambda: broker.close_ways(table, self.cameras[camera], "always_relay"),
                lambda: broker.push_orders(table, camera, self._orders(camera)),
            )
        )()

    # --- what they say ---

    def _say(self, peer: Peer, text: str) -> None:
        self.said += 1
        try:
            message = decode(text)
        except ProtocolError as error:
            self._apply(broker.malformed(self.table, peer.address, error), peer)
        else:
            self._apply(broker.handle(self.table, peer.address, message, self.now), peer)

    def _sensible(self, peer: Peer) -> str:
        """Something about a session of his own, if he has any."""
        rng = self.rng
        if not peer.serves and (not peer.sessions or rng.random() < 0.07):
            return self._connect(peer)
        if not peer.sessions:
            said = rng.choice(('event","params":{"name":"ok"}}', 'receipt","params":{"receipt":"a.b.c"}}'))
            return f'{{"jsonrpc":"2.0","method":"belvedere.{said}'
        session, kind = rng.choice(peer.sessions), rng.random()
        if kind < 0.8:
            return self._tell("trickle", session, f'"candidate":{{"candidate":"{mark(peer.tenant, session)}"}}')
        if kind < 0.9 and not peer.serves:
            return self._request(peer, "extend", f'{{"session":"{session}"}}', session)
        if kind < 0.93:
            return self._tell("belvedere.hello", session, f'"trust":{_trust(peer)}')
        if kind < 0.95:
            return self._tell("belvedere.stats", session, '"firstFrameMs":100')
        if kind < 0.97:
            return self._tell("error", session, f'"code":1003,"message":"{mark(peer.tenant, session)}"')
        peer.sessions.remove(session)
        return self._tell("belvedere.close", session, f'"reason":"{mark(peer.tenant, session)}"')

    def _connect(self, peer: Peer, camera: str = "") -> str:
        """To a camera that he may watch, unless another is named."""
        rng = self.rng
        camera = camera or rng.choice(self._may_watch.get(peer.user, [*self.cameras]))
        via = rng.choice(("null", '"direct"', '"relay"'))
        trust = rng.choice(("null", _trust(peer)))
        return self._request(peer, "connect", f'{{"peer":"{camera}","belvedere":{{"via":{via},"trust":{trust}}}}}')

    def _trespass(self, peer: Peer) -> str:
        """A faultless message about somebody's session, an answer to what nobody asked, or no message at all."""
        rng = self.rng
        session = rng.choice(self._recent) if self._recent else "none"
        said, kind = mark(peer.tenant, session), rng.randrange(12)
        if kind == 0:
            return self._tell("trickle", session, f'"candidate":{{"candidate":"{said}"}}')
        if kind == 1:
            return self._request(peer, "invite", f'{{"session":"{session}","offer":"{said}"}}', session)
        if kind == 2:
            return self._request(peer, "extend", f'{{"session":"{session}"}}', session)
        if kind == 3:
            return self._tell("belvedere.close", session, f'"reason":"{said}"')
        if kind == 4:
            return self._tell("error", session, f'"code":1002,"message":"{said}"')
        if kind == 5:
            return f'{{"jsonrpc":"2.0","id":{rng.randrange(1, 60)},"result":{{"answer":"{mark(peer.tenant, "")}"}}}}'
        if kind == 6:
            return self._tell("belvedere.wake", session, '"firstFrameMs":1')
        if kind == 7:
            return self._connect(peer, rng.choice([*self.cameras, RELAY, session]))
        if kind == 8:
            return self._tell("belvedere.hello", session, f'"trust":{_trust(peer)}')
        if kind == 9:
            return self._tell("belvedere.envelope", session, f'"envelope":"envelope.of.{peer.device}.{session}"')
        if kind == 10:
            return self._tell("belvedere.orders", session, f'"keyring":["ring.of.{peer.tenant}"],"receipt":"a.b.c"')
        return rng.choice(("", "[]", '{"jsonrpc":"2.0"}', f'{{"jsonrpc":"2.0","id":"{session}","method":"register"}}'))

    def _request(self, peer: Peer, method: str, params: str, session: str = "") -> str:
        peer.ids += 1
        peer.asked[peer.ids] = session
        return f'{{"jsonrpc":"2.0","id":{peer.ids},"method":"{method}","params":{params}}}'

    def _tell(self, method: str, session: str, more: str) -> str:
        return f'{{"jsonrpc":"2.0","method":"{method}","params":{{"session":"{session}",{more}}}}}'

    # --- what comes of it ---

    def _apply(self, effects: list[Effect], speaker: Peer | None) -> None:
        for effect in effects:
            heard = self.judge.effect(effect, speaker)
            match effect:
                case Send():
                    ear = self.judge.ears[effect.to]
                    if heard is not None and isinstance(ear, Peer):
                        self._hear(ear, heard)
                case Hangup():
                    ear = self.judge.ears[effect.to]
                    if isinstance(ear, Peer) and ear in self.peers:
                        self._forget(ear)
                        self._apply(broker.closed(self.table, ear.address, self.now, left=False), ear)
                        self._return(ear)
                case AskRegister() | AskConnect() | AskExtend():
                    if speaker is not None:
                        self._asks.append((effect, speaker))
                case _:
                    pass

    def _hear(self, peer: Peer, heard: Heard) -> None:
        told = heard.params or heard.result
        if told is None or not told.session:
            return
        session, extra = told.session, told.belvedere
        if extra is not None and extra.ticket is not None:
            peer.tickets[session] = extra.ticket
            self._stolen.append((session, extra.ticket))
        if heard.method in ("belvedere.close", "error"):
            if session in peer.sessions:
                peer.sessions.remove(session)
        elif heard.method == "belvedere.hello":
            self._greeted(peer, session)
        elif heard.method == "connect":
            self._asked_to_show(peer, heard, session, extra.camera if extra is not None else None)
        elif heard.method == "invite":
            answer = f'{{"answer":"{mark(peer.tenant, session)}",{_proof(peer, session)}}}'
            peer.todo.append(partial(self._reply, heard.id, answer))
        elif heard.method == "extend":
            peer.todo.append(partial(self._reply, heard.id, "{}"))
        elif heard.result is not None and session not in peer.sessions:
            peer.sessions.append(session)

    def _greeted(self, peer: Peer, session: str) -> None:
        """It gives the viewer its keys, or turns it away."""
        if self.rng.random() < 0.1:
            said = f'"code":495,"message":"{mark(peer.tenant, session)}"'
            peer.todo.append(partial(self._tell, self.rng.choice(("error", "belvedere.close")), session, said))
            return
        said = f'"envelope":"envelope.of.{peer.device}.{session}"'
        peer.todo.append(partial(self._tell, "belvedere.envelope", session, said))

    def _asked_to_show(self, peer: Peer, heard: Heard, session: str, camera: str | None) -> None:
        """It says yes and makes its offer; a relay first asks the camera, as its other self."""
        peer.sessions.append(session)
        self._recent.append(session)
        if camera is not None:
            for other in self.peers:
                if other.role == "client":
                    other.todo.append(partial(self._connect, other, camera))
        peer.todo.append(partial(self._reply, heard.id, "{}"))
        offer = f'{{"session":"{session}","offer":"{mark(peer.tenant, session)}",{_proof(peer, session)}}}'
        peer.todo.append(partial(self._request, peer, "invite", offer, session))

    def _reply(self, number: Any, result: str) -> str:
        if self.rng.random() < 0.05:
            return f'{{"jsonrpc":"2.0","id":{number},"error":{{"code":488,"message":"no"}}}}'
        return f'{{"jsonrpc":"2.0","id":{number},"result":{result}}}'

    # --- the gate, in its own time ---

    def _answer_some(self) -> None:
        while self._asks and (len(self._asks) > 20 or self.rng.random() < 0.5):
            ask, peer = self._asks.pop(self.rng.randrange(len(self._asks)))
            self._apply(self._answered(ask, peer), peer)

    def _answered(self, ask: Ask, peer: Peer) -> list[Effect]:
        match ask:
            case AskRegister():
                alive = {ticket.session: self._terms(ticket.camera) for ticket in ask.tickets}
                return broker.registered(self.table, ask, self._identity(ask), alive, self.now)
            case AskConnect():
                return broker.connected(self.table, ask, self._grant(ask, peer), self.now)
            case AskExtend():
                return broker.extended(self.table, ask, ExtendGrant(self.now + LOGIN_SECONDS), self.now)

    def _identity(self, ask: AskRegister) -> Identity | Refusal:
        words = (ask.authorization or "").split()
        match words:
            case ["device", camera]:
                self._epochs += 1
                return DeviceIdentity(camera, self._epochs, orders=self._orders(camera))
            case ["viewer", user, login]:
                return ClientIdentity(ask.peer.socket, user, login, self.now + LOGIN_SECONDS)
            case ["relay"] if ask.role is not None:
                return RelayIdentity(RELAY, ask.role)
            case _:
                return Refusal(Fault.UNAUTHORIZED, "no")

    def _grant(self, ask: AskConnect, peer: Peer) -> ConnectGrant | Refusal:
        if ask.camera not in self.cameras or (peer.tenant != "relay" and ask.camera not in self._may_watch[peer.user]):
            return Refusal(Fault.FORBIDDEN, "no")
        self._sessions += 1
        session = f"session-{self._sessions}"
        self.judge.granted(session, peer, ask.camera)
        return ConnectGrant(session, self.now + LOGIN_SECONDS, self._terms(ask.camera))

    def _orders(self, camera: str) -> OrdersParams | None:
        """Every other camera knows its owner."""
        self._ordered += 1
        known = camera.endswith("-0")
        return OrdersParams([f"ring.of.{self.cameras[camera]}"], f"orders.{self._ordered}") if known else None

    def _terms(self, camera: str) -> Terms:
        return Terms(self.cameras[camera], "auto", 2)

    def _let_time_pass(self) -> None:
        self.now += STEP_SECONDS
        due = self.table.next_deadline()
        if due is not None and due <= self.now:
            self._apply(broker.expire(self.table, self.now), None)


def _trust(peer: Peer) -> str:
    """What it says of itself: a relay as well, which has no business to."""
    return f'{{"hello":"hello.of.{peer.user.replace(":", "-")}"}}'


def _proof(peer: Peer, session: str) -> str:
    return f'"belvedere":{{"proof":"proof.of.{peer.tenant}.{session}"}}'
