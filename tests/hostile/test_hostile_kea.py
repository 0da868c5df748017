"""Each fault of a peer becomes a failure with stage and reason, within the deadline, without cost to other daemons.

The summary of the run has a table of all cases.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from kea_exporter.facts.failure import Reason, Stage
from kea_exporter.facts.snapshot import LACKS_OF_TIME
from tests.support.hostile_cases import LIMIT, SECONDS
from tests.support.hostile_peers import answering, with_body
from tests.support.hostile_table import CASES, DENSE, HTTP_TIMED_OUT, LATE, PARSED, READ
from tests.support.peers import SimulatedKea, peer
from tests.support.prober import Prober
from tests.support.recordings import recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.conftest import Tabulate
    from tests.support.hostile_cases import Case
    from tests.support.prober import Outcome

# What all have together; a hostile one has less, and little only where it is to be late: a busy machine delays others.
SECONDS_OF_ALL, SECONDS_OF_WHO_ANSWERS = 10.0, 8.0
# For a machine that is busy with other things; reading JSON cannot be interrupted.
MARGIN_SECONDS, MARGIN_SECONDS_OF_LARGE = 3.0, 8.0
AT_ONCE = 8
# A whole exporter has at most 500 MiB beside four lying daemons; without them, 60.
MEBIBYTES_OF_FOUR = 440
# Of a server that answers each command after 50 ms.
SECONDS_OF_A_SOUND_SERVER = 5.0
DEFAULTS = {"body_size_limit": f"{LIMIT}B", "collect": {"statistics": "all", "pools": True}}

BY_CASE = "test_a_hostile_peer_is_a_bounded_failure_that_costs_only_itself"

Outcomes = dict[str, "Outcome"]


HEADING = (
    f"hostile peers, {SECONDS} s for those to be late and {LIMIT / 2**20:.0f} MiB each: what it does, stage, reason, "
    "seconds, MiB of memory"
)


@pytest.fixture(scope="module")
def kea() -> Iterator[SimulatedKea]:
    with SimulatedKea(recorded("kea-3.2.0", "dhcp4")) as sound:
        yield sound


@pytest.fixture(scope="module")
def outcomes(
    request: pytest.FixtureRequest, kea: SimulatedKea, prober: Prober, tmp_path_factory: pytest.TempPathFactory
) -> Outcomes:
    """Collect from every peer that is tested, each beside the sound one; some at a time."""
    names = [name for item in request.session.items for name in _case_of(item)]

    def collect(name: str) -> Outcome:
        case = CASES[name]
        with case.enter(tmp_path_factory.mktemp("case")) as entry:
            seconds = case.seconds if case.expected == LATE else SECONDS_OF_ALL
            return prober.collect(beside(kea, {**entry, "timeout": timeout(allowed(case))}), seconds)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        small = [name for name in names if not CASES[name].is_large]
        found = dict(zip(small, pool.map(collect, small), strict=True))
    found |= {name: collect(name) for name in names if CASES[name].is_large}
    return found


def line_of(name: str, outcome: Outcome) -> str:
    stage, reason = next(iter(outcome.failures["hostile"]), ("-", "-"))
    return f"{name:48} {stage:10} {reason:28} {outcome.took['hostile']:8.2f} {outcome.mebibytes:6.1f}"


def _case_of(item: pytest.Item) -> list[str]:
    """Return the name of the case that a test is about, if it is."""
    call = getattr(item, "callspec", None)
    return [call.params["name"]] if call and getattr(item, "originalname", "") == BY_CASE else []


def allowed(case: Case) -> float:
    is_late = case.expected is not None and case.expected[1] in LACKS_OF_TIME
    return case.seconds if is_late else SECONDS_OF_WHO_ANSWERS


def timeout(seconds: float) -> str:
    return f"{seconds * 1000:.0f}ms"


def beside(kea: SimulatedKea, entry: Mapping[str, Any]) -> dict[str, Any]:
    servers = [{"name": "hostile", "dhcp4": entry}, {"name": "sound", "dhcp4": {"url": f"{kea.url}/sound"}}]
    return {"defaults": DEFAULTS, "servers": servers}


@pytest.fixture(scope="module")
def prober(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prober]:
    with Prober(tmp_path_factory.mktemp("prober")) as running:
        yield running


@pytest.fixture(scope="module")
def samples_of_a_sound_kea(kea: SimulatedKea, prober: Prober) -> int:
    alone = prober.collect(beside(kea, {"url": kea.url}), SECONDS_OF_ALL)
    assert alone.failures == {"hostile": [], "sound": []}
    return alone.samples["sound"]


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_peer_is_a_bounded_failure_that_costs_only_itself(
    name: str, outcomes: Outcomes, samples_of_a_sound_kea: int, tabulate: Tabulate
) -> None:
    outcome, case = outcomes[name], CASES[name]
    tabulate(HEADING, line_of(name, outcome))
    # What is late may already be late while it is received.
    expected = {LATE, HTTP_TIMED_OUT} if case.expected == LATE else {case.expected}
    assert next(iter(outcome.failures["hostile"]), None) in expected
    assert outcome.took["hostile"] < allowed(case) + MARGIN_SECONDS
    assert outcome.seconds < allowed(case) + (MARGIN_SECONDS_OF_LARGE if case.is_large else SECONDS_OF_ALL)
    assert outcome.mebibytes < case.mebibytes
    assert (outcome.dropped, outcome.internal_errors) == (0, [])
    assert outcome.failures["sound"] == []
    assert outcome.samples["sound"] == samples_of_a_sound_kea


def test_all_of_them_at_once_cost_nobody_else_anything(
    kea: SimulatedKea, prober: Prober, samples_of_a_sound_kea: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with ExitStack() as stack:
        small = [case for case in CASES.values() if not case.is_large]
        entries = [stack.enter_context(case.enter(tmp_path_factory.mktemp("case"))) for case in small]
        tree = beside(kea, {"url": kea.url})
        tree["servers"] += [{"name": f"hostile-{number}", "dhcp4": entry} for number, entry in enumerate(entries)]
        tree["defaults"] = {**DEFAULTS, "timeout": timeout(SECONDS)}
        tree["servers"][1]["dhcp4"]["timeout"] = timeout(SECONDS_OF_ALL)
        outcome = prober.collect(tree, SECONDS_OF_ALL)
    assert outcome.failures["sound"] == []
    assert outcome.samples["sound"] == samples_of_a_sound_kea
    assert outcome.seconds < SECONDS_OF_ALL + MARGIN_SECONDS


DENSEST = (
    "as many lists as are parsed",
    "as many texts as are parsed",
    "as many samples as are parsed",
    "nested lists",
)


def test_four_at_once_at_the_default_limit_leave_a_sound_server_its_time(
    prober: Prober, samples_of_a_sound_kea: int
) -> None:
    def late(answer: dict[str, Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
        def answer_late(_: dict[str, Any]) -> dict[str, Any]:
            time.sleep(0.05)
            return answer

        return answer_late

    bodies = {**DENSE, **PARSED, **READ}
    with (
        SimulatedKea({name: late(answer) for name, answer in recorded("kea-3.2.0", "dhcp4").items()}) as kea,
        ExitStack() as stack,
    ):
        tree = beside(kea, {"url": kea.url})
        tree["servers"][1]["dhcp4"]["timeout"] = timeout(SECONDS_OF_A_SOUND_SERVER)
        for name in DENSEST:
            lies = {command: bodies[name]() for command in ("config-get", "statistic-get-all")}
            entry = {
                "url": f"http://127.0.0.1:{stack.enter_context(peer(answering(lies)))}",
                "body_size_limit": "32MiB",
            }
            tree["servers"].append({"name": name.replace(" ", "-"), "dhcp4": entry})
        outcome = prober.collect(tree, SECONDS_OF_ALL)
    assert outcome.failures["sound"] == []
    assert outcome.samples["sound"] == samples_of_a_sound_kea
    assert outcome.mebibytes < MEBIBYTES_OF_FOUR


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_takes_no_credentials_along(
    status: int, kea: SimulatedKea, prober: Prober
) -> None:
    received: list[bytes] = []
    with peer(lambda sock: received.append(sock.recv(65536))) as other:
        where = f"http://localhost:{other}/?x".encode()
        head = b"HTTP/1.1 %d No\r\nLocation: %b\r\nRefresh: 0;url=%b\r\n" % (status, where, where)
        with peer(with_body(head, b"[]")) as port:
            auth = {"username": "monitor", "password": "canary"}
            entry = {"url": f"http://127.0.0.1:{port}", "basic_auth": auth}
            outcome = prober.collect(beside(kea, entry), SECONDS_OF_ALL)
    assert outcome.failures["hostile"] == [(Stage.HTTP, Reason.REDIRECTED)]
    assert received == []


def test_what_peers_send_is_not_logged(kea: SimulatedKea, prober: Prober) -> None:
    head = b"HTTP/1.1 200 canary\r\nno colon, a canary\r\nX: canary\r\nTransfer-Encoding: chunked\r\n"
    with peer(with_body(head, b"canary")) as port:
        prober.collect(beside(kea, {"url": f"http://127.0.0.1:{port}"}), SECONDS_OF_ALL)
    assert "probe failed" in prober.log.read_text()
    assert "canary" not in prober.log.read_text()
