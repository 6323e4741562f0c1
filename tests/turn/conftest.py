"""A laboratory for the tests of each file: a viewer on the internet, and the server whose coturn it uses."""

from collections.abc import Iterator

import pytest

from tests.natlab.conftest import pytest_collection_modifyitems
from tests.natlab.lab import Lab

__all__ = ["pytest_collection_modifyitems"]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(camera="none", viewer="dual-stack") as made:
        yield made
