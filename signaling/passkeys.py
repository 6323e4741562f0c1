"""Passkeys (WebAuthn Level 3): what a browser is asked for, and whether what it answers is good.

A challenge carries what it is for, until when, and our MAC over both, so that nothing is kept for strangers who only
ask; the first good answer to it uses it up. Attestation is not asked for: which make an authenticator is, is nobody's
business here, and a statement that comes all the same is not looked at.
"""

import hashlib
import hmac
import ipaddress
import json
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

import webauthn
from cryptography.exceptions import UnsupportedAlgorithm
from webauthn.helpers import encode_cbor, options_to_json_dict, parse_cbor
from webauthn.helpers import structs as w3c
from webauthn.helpers.exceptions import WebAuthnException

from signaling.live.state import LiveState
from signaling.protocol.identity import decode_bytes, encode_bytes, token_hash
from signaling.refusals import Refused
from signaling.store.rows import Account, Passkey

CHALLENGE_SECONDS = 300.0
"""A person looks for the key or the phone meanwhile (WebAuthn §15.1 recommends 5 to 10 minutes)."""
NONCE_BYTES = 16
MAC_BYTES = 32
MAX_KEY_BYTES = 1024
"""An RSA key of 4096 bits has 530; a larger one would make each check dear."""
Purpose = Literal["sign in", "second step", "register", "prove"]

FAULTS = (WebAuthnException, ValueError, LookupError, TypeError, AttributeError, RecursionError, UnsupportedAlgorithm)
"""What the library lets through of hostile input."""


@dataclass(frozen=True, slots=True)
class Registered:
    """What is kept of a new credential; see `store.rows.Passkey`."""

    credential_id: str
    public_key: str
    sign_count: int
    verified: bool
    transports: list[str]


@dataclass(frozen=True, slots=True)
class Asserted:
    """The holder of the credential was there. `verified`: and was known to it, by finger, face or PIN."""

    sign_count: int
    verified: bool


class Passkeys:
    """`origin`: of this server, whose host is the relying party's id. `key`: signs challenges."""

    def __init__(self, live: LiveState, *, key: bytes, origin: str) -> None:
        self._live = live
        self._key = key
        self._origin = origin
        self._host = urlsplit(origin).hostname or ""

    @property
    def origin(self) -> str | None:
        """Where they work; None where they cannot: browsers make none for an IP address (WebAuthn §5.1.3, step 8)."""
        return None if _is_address(self._host) else self._origin

    def to_register(
        self, account: Account, known: list[Passkey], subject: str, *, verified: bool, now: float
    ) -> dict[str, Any]:
        """Options for `navigator.credentials.create`. `verified`: it must know its person. Raises `Refused`."""
        self._check_possible()
        verification = (
            w3c.UserVerificationRequirement.REQUIRED if verified else w3c.UserVerificationRequirement.PREFERRED
        )
        options = webauthn.generate_registration_options(
            rp_id=self._host,
            rp_name="Belvedere",
            user_id=account.id.encode(),
            user_name=account.email,
            challenge=self._challenge("register", subject, now),
            timeout=int(CHALLENGE_SECONDS * 1000),
            authenticator_selection=w3c.AuthenticatorSelectionCriteria(
                resident_key=w3c.ResidentKeyRequirement.REQUIRED, user_verification=verification
            ),
            exclude_credentials=_descriptors(known),
        )
        return options_to_json_dict(options)

    def to_assert(
        self, purpose: Purpose, subject: str, known: list[Passkey], *, verified: bool, now: float
    ) -> dict[str, Any]:
        """Options for `navigator.credentials.get`; without `known` the person chooses. Raises `Refused`."""
        self._check_possible()
        verification = (
            w3c.UserVerificationRequirement.REQUIRED if verified else w3c.UserVerificationRequirement.PREFERRED
        )
        options = webauthn.generate_authentication_options(
            rp_id=self._host,
            challenge=self._challenge(purpose, subject, now),
            timeout=int(CHALLENGE_SECONDS * 1000),
            allow_credentials=_descriptors(known),
            user_verification=verification,
        )
        return options_to_json_dict(options)

    async def registered(self, credential: dict[str, Any], subject: str, *, verified: bool, now: float) -> Registered:
        """Check the answer to `to_register`. Raises `Refused` (passkey_refused)."""
        with _refusing():
            challenge = self._answered(credential, "register", subject, now)
            response = credential["response"]
            stripped = response | {"attestationObject": _without_statement(response["attestationObject"])}
            found = webauthn.verify_registration_response(
                credential=credential | {"response": stripped},
                expected_challenge=challenge,
                expected_rp_id=self._host,
                expected_origin=self._origin,
                require_user_verification=verified,
            )
        if len(found.credential_public_key) > MAX_KEY_BYTES:
            raise _refused()
        await self._use_up(challenge)
        transports = [t.value for t in w3c.AuthenticatorTransport if t.value in response.get("transports", ())]
        keys = encode_bytes(found.credential_id), encode_bytes(found.credential_public_key)
        return Registered(*keys, found.sign_count, found.user_verified, transports)

    async def asserted(
        self,
        credential: dict[str, Any],
        passkey: Passkey,
        purpose: Purpose,
        subject: str,
        *,
        verified: bool,
        now: float,
    ) -> Asserted:
        """Check the answer to `to_assert`. Raises `Refused` (passkey_refused)."""
        handle = credential["response"].get("userHandle")
        if handle and handle != encode_bytes(passkey.account_id.encode()):
            raise _refused()
        with _refusing():
            challenge = self._answered(credential, purpose, subject, now)
            found = webauthn.verify_authentication_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self._host,
                expected_origin=self._origin,
                credential_public_key=decode_bytes(passkey.public_key),
                credential_current_sign_count=passkey.sign_count,
                require_user_verification=verified,
            )
        await self._use_up(challenge)
        return Asserted(found.new_sign_count, found.user_verified)

    def _check_possible(self) -> None:
        if self.origin is None:
            raise Refused("passkeys_need_name", "passkeys need a server with a name, and this one has only an address")

    def _challenge(self, purpose: Purpose, subject: str, now: float) -> bytes:
        head = os.urandom(NONCE_BYTES) + struct.pack(">d", now + CHALLENGE_SECONDS)
        return head + self._mac(head, purpose, subject)

    def _mac(self, head: bytes, purpose: Purpose, subject: str) -> bytes:
        return hmac.digest(
            self._key, b"\0".join((head.hex().encode(), purpose.encode(), subject.encode())), hashlib.sha256
        )

    def _answered(self, credential: dict[str, Any], purpose: Purpose, subject: str, now: float) -> bytes:
        """The challenge that was signed, if it is ours, for this and still good. Raises `ValueError` and others."""
        said = json.loads(decode_bytes(credential["response"]["clientDataJSON"]))
        challenge = decode_bytes(said["challenge"])
        head, mac = challenge[:-MAC_BYTES], challenge[-MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(head, purpose, subject)):
            raise ValueError("not our challenge, or for something else")
        if not struct.unpack(">d", head[NONCE_BYTES:])[0] > now:
            raise ValueError("too old")
        if said.get("crossOrigin"):
            raise ValueError("asked for inside a page of somebody else")
        return challenge

    async def _use_up(self, challenge: bytes) -> None:
        if not await self._live.use_once(f"challenge:{token_hash(encode_bytes(challenge))}", CHALLENGE_SECONDS):
            raise _refused()


def _refused() -> Refused:
    return Refused("passkey_refused", "this passkey was not accepted; try again")


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except FAULTS as error:
        raise _refused() from error


def _without_statement(attestation: str) -> str:
    parsed = parse_cbor(decode_bytes(attestation))
    return encode_bytes(encode_cbor({"fmt": "none", "attStmt": {}, "authData": parsed["authData"]}))


def _descriptors(passkeys: list[Passkey]) -> list[w3c.PublicKeyCredentialDescriptor]:
    return [
        w3c.PublicKeyCredentialDescriptor(
            id=decode_bytes(passkey.credential_id),
            transports=[w3c.AuthenticatorTransport(name) for name in passkey.transports],
        )
        for passkey in passkeys
    ]


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
