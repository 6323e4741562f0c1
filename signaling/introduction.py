"""`connect`: a viewer asks for a camera, the way is chosen, and the party that shall show it is asked.

That party is the camera itself, or a relay; a relay then comes as a client and asks the camera in its turn. Part of the
broker: plain functions over the table.
"""

from dataclasses import dataclass, field

import msgspec

from signaling import ways
from signaling.effects import AskConnect, Counted, Effect, Send
from signaling.greetings import greet, has_no_room, passed_on
from signaling.leases import Refusal, has_room, lease_until, ticket_for
from signaling.protocol import messages as wire
from signaling.protocol.errors import Fault, ProtocolError
from signaling.protocol.relay_token import is_relay
from signaling.protocol.sessions import CONNECT_SECONDS, State
from signaling.table import Party, Pending, Session, Table

MAX_NAME_CHARS = 128
"""Of a camera id or a profile token (ONVIF: 64)."""
NO_CAMERA = Refusal(Fault.FORBIDDEN, "there is no such camera, or you may not watch it")


@dataclass(frozen=True, slots=True)
class ConnectGrant:
    """The viewer may watch. `session`: a fresh id. `expires_at`: of its login, Unix seconds."""

    session: str
    expires_at: float
    terms: ways.Terms
    client_ice: list[wire.IceServer] = field(default_factory=list)
    device_ice: list[wire.IceServer] = field(default_factory=list)


def ask_connect(party: Party, request: wire.Request) -> list[Effect]:
    """A viewer wants to see a camera."""
    if party.role != "client":
        raise ProtocolError(Fault.FORBIDDEN, "a camera cannot connect to a camera")
    params = wire.params_as(wire.ConnectParams, request.params)
    if len(params.peer) > MAX_NAME_CHARS or len(params.profile or "") > MAX_NAME_CHARS:
        raise ProtocolError(Fault.INVALID_PARAMS, f"peer and profile have at most {MAX_NAME_CHARS} characters")
    wish = params.belvedere or wire.WishExtra()
    about = (params.peer, params.authorization, params.profile)
    return [AskConnect(party.address, request.id, *about, wish.via, wish.trust)]


def connected(table: Table, ask: AskConnect, grant: ConnectGrant | Refusal, now: float) -> list[Effect]:
    """The answer to `AskConnect`. The viewer hears at once, so that it prepares while the camera makes its offer."""
    party = table.parties.get(ask.peer)
    if party is None or party.role != "client":
        return []
    if isinstance(grant, Refusal):
        return _refused(party, ask, grant)
    choice = _choose(table, party, ask, grant)
    if isinstance(choice, Refusal):
        return _refused(party, ask, choice)
    camera, device = (table.parties[table.devices[key]] for key in (ask.camera, choice.relay or ask.camera))
    trust = passed_on(party, camera, ask.trust)
    crowd = _crowd(table, party, device)
    if crowd is None and has_no_room(table, camera, trust, relayed=device is not camera, now=now):
        crowd = Refusal(Fault.TOO_MANY_REQUESTS, "this camera is asked by more viewers than it can get to know")
    if crowd is not None:
        return _refused(party, ask, crowd)
    session = _session(party, device, ask, grant, now)
    session.trust = trust
    table.add(session)
    effects = [
        _ask_device(table, device, session, ask, grant, now),
        Send(party.address, wire.result(ask.id, _connect_result(table, device, session, choice, grant, now))),
        *greet(table, session),
    ]
    session.trust = trust if session.relayed else None
    return effects


def _refused(party: Party, ask: AskConnect, refusal: Refusal) -> list[Effect]:
    return [Counted("connect_refused"), Send(party.address, wire.failure(ask.id, refusal.fault, refusal.message))]


def _choose(table: Table, party: Party, ask: AskConnect, grant: ConnectGrant) -> ways.Choice | Refusal:
    if is_relay(ask.camera):
        return NO_CAMERA
    if party.relay and not any(session.device == party.relay for session in table.of_camera(ask.camera)):
        # What a relay shows to nobody it has no business with, however good its secret.
        return NO_CAMERA
    if table.device(ask.camera) is None:
        return Refusal(Fault.CAMERA_UNAVAILABLE, "the camera is not connected")
    if party.relay:
        return ways.Choice("direct", None, ("direct",))
    choice = ways.choose(grant.terms, _direct_viewers(table, ask.camera, party), _relays(table), ask.via)
    return Refusal(Fault.WAY_CLOSED, choice.reason) if isinstance(choice, ways.Closed) else choice


def _direct_viewers(table: Table, camera: str, besides: Party) -> int:
    """How many other viewers it serves itself. A relay's upload is one, whoever watches there, and is not counted; nor
    is a viewer twice that changes over."""
    sessions = [s for s in table.of_device(camera) if not is_relay(s.user) and s.client != besides.address]
    return len({session.client or session.id for session in sessions})


def _relays(table: Table) -> list[ways.Relay]:
    """Those that have room."""
    loads = [(relay, len(table.by_device.get(relay.device, ()))) for relay in table.relays()]
    most = table.relay_limits.sessions_per_device
    return [ways.Relay(relay.device, load) for relay, load in loads if load < most and has_room(table, relay)]


def _crowd(table: Table, party: Party, device: Party) -> Refusal | None:
    if len(table.by_device.get(device.device, ())) >= table.limits_of(device).sessions_per_device:
        return Refusal(Fault.TOO_MANY_REQUESTS, "this camera has as many viewers as it may have")
    limits = table.limits_of(party)
    mine = len(table.by_user.get(party.user, ()))
    if mine >= limits.sessions_per_user or len(party.sessions) >= limits.sessions_per_socket:
        return Refusal(Fault.TOO_MANY_REQUESTS, "this account watches as much as it may at the same time")
    if not has_room(table, device):
        return Refusal(Fault.CAMERA_UNAVAILABLE, "the camera does not answer")
    return None


def _session(party: Party, device: Party, ask: AskConnect, grant: ConnectGrant, now: float) -> Session:
    return Session(
        id=grant.session,
        camera=ask.camera,
        device=device.device,
        user=party.user,
        login=party.login,
        owner=grant.terms.owner,
        state=State.ASKED,
        lease=lease_until(now, min(grant.expires_at, grant.terms.until)),
        deadline=now + CONNECT_SECONDS,
        client=party.address,
        began=now,
        until=grant.terms.until,
    )


def _ask_device(
    table: Table, device: Party, session: Session, ask: AskConnect, grant: ConnectGrant, now: float
) -> Send:
    device.last_id += 1
    device.pending[device.last_id] = Pending("connect", session.id, now)
    params = wire.DeviceConnectParams(
        session=session.id,
        profile=ask.profile,
        ice_servers=[] if device.relay else grant.device_ice,
        expiry_time_seconds=int(session.lease - now),
        belvedere=_what_it_is_about(table, device, session, grant.terms),
    )
    return Send(device.address, wire.request(device.last_id, "connect", params))


def _what_it_is_about(table: Table, device: Party, session: Session, terms: ways.Terms) -> wire.ConnectExtra:
    ticket = ticket_for(table, session)
    if device.relay:
        return wire.ConnectExtra(ticket, camera=session.camera, owner=terms.owner)
    if is_relay(session.user):
        relay = table.device(session.user)
        return wire.ConnectExtra(ticket, via="relay", tunnel=relay.tunnel if relay is not None else None)
    return wire.ConnectExtra(ticket, trust=session.trust)


def _connect_result(
    table: Table, device: Party, session: Session, choice: ways.Choice, grant: ConnectGrant, now: float
) -> wire.ConnectResult:
    camera = table.device(session.camera)
    seconds = camera.round_trip if camera is not None else None
    extra = wire.ConnectedExtra(
        ticket_for(table, session),
        via=choice.via,
        ways=list(choice.ways),
        round_trip_ms=None if seconds is None else round(seconds * 1000, 1),
    )
    return wire.ConnectResult(
        session=session.id,
        ice_servers=over_relay(device, grant.client_ice) if device.relay else grant.client_ice,
        expiry_time_seconds=int(session.lease - now),
        capabilities=device.capabilities,
        belvedere=extra,
    )


def over_relay(relay: Party, servers: list[wire.IceServer]) -> list[wire.IceServer]:
    """For who watches over a relay: the STUN that the relay names, and no other. A browser takes every datagram from
    its STUN server's address for that server's, and the relay's media may come from the one that the others ask.

    Being ICE-lite, the relay needs none of the viewer's addresses (RFC 8445 §2.5), but some browsers do. TURN stays:
    where only TLS goes out, it is the way to the relay.
    """
    named = [wire.IceServer(list(relay.stun))] if relay.stun else []
    kept = [(server, [url for url in server.urls if not url.startswith(("stun:", "stuns:"))]) for server in servers]
    return [*named, *(msgspec.structs.replace(server, urls=urls) for server, urls in kept if urls)]
