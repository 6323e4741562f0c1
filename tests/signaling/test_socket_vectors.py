"""The examples in `tests/vectors` are true of this server."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from signaling.protocol import messages as wire
from signaling.protocol.errors import Fault, ProtocolError
from tests.signaling.world import World

VECTORS = Path(__file__).parent.parent / "vectors"
Example = dict[str, Any]


def examples(name: str) -> list[Any]:
    return [pytest.param(entry, id=entry["name"]) for entry in json.loads((VECTORS / f"{name}.json").read_text())]


def body(message: wire.Message) -> msgspec.Raw:
    """Params or result."""
    if isinstance(message, wire.Result):
        return message.result
    assert isinstance(message, wire.Request | wire.Notification)
    return message.params


def written(message: wire.Message, kind: type[msgspec.Struct] | None) -> str:
    """What we would write in its place."""
    if isinstance(message, wire.Failure):
        return wire.failure(message.id, message.code, message.message)
    assert kind is not None
    value = wire.params_as(kind, body(message))
    if isinstance(message, wire.Request):
        return wire.request(message.id, message.method, value)  # type: ignore[arg-type]  # data, not a literal
    if isinstance(message, wire.Notification):
        return wire.notification(message.method, value)  # type: ignore[arg-type]  # data, not a literal
    return wire.result(message.id, value)


@pytest.mark.parametrize("example", examples("messages"))
def test_what_we_write_reads_back_and_is_written_the_same(example: Example) -> None:
    message = wire.decode(json.dumps(example["message"]))
    kind = None if example["type"] == "Failure" else getattr(wire, example["type"])
    assert json.loads(written(message, kind)) == example["message"]


@pytest.mark.parametrize("example", examples("lenient"))
def test_what_we_take_though_we_do_not_write_it_so(example: Example) -> None:
    assert wire.params_as(getattr(wire, example["type"]), body(wire.decode(example["text"])))


@pytest.mark.parametrize("example", examples("malformed"))
def test_what_is_read_as_a_message_but_says_nothing_sensible(example: Example) -> None:
    with pytest.raises(ProtocolError) as refused:
        wire.params_as(getattr(wire, example["type"]), body(wire.decode(json.dumps(example["message"]))))
    assert refused.value.code == Fault.INVALID_PARAMS


@pytest.mark.parametrize("example", examples("unreadable"))
def test_what_nobody_can_read(example: Example) -> None:
    with pytest.raises(ProtocolError) as refused:
        wire.decode(example["text"])
    assert refused.value.code == example["fault"]


@pytest.mark.parametrize("example", examples("refused"))
def test_what_the_server_refuses(example: Example) -> None:
    world = World()
    peers = {"device": world.device("c1"), "client": world.viewer("u1"), "nobody": world.peer()}
    session = world.call(peers["client"])
    params = json.loads(json.dumps(example["params"]).replace("SESSION", session))
    peers[example["from"]].say({"id": "it", "method": example["method"], "params": params})
    answers = [m for m in peers[example["from"]].inbox if m.get("id") == "it"]
    assert [answer["error"]["code"] for answer in answers] == [example["fault"]]
    assert session in world.table.sessions


def test_every_message_type_has_an_example() -> None:
    named = {entry["type"] for entry in json.loads((VECTORS / "messages.json").read_text())}
    kinds = {
        name
        for name, kind in vars(wire).items()
        if isinstance(kind, type) and name.endswith(("Params", "RegisterResult"))
    }
    assert kinds - {"RawTrickleParams"} <= named
