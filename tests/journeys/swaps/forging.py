"""What can be done to a text on its way without any key."""

import json
import re
from typing import Any

from signaling.protocol.identity import decode_bytes, encode_bytes

FINGERPRINT = re.compile(r"a=fingerprint:[^\r\n]+")


def edited(text: str, **members: Any) -> str:
    """A statement that says something else under the same signature."""
    header, payload, signature = text.split(".")
    said = json.loads(decode_bytes(payload)) | members
    return ".".join((header, encode_bytes(json.dumps(said, separators=(",", ":")).encode()), signature))


def iat_of(text: str) -> int:
    return int(json.loads(decode_bytes(text.split(".")[1]))["iat"])


def certificate_of(sdp: str) -> str:
    """The line that names it."""
    found = FINGERPRINT.search(sdp)
    assert found is not None
    return found[0]


def with_certificate(sdp: str, line: str) -> str:
    return FINGERPRINT.sub(line, sdp)
