"""Janus (Debian's package) as a relay to compare with: a VideoRoom for each camera, driven over its WebSocket."""

import asyncio
import contextlib
import secrets
import socket
import tempfile
from pathlib import Path
from typing import Any

import aiohttp
import psutil
from aiohappyeyeballs import AddrInfoType

from tests.natlab.host import Host
from tests.servers import free_port

FIRST_ROOM = 1234
START_SECONDS = 10.0
ANSWER_SECONDS = 10.0
PLUGINS = "audiobridge duktape echotest lua nosip recordplay sip streaming textroom videocall voicemail"
TRANSPORTS = "http mqtt nanomsg pfunix rabbitmq"


def config(port: int, address: str) -> dict[str, str]:
    """Its files. `address`: the only one it may use for media; empty for all."""
    plugins = ",".join(f"libjanus_{name}.so" for name in PLUGINS.split())
    transports = ",".join(f"libjanus_{name}.so" for name in TRANSPORTS.split())
    return {
        "janus.jcfg": f"""
            general: {{ debug_level = 2  session_timeout = 0 }}
            nat: {{ {f'ice_enforce_list = "{address}"' if address else ""} }}
            media: {{ rtp_port_range = "42000-46000" }}
            plugins: {{ disable = "{plugins}" }}
            transports: {{ disable = "{transports}" }}
            """,
        "janus.transport.websockets.jcfg": f"""
            general: {{ ws = true  ws_port = {port}  ws_ip = "127.0.0.1"  wss = false }}
            admin: {{ admin_ws = false }}
            """,
        "janus.plugin.videoroom.jcfg": "general: { }\n",
    }


class Janus:
    """`start`, then `publish(offer) -> answer`, `watch() -> (handle, offer)`, `answer(handle, sdp)`, `stop`. `host`: of
    a laboratory, where it runs, with `address`; none for this machine."""

    def __init__(self, host: Host | None = None, address: str = "") -> None:
        self._host, self._address = host, address
        self._folder = tempfile.TemporaryDirectory()
        self._replies: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._http: aiohttp.ClientSession | None = None
        self._reader: asyncio.Task[None] | None = None
        self._session = self._host_handle = 0
        self._feeds: dict[int, int] = {}
        """The publisher's id, by camera."""

    async def start(self) -> None:
        port = free_port()  # here and in a namespace, where everything is free
        for name, text in config(port, self._address).items():
            Path(self._folder.name, name).write_text(text)
        quiet = asyncio.subprocess.DEVNULL
        self._process = await asyncio.create_subprocess_exec(
            *([] if self._host is None else self._host.prefix),
            *("janus", "-F", self._folder.name),
            stdout=quiet,
            stderr=quiet,
        )
        connector = aiohttp.TCPConnector(socket_factory=self._open_socket)
        self._http = aiohttp.ClientSession(connector=connector)
        async with asyncio.timeout(START_SECONDS):
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    self._socket = await self._http.ws_connect(f"ws://127.0.0.1:{port}/", protocols=["janus-protocol"])
                    break
                await asyncio.sleep(0.1)
        self._reader = asyncio.create_task(self._read())
        self._session = (await self._ask("create"))["data"]["id"]
        self._host_handle = await self._attach()

    async def publish(self, offer: str, camera: int = 0) -> str:
        room = FIRST_ROOM + camera
        made = {"request": "create", "room": room, "videocodec": "h264", "publishers": 4, "bitrate": 0, "fir_freq": 0}
        await self._ask("message", handle_id=self._host_handle, body=made)
        handle = await self._attach()
        body = {"request": "joinandconfigure", "ptype": "publisher", "room": room, "audio": False, "video": True}
        reply = await self._ask("message", handle_id=handle, body=body, jsep={"type": "offer", "sdp": offer})
        self._feeds[camera] = reply["plugindata"]["data"]["id"]
        answer: str = reply["jsep"]["sdp"]
        return answer

    async def watch(self, camera: int = 0) -> tuple[int, str]:
        handle = await self._attach()
        feed = self._feeds[camera]
        body = {"request": "join", "ptype": "subscriber", "room": FIRST_ROOM + camera, "streams": [{"feed": feed}]}
        reply = await self._ask("message", handle_id=handle, body=body)
        return handle, reply["jsep"]["sdp"]

    async def answer(self, handle: int, sdp: str) -> None:
        await self._ask("message", handle_id=handle, body={"request": "start"}, jsep={"type": "answer", "sdp": sdp})

    def usage(self) -> dict[str, float]:
        """CPU seconds and bytes of memory so far."""
        assert self._process is not None
        process = psutil.Process(self._process.pid)
        times = process.cpu_times()
        return {"cpu": times.user + times.system, "rss": process.memory_info().rss}

    async def stop(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.wait({self._reader})
        if self._http is not None:
            await self._socket.close()
            await self._http.close()
        if self._process is not None:
            self._process.kill()
            await self._process.wait()
        self._folder.cleanup()

    def _open_socket(self, address: AddrInfoType) -> socket.socket:
        """A socket stays in the namespace that it was made in."""
        with contextlib.nullcontext() if self._host is None else self._host.enter():
            opened = socket.socket(address[0], address[1], address[2])
        opened.setblocking(False)
        return opened

    async def _attach(self) -> int:
        reply = await self._ask("attach", plugin="janus.plugin.videoroom")
        handle: int = reply["data"]["id"]
        return handle

    async def _ask(self, kind: str, **fields: Any) -> dict[str, Any]:
        """The final reply: `ack` only announces it."""
        name = secrets.token_hex(6)
        future = self._replies[name] = asyncio.get_running_loop().create_future()
        session = {"session_id": self._session} if self._session else {}
        await self._socket.send_json({"janus": kind, "transaction": name, **session, **fields})
        async with asyncio.timeout(ANSWER_SECONDS):
            reply = await future
        if reply["janus"] == "error" or "error" in reply.get("plugindata", {}).get("data", {}):
            raise RuntimeError(str(reply))
        return reply

    async def _read(self) -> None:
        async for message in self._socket:
            reply = message.json()
            future = self._replies.get(reply.get("transaction", ""))
            if future is not None and not future.done() and reply["janus"] != "ack":
                future.set_result(reply)
