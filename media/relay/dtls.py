"""DTLS for one leg over a stand-in transport: only DTLS datagrams come here, SRTP keys go out, media never passes."""

import asyncio
from collections.abc import Callable
from typing import Any

from aiortc import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport
from aiortc.rtcdtlstransport import State

from media.dtls import DtlsFailed, DtlsRole
from media.relay.srtp import SrtpPair, keyed, material_bytes

MAX_WAITING = 32
"""DTLS datagrams not yet read: a handshake has at most a dozen, with retransmissions; more is an attack."""


class _Link:
    """What `RTCDtlsTransport` needs of an `RTCIceTransport`."""

    role = "controlled"

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._queue: asyncio.Queue[bytes] = asyncio.Queue(MAX_WAITING)
        self._out = send

    def take(self, data: bytes) -> None:
        if not self._queue.full():
            self._queue.put_nowait(data)

    async def _recv(self) -> bytes:
        return await self._queue.get()

    async def _send(self, data: bytes) -> None:
        self._out(data)


class LegDtls(RTCDtlsTransport):
    """The association of one leg. `srtp` is there once `establish` has returned."""

    def __init__(self, certificate: RTCCertificate, send: Callable[[bytes], None]) -> None:
        self._link = _Link(send)
        link: Any = self._link
        super().__init__(link, [certificate])
        self.srtp: SrtpPair | None = None
        self.ended: Callable[[], None] | None = None
        """Called once when the peer says goodbye."""
        self.on("statechange", self._note_state)

    def take(self, data: bytes) -> None:
        """One DTLS datagram from the peer's verified address."""
        self._link.take(data)

    async def establish(self, role: DtlsRole, fingerprints: list[tuple[str, str]]) -> SrtpPair:
        """Shake hands. Raises `DtlsFailed`; the caller sets the time limit."""
        self._set_role(role)
        await self.start(RTCDtlsParameters([RTCDtlsFingerprint(a, v) for a, v in fingerprints]))
        if self.state != "connected" or self.srtp is None:
            raise DtlsFailed("the other side's DTLS certificate or protocol does not match its description")
        return self.srtp

    def _setup_srtp(self) -> None:
        """Instead of aiortc's: the same keys with a longer window, usable in place."""
        if self._ssl is None:
            return
        profile: bytes = self._ssl.get_selected_srtp_profile()
        size = material_bytes(profile)
        if not size:
            self._set_state(State.FAILED)
            return
        material = self._ssl.export_keying_material(b"EXTRACTOR-dtls_srtp", size)
        self.srtp = keyed(profile, material, as_server=self._role == "server")

    def _note_state(self) -> None:
        if self.state in ("closed", "failed") and self.ended is not None:
            self.ended()
