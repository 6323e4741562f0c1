"""A passkey authenticator in software: what a phone or a security key does with the options of a page."""

import hashlib
import json
import os
import struct
from typing import Any
from urllib.parse import urlsplit

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from signaling.protocol.identity import decode_bytes, encode_bytes

PRESENT, VERIFIED, ATTESTED = 1, 4, 64


class Authenticator:
    """One passkey. `origin` is what the browser says; `rp_id`, what it was made for. Both may be lies."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.rp_id = urlsplit(origin).hostname or ""
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = os.urandom(32)
        self.count = 0
        self.verifies = True
        self.handle = b""

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """The answer to options for a new passkey."""
        self.handle = decode_bytes(options["user"]["id"])
        credential = bytes(16) + struct.pack(">H", len(self.id)) + self.id + cbor2.dumps(self._cose())
        data = self._data(ATTESTED) + credential
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        said = encode_bytes(self._said("webauthn.create", options))
        response = {"clientDataJSON": said, "attestationObject": encode_bytes(attestation), "transports": ["usb", "x"]}
        return self._answer(response)

    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        """The answer to options for using it."""
        self.count += 1
        data, said = self._data(0), self._said("webauthn.get", options)
        signature = self.key.sign(data + hashlib.sha256(said).digest(), ec.ECDSA(hashes.SHA256()))
        parts = {"clientDataJSON": said, "authenticatorData": data, "signature": signature, "userHandle": self.handle}
        return self._answer({name: encode_bytes(part) for name, part in parts.items()})

    def _answer(self, response: dict[str, Any]) -> dict[str, Any]:
        name = encode_bytes(self.id)
        return {
            "id": name,
            "rawId": name,
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {},
            "authenticatorAttachment": "platform",
        }

    def _data(self, flags: int) -> bytes:
        flags |= PRESENT | (VERIFIED if self.verifies else 0)
        return hashlib.sha256(self.rp_id.encode()).digest() + bytes([flags]) + struct.pack(">I", self.count)

    def _said(self, kind: str, options: dict[str, Any]) -> bytes:
        return json.dumps({"type": kind, "challenge": options["challenge"], "origin": self.origin}).encode()

    def _cose(self) -> dict[int, Any]:
        numbers = self.key.public_key().public_numbers()
        return {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
