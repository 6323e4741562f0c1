"""For all tests: a run that is told to end leaves nothing behind, and what the table of conformance names must pass."""

import pytest

from tests.cited import NAME, Cited, cited
from tests.conformance import DATA, read
from tests.ending import end_what_we_started


def pytest_configure(config: pytest.Config) -> None:
    end_what_we_started()
    config.pluginmanager.register(Cited(cited(read(DATA.read_text()))), NAME)
