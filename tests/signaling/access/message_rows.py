"""The access matrix of the signaling socket as a table: what strangers get for each message about a session of others.

A new message of `signaling.protocol.messages` needs a row here, or the build fails. `$session`, `$camera` and `$ticket`
stand for those of the victims. Answers are codes of `signaling.protocol.errors`; `OK`: the stranger may, for itself;
`SILENCE`: there is no answer. Whatever the answer, the victims hear nothing of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from signaling.protocol.errors import Fault
from tests.signaling.access.strangers import MAY_WATCH, STRANGERS, TURNED_AWAY, Stranger
from tests.signaling.viewer_client import Json

OK, SILENCE = "ok", "silence"
Outcome = str | int
Rights = Mapping[Stranger, Outcome]


@dataclass(frozen=True)
class MessageRow:
    """`message`: what is sent, without `jsonrpc`; a request has an `id`."""

    rights: Rights
    message: Json


def all_get(answer: Outcome, **others: Outcome) -> Rights:
    """The same for all strangers that are somebody; those that are nobody are told to register first."""
    rights: dict[Stranger, Outcome] = dict.fromkeys(STRANGERS, answer)
    if isinstance(answer, int) or answer == OK:
        rights |= dict.fromkeys((*TURNED_AWAY, "unregistered"), Fault.UNAUTHORIZED)
    return {**rights, **others}  # type: ignore[dict-item]


def _request(method: str, **params: object) -> Json:
    return {"id": "q", "method": method, "params": params}


def _notification(method: str, **params: object) -> Json:
    return {"method": method, "params": params}


_CANDIDATE = {"candidate": "candidate:1 1 udp 1 192.0.2.1 1 typ host"}
_ABOUT = {"session": "$session"}

MESSAGE_ROWS: dict[str, MessageRow] = {
    # With the ticket that one of the victims was given: whoever registers is who it is, and takes over nothing.
    "register": MessageRow(all_get(OK), _request("register", belvedere={"tickets": ["$ticket"]})),
    "unregister": MessageRow(all_get(OK, unregistered=Fault.NOT_FOUND), _request("unregister")),
    "connect": MessageRow(
        all_get(Fault.FORBIDDEN, **dict.fromkeys(MAY_WATCH, OK)), _request("connect", peer="$camera")
    ),
    "invite": MessageRow(all_get(Fault.BAD_REQUEST), _request("invite", offer="v=0", **_ABOUT)),
    "extend": MessageRow(all_get(Fault.BAD_REQUEST), _request("extend", **_ABOUT)),
    "trickle": MessageRow(all_get(SILENCE), _notification("trickle", candidate=_CANDIDATE, **_ABOUT)),
    "error": MessageRow(all_get(SILENCE), _notification("error", code=1001, message="no", **_ABOUT)),
    "belvedere.close": MessageRow(all_get(SILENCE), _notification("belvedere.close", **_ABOUT)),
    "belvedere.goAway": MessageRow(
        all_get(SILENCE), _notification("belvedere.goAway", graceSeconds=0, jitterSeconds=0, **_ABOUT)
    ),
    "belvedere.event": MessageRow(all_get(SILENCE), _notification("belvedere.event", name="no_internet", **_ABOUT)),
    "belvedere.stats": MessageRow(all_get(SILENCE), _notification("belvedere.stats", firstFrameMs=1, **_ABOUT)),
    "belvedere.wake": MessageRow(all_get(SILENCE), _notification("belvedere.wake", **_ABOUT)),
    "belvedere.hello": MessageRow(
        all_get(SILENCE), _notification("belvedere.hello", trust={"hello": "a.b.c"}, **_ABOUT)
    ),
    "belvedere.envelope": MessageRow(all_get(SILENCE), _notification("belvedere.envelope", envelope="a.b.c", **_ABOUT)),
    "belvedere.orders": MessageRow(all_get(SILENCE), _notification("belvedere.orders", orders="a.b.c", **_ABOUT)),
    "belvedere.receipt": MessageRow(all_get(SILENCE), _notification("belvedere.receipt", receipt="a.b.c", **_ABOUT)),
    # Answers to what was asked of others.
    "result": MessageRow(all_get(SILENCE), {"id": 1, "result": {"answer": "v=0", **_ABOUT}}),
    "failure": MessageRow(all_get(SILENCE), {"id": 1, "error": {"code": 403, "message": "no"}}),
}
