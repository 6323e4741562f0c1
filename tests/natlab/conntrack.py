"""Makes a router forget its connections, as a restart does."""

import socket
import struct

from tests.natlab import namespace
from tests.natlab.namespace import LaboratoryError

_NETLINK_NETFILTER = 12
_DELETE = (1 << 8) | 2
"""Subsystem conntrack, IPCTNL_MSG_CT_DELETE; without a tuple it means all (linux/netfilter/nfnetlink_conntrack.h)."""
_REQUEST_AND_ACK = 0x1 | 0x4
_HEADER = struct.Struct("=IHHII")
_GENERIC = struct.Struct("=BBH")
ANSWER_BYTES = 4096


def flush(name: str) -> None:
    """Deletes every tracked connection of a namespace. Raises LaboratoryError."""
    message = _HEADER.pack(_HEADER.size + _GENERIC.size, _DELETE, _REQUEST_AND_ACK, 1, 0) + _GENERIC.pack(0, 0, 0)
    with namespace.inside(name):
        netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER)
    with netlink:
        netlink.send(message)
        (error,) = struct.unpack_from("=i", netlink.recv(ANSWER_BYTES), _HEADER.size)
    if error:
        raise LaboratoryError(f"connections of {name} cannot be flushed: error {-error}")
