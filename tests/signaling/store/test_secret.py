"""The server's secret is a private file that is made once."""

import asyncio
import secrets
from pathlib import Path

import pytest

from signaling.server import serving
from signaling.store.secret import FILE, MIN_LENGTH, BadSecret, kept_in_file
from tests.signaling.helpers import both_databases, quick_settings


async def test_many_that_start_at_once_agree(tmp_path: Path) -> None:
    made = await asyncio.gather(*(kept_in_file(tmp_path, lambda: secrets.token_hex(32)) for _ in range(8)))
    assert set(made) == {(tmp_path / FILE).read_text()}
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize("damaged", ["", "\n", "x" * (MIN_LENGTH - 1)])
async def test_a_file_with_too_little_in_it_is_refused(tmp_path: Path, damaged: str) -> None:
    (tmp_path / FILE).write_text(damaged)
    with pytest.raises(BadSecret, match=FILE):
        await kept_in_file(tmp_path, lambda: "never asked")
    assert (tmp_path / FILE).read_text() == damaged


@both_databases
async def test_it_stays_out_of_every_database(tmp_path: Path, database_url: str) -> None:
    async with serving(quick_settings(tmp_path, database_url=database_url)) as server:
        first = server.services.ticket_key
        assert (tmp_path / FILE).exists()
    async with serving(quick_settings(tmp_path, database_url=database_url)) as server:
        assert server.services.ticket_key == first
