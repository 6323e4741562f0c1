"""The probe server: STUN Binding with RFC 5780's CHANGE-REQUEST, on two addresses and two ports per IP family."""

import selectors
import socket
import threading

from aioice import stun

from tests.natlab.addresses import SERVERS, STUN_OTHER_PORT, STUN_PORT, TCP_PORTS

CHANGE_ADDRESS, CHANGE_PORT = 0x04, 0x02
"""Flags of CHANGE-REQUEST (RFC 5780 §7.2)."""
DATAGRAM_BYTES = 1500
BACKLOG = 16


class StunServer:
    """Runs in a thread. Make it inside the server's namespace."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._sockets: dict[tuple[str, int], socket.socket] = {}
        self._wake, wake = socket.socketpair()
        self._selector.register(wake, selectors.EVENT_READ)
        self._others: dict[str, str] = {}
        for server in SERVERS.values():
            self._others |= {server.stun: server.stun_other, server.stun_other: server.stun}
            for address in (server.stun, server.stun_other):
                for port in (STUN_PORT, STUN_OTHER_PORT):
                    self._listen(address, port, socket.SOCK_DGRAM)
            for port in sorted(TCP_PORTS):
                self._listen(server.stun, port, socket.SOCK_STREAM)
        self._thread = threading.Thread(target=self._run, name="natlab-stun", daemon=True)
        self._thread.start()

    def _listen(self, address: str, port: int, kind: socket.SocketKind) -> None:
        made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address, port))
        made.setblocking(False)
        if kind is socket.SOCK_STREAM:
            made.listen(BACKLOG)
        else:
            self._sockets[address, port] = made
        self._selector.register(made, selectors.EVENT_READ, (address, port, kind))

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.data is None:
                    return
                address, port, kind = key.data
                assert isinstance(key.fileobj, socket.socket)
                if kind is socket.SOCK_STREAM:
                    key.fileobj.accept()[0].close()  # a connection made is all that a probe asks of TCP
                else:
                    self._answer(key.fileobj, address, port)

    def _answer(self, received_by: socket.socket, address: str, port: int) -> None:
        try:
            data, peer = received_by.recvfrom(DATAGRAM_BYTES)
            request = stun.parse_message(data)
        except (OSError, ValueError):
            return
        if request.message_method != stun.Method.BINDING or request.message_class != stun.Class.REQUEST:
            return
        response = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, request.transaction_id)
        response.attributes["XOR-MAPPED-ADDRESS"] = (peer[0], peer[1])
        change = request.attributes.get("CHANGE-REQUEST", 0)
        if change & CHANGE_ADDRESS:
            address = self._others[address]
        if change & CHANGE_PORT:
            port = STUN_PORT + STUN_OTHER_PORT - port
        self._sockets[address, port].sendto(bytes(response), peer)

    def close(self) -> None:
        self._wake.close()
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.close()
        self._selector.close()
