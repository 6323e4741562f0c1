"""The judge of logins beside video says so where nobody signed in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.benchmarks.bench_logins import ACCOUNT, ROUNDS, Crowd, too_few
from tests.home import Household, household
from tests.patience import eventually


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Household]:
    with household(tmp_path, registration="open", relay="0") as made:
        yield made


async def test_who_signs_in_is_counted(home: Household) -> None:
    home.call("POST", "/api/accounts", ACCOUNT, 201)
    crowd = Crowd(home.server.url)
    async with crowd.signing_in():
        await eventually(lambda: crowd.done > 0, seconds=20.0)


async def test_who_is_refused_ends_the_measurement(home: Household) -> None:
    crowd = Crowd(home.server.url)
    with pytest.raises(AssertionError, match="credentials_wrong"):
        async with crowd.signing_in():
            await eventually(lambda: crowd.refused > 0, seconds=20.0)
    assert crowd.done == 0


def test_too_few_logins_are_a_fault() -> None:
    assert not too_few([20] * ROUNDS)
    for logins in ([], [0] * ROUNDS, [20, 20, 3]):
        assert "FAULT" in too_few(logins)
