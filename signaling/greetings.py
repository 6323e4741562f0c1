"""`belvedere.hello` and `belvedere.envelope`: camera and viewer speak with each other past the relay between them.

The viewer says who it is, the camera answers by the key of its frames, and the relay hears nothing of either. A camera
that knows its owner hears also of viewers that do not say who they are, so that it can turn them away. Part of the
broker: plain functions over the table.
"""

from signaling.bucket import Bucket, full
from signaling.effects import Counted, Effect, Send
from signaling.protocol import messages as wire
from signaling.protocol.errors import Fault, ProtocolError
from signaling.table import Party, Session, Table


def passed_on(party: Party, camera: Party, trust: wire.Trust | None) -> wire.Trust | None:
    """What a camera is told of who asks. Nothing where one of the two speaks plain ONVIF, or a relay asks for it."""
    return trust if party.ours and camera.ours and not party.relay else None


def has_no_room(table: Table, camera: Party, trust: wire.Trust | None, *, relayed: bool, now: float) -> bool:
    """Whether the camera has heard enough of who watches; if not, this counts as said."""
    if trust is None:
        return False
    return (relayed and _is_crowded(table, camera.device, trust)) or not _may_tell(table, camera, trust, now)


def behind(table: Table, session: Session) -> Party | None:
    """The camera that a relay shows in this session, if it hears who watches."""
    camera = table.device(session.camera) if session.relayed else None
    if camera is None or not camera.ours:
        return None
    return camera if session.trust is not None or camera.orders else None


def greet(table: Table, session: Session) -> list[Effect]:
    """Tell the camera who watches it over a relay."""
    camera = behind(table, session)
    if camera is None:
        return []
    return [Send(camera.address, wire.notification("belvedere.hello", wire.HelloParams(session.id, session.trust)))]


def greet_all(table: Table, camera: Party, now: float) -> list[Effect]:
    """The camera is here, perhaps anew: tell it of everybody that watches it over a relay."""
    effects: list[Effect] = []
    camera.told = _allowance(table, now)
    for session in table.of_camera(camera.device):
        effects += greet(table, session)
        camera.told.take(now, _size(session.trust))
    return effects


def greet_strangers(table: Table, camera: Party) -> list[Effect]:
    """Tell the camera once more of those that do not say who they are: its owner may judge them otherwise now."""
    effects: list[Effect] = []
    for session in table.of_camera(camera.device):
        if session.trust is None:
            effects += greet(table, session)
    return effects


def hello(table: Table, party: Party, session: Session, message: wire.Notification, now: float) -> list[Effect]:
    """A viewer says once more who it is."""
    trust = wire.params_as(wire.HelloParams, message.params).trust
    if party.role != "client" or not session.relayed or trust is None:
        return [Counted("hello_refused")]
    if session.hellos is None:
        session.hellos = full(table.limits.hellos_per_second, table.limits.hellos_burst, now)
    camera = table.device(session.camera)
    crowded = _is_crowded(table, session.camera, trust, besides=session)
    if crowded or not session.hellos.spend(now) or not (camera is None or _may_tell(table, camera, trust, now)):
        return [Counted("hello_refused")]
    session.trust = trust if party.ours else None
    return greet(table, session)


def envelope(table: Table, party: Party, session: Session, message: wire.Notification, now: float) -> list[Effect]:
    """The camera gives the viewer the key of its frames, and nobody else hears of it."""
    params = wire.params_as(wire.EnvelopeParams, message.params)
    if not is_past_relay(party, session):
        raise ProtocolError(Fault.FORBIDDEN, "the camera gives the key of its frames, where a relay is between")
    if session.envelopes is None:
        session.envelopes = full(table.limits.envelopes_per_second, table.limits.envelopes_burst, now)
    if session.trust is None or not session.envelopes.spend(now):
        return [Counted("envelope_refused")]
    client = None if session.client is None else table.parties.get(session.client)
    if client is None:
        return [Counted("envelope_unheard")]
    return [Send(client.address, wire.notification("belvedere.envelope", params))]


def is_past_relay(party: Party, session: Session) -> bool:
    """Whether this is the camera that a relay shows in the session."""
    return party.role == "device" and party.device == session.camera and session.relayed


def _is_crowded(table: Table, camera: str, trust: wire.Trust, besides: Session | None = None) -> bool:
    """Whether as many watch it over relays, and say who they are, as it can hear of at once."""
    others = [s.trust for s in table.of_camera(camera) if s.trust is not None and s is not besides]
    limits = table.limits
    bytes_ = sum(map(_size, others)) + _size(trust)
    return len(others) >= limits.greeted_per_camera or bytes_ > limits.trust_bytes_per_camera


def _may_tell(table: Table, camera: Party, trust: wire.Trust, now: float) -> bool:
    if camera.told is None:
        camera.told = _allowance(table, now)
    return camera.told.spend(now, _size(trust))


def _allowance(table: Table, now: float) -> Bucket:
    return full(table.limits.trust_bytes_per_second, table.limits.trust_bytes_per_camera, now)


def _size(trust: wire.Trust | None) -> int:
    """Characters, which are bytes: statements are ASCII."""
    return 0 if trust is None else sum(map(len, (trust.hello, *trust.keyring, *trust.chain)))
