"""Names that a server gives: what is nobody's leads nowhere, and ends nothing."""

import asyncio

import pytest
from structlog.testing import capture_logs

from media.names import addresses_of

UNUSABLE = ["a..b", "." * 3, "a" * 64 + ".example", "\ud800"]


async def test_a_number_is_its_own_address() -> None:
    assert await addresses_of("127.0.0.1", 3478) == {4: ("127.0.0.1", 3478)}


async def test_an_unknown_name_leads_nowhere() -> None:
    assert await addresses_of("stun.invalid", 3478) == {}


@pytest.mark.parametrize("host", [name + ".once" for name in UNUSABLE])
async def test_a_name_that_can_be_nobodys_leads_nowhere_and_is_told_once(host: str) -> None:
    with capture_logs() as lines:
        assert await asyncio.gather(*(addresses_of(host, port) for port in (1, 2, 3))) == [{}, {}, {}]
    assert [(line["event"], line["host"]) for line in lines] == [("host_name_unusable", host)]
