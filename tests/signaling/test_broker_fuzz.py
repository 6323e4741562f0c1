"""Whatever several tenants send, in whatever order: the broker does not raise, and no tenant reaches another.

Nor does a relay, though it serves them all: what is neither shown nor asked for by it is out of its reach.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from signaling import broker
from signaling.limits import Limits
from signaling.protocol import messages as wire
from signaling.protocol.messages import OrdersParams
from signaling.protocol.relay_token import is_relay
from signaling.protocol.sessions import State
from signaling.table import Session, Table
from signaling.ways import Policy
from tests.signaling.hostile import PLACES, aim, calls, garbage, trespasses
from tests.signaling.world import ANSWER, OFFER, Peer, World

SCALE = int(os.environ.get("BELVEDERE_FUZZ", "1"))
TENANTS = (1, 2, 3)
LIMITS = Limits(
    sessions_per_device=4,
    sessions_per_user=6,
    sessions_per_socket=5,
    pending_per_socket=8,
    candidates_per_side=6,
    ended_remembered=12,
    greeted_per_camera=2,
    trust_bytes_per_camera=50_000,
)
MAX_PEERS = 60
TOLD = ("connect", "invite", "trickle", "extend", "belvedere.hello", "belvedere.envelope")
RELAY, RELAY_KEY = 0, "relay:home"
"""Whose both sockets belong to no tenant."""

tenants = st.sampled_from(TENANTS)
any_camera = st.sampled_from([f"c{n}" for n in TENANTS])
hostile = garbage | calls(any_camera) | trespasses()


class Tenants(RuleBasedStateMachine):
    """Three households on one server; each has a camera and viewers, and all of them misbehave."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(LIMITS)
        self.world.table.relay_limits = LIMITS
        self.world.direct_viewers = 2
        self.tenant: dict[Peer, int] = {}
        self.tickets: list[str] = []

    @initialize()
    def begin(self) -> None:
        for tenant in TENANTS:
            self._enter(self.world.device(f"c{tenant}"), tenant)
            self._enter(self.world.viewer(f"u{tenant}"), tenant)
        self._relay([])

    def _enter(self, peer: Peer, tenant: int) -> None:
        self.tenant[peer] = tenant

    def _open(self, pick: int) -> Peer | None:
        peers = [peer for peer in self.tenant if peer.closed is None]
        return peers[pick % len(peers)] if peers else None

    @rule(held=st.integers(0, 50))
    def a_relay_arrives(self, held: int) -> None:
        if len(self.world.table.parties) < MAX_PEERS:
            self._relay(self.tickets[-held:] if held else [])

    def _relay(self, tickets: list[str]) -> None:
        for peer in self.world.relay(tickets=(tickets, tickets)):
            self._enter(peer, RELAY)

    @rule(policy=st.sampled_from(get_args(Policy)), tenant=tenants)
    def rules_change(self, policy: Policy, tenant: int) -> None:
        self.world.policy = policy
        self.world.apply(broker.close_ways(self.world.table, f"u{tenant}", policy))

    @rule(tenant=tenants, kind=st.sampled_from(["device", "viewer", "plain"]), held=st.integers(0, 50))
    def arrive(self, tenant: int, kind: str, held: int) -> None:
        if len(self.world.table.parties) >= MAX_PEERS:
            return
        tickets = self.tickets[-held:] if held else []
        if kind == "viewer":
            peer = self.world.viewer(f"u{tenant}", login=f"u{tenant}-{held % 2}", tickets=tickets)
        else:
            peer = self.world.device(f"c{tenant}", tickets=tickets, ours=kind == "device")
        self._enter(peer, tenant)

    @rule(pick=st.integers(0, 1000), properly=st.booleans())
    def leave(self, pick: int, properly: bool) -> None:
        peer = self._open(pick)
        if peer is not None and len(self.world.table.parties) > 4:
            peer.closed = (1000, "")
            peer.leave(properly=properly)

    @rule(pick=st.integers(0, 1000), text=hostile)
    def misbehave(self, pick: int, text: str) -> None:
        peer = self._open(pick)
        if peer is not None:
            with self._others_untouched(peer):
                peer.say(aim(text, list(self.world.table.sessions)))

    @rule(pick=st.integers(0, 1000), camera=any_camera, via=st.sampled_from([None, "direct", "relay"]))
    def connect(self, pick: int, camera: str, via: str | None) -> None:
        peer = self._open(pick)
        if peer is not None:
            with self._others_untouched(peer):
                peer.ask("connect", peer=camera, belvedere={"via": via, "trust": self._trust_of(peer)})

    def _trust_of(self, peer: Peer) -> dict[str, str]:
        """Whoever speaks says whose it is, so that it shows where it goes astray."""
        return {"hello": f"hello.of.{self.tenant[peer]}"}

    @rule(tenant=tenants, number=st.integers(0, 3))
    def the_owner_orders(self, tenant: int, number: int) -> None:
        orders = OrdersParams([f"ring.of.{tenant}"], f"orders.{number}") if number else None
        if orders is not None:
            self.world.orders[f"c{tenant}"] = orders
        self.world.apply(broker.push_orders(self.world.table, f"c{tenant}", orders))

    @rule(
        pick=st.integers(0, 1000), how=st.sampled_from(["result", "answer", "error", "nonsense"]), which=st.integers()
    )
    def react(self, pick: int, how: str, which: int) -> None:
        """Answer some request that was really asked."""
        peer = self._open(pick)
        asked = [m for m in peer.inbox if "method" in m and "id" in m] if peer is not None else []
        if peer is None or not asked:
            return
        request = asked[which % len(asked)]
        result: dict[str, Any] = {"result": {}, "answer": {"answer": ANSWER}, "nonsense": {"answer": 4}}
        with self._others_untouched(peer):
            peer.refuse(request, 488) if how == "error" else peer.reply(request, **result[how])

    @rule(
        pick=st.integers(0, 1000),
        place=st.sampled_from(PLACES),
        what=st.sampled_from(
            ["invite", "extend", "trickle", "belvedere.close", "error", "belvedere.hello", "belvedere.envelope"]
        ),
        code=st.sampled_from([1001, 495]),
    )
    def speak_of(self, pick: int, place: str, what: str, code: int) -> None:
        """A faultless message about some session, mostly somebody else's."""
        peer = self._open(pick)
        if peer is not None:
            session = aim(place, list(self.world.table.sessions))
            with self._others_untouched(peer):
                peer.say({"id": session, "method": what, "params": {"session": session, "offer": OFFER}})
                said = {"trust": self._trust_of(peer), "envelope": f"envelope.of.{self.tenant[peer]}"}
                peer.tell(what, session=session, candidate={"candidate": "c"}, code=code, **said)

    @contextmanager
    def _others_untouched(self, peer: Peer) -> Iterator[None]:
        """The heart of it: nothing that one tenant does changes or tells anything at the others'."""
        before = self._of_others(self.tenant[peer])
        yield
        assert self._of_others(self.tenant[peer]) == before

    def _of_others(self, tenant: int) -> tuple[dict[str, str], dict[Peer, int]]:
        """A relay may speak to everybody, about what is its own."""
        sessions = {s.id: repr(s) for s in self.world.table.sessions.values() if not _concerns(tenant, s)}
        reach = set(TENANTS) if tenant == RELAY else {tenant}
        inboxes = {peer: len(peer.inbox) for peer, owner in self.tenant.items() if owner not in reach | {RELAY}}
        return sessions, inboxes

    @rule(pick=st.integers(0, 1000), via=st.sampled_from([None, "direct", "relay"]))
    def whole_call(self, pick: int, via: str | None) -> None:
        """Now and then everything is as it should be, so that there is something to disturb."""
        world = self.world
        tenant = TENANTS[pick % len(TENANTS)]
        device = world.table.device(f"c{tenant}")
        viewers = [p for p, owner in self.tenant.items() if owner == tenant and p.closed is None and self._is_viewer(p)]
        if device is None or not viewers:
            return
        served = self._call(viewers[-1], f"c{tenant}", via)
        if served is not None and is_relay(served.device):
            self._call(world.peers[world.table.uploads[RELAY_KEY]], f"c{tenant}", None)

    def _call(self, viewer: Peer, camera: str, via: str | None) -> Session | None:
        """A whole set-up; the session, unless it was refused."""
        world = self.world
        wish = {"via": via, "trust": self._trust_of(viewer)}
        answer = viewer.ask("connect", peer=camera, belvedere=wish)
        if "result" not in answer:
            return None
        session = world.table.sessions[answer["result"]["session"]]
        self.tickets.append(answer["result"]["belvedere"]["ticket"])
        device = world.peers[world.table.devices[session.device]]
        device.reply(device.got("connect")[-1])
        device.ask("invite", session=session.id, offer=OFFER)
        viewer.reply(viewer.got("invite")[-1], answer=ANSWER)
        return session

    def _is_viewer(self, peer: Peer) -> bool:
        party = self.world.table.parties.get(peer.address)
        return party is not None and party.role == "client"

    @rule(seconds=st.sampled_from([0.1, 1.0, 6.0, 20.0, 4000.0]))
    def wait(self, seconds: float) -> None:
        self.world.sleep(seconds)

    @invariant()
    def nothing_crosses_over(self) -> None:
        """Whatever a peer was ever told about a session was about one of its own tenant's."""
        for session in self.world.table.sessions.values():
            assert session.user in {f"u{session.camera[1:]}", RELAY_KEY}
            assert session.device in {session.camera, RELAY_KEY} - {session.user}
            if session.client is not None:
                assert self.world.table.parties[session.client].user == session.user
        for peer, tenant in self.tenant.items():
            for message in peer.inbox:
                if message.get("method") in TOLD:
                    name = message["params"]["session"]
                    owner = self.world.table.sessions.get(name)
                    assert owner is None or _concerns(tenant, owner)
                self._is_its_own(tenant, str(message))

    def _is_its_own(self, tenant: int, text: str) -> None:
        """What says whose it is, is this one's; of the relay it is nobody's."""
        for words in ("hello.of.", "envelope.of.", "ring.of."):
            assert all(name == str(tenant) != str(RELAY) for name in re.findall(re.escape(words) + r"(\d)", text))

    @invariant()
    def the_table_is_bounded_and_sound(self) -> None:
        sound(self.world.table)


def _concerns(tenant: int, session: Session) -> bool:
    if tenant == RELAY:
        return RELAY_KEY in {session.device, session.user}
    return session.camera == f"c{tenant}"


def sound(table: Table) -> None:
    """The indices agree with each other, and nothing has outgrown its bound."""
    limits = table.limits
    for camera, address in table.devices.items():
        assert table.parties[address].device == camera
    for key, address in table.uploads.items():
        assert table.parties[address].relay == table.parties[address].user == key
    for index, key in ((table.by_camera, "camera"), (table.by_device, "device"), (table.by_user, "user")):
        assert sum(len(names) for names in index.values()) == len(table.sessions)
        for value, names in index.items():
            assert names
            assert all(getattr(table.sessions[name], key) == value for name in names)
    assert all(len(names) <= limits.sessions_per_device for names in table.by_device.values())
    for names in table.by_camera.values():
        said = [session.trust for session in map(table.sessions.__getitem__, names) if session.trust is not None]
        assert len(said) <= limits.greeted_per_camera
        assert sum(len(wire.encode(trust)) for trust in said) <= limits.trust_bytes_per_camera + 1000 * len(said)
    for party in table.parties.values():
        assert len(party.pending) <= 2 * limits.pending_per_socket
        assert all(pending.session in table.sessions for pending in party.pending.values())
        assert all(table.sessions[name].client == party.address for name in party.sessions)
        assert len(party.answering) <= 2 * limits.pending_per_socket
    for session in table.sessions.values():
        assert session.state is not State.ENDED
        assert len(session.held) <= 2 * limits.candidates_per_side
        assert session.trust is None or session.relayed
        assert session.state is State.FLOWING or (session.device in table.devices and session.client is not None)
        assert session.client is None or session.login == table.parties[session.client].login
    assert len(table.ended) <= limits.ended_remembered
    assert len(table.alarms) <= 64 + 4 * (len(table.sessions) + MAX_PEERS + 2), "swept when the next one is set"
    assert table.registered == sum(party.role is not None for party in table.parties.values())


TestTenants = pytest.mark.timeout(600)(Tenants.TestCase)
TestTenants.settings = settings(
    max_examples=120 * SCALE,
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
