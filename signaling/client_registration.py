"""How a connection begins: the handshake of its WebSocket, and `register`."""

import ssl

import aiohttp

from signaling.client_line import SignalingError
from signaling.protocol import messages as wire
from signaling.protocol.errors import Fault, ProtocolError

CLOSE_SECONDS = 2.0
"""For the server's goodbye."""
REGISTER_ID = 1

Trust = ssl.SSLContext | aiohttp.Fingerprint | bool


class Rejected(Exception):
    """The server does not accept this identity, or not any more."""


async def open_socket(
    http: aiohttp.ClientSession, url: str, authorization: str, tls: Trust
) -> aiohttp.ClientWebSocketResponse:
    """Connect. Raises `Rejected`, `aiohttp.ClientError` and `OSError`, also where the name can be nobody's."""
    try:
        return await http.ws_connect(
            url,
            protocols=(wire.SUBPROTOCOL,),
            headers={"Authorization": authorization},
            ssl=tls,
            heartbeat=wire.HEARTBEAT_SECONDS,
            compress=0,
            max_msg_size=wire.MAX_MESSAGE_BYTES,
            timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_SECONDS),
        )
    except aiohttp.WSServerHandshakeError as error:
        if error.status == Fault.UNAUTHORIZED:
            raise Rejected("the server does not know us") from None
        raise
    except UnicodeError as error:
        raise OSError(f"the server's name cannot be looked up: {error}") from error


async def register(socket: aiohttp.ClientWebSocketResponse, params: wire.RegisterParams) -> wire.RegisterResult:
    """Say who we are. Raises `Rejected`, `SignalingError` and `ProtocolError`."""
    await socket.send_str(wire.request(REGISTER_ID, "register", params))
    message = await socket.receive()
    if message.type is not aiohttp.WSMsgType.TEXT:
        raise SignalingError(Fault.GONE, "the server closed the connection")
    reply = wire.decode(message.data)
    if isinstance(reply, wire.Failure):
        if reply.code == Fault.UNAUTHORIZED:
            raise Rejected(reply.message)
        raise SignalingError(reply.code, reply.message)
    if not isinstance(reply, wire.Result) or reply.id != REGISTER_ID:
        raise ProtocolError(Fault.INVALID_REQUEST, "the server did not answer `register`")
    return wire.params_as(wire.RegisterResult, reply.result)
