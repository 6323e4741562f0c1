"""Does the time of a refused sign-in tell whether there is such an account? Logins of known and unknown users mixed.

A real server with real passwords (bcrypt at cost 12) and without limits; each known account is tried once, so that each
of those refusals is also written into the audit log, which an unknown one is not. What is judged is the AUC: the chance
that a login of a known user takes longer than one of an unknown user; 0.5 says that time tells nothing.

`make bench-timing`; ends with one line of JSON. BELVEDERE_TIMING_LOGINS: of each kind; with 500 of each the AUC of
equal times is within 0.036 of 0.5 in 95 of 100 runs, and beyond the bound of 0.06 in one of a thousand. Takes three
minutes on two idle cores.
"""

import asyncio
import json
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from signaling.store.database import SQLITE_FILE
from tests.benchmarks.judged import Judged, exit_code
from tests.ending import end_what_we_started
from tests.patience import eventually
from tests.servers import EMAIL, belvedere

LOGINS = int(os.environ.get("BELVEDERE_TIMING_LOGINS", "500"))
WARM_UP = 10
AT_ONCE = 2
"""As many as the server has workers: one waits for no other, and the machine is used."""
BOUND = 0.06
COST = 12


@dataclass(frozen=True)
class Kind:
    """Milliseconds to the answer."""

    name: str
    taken: list[float]

    def row(self) -> str:
        ordered = sorted(self.taken)
        p50, p95 = statistics.median(ordered), ordered[int(len(ordered) * 0.95)]
        return f"{self.name:28}{len(ordered):>8}{p50:>12.1f}{p95:>12.1f}"


def auc(longer: list[float], shorter: list[float]) -> float:
    """The chance that one of the first takes longer than one of the second; ties count half (Mann and Whitney)."""
    wins = sum((one > other) + (one == other) / 2 for one in longer for other in shorter)
    return wins / (len(longer) * len(shorter))


def half_width(first: int, second: int) -> float:
    """Of the interval that holds 95 of 100 AUCs of equal times."""
    return 1.96 * float((first + second + 1) / (12 * first * second)) ** 0.5


def make_accounts(folder: Path, emails: list[str]) -> None:
    """Beside the one there is, with its password: nobody hashes five hundred."""
    with closing(sqlite3.connect(folder / SQLITE_FILE)) as connection, connection:
        copied = "SELECT ?, ?, password_hash, 0, created_at, ways FROM accounts WHERE email = ?"
        columns = "(id, email, password_hash, administrator, created_at, ways)"
        rows = [(f"made-{number}", email, EMAIL) for number, email in enumerate(emails)]
        connection.executemany(f"INSERT INTO accounts {columns} {copied}", rows)


async def taken(http: aiohttp.ClientSession, url: str, email: str) -> float:
    """Milliseconds from the request to the first byte of the refusal."""
    body = {"email": email, "password": "not the password"}
    began = time.perf_counter()
    async with http.post(url, json=body) as answer:
        passed = (time.perf_counter() - began) * 1000
        assert answer.status == 401, await answer.text()
    return passed


async def measure(url: str, tries: list[tuple[str, Kind]]) -> None:
    """All tries in their order, some at once."""
    waiting, done = iter(tries), 0
    async with aiohttp.ClientSession() as http:

        async def worker() -> None:
            nonlocal done
            for email, kind in waiting:
                kind.taken.append(await taken(http, url, email))
                done += 1
                if done % 100 == 0:
                    print(f"  {done} of {len(tries)}", file=sys.stderr, flush=True)

        await asyncio.gather(*(worker() for _ in range(AT_ONCE)))


def noted(folder: Path) -> int:
    """Refusals that are in the audit log."""
    with closing(sqlite3.connect(f"file:{folder / SQLITE_FILE}?mode=ro", uri=True)) as connection:
        found = connection.execute("SELECT count(*) FROM audit WHERE deed = 'sign_in_failed'").fetchone()
    return int(found[0])


def run(folder: Path) -> tuple[Kind, Kind, Kind]:
    known, unknown, warm = Kind("there is such an account", []), Kind("there is none", []), Kind("warm-up", [])
    emails = [f"somebody{number}@example.org" for number in range(2 * LOGINS)]
    random.shuffle(emails)
    tries = [(email, known) for email in emails[:LOGINS]] + [(email, unknown) for email in emails[LOGINS:]]
    random.shuffle(tries)
    with belvedere(folder, bcrypt_cost=str(COST), rate_limits="0", relay="0") as server:
        server.sign_up()
        make_accounts(folder, emails[:LOGINS])
        url = server.url + "/api/sessions"
        asyncio.run(measure(url, [(f"warm{number}@example.org", warm) for number in range(WARM_UP)] + tries))
        asyncio.run(eventually(lambda: noted(folder) == LOGINS))
    return known, unknown, warm


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        known, unknown, _ = run(Path(folder))
    found, width = auc(known.taken, unknown.taken), half_width(LOGINS, LOGINS)
    judged = Judged(f"AUC {found:.3f} ± {width:.3f}", abs(found - 0.5), BOUND, f"at most {BOUND} from 0.5")
    print(f"{'refused sign-ins':28}{'logins':>8}{'p50 ms':>12}{'p95 ms':>12}")
    print(known.row())
    print(unknown.row())
    print(f"\n{judged}\nEach refusal of a known account was written into the audit log beside its answer.\n")
    figures = {"auc": found, "auc_half_width": width, "known_p50_ms": statistics.median(known.taken)}
    figures |= {"unknown_p50_ms": statistics.median(unknown.taken)}
    print(json.dumps({name: round(value, 4) for name, value in figures.items()} | {"logins": 2 * LOGINS}))
    return exit_code([judged])


if __name__ == "__main__":
    end_what_we_started()
    sys.exit(main())
