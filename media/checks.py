"""Connectivity checks and what follows from their answers: which pair carries the media, at any moment.

Sockets, the parsing of STUN, the pairing of candidates and the answers to checks are aioice's. But it keeps the first
pair that succeeds and ends all others, repeats checks rarely, and notices a dead peer after half a minute. Here
media/nomination.py decides, media/check.py asks, and checks go on until there is nothing better to be had.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, cast

import structlog
from aioice import stun
from aioice.candidate import candidate_priority
from aioice.ice import CandidatePair, StunProtocol, candidate_pair_priority

from media.check import Answered, Check, CheckRefused
from media.guard import Address
from media.guarded import DeafConnection
from media.nomination import Nomination, Rank, Way
from media.tunnel import TUNNEL_ADDRESS
from media.tunnel_pair import is_tunnel
from signaling.protocol.messages import MAX_CANDIDATES

log = structlog.get_logger(__name__)

CHECK_SECONDS = 5.0
"""For one pair; then it has failed, until the peer's own check comes through it."""
PACE_SECONDS = 0.005
"""Between the first checks of two pairs, the least that RFC 8445 §14.2 allows: a camera has few pairs."""
MAX_REMOTE_ADDRESSES = 2 * MAX_CANDIDATES
"""Announced ones, and as many that a peer's router makes up (RFC 8445 §7.3.1.3)."""
WINS_CONFLICTS = 2**64 - 1
"""Our tie-breaker: whoever offers is the controlling side, and stays it (RFC 8445 §7.3.1.1)."""
State = CandidatePair.State


class CheckingConnection(DeafConnection):
    """`turn_hosts`: addresses of TURN servers that the peer may use."""

    def __init__(self, turn_hosts: frozenset[str] = frozenset()) -> None:
        super().__init__()
        self._tie_breaker = WINS_CONFLICTS
        self.turn_hosts = turn_hosts
        self.nominated = asyncio.Event()
        self.on_move: Callable[[], None] | None = None
        """Called when the media is to take another pair than before."""
        self.round_trip: float | None = None
        """Seconds that the nominated pair's check took; none while nothing is nominated."""
        self.candidates_complete = False
        """The peer has told all its candidates."""
        self._nomination = Nomination(lambda pair: self._rank(cast(CandidatePair, pair)))
        self._checks: dict[CandidatePair, Check] = {}
        self._round_trips: dict[CandidatePair, float] = {}
        self._more = asyncio.Event()
        self._work: set[asyncio.Task[None]] = set()
        self._hold: asyncio.TimerHandle | None = None

    async def start(self, username: str, password: str) -> None:
        """Check until a pair is nominated, and go on for a better one until `close`. Waits as long as it takes."""
        self.remote_username, self.remote_password = username, password
        for candidate in self._remote_candidates:
            self._pair_remote_candidate(candidate)
        self.sort_check_list()
        early = list(self._early_checks)
        self._early_checks.clear()
        self._early_checks_done = True
        for message, address, protocol in early:
            self.check_incoming(message, address, protocol)
        self._spawn(self._check_all())
        await self.nominated.wait()

    async def close(self) -> None:
        """End it all."""
        self._closing = True
        if self._hold is not None:
            self._hold.cancel()
        for task in self._work:
            task.cancel()
        if self._work:
            await asyncio.wait(set(self._work))
        await super().close()

    async def _check_all(self) -> None:
        """Begin one check after the other, best pair first; wait where none is left."""
        while True:
            pair = next((pair for pair in self._check_list if self._is_due(pair)), None)
            if pair is None:
                self._more.clear()
                await self._more.wait()
            else:
                self.check_start_task(pair)
                await asyncio.sleep(PACE_SECONDS)

    def _is_due(self, pair: CandidatePair) -> bool:
        waits = pair.task is None and pair.state in (State.WAITING, State.FROZEN)
        return waits and self._nomination.improves(pair)

    def check_start_task(self, pair: CandidatePair) -> None:
        """Unless it runs already, or would be of no use."""
        if pair.task is None and not self._closing and self._nomination.improves(pair):
            super().check_start_task(pair)

    async def check_start(self, pair: CandidatePair) -> None:
        """Check a pair until it answers or has failed. All but TURN pairs are nominated by their very check, which
        saves a round trip."""
        self.check_state(pair, State.IN_PROGRESS)
        check = self._checks[pair] = self._question(pair, nominate=self._rank(pair).way is not Way.TURN)
        answered: Answered | None = None
        try:
            answered = await check.run(CHECK_SECONDS)
        except (TimeoutError, CheckRefused):
            pass
        finally:
            self._checks.pop(pair, None)
            pair.task = None
            self.check_state(pair, State.FAILED)
        if answered is not None and answered.address == pair.remote_addr:
            self.check_state(pair, State.SUCCEEDED)
            self._prove(pair.remote_addr)
            self._round_trips[pair] = answered.round_trip
            self._nomination.answered(pair, answered.round_trip, asyncio.get_running_loop().time())
        self._settle()

    def check_incoming(self, message: stun.Message, addr: Address, protocol: StunProtocol) -> None:
        """A check of the peer: it proves its address, and that the way to it is open now."""
        known = any((c._network_host, c.port) == addr for c in self._remote_candidates)
        if not known and len(self._remote_candidates) >= MAX_REMOTE_ADDRESSES:
            return
        super().check_incoming(message, addr, protocol)
        self._prove(addr)
        for pair, check in list(self._checks.items()):
            if pair.protocol is protocol and pair.remote_addr == addr:
                check.ask()

    def _question(self, pair: CandidatePair, *, nominate: bool) -> Check:
        key = (self.remote_password or "").encode()
        return Check(pair.protocol, pair.remote_addr, lambda: self.build_request(pair, nominate), key, self._hear)

    def _rank(self, pair: CandidatePair) -> Rank:
        priority = candidate_pair_priority(pair.local_candidate, pair.remote_candidate, ice_controlling=True)
        ends = (pair.local_candidate, pair.remote_candidate)
        return Rank(self._way(pair), -sum(candidate_priority(1, end.type) for end in ends), -priority)

    def _way(self, pair: CandidatePair) -> Way:
        if pair.remote_addr == TUNNEL_ADDRESS:
            return Way.TUNNEL
        relayed = "relay" in (pair.local_candidate.type, pair.remote_candidate.type)
        return Way.TURN if relayed or pair.remote_addr[0] in self.turn_hosts else Way.DIRECT

    # --- nomination ---

    def _settle(self) -> None:
        """Act on what the checks have told so far."""
        if self._closing:
            return
        loop = asyncio.get_running_loop()
        pair = self._nomination.decide(loop.time(), direct_tried=self._direct_tried())
        if pair is not None:
            self._use(cast(CandidatePair, pair))
        if self._hold is not None:
            self._hold.cancel()
        due = self._nomination.next_due()
        self._hold = loop.call_at(due, self._settle) if due is not None else None

    def _direct_tried(self) -> bool:
        """Whether a direct pair may still answer."""
        open_states = (State.FROZEN, State.WAITING, State.IN_PROGRESS)
        tried = any(pair.state in open_states and self._way(pair) is Way.DIRECT for pair in self._check_list)
        return tried or not self.candidates_complete

    def _use(self, pair: CandidatePair) -> None:
        moves = self.nominated.is_set()
        self._nominated[1] = pair
        self.round_trip = self._round_trips.get(pair)
        rivals = [check for other, check in self._checks.items() if not self._nomination.improves(other)]
        for check in rivals:
            check.rest()
        if moves or rivals or self._way(pair) is Way.TURN:
            self._spawn(self._nominate(pair))
        if self._way(pair) is not Way.TUNNEL:
            self._leave_tunnels()
        self.nominated.set()
        if moves and self.on_move is not None:
            self.on_move()

    def _leave_tunnels(self) -> None:
        for protocol in self._protocols:
            if is_tunnel(protocol):
                protocol.transport.close()

    async def _nominate(self, pair: CandidatePair) -> None:
        """Tell the peer, also where a rival's check has told it otherwise: it may follow the last nomination. The media
        need not wait for it: the pair is valid (RFC 8445 §12.1). What the peer sends meanwhile over another pair that
        answers passes the guard (§12.2)."""
        try:
            await self._question(pair, nominate=True).run(CHECK_SECONDS)
        except (TimeoutError, CheckRefused) as error:
            log.info("nomination_not_answered", problem=str(error))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)
