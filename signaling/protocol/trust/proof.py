"""Proofs: MACs (RFC 2104) by which two who share a secret vouch for keys that the server passes on."""

import hmac

from signaling.protocol.identity import encode_bytes


def proof(key: bytes, context: str, *words: str) -> str:
    """base64url. `context` tells what is proven, so that no proof is one of something else.

    Raises ValueError where a word has a NUL, which would move words from one place to the next.
    """
    said = (context, *words)
    if any("\0" in word for word in said):
        raise ValueError("NUL in what is proven")
    return encode_bytes(hmac.digest(key, "\0".join(said).encode(), "sha256"))


def is_proof(expected: str, shown: str) -> bool:
    """In a time that tells nothing."""
    return hmac.compare_digest(expected.encode(), shown.encode("utf-8", "surrogatepass"))
