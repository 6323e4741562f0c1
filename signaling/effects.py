"""What the broker wants done. It decides; the rim (`signaling.hub`) carries out, in this order.

Every effect towards a socket names its node as well, so that several nodes can share the work later.
"""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from signaling.protocol.errors import CloseCode
from signaling.protocol.messages import MessageId, Trust, Way
from signaling.protocol.tickets import Ticket


class Address(NamedTuple):
    """A socket, somewhere."""

    node: str
    socket: str


@dataclass(frozen=True, slots=True)
class Send:
    """One text message."""

    to: Address
    text: str


@dataclass(frozen=True, slots=True)
class Came:
    """A camera is here. `epoch` fences: a newer connection has a higher one. `instance`: the word of its process.
    `address`: where it came from."""

    camera: str
    epoch: int
    capabilities: list[str] | dict[str, Any]
    instance: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Went:
    """The connection `epoch` of a camera is over, and was the newest that the broker knew."""

    camera: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Outlived:
    """The connection `epoch` of a camera still answered when a newer one had taken its place. `instance`, `address`: as
    when it came."""

    camera: str
    epoch: int
    instance: str
    address: str


@dataclass(frozen=True, slots=True)
class Hangup:
    """Close the socket, after what was sent to it before. `outlived`: news if it turns out that the peer is still
    there; None where nobody needs to know."""

    to: Address
    code: CloseCode
    reason: str
    outlived: Outlived | None = None


@dataclass(frozen=True, slots=True)
class FirstFrame:
    """A viewer of this camera has seen its first picture."""

    camera: str


@dataclass(frozen=True, slots=True)
class Reported:
    """A camera tells of something that happened to it."""

    camera: str
    name: str
    detail: str


@dataclass(frozen=True, slots=True)
class Receipted:
    """A camera says what it knows of its owner's orders; `receipt` is signed by it."""

    camera: str
    receipt: str


@dataclass(frozen=True, slots=True)
class Watching:
    """A person's media flows. `user`: the account that sees it; `owner`: the camera's. `since`: Unix seconds."""

    session: str
    camera: str
    user: str
    owner: str
    way: Way
    since: float


@dataclass(frozen=True, slots=True)
class Watched:
    """It is over, after a `Watching`."""

    session: str


@dataclass(frozen=True, slots=True)
class Counted:
    """Something worth a metric: refused, late, malformed."""

    name: str


@dataclass(frozen=True, slots=True)
class AskRegister:
    """Who is this? Answer with `broker.registered`. `tickets` are genuine; whether they still count is the question."""

    peer: Address
    id: MessageId
    authorization: str | None
    capabilities: list[str] | dict[str, Any]
    ours: bool
    tickets: tuple[Ticket, ...]
    refused: int
    """How many more tickets were listed that were not genuine or whose lease has ended."""
    over: tuple[str, ...] = ()
    """The sessions these name: words of the peer, good for nothing but an answer to it."""
    role: Literal["device", "client"] | None = None
    """What a relay registers as; nobody else may say so."""
    tunnel: str | None = None
    """Of a relay."""
    stun: tuple[str, ...] = ()
    """Of a relay."""
    moved: bool = False
    """Of a camera: its addresses have changed."""
    instance: str = ""
    """Of a camera: the word of its process."""


@dataclass(frozen=True, slots=True)
class AskConnect:
    """May this viewer watch this camera? Answer with `broker.connected`."""

    peer: Address
    id: MessageId
    camera: str
    authorization: str | None
    profile: str | None
    via: Way | None = None
    trust: Trust | None = None
    """Who watches, for the camera to judge."""


@dataclass(frozen=True, slots=True)
class AskExtend:
    """May this viewer go on watching, this way? Answer with `broker.extended`."""

    peer: Address
    id: MessageId
    session: str
    camera: str
    authorization: str | None
    via: Way = "direct"


Ask = AskRegister | AskConnect | AskExtend
News = Came | Went | Outlived | FirstFrame | Reported | Receipted
Effect = Send | Hangup | News | Watching | Watched | Counted | Ask
