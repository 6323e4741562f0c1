"""A port that speaks plain HTTP because a proxy ends TLS in front of it: served is that proxy, and this machine.

Whoever else connects would send passwords and tokens in the clear. They are told so, as on a port that speaks TLS
(`signaling.http.plain_hint`), and nothing of what they send is looked at.
"""

import asyncio
from collections.abc import Callable
from typing import cast

import structlog

from signaling.http.plain_hint import HINT_SECONDS, MAX_IGNORED_BYTES, hint
from signaling.http.shared_port import Factory

log = structlog.get_logger(__name__)


class ProxiedPort:
    """`admits`: whether a peer's address is served. `origin`: where everybody else should go."""

    def __init__(self, admits: Callable[[str], bool], origin: str) -> None:
        self._admits = admits
        self._hint = hint(
            f"This port is for this server's proxy alone: call {origin} instead. What you sent came unencrypted."
        )

    def guarded(self, web: Factory) -> Factory:
        """`web`: protocols for those who are served."""
        return lambda: _Doorman(self._choose, web)

    def _choose(self, address: str, web: Factory) -> asyncio.BaseProtocol:
        if self._admits(address):
            return web()
        log.info("plain_http_refused", address=address, reason="not one of BELVEDERE_TRUSTED_PROXIES")
        return _Refusal(self._hint)


class _Doorman(asyncio.Protocol):
    """Hands a new connection to whom its peer's address names."""

    def __init__(self, choose: Callable[[str, Factory], asyncio.BaseProtocol], web: Factory) -> None:
        self._choose = choose
        self._web = web

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        peer = transport.get_extra_info("peername")
        chosen = self._choose(str(peer[0]) if isinstance(peer, tuple) else "unknown", self._web)
        transport.set_protocol(chosen)
        chosen.connection_made(transport)


class _Refusal(asyncio.Protocol):
    """Answers at once and waits a little for the other side to have read it."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._left = MAX_IGNORED_BYTES
        self._stream: asyncio.Transport | None = None
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        stream = cast(asyncio.Transport, transport)  # uvloop's transports are none of asyncio's by type
        self._stream = stream
        self._patience = asyncio.get_running_loop().call_later(HINT_SECONDS, stream.abort)
        stream.write(self._answer)
        stream.write_eof()

    def data_received(self, data: bytes) -> None:
        self._left -= len(data)
        if self._left <= 0 and self._stream is not None:
            self._stream.abort()

    def connection_lost(self, exc: BaseException | None) -> None:
        del exc
        if self._patience is not None:
            self._patience.cancel()
