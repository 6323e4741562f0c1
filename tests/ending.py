"""Programs that start others: told to end, they end like interrupted ones, and what they started ends with them.

Python dies of SIGTERM on the spot: no `finally` runs, and servers, cameras and browsers live on.
"""

import signal
from types import FrameType


def end_what_we_started() -> None:
    """From now on SIGTERM (of `timeout`, of a service manager) is taken for Ctrl-C; a second one ends it at once."""
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler):  # a shell lets what it runs in the background ignore Ctrl-C
        raise KeyboardInterrupt
    handler(number, frame)
