"""A TURN client that says whatever a test wants, also what no honest client says. Blocking; for use inside a namespace.

with Client(host, port, *credential(...)) as client:
    assert client.allocate().succeeded
    client.permit(("10.0.0.1", 9))
"""

import os
import socket
import ssl
from types import TracebackType
from typing import Self

from signaling.doctor import stun
from signaling.doctor.stun import Attribute, Message
from tests.servers import free_port

ANSWER_SECONDS = 3.0
EVEN_PORT, REQUESTED_ADDRESS_FAMILY, RESERVATION_TOKEN, CHANNEL_NUMBER = 0x0018, 0x0017, 0x0022, 0x000C
CONNECT, CONNECTION_BIND, CONNECTION_ID = 0x00A, 0x00B, 0x002A
TCP = b"\x06\0\0\0"
IPV6 = b"\x02\0\0\0"

Peer = tuple[str, int]


class Client:
    """`transport`: udp, tcp or tls (any certificate)."""

    def __init__(self, host: str, port: int, username: str, password: str, transport: str = "udp") -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
        self.username, self._password, self._stream = username, password, transport != "udp"
        self._realm, self._nonce, self._key = b"", b"", b""
        plain = socket.socket(family, kind)
        plain.settimeout(ANSWER_SECONDS)
        plain.bind(("", free_port()))  # none twice: coturn remembers for a while where an allocation came from
        plain.connect((host, port))
        self._socket = trusting().wrap_socket(plain) if transport == "tls" else plain

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def allocate(self, *attributes: Attribute, transport: bytes = stun.UDP) -> Message:
        """Asks for an allocation; the first time without credential, to learn realm and nonce (RFC 8656 §7.1)."""
        wanted = ((stun.REQUESTED_TRANSPORT, transport), *attributes)
        answer = self.request(stun.ALLOCATE, *wanted)
        return self.request(stun.ALLOCATE, *wanted) if answer.error in {401, 438} and self._learn(answer) else answer

    def refresh(self, seconds: int) -> Message:
        return self.request(stun.REFRESH, (stun.LIFETIME, seconds.to_bytes(4, "big")))

    def permit(self, *peers: Peer) -> Message:
        transaction = os.urandom(12)
        addresses = [(stun.XOR_PEER_ADDRESS, stun.xor_address(*peer, transaction)) for peer in peers]
        return self.request(stun.CREATE_PERMISSION, *addresses, transaction=transaction)

    def bind(self, channel: int, peer: Peer) -> Message:
        transaction = os.urandom(12)
        number = (CHANNEL_NUMBER, channel.to_bytes(2, "big") + bytes(2))
        address = (stun.XOR_PEER_ADDRESS, stun.xor_address(*peer, transaction))
        return self.request(stun.CHANNEL_BIND, number, address, transaction=transaction)

    def connect(self, peer: Peer) -> Message:
        """A TCP connection to a peer (RFC 6062 §4.3)."""
        transaction = os.urandom(12)
        address = (stun.XOR_PEER_ADDRESS, stun.xor_address(*peer, transaction))
        return self.request(CONNECT, address, transaction=transaction)

    def send(self, peer: Peer, data: bytes) -> None:
        """A Send indication; nobody answers those."""
        transaction = os.urandom(12)
        address = (stun.XOR_PEER_ADDRESS, stun.xor_address(*peer, transaction))
        self.indicate(address, (stun.DATA, data), transaction=transaction)

    def indicate(self, *attributes: Attribute, transaction: bytes = b"") -> None:
        """A Send indication of any content."""
        message = stun.write(stun.SEND | stun.INDICATION, transaction or os.urandom(12), attributes)
        self._socket.sendall(message)

    def send_channel(self, channel: int, data: bytes) -> None:
        padding = bytes(-len(data) % 4) if self._stream else b""
        self._socket.sendall(channel.to_bytes(2, "big") + len(data).to_bytes(2, "big") + data + padding)

    def request(self, method: int, *attributes: Attribute, transaction: bytes = b"") -> Message:
        """Asks and waits for the answer, once more where only the nonce was stale. Raises TimeoutError."""
        answer = self._ask(method, attributes, transaction or os.urandom(12))
        if answer.error == 438 and self._learn(answer):
            return self._ask(method, attributes, transaction or os.urandom(12))
        return answer

    def received(self) -> bytes:
        """What the next Data indication carries (RFC 8656 §11.4). Raises TimeoutError."""
        while True:
            message = stun.read(self._receive())
            if message is not None and message.kind == stun.DATA_INDICATION:
                return message.get(stun.DATA) or b""

    def _ask(self, method: int, attributes: tuple[Attribute, ...], transaction: bytes) -> Message:
        known = [(stun.USERNAME, self.username.encode()), (stun.REALM, self._realm), (stun.NONCE, self._nonce)]
        words = [*attributes, *(known if self._key else [])]
        self._socket.sendall(stun.write(method, transaction, words, self._key))
        while True:
            answer = stun.read(self._receive())
            if answer is not None and answer.transaction == transaction:
                return answer

    def _learn(self, answer: Message) -> bool:
        self._realm, self._nonce = answer.get(stun.REALM) or b"", answer.get(stun.NONCE) or b""
        self._key = stun.key_of(self.username, self._realm, self._password)
        return bool(self._nonce)

    def _receive(self) -> bytes:
        if not self._stream:
            return self._socket.recv(stun.MAX_MESSAGE)
        head = self._exactly(4)
        size = int.from_bytes(head[2:], "big")
        return head + self._exactly(size + -size % 4 if head[0] & 0xC0 else size + 16)

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self._socket.recv(size - len(data))
            if not part:
                raise ConnectionResetError("the TURN server closed the connection")
            data += part
        return data


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def relayed(answer: Message) -> Peer:
    """The address that an allocation got."""
    address = stun.read_address(answer.get(stun.XOR_RELAYED_ADDRESS), answer.transaction)
    assert address is not None
    return address
