"""Whatever a peer does, it becomes a failure with its stage and reason, in time, in bounds, and at nobody else's cost.

The summary of the run has a table of all cases.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import Queue
from typing import TYPE_CHECKING, Any

import pytest

from tests.hostile_cases import CASES, LIMIT
from tests.peers import SimulatedKea
from tests.prober import Prober
from tests.recordings import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.prober import Outcome

SECONDS = 2.0
# For a machine that is busy with other things.
MARGIN_SECONDS = 1.5
PROBERS = 4
DEFAULTS = {"body_size_limit": f"{LIMIT}B", "collect": {"statistics": "all", "pools": True}}

Outcomes = dict[str, "Outcome"]


class Table:
    """What became of each case, for the end of the run."""

    def __init__(self, outcomes: Outcomes) -> None:
        self._outcomes = outcomes

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section(f"hostile peers, {SECONDS} s and {LIMIT / 2**20:.0f} MiB each")
        terminalreporter.line(f"{'what it does':48} {'stage':10} {'reason':28} {'seconds':>8} {'MiB':>6}")
        for name, outcome in self._outcomes.items():
            stage, reason = next(iter(outcome.failures["hostile"]), ("-", "-"))
            numbers = f"{outcome.seconds:8.2f} {outcome.mebibytes:6.1f}"
            terminalreporter.line(f"{name:48} {stage:10} {reason:28} {numbers}")


@pytest.fixture(scope="module")
def kea() -> Iterator[SimulatedKea]:
    with SimulatedKea(recorded("kea-3.2.0", "dhcp4")) as sound:
        yield sound


@pytest.fixture(scope="module")
def outcomes(
    request: pytest.FixtureRequest, kea: SimulatedKea, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Outcomes]:
    """Collect from every peer that is tested, each beside the sound one; some at a time."""
    names = [item.callspec.params["name"] for item in request.session.items if _is_case(item)]
    probers: Queue[Prober] = Queue()

    def collect(name: str) -> Outcome:
        prober = probers.get()
        try:
            with CASES[name].enter(tmp_path_factory.mktemp("case")) as entry:
                return prober.collect(beside(kea, entry), SECONDS)
        finally:
            probers.put(prober)

    with ExitStack() as stack:
        for _ in range(PROBERS):
            probers.put(stack.enter_context(Prober()))
        with ThreadPoolExecutor(PROBERS) as pool:
            found = dict(zip(names, pool.map(collect, names), strict=True))
    request.config.pluginmanager.register(Table(found))
    yield found


def _is_case(item: pytest.Item) -> bool:
    return isinstance(item, pytest.Function) and item.module.__name__ == __name__ and hasattr(item, "callspec")


def beside(kea: SimulatedKea, entry: Mapping[str, Any]) -> dict[str, Any]:
    servers = [{"name": "hostile", "dhcp4": entry}, {"name": "sound", "dhcp4": {"url": kea.url}}]
    return {"defaults": DEFAULTS, "servers": servers}


@pytest.fixture(scope="module")
def samples_of_a_sound_kea(kea: SimulatedKea) -> int:
    with Prober() as prober:
        alone = prober.collect(beside(kea, {"url": kea.url}), SECONDS)
    assert alone.failures == {"hostile": [], "sound": []}
    return alone.samples["sound"]


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_peer_becomes_a_failure_in_time_and_in_bounds_and_costs_only_itself(
    name: str, outcomes: Outcomes, samples_of_a_sound_kea: int
) -> None:
    outcome, case = outcomes[name], CASES[name]
    assert next(iter(outcome.failures["hostile"]), None) == case.expected
    assert outcome.seconds < SECONDS + MARGIN_SECONDS
    assert outcome.mebibytes < case.mebibytes
    assert (outcome.dropped, outcome.internal_errors) == (0, [])
    assert outcome.failures["sound"] == []
    assert outcome.samples["sound"] == samples_of_a_sound_kea
