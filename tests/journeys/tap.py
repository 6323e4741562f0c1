"""A wire between programs and a server that notes what is asked for: every URL, and every byte, as it goes over."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from socketserver import BaseRequestHandler, ThreadingTCPServer

from tests.servers import free_port

REQUEST = re.compile(rb"(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (\S+) HTTP/1\.[01]\r\n")
LONGEST_LINE = 16_384
"""Of a request line that comes in two parts."""


@dataclass
class Tap:
    """`asked`: the target of each request, path and query. `sent`: all that went to the server; what goes through a
    WebSocket is masked in it (RFC 6455 §5.3). The server must know itself by `url`."""

    port: int = field(default_factory=free_port)
    server_port: int = 0
    asked: list[str] = field(default_factory=list)
    sent: bytearray = field(default_factory=bytearray)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def open(self, server_port: int) -> Iterator[None]:
        """Passes everything on to that port until the block ends."""
        self.server_port = server_port
        with _Listener(("127.0.0.1", self.port), _handler(self)) as listener:
            thread = threading.Thread(target=listener.serve_forever, daemon=True)
            thread.start()
            try:
                yield
            finally:
                listener.shutdown()
                thread.join()

    def carry(self, client: socket.socket) -> None:
        """One connection, until both have ended it."""
        with socket.create_connection(("127.0.0.1", self.server_port)) as server:
            back = threading.Thread(target=_pump, args=(server, client), daemon=True)
            back.start()
            rest = b""
            for data in _pump_noting(client, server):
                self.sent += data
                rest = (rest + data)[-LONGEST_LINE - len(data) :]
                found = list(REQUEST.finditer(rest))
                self.asked += [match[1].decode("latin-1") for match in found]
                rest = rest[found[-1].end() :] if found else rest
            back.join()


class _Listener(ThreadingTCPServer):
    allow_reuse_address = True
    request_queue_size = 64
    daemon_threads = True
    block_on_close = False


def _handler(tap: Tap) -> type[BaseRequestHandler]:
    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                tap.carry(self.request)

    return Handler


def _pump_noting(source: socket.socket, sink: socket.socket) -> Iterator[bytes]:
    """What goes over, as it goes; the end is passed on."""
    with suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
            yield data
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    for _ in _pump_noting(source, sink):
        pass
