"""TURN as the doctor tries it: an allocation with a fresh credential at every URL, and whether it is closed inward."""

import os
import re
import ssl
from collections.abc import Sequence

from signaling.doctor import stun
from signaling.doctor.finding import Finding, bad, ok, warn
from signaling.doctor.line import Line, Transport, addresses, line_to, why
from signaling.doctor.stun import Attribute, Message

UNAUTHORIZED, STALE_NONCE, QUOTA, CAPACITY = 401, 438, 486, 508
INTERNAL = ("127.0.0.1", "10.0.0.1", "169.254.169.254")
"""Peers that no TURN server may carry to; an open one is a way into its operator's network."""
SUBJECT = "TURN"

_URL = re.compile(
    r"(?P<scheme>turns?|stuns?):(?P<host>\[[^\]]+\]|[^:?]+)(?::(?P<port>\d+))?(?:\?transport=(?P<way>\w+))?"
)


class Refusal(Exception):
    """The server said no. `code`: its reason (RFC 8489 §14.8, RFC 8656 §19)."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def place(url: str) -> tuple[str, int, Transport]:
    """Host, port and transport of a URL that the settings have accepted."""
    match = _URL.match(url)
    if match is None:
        raise ValueError(url)
    secure = match["scheme"].endswith("s")
    transport: Transport = "tls" if secure else "tcp" if match["way"] == "tcp" else "udp"
    return match["host"].strip("[]"), int(match["port"] or (5349 if secure else 3478)), transport


async def try_turn(url: str, username: str, password: str) -> list[Finding]:
    """One finding per address of the URL's host."""
    host, port, transport = place(url)
    try:
        found = await addresses(host, port)
    except (OSError, TimeoutError):
        return [bad(SUBJECT, f"{url}: the name {host} is unknown here", "check BELVEDERE_TURN_URLS and your DNS")]
    return [await _try(url, address, port, transport, host, (username, password)) for address in found]


async def _try(
    url: str, address: str, port: int, transport: Transport, name: str, credential: tuple[str, str]
) -> Finding:
    shown = url if address == name else f"{url} ({address})"
    try:
        async with line_to(address, port, transport, name) as line:
            session = await allocate(line, *credential)
            reached = await _reachable(session)
            await session.ask(stun.REFRESH, (stun.LIFETIME, bytes(4)))
    except Refusal as refusal:
        return bad(SUBJECT, f"{shown} {_reason(refusal.code)}", _advice(refusal.code))
    except ssl.SSLCertVerificationError as error:
        sentence = f"{shown}: its certificate is not trusted here ({error.verify_message})"
        return bad(SUBJECT, sentence, "give coturn a certificate that browsers trust (TURN_CERT), for this very name")
    except (OSError, TimeoutError) as error:
        return bad(SUBJECT, f"{shown} does not answer ({why(error)})", _open(port, transport))
    if reached:
        advice = "anybody with a credential reaches your network through it: run it by coturn/entrypoint"
        return bad(SUBJECT, f"{shown} carries to {', '.join(reached)}", advice)
    return ok(SUBJECT, f"{shown} gives an allocation, and carries to nothing internal")


class Allocation:
    """What a TURN server granted: the line, and how to sign on it."""

    def __init__(self, line: Line, username: str, password: str) -> None:
        self._line, self._username, self._password = line, username, password
        self._realm, self._nonce, self._key = b"", b"", b""

    async def ask(self, method: int, *attributes: Attribute, transaction: bytes = b"") -> Message:
        transaction = transaction or os.urandom(12)
        known = [(stun.USERNAME, self._username.encode()), (stun.REALM, self._realm), (stun.NONCE, self._nonce)]
        words = [*attributes, *(known if self._key else [])]
        return await self._line.ask(stun.write(method, transaction, words, self._key))

    def learn(self, answer: Message) -> None:
        """Realm and nonce out of a challenge."""
        self._realm, self._nonce = answer.get(stun.REALM) or b"", answer.get(stun.NONCE) or b""
        self._key = stun.key_of(self._username, self._realm, self._password)


async def allocate(line: Line, username: str, password: str) -> Allocation:
    """RFC 8656 §7. Raises `Refusal`, TimeoutError, OSError."""
    session = Allocation(line, username, password)
    wanted = (stun.REQUESTED_TRANSPORT, stun.UDP)
    answer = await session.ask(stun.ALLOCATE, wanted)
    if answer.error in {UNAUTHORIZED, STALE_NONCE}:
        session.learn(answer)
        answer = await session.ask(stun.ALLOCATE, wanted)
    if not answer.succeeded:
        raise Refusal(answer.error)
    return session


async def _reachable(session: Allocation) -> list[str]:
    """Which internal peers the server agrees to carry to."""
    agreed = []
    for address in INTERNAL:
        transaction = os.urandom(12)
        peer = (stun.XOR_PEER_ADDRESS, stun.xor_address(address, 9, transaction))
        answer = await session.ask(stun.CREATE_PERMISSION, peer, transaction=transaction)
        if answer.succeeded:
            agreed.append(address)
    return agreed


async def try_stun(urls: Sequence[str]) -> list[Finding]:
    """STUN servers of BELVEDERE_ICE_SERVERS: a question to each."""
    findings = []
    for url in urls:
        host, port, transport = place(url)
        try:
            address = (await addresses(host, port))[0]
            async with line_to(address, port, transport, host) as line:
                await line.ask(stun.write(stun.BINDING, os.urandom(12)))
            findings.append(ok("STUN", f"{url} answers"))
        except (OSError, TimeoutError) as error:
            advice = "check BELVEDERE_ICE_SERVERS; a dead STUN server only costs time"
            findings.append(warn("STUN", f"{url} does not answer ({why(error)})", advice))
    return findings


def _reason(code: int) -> str:
    return {
        UNAUTHORIZED: "refuses our credential",
        QUOTA: "has no allocation left",
        CAPACITY: "has no port left",
    }.get(code, f"refuses an allocation (error {code})")


def _advice(code: int) -> str:
    if code == UNAUTHORIZED:
        return "give coturn the secret of BELVEDERE_TURN_SECRET, and compare the clocks of both machines"
    if code in {QUOTA, CAPACITY}:
        return "raise TURN_TOTAL_QUOTA or TURN_RELAY_PORTS, or run another coturn"
    return "see coturn's log"


def _open(port: int, transport: Transport) -> str:
    return f"start coturn there, and let {'UDP' if transport == 'udp' else 'TCP'} port {port} in at its firewall"
