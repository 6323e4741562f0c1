"""Bounds of the broker and its sockets, everybody's and a relay's, with their reasons."""

from dataclasses import dataclass

from signaling.protocol.messages import HEARTBEAT_SECONDS, MAX_CANDIDATES, MAX_MESSAGE_BYTES


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the broker and the sockets; each keeps one party from taking what belongs to all."""

    sessions_per_device: int = 64
    """Of a camera: a household's viewers, twice over; a camera refuses earlier by itself."""
    sessions_per_user: int = 256
    """Every camera of an account on several screens."""
    sessions_per_socket: int = 128
    """A wall of 64 cameras that changes over make-before-break."""
    pending_per_socket: int = 160
    """Requests a peer has not answered: one `connect` or `invite` a session, and some for `extend`."""
    tickets_per_register: int = 128
    """As many as a socket may have sessions."""
    candidates_per_side: int = MAX_CANDIDATES
    candidate_bytes: int = 2048
    """The longest real ones have under 300."""
    name_chars: int = 128
    instance_chars: int = 64
    """Of a camera's process: 96 random bits have 16."""
    url_chars: int = 512
    """Of a relay's tunnel and STUN."""
    stun_urls: int = 4
    """Of one relay: an address of each family, and as many more."""
    reason_chars: int = 200
    detail_chars: int = 500
    capabilities_bytes: int = 4096
    ended_remembered: int = 20_000
    """Ended sessions whose tickets still look good; the oldest are forgotten first. 4 MiB at most."""
    greeted_per_camera: int = 64
    """Viewers over a relay that say who they are: a camera holds as many in mind as it has sessions."""
    trust_bytes_per_camera: int = 512 * 1024
    """What such viewers say, together: it is all said at once when the camera registers, and fits into its queue."""
    trust_bytes_per_second: float = 64 * 1024
    """Of what viewers say to one camera of who they are, mostly 3 KiB each: a camera's line and hand are slow."""
    hellos_per_second: float = 0.2
    """Of one session, after its first: where a server was restarted, or a key is missing."""
    hellos_burst: int = 4
    envelopes_per_second: float = 0.5
    """Of one session: a new key for each viewer that loses its right, and daily."""
    envelopes_burst: int = 32
    """An owner that takes several rights back, one after the other."""
    register_seconds: float = 10.0
    """From the WebSocket's opening to its `register`: a slow handshake, no more."""
    extend_seconds: float = 10.0
    """For the camera's answer to `extend`."""
    messages_per_second: float = 50.0
    """Per socket; candidates of several sessions come in bursts. Who sends more is read more slowly."""
    messages_burst: int = 400
    reports_per_second: float = 1.0
    """Per socket: each `belvedere.event`, and each first `belvedere.stats` of a session, is a write to the database."""
    reports_burst: int = 16
    """What a camera remembers from before it was connected. A viewer has `sessions_per_socket` first pictures."""
    heartbeat_seconds: float = HEARTBEAT_SECONDS
    """A peer that answers no ping within half of this is gone."""
    sockets_per_address: int = 512
    """Many households share an address behind a carrier's NAT."""
    sockets_unregistered: int = 2000
    """Sockets that have not said who they are."""
    sockets: int = 15_000
    """Under the usual `nofile` hard limit of 20,000."""
    message_bytes: int = MAX_MESSAGE_BYTES
    queue_messages: int = 512
    queue_bytes: int = 1024 * 1024
    """What waits for a slow reader: sixteen messages of the largest size."""


RELAY_LIMITS = Limits(
    sessions_per_device=1024,  # 500 viewers a core (DESIGN §8), each with one more while it changes over
    sessions_per_user=1024,  # its uploads: at most one for each viewer
    sessions_per_socket=1024,
    pending_per_socket=1280,  # as for others, a request a session and some for `extend`
    tickets_per_register=1024,
    messages_per_second=1000.0,  # 500 viewers that come within some seconds, about ten messages each
    messages_burst=8000,
    message_bytes=512 * 1024,  # a `register` with all its tickets, of 350 bytes each
    queue_messages=4096,  # when a server drains or a camera goes, all its sessions hear at once
    queue_bytes=4 * 1024 * 1024,
)
"""Bounds of a relay's two sockets, where they are not everybody's: it holds the operator's secret, and serves many."""
