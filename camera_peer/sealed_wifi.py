"""The Wi-Fi password in a code, encrypted for one camera alone (DESIGN §6.2): `e` says how, `p` is base64url.

`h`: HPKE (RFC 9180, base mode, X25519, HKDF-SHA256, AES-128-GCM) to the label key; `p` is the encapsulated key and the
ciphertext. `s`: scrypt (RFC 7914) of the setup code, then AES-256-GCM; `p` is the nonce and the ciphertext. Both are
bound to server, token and network name, so that the password opens with no other code.

What scrypt buys: nobody counts the guesses of somebody who has photographed a code. Each costs 32 MiB and the time of
filling them, so that even 5,000 a second on one graphics card take more than 100,000 years for 55 bits. It has to be
bearable on the slowest side as well: a Raspberry Pi 3 takes about a second, a phone's browser half of one.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from camera_peer.problem import CameraProblem, Problem
from signaling.protocol.identity import decode_bytes
from signaling.protocol.qr import BadPayload, OnboardingCode, check_wifi

CONTEXT = "belvedere-wifi-1"
LABEL_KEY, SETUP_CODE = "h", "s"
"""Values of `e`."""
SCRYPT_N, SCRYPT_R, SCRYPT_P = 2**15, 8, 1
SCRYPT_MEMORY = 64 * 2**20
"""Bytes that OpenSSL may take: 128·r·N, and some more."""
NONCE_BYTES = 12
KEY_BYTES = 32
SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)


def context_of(code: OnboardingCode) -> bytes:
    """What the password is bound to; fields separated by NUL."""
    return "\0".join((CONTEXT, code.server_url, code.token, code.ssid)).encode()


def setup_key(setup_code: str, context: bytes) -> bytes:
    """32 bytes. `setup_code`: as `setup_code.read` gives it. Takes about a tenth of a second and 32 MiB."""
    salt = hashlib.sha256(context).digest()
    memory = SCRYPT_MEMORY
    return hashlib.scrypt(
        setup_code.encode(), salt=salt, n=SCRYPT_N, r=SCRYPT_R, p=SCRYPT_P, maxmem=memory, dklen=KEY_BYTES
    )


def opened(code: OnboardingCode, *, setup_code: str, label_key: X25519PrivateKey) -> OnboardingCode:
    """The code with its password in clear. Raises `CameraProblem` (code_wrong, activation_refused)."""
    context = context_of(code)
    ways: dict[str, Callable[[bytes], bytes]] = {
        SETUP_CODE: lambda sealed: _by_setup_code(sealed, setup_key(setup_code, context), context),
        LABEL_KEY: lambda sealed: SUITE.decrypt(sealed, label_key, info=context),
    }
    way = ways.get(code.encryption or "")
    if way is None:
        raise CameraProblem(Problem.ACTIVATION_REFUSED, "This code is encrypted in a way that this camera cannot read.")
    try:
        password = way(decode_bytes(code.password)).decode()
        check_wifi(code.ssid, password)
    except (InvalidTag, BadPayload, ValueError):
        raise CameraProblem(Problem.CODE_WRONG) from None
    return replace(code, password=password, encryption=None)


def _by_setup_code(sealed: bytes, key: bytes, context: bytes) -> bytes:
    return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context)
