"""What is printed on this camera: its setup code, and the public half of its label key (DESIGN §6.2).

Both are random, made once for each camera on the camera itself, and never sent. They stay when the camera is reset, as
the label does; they open nothing but Wi-Fi passwords that were encrypted for this camera.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from camera_peer import storage
from signaling.protocol import setup_code
from signaling.protocol.identity import decode_bytes, encode_bytes

LABEL_FILE = "label.json"
KEY_BYTES = 32
CODE_BYTES = 8


class DamagedLabel(Exception):
    """The label's file cannot be read; the text says what to do."""


class _Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    setup_code: str
    private_key: str


@dataclass(frozen=True, slots=True)
class Label:
    """`setup_code`: in its one spelling, without hyphens."""

    setup_code: str
    key: X25519PrivateKey

    @property
    def public_key(self) -> str:
        """32 bytes in base64url."""
        return encode_bytes(self.key.public_key().public_bytes_raw())

    @property
    def text(self) -> str:
        """As printed."""
        return f"Setup code  {setup_code.grouped(self.setup_code)}\nLabel key   {self.public_key}\n"


def load_or_make(directory: Path, random_bytes: Callable[[int], bytes]) -> Label:
    """The label of this camera, made if there is none. Raises `DamagedLabel` or OSError."""
    path = directory / LABEL_FILE
    try:
        return _read(path.read_bytes())
    except FileNotFoundError:
        kept = _Kept(
            setup_code.read(setup_code.made_of(random_bytes(CODE_BYTES))), encode_bytes(random_bytes(KEY_BYTES))
        )
    except ValueError:
        raise DamagedLabel(f"the file {path} is damaged; remove it, and a new label is made") from None
    storage.make_private_directory(directory)
    storage.write_atomically(path, msgspec.json.encode(kept))
    return _read(msgspec.json.encode(kept))


def _read(data: bytes) -> Label:
    kept = msgspec.json.decode(data, type=_Kept)
    return Label(setup_code.read(kept.setup_code), X25519PrivateKey.from_private_bytes(decode_bytes(kept.private_key)))
