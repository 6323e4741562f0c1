"""A test that docs/conformance.toml names passes, or the run fails: one that is skipped, or expected to fail, shows
nothing.

Says nothing of tests that a run leaves out. Works in each process of a run, so also under xdist.
"""

import os
from collections.abc import Generator

import pytest

from tests.conformance import Standard

NAME = "cited"
EXCUSES = ("skip", "skipif", "xfail")
"""Marks that let a run be green without the test."""
NAMESPACE = "namespace"
"""The mark of what only root can run. CI is root, and so are those who want the whole account."""


def cited(standards: list[Standard]) -> frozenset[str]:
    """Ids of all tests that are named, without parameters."""
    return frozenset(proof for standard in standards for row in standard.row for proof in row.proof)


def fault(outcome: str, *, expected: bool, marks: set[str], is_root: bool) -> str:
    """Why a phase of a cited test is a failure that pytest itself lets pass; empty when it is none. `expected`: it was
    said that it may fail."""
    if outcome == "skipped" and NAMESPACE in marks and not is_root:
        return ""
    if found := marks & set(EXCUSES):
        return f"it carries the mark {min(found)}"
    return "it was expected to fail" if expected else "it was skipped" if outcome == "skipped" else ""


class Cited:
    """A plugin of pytest. `names`: ids of the tests that are named."""

    def __init__(self, names: frozenset[str]) -> None:
        self.names = names
        self._files = {name.partition("::")[0] for name in names}

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if report.when != "teardown" and item.nodeid.partition("[")[0] in self.names:
            marks = {mark.name for mark in item.iter_markers()}
            expected = hasattr(report, "wasxfail")
            _judge(report, fault(report.outcome, expected=expected, marks=marks, is_root=os.geteuid() == 0))
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        report = yield
        if report.outcome == "skipped" and collector.nodeid in self._files:
            _judge(report, "its file was skipped")
        return report


def _judge(report: pytest.TestReport | pytest.CollectReport, why: str) -> None:
    if why:
        vars(report).pop("wasxfail", None)
        report.outcome = "failed"
        report.longrepr = f"docs/conformance.toml names a test of {report.nodeid}, and {why}: this shows nothing"
