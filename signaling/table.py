"""The broker's memory: who is connected, which sessions there are, and when something is due.

Plain data and the few functions that keep its indices true. Nothing here decides.
"""

import heapq
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from signaling.bucket import Bucket
from signaling.effects import Address
from signaling.limits import RELAY_LIMITS, Limits
from signaling.protocol.messages import MessageId, Role, Trust
from signaling.protocol.sessions import State


@dataclass(slots=True)
class Pending:
    """A request we sent to a peer. `asked`: when. `reply_to`: whose request it answers, if anyone's. `lease`: what
    `extend` said."""

    purpose: Literal["connect", "invite", "extend"]
    session: str
    asked: float
    reply_to: tuple[Address, MessageId] | None = None
    deadline: float = float("inf")
    lease: float = 0.0


@dataclass(slots=True)
class Party:
    """One open socket. `role` is None until it has registered."""

    address: Address
    role: Role | None = None
    device: str = ""
    """Of a device: the camera's id, or the key of the relay."""
    user: str = ""
    login: str = ""
    """Of a client; a relay's key is both."""
    relay: str = ""
    """The key of the relay whose socket this is, whatever its role."""
    tunnel: str | None = None
    """Of a relay: where cameras without UDP find it."""
    stun: tuple[str, ...] = ()
    """Of a relay: URLs of a STUN server for its viewers, which is none of the addresses that its media comes from."""
    round_trip: float | None = None
    """Seconds between the server's last question and the answer, as far as one is known."""
    only_camera: str | None = None
    """Of a client that came with a ticket: the one camera it may watch."""
    deadline: float = float("inf")
    """Until when it must have registered; once it has, when its login ends."""
    epoch: int = 0
    instance: str = ""
    """Of a camera: the word of its process, if it says one."""
    came_from: str = ""
    """Of a camera: its address."""
    ours: bool = False
    """Whether it understands what stands under `belvedere`."""
    capabilities: list[str] | dict[str, Any] = field(default_factory=list)
    sessions: set[str] = field(default_factory=set)
    """Of a client."""
    pending: dict[int, Pending] = field(default_factory=dict)
    answering: set[MessageId] = field(default_factory=set)
    """Ids of its requests that wait for the other party."""
    last_id: int = 0
    reports: Bucket | None = None
    """Of what it tells about itself; made with the first."""
    told: Bucket | None = None
    """Of a camera: of the bytes in which viewers say who they are; made with the first."""
    orders: str = ""
    """Of a camera that knows its owner: digest of what it was last told of him."""


@dataclass(slots=True)
class Session:
    """One viewer's try to see one camera. `device`: the key of the party that shows it, the camera or a relay."""

    id: str
    camera: str
    device: str
    user: str
    login: str
    owner: str
    """The account of the camera."""
    state: State
    lease: float
    """Unix seconds."""
    deadline: float
    client: Address | None
    began: float = 0.0
    """Unix seconds; perhaps before this server was started."""
    until: float = float("inf")
    """When the right to watch ends by itself; no lease outlives it."""
    candidates: dict[Role, int] = field(default_factory=lambda: {"device": 0, "client": 0})
    held: list[tuple[Role, str]] = field(default_factory=list)
    """Candidates that came before the description they belong to: (from whom, message)."""
    seen: bool = False
    """Whether the first picture has been told."""
    trust: Trust | None = None
    """Over a relay: what the viewer says of itself, for the camera; at most 45 KiB."""
    hellos: Bucket | None = None
    envelopes: Bucket | None = None
    """Made with the first."""

    @property
    def relayed(self) -> bool:
        """Whether a relay shows the camera in it."""
        return self.device != self.camera


Alarm = tuple[float, str, str, int]
"""(when, session id or node, "" or socket, request id): sortable, and found stale by a look at the thing itself."""


@dataclass(slots=True)
class Table:
    """Everything the broker knows."""

    ticket_key: bytes
    limits: Limits = field(default_factory=Limits)
    relay_limits: Limits = RELAY_LIMITS
    parties: dict[Address, Party] = field(default_factory=dict)
    devices: dict[str, Address] = field(default_factory=dict)
    """Cameras by id, and the relays that play them by key."""
    uploads: dict[str, Address] = field(default_factory=dict)
    """The sockets by which relays ask cameras, by the relay's key."""
    sessions: dict[str, Session] = field(default_factory=dict)
    by_camera: dict[str, set[str]] = field(default_factory=dict)
    by_device: dict[str, set[str]] = field(default_factory=dict)
    by_user: dict[str, set[str]] = field(default_factory=dict)
    ended: OrderedDict[str, float] = field(default_factory=OrderedDict)
    alarms: list[Alarm] = field(default_factory=list)
    registered: int = 0
    """How many of the parties have said who they are."""

    def add(self, session: Session) -> None:
        """Enter a new session; its id must never have been used."""
        if session.id in self.sessions or session.id in self.ended:
            raise ValueError("a session id is never used again")
        self.sessions[session.id] = session
        for index, key in self._indices(session):
            index.setdefault(key, set()).add(session.id)
        self.attach(session, session.client)
        self.wake_at(session.deadline, session.id)

    def attach(self, session: Session, client: Address | None) -> None:
        """Give the session this client, in place of the one it had."""
        if session.client is not None and session.client in self.parties:
            self.parties[session.client].sessions.discard(session.id)
        session.client = client
        if client is not None:
            self.parties[client].sessions.add(session.id)

    def remove(self, session: Session) -> None:
        """Forget a session, but remember that it has ended."""
        self.attach(session, None)
        del self.sessions[session.id]
        for index, key in self._indices(session):
            index[key].discard(session.id)
            if not index[key]:
                del index[key]
        self.ended[session.id] = session.lease
        while len(self.ended) > self.limits.ended_remembered:
            self.ended.popitem(last=False)

    def _indices(self, session: Session) -> list[tuple[dict[str, set[str]], str]]:
        return [(self.by_camera, session.camera), (self.by_device, session.device), (self.by_user, session.user)]

    def of_camera(self, camera: str) -> list[Session]:
        """The sessions in which it is seen, whoever shows it, in a settled order."""
        return self._named(self.by_camera.get(camera, ()))

    def of_device(self, key: str) -> list[Session]:
        """The sessions that this camera or relay serves, in a settled order."""
        return self._named(self.by_device.get(key, ()))

    def of_user(self, user: str) -> list[Session]:
        """The sessions of all clients of this account or relay, in a settled order."""
        return self._named(self.by_user.get(user, ()))

    def of_viewer(self, user: str, camera: str) -> list[Session]:
        """The sessions in which this account sees this camera, in a settled order."""
        return self._named(self.by_user.get(user, set()) & self.by_camera.get(camera, set()))

    def _named(self, names: Iterable[str]) -> list[Session]:
        return [self.sessions[name] for name in sorted(names)]

    def device(self, key: str) -> Party | None:
        """The party that is this camera or plays it, if it is connected."""
        address = self.devices.get(key)
        return None if address is None else self.parties[address]

    def relays(self) -> list[Party]:
        """The device sockets of the relays that are here with both their sockets, in a settled order."""
        return [self.parties[self.devices[key]] for key in sorted(self.uploads.keys() & self.devices.keys())]

    def limits_of(self, party: Party) -> Limits:
        """A relay serves many, and has bounds of its own."""
        return self.relay_limits if party.relay else self.limits

    # --- alarms: a heap whose entries are checked when they come up ---

    def wake_at(self, when: float, first: str, second: str = "", request: int = 0) -> None:
        """Have `due` return this at `when`."""
        if when == float("inf"):
            return
        heapq.heappush(self.alarms, (when, first, second, request))
        if len(self.alarms) > 64 + 4 * (len(self.sessions) + len(self.parties)):
            self.alarms = sorted({alarm for alarm in self.alarms if self._is_true(alarm)})

    def next_deadline(self) -> float | None:
        """When `due` next has something, Unix seconds."""
        while self.alarms and not self._is_true(self.alarms[0]):
            heapq.heappop(self.alarms)
        return self.alarms[0][0] if self.alarms else None

    def due(self, now: float) -> list[Alarm]:
        """Take out what is due."""
        alarms = []
        while self.alarms and self.alarms[0][0] <= now:
            alarm = heapq.heappop(self.alarms)
            if self._is_true(alarm):
                alarms.append(alarm)
        return alarms

    def _is_true(self, alarm: Alarm) -> bool:
        when, first, second, request = alarm
        if not second:
            session = self.sessions.get(first)
            return session is not None and session.deadline == when
        party = self.parties.get(Address(first, second))
        if party is None:
            return False
        if not request:
            return party.deadline == when
        pending = party.pending.get(request)
        return pending is not None and pending.deadline == when
