"""Camera and viewer know each other past the server: real server with its relay, real camera, viewers that check.

The server helps everybody here: it lets in under the owner's account whoever asks, so that only the camera refuses.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace

import pytest

from camera_peer.door import UNKNOWN
from signaling.protocol import qr
from signaling.protocol.errors import Fault
from signaling.protocol.identity import encode_bytes
from signaling.protocol.trust.pairing import SECRET_BYTES
from signaling.protocol.trust.statement import Key
from tests.home import Household, household
from tests.journeys.relay_viewer import RelayViewer, signed_in, until
from tests.protected_home import Protected, add_protected, code_of, granted, order, own, publish
from tests.servers import free_port
from tests.signaling.viewer_client import Fault as Refused
from tests.trust_viewer import Installation, TrustViewer, Way

WAYS: tuple[Way, Way] = ("direct", "relay")
OUT_SECONDS = 1.0
"""After which who lost his right sees nothing."""
STILL_SECONDS = 1.5
"""For which nothing is shown that could have been: twenty frames."""


@dataclass
class Place:
    home: Household
    phone: Installation
    garden: Protected
    serials: int = 0
    n: int = -1
    revoked: list[int] = field(default_factory=list)

    def guest(self, **said: object) -> Installation:
        """Somebody else's browser with a grant of its own serial."""
        self.serials += 1
        made = Installation.first()
        made.chain = [granted(self.phone, self.garden, made.ring_name, self.serials, **said)]
        return made

    def order(self, *revoked: int, standard: bool = False) -> None:
        """What the owner says next."""
        self.n += 1
        self.revoked += revoked
        order(self.home, self.phone, self.garden, self.n, serials=sorted(self.revoked), standard=standard)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with household(tmp_path_factory.mktemp("signed"), metrics_port=str(free_port())) as home:
        phone = own(home)
        yield Place(home, phone, add_protected(home, phone, "Garden"))


async def viewer(
    place: Place, stack: AsyncExitStack, who: Installation | None = None, key: Key | None = None
) -> TrustViewer:
    wire = await stack.enter_async_context(signed_in(place.home.server.url, place.home.token))
    made = TrustViewer(wire, who or place.phone, place.garden.id, key or place.garden.key)
    stack.push_async_callback(made.close)
    return made


async def nothing_more(watching: TrustViewer) -> None:
    """From the promised second on: pictures that were under way may still come within it."""
    await asyncio.sleep(OUT_SECONDS)
    seen = watching.shown
    await asyncio.sleep(STILL_SECONDS)
    assert watching.shown == seen


@pytest.mark.parametrize(("via", "privacy"), [("direct", "signed"), ("relay", "sealed")])
@pytest.mark.parametrize("guest", [False, True])
async def test_signed_or_sealed_owner_and_guest_see_the_camera(
    place: Place, stack: AsyncExitStack, via: Way, privacy: str, guest: bool
) -> None:
    watching = await viewer(place, stack, place.guest() if guest else None)
    await watching.watch(via)
    await watching.until_shown(30)
    assert (watching.privacy, watching.untrue) == (privacy, 0)


@pytest.mark.parametrize("via", WAYS)
async def test_who_the_owner_does_not_know_sees_nothing_whatever_the_server_allows(
    place: Place, stack: AsyncExitStack, via: Way
) -> None:
    stranger = await viewer(place, stack, Installation.first())
    assert (await stranger.refused(via)).code == Fault.NOT_TRUSTED
    assert stranger.shown == 0


async def test_a_viewer_that_says_no_hello_is_told_why(place: Place, stack: AsyncExitStack) -> None:
    wire = await stack.enter_async_context(signed_in(place.home.server.url, place.home.token))
    for via in WAYS:
        told = await wire.request("connect", peer=place.garden.id, belvedere={"via": via})
        refusal = (await wire.about(told["session"], "error"))["params"]
        assert refusal["code"] == Fault.NOT_TRUSTED
        assert refusal["message"] == UNKNOWN


@pytest.mark.parametrize("via", WAYS)
async def test_revoked_a_guest_with_a_kept_key_is_out_within_a_second(
    place: Place, stack: AsyncExitStack, via: Way
) -> None:
    guest = place.guest()
    watching, staying = await viewer(place, stack, guest), await viewer(place, stack)
    for each in (watching, staying):
        await each.watch(via)
        await each.until_shown(10)
    await asyncio.to_thread(place.order, place.serials)
    await nothing_more(watching)
    await staying.until_shown(20)
    assert staying.untrue == 0
    if via == "relay":
        assert staying.epochs == [staying.epochs[0], staying.epochs[0] + 1]
        assert watching.epochs == staying.epochs[:1]


@pytest.mark.parametrize("via", WAYS)
async def test_a_signed_grant_ends_by_itself(place: Place, stack: AsyncExitStack, via: Way) -> None:
    ends = int(time.time()) + 4
    watching = await viewer(place, stack, place.guest(exp=ends))
    await watching.watch(via)
    await watching.until_shown(5)
    refusal = await watching.refusal()
    assert refusal.code == Fault.NOT_TRUSTED
    assert "this grant has ended" in str(refusal)
    assert 0 <= time.time() - ends < 1.5
    await nothing_more(watching)


async def test_standard_players_watch_only_while_the_owner_signs_it(place: Place, stack: AsyncExitStack) -> None:
    await asyncio.to_thread(place.order, standard=True)
    wire = await stack.enter_async_context(signed_in(place.home.server.url, place.home.token))
    plain, watching = RelayViewer(), await viewer(place, stack)
    stack.push_async_callback(plain.close)
    await plain.watch(wire, place.garden.id, via="direct")
    await watching.watch("relay")
    await until(lambda: plain.packets > 50, "a standard player sees the camera")
    await watching.until_shown(20)
    assert watching.privacy == "standard"
    await asyncio.to_thread(place.order)
    await watching.until_shown(20)
    assert watching.privacy == "sealed"
    assert (await wire.about(plain.session, "error"))["params"]["code"] == Fault.NOT_TRUSTED


async def test_an_installation_that_was_taken_out_of_the_keyring_is_out(place: Place, stack: AsyncExitStack) -> None:
    phone = place.phone
    tablet = Installation.first()
    tablet.ring = phone.with_keys(phone.name, tablet.name)
    await asyncio.to_thread(publish, place.home, phone)
    for via in WAYS:
        watching = await viewer(place, stack, tablet)
        await watching.watch(via)
        await watching.until_shown(5)
    phone.with_keys(phone.name)
    await asyncio.to_thread(publish, place.home, phone)
    assert (await watching.refusal()).code == Fault.NOT_TRUSTED
    await nothing_more(watching)
    again = await viewer(place, stack, tablet)
    with pytest.raises(Refused, match="does not belong to the keyring"):
        await again.watch("direct")


async def test_swap_of_the_cameras_key_by_the_server_is_seen_by_the_viewer(place: Place, stack: AsyncExitStack) -> None:
    watching = await viewer(place, stack, key=Installation.first().name)
    with pytest.raises(Refused, match="for another camera"):
        await watching.watch("direct")
    assert watching.shown == 0


async def test_a_camera_that_starts_again_seals_with_a_later_key(place: Place, stack: AsyncExitStack) -> None:
    before = await viewer(place, stack)
    await before.watch("relay")
    await before.until_shown(5)
    seen = before.epochs[-1]
    await asyncio.to_thread(place.garden.process.kill)
    await asyncio.to_thread(place.garden.process.start)
    await asyncio.to_thread(place.home.wait_online, place.garden.process)
    after = await viewer(place, stack)
    await after.watch("relay")
    await after.until_shown(20)
    assert after.epochs[0] > seen


def test_pairing_without_a_proof_of_the_owner_pairs_nothing_and_says_why(place: Place) -> None:
    _, code = code_of(place.home, place.phone, "Cellar")
    camera = place.home.new_camera()
    refused = camera.pair(qr.to_compact(replace(code, pairing_secret=encode_bytes(bytes(SECRET_BYTES)))))
    assert refused.returncode == 1
    assert "could not show whose this camera is" in refused.stderr
