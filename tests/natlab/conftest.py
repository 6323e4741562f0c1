"""Laboratories for the tests of this folder."""

import os

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.geteuid() == 0:
        return
    for item in items:
        if item.get_closest_marker("namespace"):
            item.add_marker(pytest.mark.skip(reason="network namespaces need root"))
