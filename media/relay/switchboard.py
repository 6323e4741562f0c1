"""Which leg a datagram belongs to: by ufrag for checks, by verified address for all else. Decides, does no I/O.

An address belongs to a leg only once a check with the leg's password came from it (RFC 8445 §7.3), so nobody can take a
session over or disturb it by sending to the port.
"""

from collections.abc import Hashable
from typing import Protocol

from media.relay.inbox import Inbox
from media.relay.path import Path
from media.relay.rates import NetworkRates
from media.relay.stun import Binding, plain_answer, read_answer, read_request, signed_answer

MAX_ADDRESSES = 16
"""Verified addresses of one leg: a browser has a handful; the one longest unused is forgotten first."""
MAX_TRANSACTIONS = 128
"""Checks of one leg remembered by their transaction: five minutes of a browser's."""
PREFER_UDP_SECONDS = 5.0
"""While UDP was heard this recently, a nomination of TCP does not move the leg."""


class Leg(Protocol):
    """One peer, as far as the switchboard knows it."""

    ufrag: str
    password: bytes
    path: Path | None
    heard_at: float

    @property
    def is_keyed(self) -> bool:
        """DTLS has come to its end."""

    def holds(self, source: Hashable, now: float) -> bool:
        """It lives, and this is where its peer has shown that it is."""

    def use(self, path: Path) -> None:
        """Send this way from now on."""

    def end(self, reason: str) -> None:
        """It ends by itself."""

    def take_dtls(self, data: bytes) -> None: ...

    def take_answer(self, answer: Binding, now: float) -> bool:
        """An answer to a check of ours, whose signature is still to be checked; whether it is one."""

    def take_media(self, inbox: Inbox, now: float, wall: float) -> None: ...


class Switchboard:
    """All legs of the relay."""

    def __init__(self) -> None:
        self._by_ufrag: dict[str, Leg] = {}
        self._by_source: dict[Hashable, Leg] = {}
        self._paths: dict[str, dict[Hashable, Path]] = {}
        """The verified ways of each leg, by their source; the one that was used last is the last."""
        self._transactions: dict[str, dict[bytes, Hashable]] = {}
        self._strangers = NetworkRates()
        self.ignored = 0

    def __len__(self) -> int:
        return len(self._by_ufrag)

    def add(self, leg: Leg) -> None:
        """The leg can be reached."""
        self._by_ufrag[leg.ufrag] = leg
        self._paths[leg.ufrag] = {}
        self._transactions[leg.ufrag] = {}

    def remove(self, leg: Leg) -> None:
        """It cannot any more; its addresses are strangers again. Its path is left to it, for a goodbye; connections it
        had besides are closed."""
        self._by_ufrag.pop(leg.ufrag, None)
        self._transactions.pop(leg.ufrag, None)
        for source, path in self._paths.pop(leg.ufrag, {}).items():
            self._by_source.pop(source, None)
            if leg.path is None or leg.path.source != source:
                path.close()

    def legs(self) -> list[Leg]:
        """Those that can be reached."""
        return list(self._by_ufrag.values())

    def leg_at(self, source: Hashable) -> Leg | None:
        """Whose verified address this is."""
        return self._by_source.get(source)

    def take_dtls(self, data: bytes, source: Hashable) -> bool:
        """A DTLS datagram. Before there are keys the leg answers where it came from: a peer that nominates several ways
        (RFC 5245 §8.1.1.2) speaks on the one it chose. Whether the address is a leg's."""
        leg = self._by_source.get(source)
        if leg is None:
            return False
        if not leg.is_keyed and leg.path is not None and leg.path.source != source:
            leg.use(self._paths[leg.ufrag][source])
        leg.take_dtls(data)
        return True

    def check(self, data: bytes, host: str, port: int, path: Path, now: float) -> bytes | None:
        """A STUN message that came over `path` from `host` and `port`; what to answer, or none."""
        request = read_request(data)
        if request is None:
            self.ignored += not self._is_answer(data, path, now)
            return None
        if request.username is None:
            return self._stranger(request, host, port, now)
        leg = self._by_ufrag.get(request.ufrag or "")
        known = leg is not None and request.is_signed_with(leg.password)
        if leg is None or not known or not self._may_come(leg, request, path.source, now):
            self.ignored += 1
            return None
        self._learn(leg, path)
        self._follow(leg, path, nominated=request.nominates, now=now)
        leg.heard_at = now
        return signed_answer(request, host, port, leg.password)

    def _may_come(self, leg: Leg, request: Binding, source: Hashable, now: float) -> bool:
        """Whoever watches anything can sign a check, and write any address on it: that of another's living conversation
        stays the other's. A NAT gives a port to somebody new only when it has been silent for long."""
        owner = self._by_source.get(source)
        if owner is not None and owner is not leg and owner.holds(source, now):
            return False
        return not self._is_replayed(leg, request.transaction, source)

    def _is_replayed(self, leg: Leg, transaction: bytes, source: Hashable) -> bool:
        """A check that somebody caught on its way and sends from elsewhere would lead the media there; its sender
        repeats it from where it was."""
        seen = self._transactions[leg.ufrag]
        if transaction in seen:
            return seen[transaction] != source
        if len(seen) >= MAX_TRANSACTIONS:
            del seen[next(iter(seen))]
        seen[transaction] = source
        return False

    def _is_answer(self, data: bytes, path: Path, now: float) -> bool:
        answer, leg = read_answer(data), self._by_source.get(path.source)
        return answer is not None and leg is not None and leg.take_answer(answer, now)

    def _stranger(self, request: Binding, host: str, port: int, now: float) -> bytes | None:
        """A plain STUN server's answer, the only one that may be larger than what was asked."""
        return plain_answer(request, host, port) if self._strangers.admits(host, now) else None

    def _learn(self, leg: Leg, path: Path) -> None:
        paths, source = self._paths[leg.ufrag], path.source
        before = self._by_source.get(source)
        if before is not None:
            del self._paths[before.ufrag][source]
        if len(paths) >= MAX_ADDRESSES:
            used = leg.path.source if leg.path is not None else None
            oldest = next(known for known in paths if known != used)
            del self._by_source[oldest]
            paths.pop(oldest).close()
        paths[source] = path
        self._by_source[source] = leg

    def _follow(self, leg: Leg, path: Path, *, nominated: bool, now: float) -> None:
        if leg.path is not None and leg.path.source == path.source:
            return
        if leg.path is not None:
            keeps_udp = path.reliable and not leg.path.reliable and now - leg.heard_at < PREFER_UDP_SECONDS
            if not nominated or keeps_udp:
                return
        leg.use(path)
