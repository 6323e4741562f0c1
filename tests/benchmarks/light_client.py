"""A viewer that costs next to nothing: it does ICE and DTLS, then counts packets without decrypting them.

As a program it serves any number of offers: one JSON line `{"offer": sdp}` on standard input gives one line
`{"answer": sdp}`, `{"count": true}` gives `{"connected": n, "packets": n, "reports": n, "bytes": n}`, and
`{"delays": true}` gives `{"delays": [s]}`: ages of the first viewer's packets since the last such line, by their send
time. It ends with its input.
"""

import asyncio
import json
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import aioice
from aiortc import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport

MAX_DELAYS = 100_000


class CountingConnection(aioice.Connection):
    """Counts media datagrams below the transport; all else goes on to DTLS. `reports`: those of `packets` that are
    RTCP (RFC 5761 §4)."""

    def __init__(self) -> None:
        super().__init__(ice_controlling=False)
        self.packets = 0
        self.reports = 0
        self.bytes = 0
        self.on_media: Callable[[bytes], None] | None = None

    def data_received(self, data: bytes, component: int) -> None:
        if data and 128 <= data[0] <= 191:
            self.packets += 1
            self.reports += 192 <= data[1] <= 223
            self.bytes += len(data)
            if self.on_media is not None:
                self.on_media(data)
        else:
            super().data_received(data, component)


class _Link:
    role = "controlled"

    def __init__(self, connection: aioice.Connection) -> None:
        self._recv = connection.recv
        self._send = connection.send


class LightViewer:
    """One viewer: `answer(offer)`, then `connected`, then it counts until `close`."""

    def __init__(self) -> None:
        self.connection = CountingConnection()
        self.dtls: RTCDtlsTransport | None = None
        self.connected = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def packets(self) -> int:
        return self.connection.packets

    async def answer(self, offer: str) -> str:
        """Gather, answer, and go on connecting in the background."""
        lines = offer.split("\r\n")
        certificate = RTCCertificate.generateCertificate()
        link: Any = _Link(self.connection)
        self.dtls = RTCDtlsTransport(link, [certificate])
        self.connection.ice_controlling = "a=ice-lite" in lines
        await self.connection.gather_candidates()
        self.connection.remote_username = attribute(lines, "ice-ufrag")
        self.connection.remote_password = attribute(lines, "ice-pwd")
        for line in lines:
            if line.startswith("a=candidate:"):
                await self.connection.add_remote_candidate(aioice.Candidate.from_sdp(line.removeprefix("a=candidate:")))
        await self.connection.add_remote_candidate(None)
        algorithm, value = attribute(lines, "fingerprint").split()
        self._task = asyncio.create_task(self._connect(algorithm, value))
        fingerprint = next(f.value for f in certificate.getFingerprints() if f.algorithm == "sha-256")
        return self._write(lines, fingerprint)

    async def close(self) -> None:
        """Leave, with a DTLS goodbye."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        if self.dtls is not None and self.dtls.state == "connected":
            await self.dtls.stop()
        await self.connection.close()

    async def _connect(self, algorithm: str, value: str) -> None:
        assert self.dtls is not None
        await self.connection.connect()
        self.dtls._set_role("client")
        await self.dtls.start(RTCDtlsParameters([RTCDtlsFingerprint(algorithm, value)]))
        assert self.dtls.state == "connected", self.dtls.state
        self.connected.set()

    def _write(self, offer: list[str], fingerprint: str) -> str:
        transport = [
            f"a=ice-ufrag:{self.connection.local_username}",
            f"a=ice-pwd:{self.connection.local_password}",
            f"a=fingerprint:sha-256 {fingerprint}",
            "a=setup:active",
        ]
        answer = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0"]
        answer += [line for line in offer if line.startswith("a=group:BUNDLE")]
        for section in sections(offer):
            words = section[0].split()
            wanted = words[0] == "m=video"
            answer += [" ".join([words[0], "9" if wanted else "0", *words[2:]]), "c=IN IP4 0.0.0.0"]
            answer += transport + [line for line in section if line.startswith(("a=mid:", "a=rtpmap:", "a=fmtp:"))]
            answer += [line for line in section if line.startswith(("a=rtcp-fb:", "a=extmap:", "a=sctp-port:"))]
            answer += ["a=recvonly" if wanted else "a=inactive", "a=rtcp-mux"]
            answer += [f"a=candidate:{c.to_sdp()}" for c in self.connection.local_candidates]
            answer += ["a=end-of-candidates"]
        return "\r\n".join(answer) + "\r\n"


def age_of(packet: bytes, wall: float) -> float | None:
    """Seconds since the abs-send-time of an RTP packet that has it first in its header extension."""
    if not packet[0] & 0x10 or packet[12:14] != b"\xbe\xde" or packet[16] & 0x0F != 2:
        return None
    sent = int.from_bytes(packet[17:20], "big") / (1 << 18)
    return (wall - sent) % 64


def attribute(lines: list[str], name: str) -> str:
    return next(line for line in lines if line.startswith(f"a={name}:")).split(":", 1)[1]


def sections(lines: list[str]) -> list[list[str]]:
    result: list[list[str]] = []
    for line in lines:
        if line.startswith("m="):
            result.append([])
        if result:
            result[-1].append(line)
    return result


async def serve() -> None:
    loop = asyncio.get_running_loop()
    viewers: list[LightViewer] = []
    delays: deque[float] = deque(maxlen=MAX_DELAYS)

    def note_age(data: bytes) -> None:
        age = age_of(data, time.time())
        if age is not None:
            delays.append(age)

    while line := await loop.run_in_executor(None, sys.stdin.readline):
        order = json.loads(line)
        if "offer" in order:
            viewer = LightViewer()
            viewers.append(viewer)
            if len(viewers) == 1:
                viewer.connection.on_media = note_age
            reply: dict[str, Any] = {"answer": await viewer.answer(order["offer"])}
        elif "delays" in order:
            reply = {"delays": list(delays)}
            delays.clear()
        else:
            reply = {
                "connected": sum(viewer.connected.is_set() for viewer in viewers),
                "packets": sum(viewer.packets for viewer in viewers),
                "reports": sum(viewer.connection.reports for viewer in viewers),
                "bytes": sum(viewer.connection.bytes for viewer in viewers),
            }
        print(json.dumps(reply), flush=True)
    for viewer in viewers:
        await viewer.close()


if __name__ == "__main__":
    try:
        import uvloop

        uvloop.run(serve())
    except ImportError:
        asyncio.run(serve())
