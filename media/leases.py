"""Which sessions a camera or a relay runs, until when, and the server's tickets for them (DESIGN §4).

A lease ends a session that nobody extends, also while the server is away; the tickets are shown to the server after a
reconnect, so that it can adopt what it has forgotten.
"""

from dataclasses import dataclass

from signaling.protocol.errors import Fault, ProtocolError
from signaling.protocol.messages import DeviceConnectParams, DeviceExtendParams, ExtendResult, RegisterResult

DEFAULT_SECONDS = 3600.0
"""Where the server names no lease."""
MAX_SECONDS = 24 * 3600.0
"""Longer ones are cut to this: no server needs to be trusted for more than a day in advance."""

Terms = DeviceConnectParams | DeviceExtendParams | ExtendResult
"""What the server says of a lease: its length, and the ticket."""


@dataclass(frozen=True, slots=True)
class Lease:
    """`ends_at` by the clock that the caller uses; `ticket` is None where the server gave none."""

    ends_at: float
    ticket: str | None


class Leases:
    """Times are seconds of one monotonic clock, handed in."""

    def __init__(self) -> None:
        self._leases: dict[str, Lease] = {}

    def __contains__(self, session: str) -> bool:
        return session in self._leases

    def grant(self, session: str, seconds: float | None, ticket: str | None, now: float) -> None:
        """A session begins, or goes on: the new lease counts from now; without a new ticket the old one stays."""
        length = DEFAULT_SECONDS if seconds is None else min(max(seconds, 0.0), MAX_SECONDS)
        older = self._leases.get(session)
        self._leases[session] = Lease(now + length, ticket or (older.ticket if older else None))

    def accept(self, session: str, terms: Terms, now: float) -> None:
        """`grant` what the server has said."""
        ticket = terms.belvedere.ticket if terms.belvedere else None
        self.grant(session, terms.expiry_time_seconds, ticket, now)

    def extend(self, params: DeviceExtendParams, now: float) -> None:
        """More time for a session. Raises `ProtocolError` for one that is over."""
        if params.session not in self:
            raise ProtocolError(Fault.GONE, "this session is over")
        self.accept(params.session, params, now)

    def drop(self, session: str) -> bool:
        """The session is over. False if there was none."""
        return self._leases.pop(session, None) is not None

    def sessions(self) -> list[str]:
        return list(self._leases)

    def not_adopted(self, registered: RegisterResult) -> list[str]:
        """Sessions that the server does not take up again: they are over."""
        adopted = set(registered.belvedere.adopted) if registered.belvedere else set()
        return [session for session in self._leases if session not in adopted]

    def tickets(self) -> list[str]:
        """What is shown at `register`."""
        return [lease.ticket for lease in self._leases.values() if lease.ticket is not None]

    def expired(self, now: float) -> list[str]:
        """Sessions whose time is over."""
        return [session for session, lease in self._leases.items() if lease.ends_at <= now]
