"""SRTP in place: libsrtp through pylibsrtp's cffi binding, without a copy and without a Python object per packet.

With media/relay/inbox.py the only file that uses the binding's private names; `check_binding` holds them at start and
tests/media/relay/test_fanout.py in the tests. In place a packet costs half of what `Session.protect` costs (FACTS §3).
"""

from collections.abc import Callable
from typing import Any

from aiortc.rtcdtlstransport import SRTP_PROFILES
from pylibsrtp import Policy, Session
from pylibsrtp._binding import ffi, lib

WINDOW = 16_384
"""Packets by which one may come late, or be sent again: 2 s at 80 Mbit/s. libsrtp takes at most 32,767."""
TRAILER = 16 + 4 + 12
"""Bytes that encryption may add: a GCM tag, the SRTCP index, and a reserve."""
TAG_BYTES = {b"SRTP_AEAD_AES_256_GCM": 16, b"SRTP_AEAD_AES_128_GCM": 16, b"SRTP_AES128_CM_SHA1_80": 10}
"""What each profile adds to an RTP packet (RFC 7714 §12, RFC 3711 §4.2.1)."""
NEEDED = ("srtp_protect", "srtp_protect_rtcp", "srtp_unprotect", "srtp_unprotect_rtcp")
SIGNATURE = "srtp_err_status_t(*)(struct srtp_ctx_t_ *, void *, int *)"

protect: Callable[[Any, Any, Any], int] = lib.srtp_protect
"""`protect(handle, packet pointer, length pointer)` encrypts in place; 0 when it worked."""


class BindingChanged(RuntimeError):
    """pylibsrtp is not the version this was written for."""


def check_binding() -> None:
    """Raises `BindingChanged` when the names or signatures used here are gone."""
    for name in NEEDED:
        function = getattr(lib, name, None)
        if function is None or SIGNATURE not in str(ffi.typeof(function)):
            raise BindingChanged(f"pylibsrtp's {name} is not what media/relay/srtp.py was written for")


class Slots:
    """Memory for `rows` times `columns` packets of `size` bytes, with the pointers libsrtp takes, made once."""

    def __init__(self, rows: int, columns: int, size: int) -> None:
        self.size = size
        self.row_bytes = columns * size
        self._memory = ffi.new("unsigned char[]", rows * columns * size)
        self._lengths = ffi.new("int[]", rows * columns)
        self.memory = memoryview(ffi.buffer(self._memory)).cast("B")
        self.lengths = memoryview(ffi.buffer(self._lengths)).cast("B").cast("i")
        self.address = int(ffi.cast("uintptr_t", self._memory))
        self.packets = [[self._memory + (row * columns + c) * size for c in range(columns)] for row in range(rows)]
        self.length_pointers = [[self._lengths + row * columns + c for c in range(columns)] for row in range(rows)]


class SrtpPair:
    """Both directions of one association."""

    def __init__(self, profile: bytes, sending: Session, receiving: Session) -> None:
        self.profile = profile
        self.tag = TAG_BYTES[profile]
        self._sending, self._receiving = sending, receiving
        self.handle = sending._srtp[0]
        self._inward = receiving._srtp[0]

    def unprotect(self, packet: Any, length: Any) -> bool:
        """Decrypt RTP in place; false when it is forged, damaged or repeated."""
        return bool(lib.srtp_unprotect(self._inward, packet, length) == 0)

    def unprotect_rtcp(self, packet: Any, length: Any) -> bool:
        """Decrypt RTCP in place."""
        return bool(lib.srtp_unprotect_rtcp(self._inward, packet, length) == 0)

    def protect(self, packet: bytes) -> bytes:
        """One RTP packet, encrypted. Raises `pylibsrtp.Error`."""
        protected: bytes = self._sending.protect(packet)
        return protected

    def protect_rtcp(self, packet: bytes) -> bytes:
        """One compound RTCP packet, encrypted. Raises `pylibsrtp.Error`."""
        protected: bytes = self._sending.protect_rtcp(packet)
        return protected


def keyed(profile: bytes, material: bytes, *, as_server: bool) -> SrtpPair:
    """The sessions from exported DTLS keying material (RFC 5764 §4.2)."""
    chosen = next(known for known in SRTP_PROFILES if known.openssl_profile == profile)
    client, server = (chosen.get_key_and_salt(material, index) for index in (0, 1))
    ours, theirs = (server, client) if as_server else (client, server)
    outward = _session(ours, chosen.libsrtp_profile, Policy.SSRC_ANY_OUTBOUND)
    return SrtpPair(profile, outward, _session(theirs, chosen.libsrtp_profile, Policy.SSRC_ANY_INBOUND))


def material_bytes(profile: bytes) -> int:
    """How much keying material a profile needs; 0 for one we do not know."""
    for known in SRTP_PROFILES:
        if known.openssl_profile == profile:
            return 2 * int(known.key_length + known.salt_length)
    return 0


def _session(key: bytes, profile: int, direction: int) -> Session:
    policy = Policy(key=key, ssrc_type=direction, srtp_profile=profile)
    policy.allow_repeat_tx = True
    policy.window_size = WINDOW
    return Session(policy)
