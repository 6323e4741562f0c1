"""The work of passwords without the server: so many threads that hash, as nice as the server's, until it is killed.

Where the kernel shares processors among sessions first (`sched_autogroup_enabled`, sched(7)), niceness counts within a
session alone. So this one's session is made as nice as its threads.
"""

import contextlib
import os
import threading
from pathlib import Path

import bcrypt

from signaling.passwords import NICENESS, WORKERS

COST = 12
GROUP = Path("/proc/self/autogroup")


def burn() -> None:
    while True:
        bcrypt.hashpw(b"a password", bcrypt.gensalt(COST))


if __name__ == "__main__":
    os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    with contextlib.suppress(OSError):
        GROUP.write_text(str(NICENESS))
    for _ in range(WORKERS):
        threading.Thread(target=burn).start()
