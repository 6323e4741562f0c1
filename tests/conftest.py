"""For all tests: a run that is told to end leaves nothing behind."""

from tests.ending import end_what_we_started


def pytest_configure() -> None:
    end_what_we_started()
