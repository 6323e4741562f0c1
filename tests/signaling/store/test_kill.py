"""kill -9 at any moment: the file opens, is whole, and has every row that was acknowledged."""

import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.servers import Belvedere

WRITER = """
import asyncio, sys
from pathlib import Path
from signaling.store.accounts import insert_account
from signaling.store.database import open_sqlite
from signaling.store.rows import Account

async def main():
    store = await open_sqlite(Path(sys.argv[1]))
    for number in range(1_000_000):
        name = f"{sys.argv[2]}-{number}"
        async with store.write() as connection:
            await insert_account(connection, Account(name, name, "x" * 60, False, 0.0))
        print(name, flush=True)

asyncio.run(main())
"""
KILLS = 4


def test_a_writer_is_killed_again_and_again(tmp_path: Path) -> None:
    path, acknowledged = tmp_path / "belvedere.sqlite3", set()
    dice = random.Random(7)
    for generation in range(KILLS):
        command = [sys.executable, "-c", WRITER, str(path), str(generation)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        acknowledged.add(process.stdout.readline().strip())
        time.sleep(dice.uniform(0.0, 0.3))
        process.kill()
        acknowledged |= set(process.stdout.read().rpartition("\n")[0].splitlines())
        process.wait()
        process.stdout.close()
        found = sqlite3.connect(path)
        assert found.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert acknowledged <= {row[0] for row in found.execute("SELECT id FROM accounts")}
        found.close()
    assert len(acknowledged) > KILLS


@pytest.mark.parametrize("delay", [0.0, 0.15, 0.3, 0.5])
def test_a_server_killed_while_it_starts_starts_again(tmp_path: Path, delay: float) -> None:
    """First start makes the file, the schema and the secret; each may be cut short."""
    server = Belvedere(tmp_path, {})
    try:
        server.start(wait=False)
        time.sleep(delay)
        server.kill()
        server.start()
        token = server.sign_up()
        server.kill()
        server.start()
        assert server.call("GET", "/api/me", token=token)[0] == 200  # also the login survives
        assert (tmp_path / "belvedere.sqlite3").stat().st_mode & 0o077 == 0
        assert (tmp_path / "secret-key").stat().st_mode & 0o077 == 0
    finally:
        server.kill()
