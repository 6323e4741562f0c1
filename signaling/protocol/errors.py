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


class Notice(IntEnum):
    """`params.code` of the `error` notification."""

    RESOURCES = 1001
    PEER_DISCONNECTED = 1002
    MALFORMED_CANDIDATE = 1003


class ProtocolError(Exception):
    """The peer is at fault. `code` and the text go back to it as a JSON-RPC error."""

    def __init__(self, code: Fault, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
