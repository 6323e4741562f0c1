"""Over which interfaces this machine leaves its own networks: those that have a default route, as the kernel says."""

from pathlib import Path

IPV4_TABLE = Path("/proc/net/route")
IPV6_TABLE = Path("/proc/net/ipv6_route")
"""Columns: `fib_route_seq_show` and `rt6_info_route` of Linux."""
UP = 0x0001
REJECT = 0x0200
"""RTF_UP and RTF_REJECT (linux/route.h); without a way out IPv6 has a default route of the second kind."""
IPV4_COLUMNS, IPV6_COLUMNS = 8, 10


def ways_out() -> frozenset[str]:
    """Names of the interfaces; none where the system has no such tables."""
    return of_ipv4(_text(IPV4_TABLE)) | of_ipv6(_text(IPV6_TABLE))


def of_ipv4(table: str) -> frozenset[str]:
    """Interfaces with a default route in the text of `/proc/net/route`."""
    rows = [row.split() for row in table.splitlines()[1:]]
    return frozenset(
        row[0]
        for row in rows
        if len(row) >= IPV4_COLUMNS and int(row[1], 16) == int(row[7], 16) == 0 and int(row[3], 16) & UP
    )


def of_ipv6(table: str) -> frozenset[str]:
    """Interfaces with a default route in the text of `/proc/net/ipv6_route`."""
    rows = [row.split() for row in table.splitlines()]
    return frozenset(
        row[9]
        for row in rows
        if len(row) >= IPV6_COLUMNS and int(row[0] + row[1], 16) == 0 and int(row[8], 16) & (UP | REJECT) == UP
    )


def _text(table: Path) -> str:
    try:
        return table.read_text()
    except OSError:
        return ""
