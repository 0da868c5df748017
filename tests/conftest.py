"""Fixtures of the whole suite; at its end, the tables of the tests and a list of what could not run."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

import pytest
import structlog
from hypothesis import HealthCheck, settings

from lab.servers.chroot import Chroot, ensure, missing
from lab.servers.kea import Lab
from tests.support.serving import join_probes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Tabulate = Callable[[str, str], None]

TABLE = "table"
# On a machine that others use too, how long an example takes, or takes to be made, says nothing of it.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.fixture(autouse=True)
def usual_logging() -> None:
    """Reset the logging configuration before each test."""
    structlog.reset_defaults()


@pytest.fixture
def release() -> Iterator[Event]:
    """Return an event that waiting probes wait for; it is set at the end, so that none outlives the test."""
    event = Event()
    yield event
    event.set()
    join_probes()


@pytest.fixture(scope="session")
def chroot() -> Chroot:
    return ensure()


@pytest.fixture
def lab(chroot: Chroot) -> Iterator[Lab]:
    with Lab(chroot) as running:
        yield running


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs the lab where this machine cannot have it; a lab that fails to build is an error."""
    if lacks := missing():
        skip = pytest.mark.skip(reason=f"real Kea needs {' and '.join(lacks)}")
        for item in items:
            if item.get_closest_marker("lab"):
                item.add_marker(skip)


@pytest.fixture
def tabulate(record_property: Callable[[str, object], None]) -> Tabulate:
    """Return what adds a line to the table under a heading; it gets there from whatever process the test runs in."""
    return lambda heading, line: record_property(TABLE, (heading, line))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for heading, lines in _tables(terminalreporter).items():
        terminalreporter.section(heading)
        terminalreporter.write("\n".join([*lines, ""]))
    skipped = terminalreporter.getreports("skipped")
    if skipped:
        terminalreporter.section("NOT RUN ON THIS MACHINE", sep="!", red=True)
        for report in skipped:
            terminalreporter.line(report.nodeid)


def _tables(terminalreporter: pytest.TerminalReporter) -> dict[str, list[str]]:
    """Return the lines of each table, in the order of their tests."""
    tables: dict[str, list[str]] = {}
    for status in ("passed", "failed"):
        for report in terminalreporter.getreports(status):
            for name, value in report.user_properties:
                if name == TABLE and isinstance(value, (tuple, list)):
                    tables.setdefault(value[0], []).append(value[1])
    return tables
