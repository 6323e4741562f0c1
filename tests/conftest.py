"""For all tests: a run that is told to end leaves nothing behind, and what the table of conformance names must pass."""

import pytest
import structlog

from tests.cited import NAME, Cited, cited
from tests.conformance import DATA, read
from tests.ending import end_what_we_started

PLAIN = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
"""A traceback with the values of all variables takes a second to draw, and tests wait for it."""


def pytest_configure(config: pytest.Config) -> None:
    end_what_we_started()
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], PLAIN])
    config.pluginmanager.register(Cited(cited(read(DATA.read_text()))), NAME)
