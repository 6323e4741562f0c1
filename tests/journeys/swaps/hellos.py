"""Swaps of who a viewer is, or of what he may, that the camera has to see: directly and over the relay alike."""

import time
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from signaling.protocol.messages import Trust
from signaling.protocol.trust import keyring, statement
from signaling.protocol.trust.session import HELLO, Hello
from tests.journeys.swaps.broker import Session, Swap
from tests.journeys.swaps.forging import edited
from tests.journeys.swaps.people import REVOKED, shown

HOUR = 3600
Saying = Callable[[Session], Trust | None]


def of_the_thief(at: Session) -> Trust:
    return shown(at.broker.thief.phone, at.camera.name)


def thief_on_the_owners_ring(at: Session) -> Trust:
    """The thief's key, in the name of the owner's ring."""
    thief, phone = at.broker.thief.phone, at.broker.people.phone
    said = statement.read(thief.hello(at.camera.name, X25519PrivateKey.generate()), HELLO, Hello).what
    what = Hello(said.camera, phone.ring_name, said.nonce, said.exchange, said.iat)
    return Trust(statement.sign(thief.key, HELLO, what), phone.ring)


def viewer_on_the_thiefs_ring(at: Session) -> Trust:
    """The thief has put the viewer's key on a ring of his own."""
    thief = at.broker.thief.phone
    named = [thief.name, statement.read(at.trust.hello, HELLO, Hello).by]
    annexed = keyring.change(thief.key, keyring.follow(thief.ring), named, int(time.time()))
    return Trust(at.trust.hello, [*thief.ring, annexed])


def for_another_camera(at: Session) -> Trust:
    return at.broker.past["attic"].trust


def a_removed_device(at: Session) -> Trust:
    """With the end of the ring where it still belonged."""
    return shown(at.broker.people.tablet, at.camera.name)


def another_exchange(at: Session) -> Trust:
    """So that the thief could open the envelope."""
    public = statement.read(at.broker.past["guest"].trust.hello, HELLO, Hello).what.exchange
    return Trust(edited(at.trust.hello, exchange=public), at.trust.keyring)


def guest_with(**said: object) -> Saying:
    """A guest of the owner's, with a grant that says something else."""

    def swap(at: Session) -> Trust:
        people = at.broker.people
        fields = {name: value(at) if callable(value) else value for name, value in said.items()}
        camera = fields.pop("camera", at.camera.name)
        chain = [people.granted(str(camera), people.guest.ring_name, **fields)]  # type: ignore[arg-type]
        return shown(people.guest, at.camera.name, chain)

    return swap


def guest_without_a_grant(at: Session) -> Trust:
    return shown(at.broker.people.guest, at.camera.name, [])


def thief_with_the_guests_grant(at: Session) -> Trust:
    return shown(at.broker.thief.phone, at.camera.name, list(at.broker.past["guest"].trust.chain))


def longer_grant(at: Session) -> Trust:
    people = at.broker.people
    ended = people.granted(at.camera.name, people.guest.ring_name, exp=int(time.time()) - HOUR)
    return shown(people.guest, at.camera.name, [edited(ended, exp=int(time.time()) + HOUR)])


def link_accepted_by_the_thief(at: Session) -> Trust:
    """With a key of his, for he has not the link's."""
    people, thief = at.broker.people, at.broker.thief.phone
    link = people.granted(at.camera.name, statement.name_of(people.link), 9, link=True)
    return shown(thief, at.camera.name, people.accepted(link, thief.ring_name, thief.key))


def link_accepted_by_the_guest(at: Session) -> Trust:
    """An acceptance of the guest's, shown by the thief."""
    people, thief = at.broker.people, at.broker.thief.phone
    link = people.granted(at.camera.name, statement.name_of(people.link), 9, link=True)
    return shown(thief, at.camera.name, people.accepted(link, people.guest.ring_name))


SAID: dict[str, Saying] = {
    "the hello is left out": lambda _: None,
    "the viewer": of_the_thief,
    "the viewer's key": thief_on_the_owners_ring,
    "the viewer's keyring": viewer_on_the_thiefs_ring,
    "hello for another camera": for_another_camera,
    "the hello's exchange key": another_exchange,
    "an old end of the keyring": a_removed_device,
    "the grant is left out": guest_without_a_grant,
    "grant for another camera": guest_with(camera=lambda at: at.broker.past["attic"].camera.name),
    "grant of another ring": guest_with(by=lambda at: at.broker.thief.phone),
    "grant for another guest": thief_with_the_guests_grant,
    "ended grant": guest_with(exp=lambda _: int(time.time()) - HOUR),
    "revoked grant": guest_with(serial=REVOKED),
    "early grant": guest_with(nbf=lambda _: int(time.time()) + HOUR),
    "grant to manage alone": guest_with(scopes=["manage"]),
    "the grant's end": longer_grant,
    "a link's acceptance": link_accepted_by_the_thief,
    "a link's guest": link_accepted_by_the_guest,
}
ENDED_LONG_AGO = guest_with(exp=lambda _: int(time.time()) - 2 * HOUR)
HELLOS = [Swap(name, "camera", hello=said) for name, said in SAID.items()]
HELLOS += [Swap(f"{name}, over the relay", "camera", "relay", hello=said) for name, said in SAID.items()]
HELLOS += [
    Swap("the camera's clock, for an ended grant", "camera", hello=ENDED_LONG_AGO, clock=-4.0 * HOUR),
    Swap(
        "the camera's clock, for an ended grant, over the relay",
        "camera",
        "relay",
        hello=ENDED_LONG_AGO,
        clock=-4.0 * HOUR,
    ),
]
