"""The browser's side of an encrypted Wi-Fi password, for tests: what web/core/sealed-wifi.ts does."""

from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from camera_peer.sealed_wifi import LABEL_KEY, SETUP_CODE, SUITE, context_of, setup_key
from signaling.protocol.identity import decode_bytes, encode_bytes
from signaling.protocol.qr import OnboardingCode


def by_setup_code(code: OnboardingCode, setup_code: str, nonce: bytes) -> OnboardingCode:
    context = context_of(code)
    sealed = AESGCM(setup_key(setup_code, context)).encrypt(nonce, code.password.encode(), context)
    return replace(code, password=encode_bytes(nonce + sealed), encryption=SETUP_CODE)


def to_label_key(code: OnboardingCode, public_key: str) -> OnboardingCode:
    key = X25519PublicKey.from_public_bytes(decode_bytes(public_key))
    sealed = SUITE.encrypt(code.password.encode(), key, info=context_of(code))
    return replace(code, password=encode_bytes(sealed), encryption=LABEL_KEY)
