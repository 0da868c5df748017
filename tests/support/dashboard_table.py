"""The table of series by panel, for the end of the run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    from tests.support.dashboard_reading import Panel


@dataclass
class Table:
    """The number of series that each query of each panel had, by the choice of variables.

    Attributes:
        queries: how many were asked, and how long that took.
    """

    found: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    queries: int = 0
    seconds: float = 0.0

    def add(self, panel: Panel, choice: str, counts: list[int]) -> None:
        self.found.setdefault(panel.name, {})[choice] = counts
        self.queries += len(counts)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        choices = list(next(iter(self.found.values()), {}))
        terminalreporter.section(f"series by panel: {self.queries} queries in {self.seconds:.1f} s")
        terminalreporter.line(f"{'panel':60}" + "".join(f"{choice:>16}" for choice in choices))
        for name, counts in self.found.items():
            terminalreporter.line(f"{name:60}" + "".join(f"{_shown(counts[choice]):>16}" for choice in choices))


def _shown(counts: list[int]) -> str:
    return "+".join(map(str, counts))
