"""Codes of the wire, and the one exception that carries them."""

from enum import IntEnum


class Fault(IntEnum):
    """`error.code` of a JSON-RPC answer: JSON-RPC 2.0 §5.1, and the faults of ONVIF WebRTC."""

    PARSE_ERROR = -32700
    INVALID_REQUEST = -32600
    METHOD_NOT_FOUND = -32601
    INVALID_PARAMS = -32602
    INTERNAL = -32603
    BAD_REQUEST = 400
    UNAUTHORIZED = 401
    FORBIDDEN = 403
    NOT_FOUND = 404
    TIMEOUT = 408
    GONE = 410
    TOO_MANY_REQUESTS = 429
    CAMERA_UNAVAILABLE = 480
    NOT_ACCEPTABLE = 488
    """No common codec (the SIP meaning; ONVIF names no code of its own for it)."""
    WAY_CLOSED = 488
    """The same code as the answer to `connect`: the way that was asked for is not open, another may be
    (RFC 3261 §21.4.26)."""
    NOT_TRUSTED = 495
    """Ours alone: the camera does not know this viewer, or knows that it may not watch. No other way helps."""


class Notice(IntEnum):
    """`params.code` of the `error` notification."""

    RESOURCES = 1001
    PEER_DISCONNECTED = 1002
    MALFORMED_CANDIDATE = 1003


class CloseCode(IntEnum):
    """Why a WebSocket of ours is closed: RFC 6455 §7.4.1 and its registry, and codes of our own from 4000."""

    NORMAL = 1000
    """The peer stops on purpose, and its media with it."""
    GOING_AWAY = 1001
    """A browser's word when its page is closed."""
    UNSUPPORTED_DATA = 1003
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012
    """Also what comes nearest to "I shall be back", for which there is no code."""
    TRY_AGAIN_LATER = 1013
    SUPERSEDED = 4001
    """A newer connection of the same camera took over."""
    SIGNED_OUT = 4401
    """The identity behind this socket is not valid, or not any more (the 401 of WebSocket closing)."""
    REGISTER_TIMEOUT = 4408
    """No `register` in time (408)."""
    TOO_SLOW = 4429
    """The peer does not read what it is sent."""


class ProtocolError(Exception):
    """The peer is at fault. `code` and the text go back to it as a JSON-RPC error."""

    def __init__(self, code: Fault, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
