"""The access matrix of the signaling socket: every message, sent by everybody whom the session does not concern.

What is right stands in `message_rows.py`, who sends in `strangers.py`. The server is the whole server, on a real port.
"""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from signaling.protocol.errors import CloseCode, Fault
from signaling.protocol.messages import NOTIFICATIONS, REQUESTS
from tests.signaling.access.message_rows import MESSAGE_ROWS, OK, SILENCE, Outcome
from tests.signaling.access.scene import Scene
from tests.signaling.access.strangers import MAY_WATCH, STRANGERS, TURNED_AWAY, Stranger, papers
from tests.signaling.test_socket_server import SOCKET, both
from tests.signaling.viewer_client import Fault as Refusal
from tests.signaling.viewer_client import Json, WirePeer, connected

ANSWERS = {"result", "failure"}
"""The two kinds of message that have no method."""


@dataclass
class Victims:
    """A camera and its viewer, with media flowing."""

    scene: Scene
    device: WirePeer
    viewer: WirePeer
    words: dict[str, str]
    marks: int = field(default=0)

    async def in_peace(self, who: Stranger) -> None:
        """Each hears the other, and has heard nothing else since the last time but a guest's wish to watch too."""
        self.marks += 1
        mark = {"candidate": f"mark {self.marks}"}
        said = {"session": self.words["$session"], "candidate": mark}
        for sender, receiver in ((self.device, self.viewer), (self.viewer, self.device)):
            await sender.tell("trickle", **said)
            assert (await receiver.expect("trickle"))["params"] == said
            assert [heard["params"] for heard in receiver.inbox if not self._of_its_own(who, receiver, heard)] == [said]
            receiver.inbox.clear()

    def _of_its_own(self, who: Stranger, receiver: WirePeer, heard: Json) -> bool:
        """What the camera is told of a session that the stranger may begin."""
        own = heard["params"]["session"] != self.words["$session"]
        return (
            who in MAY_WATCH and receiver is self.device and own and heard["method"] in {"connect", "belvedere.close"}
        )

    async def go_on(self) -> None:
        """Their session can be extended: it never ended."""
        extending = asyncio.create_task(self.viewer.request("extend", session=self.words["$session"]))
        await self.device.reply(await self.device.expect("extend"), expiryTimeSeconds=60)
        assert (await extending)["expiryTimeSeconds"] > 0


@pytest.fixture
async def victims(scene: Scene) -> AsyncIterator[Victims]:
    camera = scene.things["camera"]
    async with both(scene.owner, camera, scene.device("camera")) as (device, viewer, session, ticket):
        for peer in (device, viewer):
            peer.inbox.clear()
        yield Victims(scene, device, viewer, {"$session": session, "$camera": camera, "$ticket": ticket})


def test_access_matrix_has_a_row_for_every_message() -> None:
    known = REQUESTS | NOTIFICATIONS | ANSWERS
    missing, stale = sorted(known - MESSAGE_ROWS.keys()), sorted(MESSAGE_ROWS.keys() - known)
    assert not missing, (
        f"no row in tests/signaling/access/message_rows.py (MESSAGE_ROWS) for {missing}: say there what strangers get "
        "who send it about a session of others, for instance "
        '"connect": MessageRow(all_get(Fault.FORBIDDEN), _request("connect", peer="$camera")).'
    )
    assert not stale, f"rows without a message, to be removed from tests/signaling/access/message_rows.py: {stale}"
    assert all(set(row.rights) == set(STRANGERS) for row in MESSAGE_ROWS.values())


@pytest.mark.parametrize("who", STRANGERS)
async def test_access_matrix_of_signaling(who: Stranger, victims: Victims) -> None:
    """A socket of its own for each message; afterwards the victims' session is as it was."""
    wrong: list[str] = []
    for name, row in MESSAGE_ROWS.items():
        got = await outcome(who, victims, filled(row.message, victims.words))
        if got != row.rights[who]:
            wrong.append(f"{name}: {got!r} instead of {row.rights[who]!r}")
        await victims.in_peace(who)
    assert not wrong, f"{who}\n" + "\n".join(wrong)
    await victims.go_on()


@pytest.mark.parametrize("who", STRANGERS)
async def test_access_matrix_of_signaling_tells_foreign_from_unknown_to_nobody(who: Stranger, victims: Victims) -> None:
    unknown = {word: secrets.token_urlsafe(len(known))[: len(known)] for word, known in victims.words.items()}
    for name, row in MESSAGE_ROWS.items():
        if name == "connect" and who in MAY_WATCH:
            continue  # the camera is not foreign to it
        foreign, nobodys = [
            await answers(who, victims, filled(row.message, words)) for words in (victims.words, unknown)
        ]
        assert [_comparable(each) for each in foreign] == [_comparable(each) for each in nobodys], name


async def outcome(who: Stranger, victims: Victims, message: Json) -> Outcome:
    """What came back."""
    heard = await answers(who, victims, message)
    if not heard:
        return SILENCE
    if "error" in heard[-1]:
        return int(heard[-1]["error"]["code"])
    adopted = (heard[-1]["result"].get("belvedere") or {}).get("adopted", [])
    return f"adopted {adopted}" if adopted else OK


async def answers(who: Stranger, victims: Victims, message: Json) -> list[Json]:
    """Sends one message as that stranger; all that came back for it."""
    header, extra = await papers(who, victims.scene)
    async with connected(victims.scene.running.origin + SOCKET, header) as peer:
        if message.get("method") == "register":
            merged = message["params"] | extra
            merged["belvedere"] = message["params"]["belvedere"] | extra.get("belvedere", {})
            return [await _asked(peer, message | {"params": merged})]
        if who in TURNED_AWAY:
            return await _turned_away(peer, message)
        if who != "unregistered":
            await peer.register(**extra)
        if message.get("id") == "q":
            return [await _asked(peer, message)]
        await peer.send(message)
        with pytest.raises(Refusal, match=str(int(Fault.METHOD_NOT_FOUND))):
            await peer.request("are you there")  # messages of one socket are taken in order
        return [heard for heard in peer.inbox if heard.get("method") != "connect"]


async def _asked(peer: WirePeer, message: Json) -> Json:
    try:
        return {"result": await peer.request(message["method"], **message["params"])}
    except Refusal as refusal:
        return {"error": {"code": refusal.code, "text": str(refusal)}}


async def _turned_away(peer: WirePeer, message: Json) -> list[Json]:
    """`register` is refused and the socket closed; what is sent into it all the same is not even read."""
    refused = await _asked(peer, {"method": "register", "params": {"belvedere": {}}})
    if not peer.ws.closed:
        await peer.send(message)
    assert await peer.closed() == CloseCode.SIGNED_OUT
    assert not peer.inbox
    return [refused] if "id" in message and "method" in message else []


def filled(message: Json, words: dict[str, str]) -> Json:
    text = json.dumps(message)
    for word, value in words.items():
        text = text.replace(word, value)
    filled: Json = json.loads(text)
    return filled


def _comparable(heard: Json) -> Any:
    """A fresh id stands in the answer to `register`, and credentials that were made for it."""
    return heard.get("error") or sorted(heard["result"])
