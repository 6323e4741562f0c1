"""A broker that swaps whatever it passes, against a camera with real ICE and DTLS: all of it is seen, nothing is shown.

The camera's agent, its sessions and its transports are real; the line to the server is the liar. Whoever stands in the
middle answers with a certificate of his own, connects wherever the camera lets him, and counts what he gets.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from camera_peer.agent import CameraAgent
from camera_peer.door import Door
from camera_peer.picture import Picture
from camera_peer.state import Pairing
from signaling.protocol.errors import Fault, ProtocolError
from signaling.protocol.messages import ConnectExtra, DeviceConnectParams, InviteResult, ProofExtra, RegisterResult
from signaling.protocol.trust import session, statement
from signaling.protocol.trust.session import OFFER, Answer, Offer
from tests.camera_peer.callers import CAMERA, LINK_GRANT, Caller, by_link, caller, guest, owner, said, swapped
from tests.camera_peer.test_agent import FakeLine, FakeMoves
from tests.camera_peer.test_swap_agent import trust
from tests.signaling.trust.people import NOW, granted, key, ordered, ring_of

ROUNDS = int(os.environ.get("SWAP_ROUNDS", "4"))
"""Sessions of each kind. `SWAP_ROUNDS=44` makes a thousand."""
PAIRING = Pairing("cam1", "https://a", "wss://a/api/signaling")
SETTLE_SECONDS = 10.0
STILL_SECONDS = 0.5

NewViewer = Callable[[], Any]
Tamper = Callable[["Liar", str, InviteResult], InviteResult]
"""What the broker makes of the honest viewer's answer in this session."""


class Liar(FakeLine):
    """Between a camera and an honest viewer, whose answers it swaps. `thief`: the certificate it would rather have."""

    def __init__(self, new_viewer: NewViewer) -> None:
        super().__init__()
        self.new_viewer = new_viewer
        self.shown, self.by = caller(), "phone"
        self.tamper: Tamper = lambda _liar, _name, result: result
        self.thief: Any = None
        self.stolen = ""
        self.earlier: InviteResult | None = None

    async def invite(self, session_id: str, offer: str, proof: str | None) -> InviteResult:
        honest, self.thief = self.new_viewer(), self.new_viewer()
        self.stolen = await self.thief.answer(offer)
        if proof is None:
            return InviteResult(self.stolen)
        offered = session.check_offer(proof, self.shown.hello, CAMERA, session_id, offer)
        answer = await honest.answer(offer)
        signed = session.answer(key(self.by), offered, answer, NOW)
        await honest.close()
        result = self.tamper(self, session_id, InviteResult(answer, belvedere=ProofExtra(signed)))
        self.earlier = self.earlier or InviteResult(answer, belvedere=ProofExtra(signed))
        self.offered = offered
        return result


def proven(answer: str, proof: str) -> InviteResult:
    return InviteResult(answer, belvedere=ProofExtra(proof))


def proof_of(result: InviteResult) -> str:
    assert result.belvedere is not None and result.belvedere.proof is not None
    return result.belvedere.proof


def forged(liar: Liar, name: str, by: str, **changed: Any) -> str:
    """An answer's proof for the thief's certificate, with a key that the broker has."""
    fingerprint = session.fingerprint_of(liar.stolen)
    fields = {"offer": CAMERA, "session": name, "fingerprint": fingerprint, "camera": fingerprint, "iat": NOW} | changed
    return statement.sign(key(by), session.ANSWER, Answer(**fields))


def with_fingerprint(sdp: str, other: str) -> str:
    return sdp.replace(session.fingerprint_of(sdp), session.fingerprint_of(other))


def hidden(sign: str) -> Tamper:
    """A second certificate behind a sign that only some readers take for the end of a line."""
    return lambda liar, _, result: proven(
        liar.stolen.replace("a=mid:0", f"a=mid:0{sign}a=fingerprint:{session.fingerprint_of(liar.stolen)}").replace(
            session.fingerprint_of(liar.stolen), session.fingerprint_of(result.answer), 1
        ),
        proof_of(result),
    )


ANSWERS: dict[str, Tamper] = {
    "the answer": lambda liar, _, result: proven(liar.stolen, proof_of(result)),
    "the fingerprint alone": lambda liar, _, result: proven(
        with_fingerprint(result.answer, liar.stolen), proof_of(result)
    ),
    "answer and proof": lambda liar, name, _: proven(liar.stolen, forged(liar, name, "thief")),
    "a proof left out": lambda liar, _, _result: InviteResult(liar.stolen),
    "a proof left out of the true answer": lambda _liar, _, result: InviteResult(result.answer),
    "another viewer of the same owner": lambda liar, name, _: proven(liar.stolen, forged(liar, name, "laptop")),
    "an earlier session's answer": lambda liar, _, result: liar.earlier or InviteResult(result.answer),
    "an earlier session's proof": lambda liar, _, _result: proven(
        liar.stolen, proof_of(liar.earlier) if liar.earlier else "a.b.c"
    ),
    "the camera's own offer as a proof": lambda liar, name, _: proven(
        liar.stolen,
        statement.sign(key("thief"), OFFER, Offer(CAMERA, name, session.fingerprint_of(liar.stolen), "n" * 22, NOW)),
    ),
    "a certificate added": lambda liar, _, result: proven(
        result.answer.replace("a=mid:0", f"a=mid:0\r\na=fingerprint:{session.fingerprint_of(liar.stolen)}"),
        proof_of(result),
    ),
    "a certificate hidden by a lone CR": hidden("\r"),
    "a certificate hidden by a form feed": hidden("\f"),
    "a certificate hidden by a line separator": hidden("\u2028"),
}

HELLOS: dict[str, Callable[[], Caller | None]] = {
    "no hello": lambda: None,
    "a stranger's hello": lambda: caller("stranger", ring_of("stranger")),
    "a hello for another camera": lambda: caller(to="stranger"),
    "another's grant": lambda: caller("stranger", ring_of("stranger"), guest().chain),
    "a forged grant": lambda: swapped(guest(), chain=[granted(statement.digest(guest().keyring[0]), by="thief")]),
    "a grant of the past": lambda: guest(exp=NOW - 1),
    "a grant of the future": lambda: guest(nbf=NOW + 86_400),
    "a link that was not accepted": lambda: swapped(by_link(), chain=[LINK_GRANT]),
    "a swapped key": lambda: swapped(caller(), hello=said("thief", caller().keyring)),
    "a revoked grant": lambda: guest(serial=99),
}


class Hostile:
    """The camera, and what the liar makes of it."""

    def __init__(self, camera: Any, line: Liar) -> None:
        self.line = line
        known = owner().ordered(ordered(serials=(99,)))
        door = Door(key("camera"), known, random_bytes=os.urandom, wall=lambda: float(NOW), monotonic=time.monotonic)

        async def idle(_: Any) -> None:
            await asyncio.Event().wait()

        self.agent = CameraAgent(
            camera.sessions,
            lambda told: Picture(idle, told, random=lambda: 1.0),
            lambda *_: line,
            lambda _: door,
            random=lambda: 1.0,
            monotonic=time.monotonic,
            watch_network=idle,
        )
        self._count = 0

    async def call(self, shown: Caller | None) -> str:
        """A viewer that comes directly. Raises `ProtocolError`."""
        self._count += 1
        name = f"s{self._count}"
        extra = ConnectExtra(ticket=name, trust=None if shown is None else trust(shown))
        await self.agent.connect(DeviceConnectParams(name, expiry_time_seconds=60, belvedere=extra))
        return name


@pytest.fixture
async def hostile(camera: Any, new_viewer: NewViewer) -> AsyncIterator[Hostile]:
    async with _working(Hostile(camera, Liar(new_viewer))) as made:
        yield made


@asynccontextmanager
async def _working(hostile: Hostile) -> AsyncIterator[Hostile]:
    task = asyncio.create_task(hostile.agent.run(PAIRING, FakeMoves()))
    await asyncio.sleep(0)
    await hostile.agent.connected(RegisterResult("cam1"))
    try:
        yield hostile
    finally:
        task.cancel()
        await asyncio.wait({task})


async def test_an_honest_answer_is_shown(hostile: Hostile, eventually: Callable[..., Awaitable[None]]) -> None:
    """Or else the swaps below prove nothing."""
    viewers: list[Any] = []

    async def honest(name: str, offer: str, proof: str | None) -> InviteResult:
        viewers.append(hostile.line.new_viewer())
        offered = session.check_offer(proof or "", caller().hello, CAMERA, name, offer)
        answer = await viewers[0].answer(offer)
        return proven(answer, session.answer(key("phone"), offered, answer, NOW))

    hostile.line.invite = honest  # type: ignore[method-assign]
    await hostile.call(caller())
    await eventually(lambda: viewers and viewers[0].packets > 0)


@pytest.mark.parametrize("what", ANSWERS)
async def test_swap_of_answers_is_always_seen_and_shows_nothing(
    what: str, hostile: Hostile, eventually: Callable[..., Awaitable[None]]
) -> None:
    line = hostile.line
    await hostile.call(caller())
    await eventually(lambda: line.earlier is not None)
    line.tamper = ANSWERS[what]
    thieves = []
    for _ in range(ROUNDS):
        name = await hostile.call(caller())
        refused = ("error", name, Fault.NOT_TRUSTED)
        await eventually(lambda refused=refused: any(told[:3] == refused for told in line.sent))
        thieves.append(line.thief)
    await asyncio.sleep(STILL_SECONDS)
    assert [thief.packets for thief in thieves] == [0] * ROUNDS


@pytest.mark.parametrize("what", HELLOS)
async def test_swap_of_hellos_grants_and_time_is_always_refused(what: str, hostile: Hostile) -> None:
    for _ in range(ROUNDS):
        with pytest.raises(ProtocolError) as refused:
            await hostile.call(HELLOS[what]())
        assert refused.value.code is Fault.NOT_TRUSTED
