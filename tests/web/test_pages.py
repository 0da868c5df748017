from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest
from hatchling.builders.wheel import WheelBuilder
from hypothesis import given, settings
from hypothesis import strategies as st

from kea_exporter.facts.failure import Failure, Reason, Stage, known
from kea_exporter.facts.fullness import KINDS, fullness_of
from kea_exporter.facts.leases import LeaseDatabase, Leases
from kea_exporter.facts.snapshot import AuthenticationResult, Connection, Daemon, Snapshot, Version
from kea_exporter.facts.statistics import Rise
from kea_exporter.facts.status import MultiThreading, Peer
from kea_exporter.facts.subnets import Count, Counts, Descriptions, Subnets
from kea_exporter.kea.prepared import prepared
from kea_exporter.kea.review import review
from kea_exporter.requirements import REQUIREMENTS, Severity, Status, Subject
from kea_exporter.requirements.next_steps import NEXT_STEPS
from kea_exporter.text import printable
from kea_exporter.web.pages import MAX_TEXT, OLD_SECONDS, fleet_page, server_page, style, summary
from kea_exporter.web.pages.columns import groups_of
from kea_exporter.web.pages.fleet import MAX_HEALTHY, shown_name
from kea_exporter.web.pages.formatting import MAX_NUMBER, amount, day, moment, per_cent, span
from kea_exporter.web.pages.fullness import MAX_SHOWN
from kea_exporter.web.pages.server_status import outcome
from kea_exporter.web.pages.summary import Bar, StyledText, Tone
from tests.support.examples import (
    ADDRESS,
    CONNECTION,
    DAY,
    OWN_COMMANDS,
    TAKEN_AT,
    behind_agent,
    certificate,
    connected_to,
    control_socket,
    offering,
    over_http,
    over_unix,
    relationship,
    showing,
    silent,
    sound,
    status,
    unauthorized,
    unix_socket,
)
from tests.support.markup import Element, assert_sound
from tests.support.pages import reports
from tests.support.upgrade_cases import with_socket

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kea_exporter.facts.subnets import Column
    from kea_exporter.requirements import Report

NOW = TAKEN_AT + 12
ROOT = Path(__file__).parent.parent.parent
PAGES = ROOT / "kea_exporter/web/pages"
# Subjects with many requirements, of which only those are columns that some daemon does not meet.
WITH_ONLY_UNMET = {Subject.CONFIGURATION, Subject.UPGRADE}
WITHOUT_COLUMNS = {*WITH_ONLY_UNMET, Subject.PAIR}
WORDS = {
    Status.MET: "met",
    Status.NOT_APPLICABLE: "not applicable",
    Status.UNMET: "unmet, {}",
    Status.UNKNOWN: "unknown, {}",
}


def named(snapshot: Snapshot, server: str) -> Snapshot:
    return replace(snapshot, target=replace(snapshot.target, server=server))


def fleet(*snapshots: Snapshot, at: float = NOW) -> Element:
    return assert_sound(fleet_page(reports(*snapshots), TAKEN_AT, at, metrics_path="/metrics"))


def detail(*snapshots: Snapshot, at: float = NOW) -> Element:
    [server] = {snapshot.target.server for snapshot in snapshots}
    return assert_sound(server_page(server, reports(*snapshots), TAKEN_AT, at))


def without_hooks() -> Snapshot:
    return named(sound(commands=OWN_COMMANDS), "hooks-missing")


def without_database() -> Snapshot:
    return named(sound(lease_database=LeaseDatabase.CONNECTION_LOST), "outage")


def refusing() -> Snapshot:
    refused = AuthenticationResult(401, "kea-dhcpv4-server", strict_transport_security=True)
    return named(connected_to(unauthorized(), authentication_result=refused), "wrong-password")


def paired(**changes: object) -> Snapshot:
    return sound(status=replace(status(), relationships=(relationship(**changes),)))  # type: ignore[arg-type]


def filled(*shares: int, capacity: int = 100) -> Snapshot:
    """Return a daemon whose subnets are so full, in per cent of *capacity*."""
    ids = tuple(range(1, len(shares) + 1))
    columns = {
        Count.ADDRESSES: (capacity,) * len(shares),
        Count.ADDRESSES_ASSIGNED: tuple(share * capacity // 100 for share in shares),
        Count.ADDRESSES_DECLINED: (0,) * len(shares),
    }
    found = Subnets(ids, tuple(f"10.0.{number}.0/24" for number in ids), ("",) * len(ids))
    return sound(leases=Leases(Counts(ids, {**columns})), subnets=found)


VARIANTS = {
    "sound": sound(),
    "sound on DHCPv6": sound(Daemon.DHCP6),
    "sound D2": sound(Daemon.D2),
    "silent": silent(),
    "without hooks": without_hooks(),
    "refusing credentials": refusing(),
    "over http": over_http(),
    "over a unix socket": over_unix(),
    "behind an agent": behind_agent(),
    "offering no http": offering(unix_socket()),
    "in a pair": paired(),
    "with a certificate that ends soon": sound(tls=showing(certificate(ADDRESS, days=(-300, 9)))),
    "with a certificate that ended": sound(tls=showing(certificate(ADDRESS, days=(-300, -3)))),
    "with a certificate of the future": sound(tls=showing(certificate(ADDRESS, days=(3, 90)))),
    "with a certificate that cannot be read": sound(tls=showing()),
    "without a word on TLS": connected_to(
        Failure(Stage.TLS, Reason.HANDSHAKE_FAILED, "the server ended the TLS handshake")
    ),
    "too slow": silent(failure=Failure(Stage.DEADLINE, Reason.BUDGET_USED_UP, "no time was left")),
}


# Words and numbers.


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (47 * 3600, "47 h"),
        (48 * 3600, "2 d"),
        (4000 * 86400, "4,000 d"),
    ],
)
def test_a_length_of_time_is_said_in_whole_units(seconds: float, text: str) -> None:
    assert span(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1,000"),
        (10**9, "1,000,000,000"),
        (2**64, "2\u2076\u2074"),
        (3 * 2**64, "5.5 \u00d7 10\u00b9\u2079"),
        (-5, "-5"),
        (-(10**12), "-1.0 \u00d7 10\u00b9\u00b2"),
    ],
)
def test_a_large_number_is_said_by_its_magnitude(number: int, text: str) -> None:
    assert amount(number) == text


def test_no_number_is_too_large_to_be_said() -> None:
    assert amount(10**5000) == amount(MAX_NUMBER)
    assert amount(-(10**5000)) == amount(-MAX_NUMBER)
    assert span(10**5000) == f"{amount(MAX_NUMBER)} d"
    assert per_cent(10**5000, 1) == 100


def test_a_moment_that_no_calendar_has_is_left_out() -> None:
    assert moment(TAKEN_AT) == "2027-01-15T08:00:00Z"
    assert day(TAKEN_AT) == "2027-01-15"
    assert [moment(seconds) for seconds in (1e300, float("inf"), float("nan"))] == ["", "", ""]


# What is seen of one daemon.


def of(snapshot: Snapshot) -> Report:
    [report] = reports(snapshot)
    return report


@pytest.mark.parametrize(
    ("days", "text", "tone"),
    [
        ((-30, 60), "59 d", Tone.PLAIN),
        ((-30, 31), "30 d", Tone.PLAIN),
        ((-30, 30), "29 d", Tone.WARN),
        ((-30, 0.5), "0 d", Tone.WARN),
        ((-30, -1), "expired", Tone.BAD),
        ((1, 60), "not yet valid", Tone.BAD),
    ],
)
def test_the_days_left_to_the_leaf_are_shown(days: tuple[float, float], text: str, tone: Tone) -> None:
    leaf, authority = certificate(ADDRESS, days=days), certificate(name="ca", issuer="ca", days=(-900, 900))
    word = summary.certificate(of(sound(tls=showing(leaf, authority))), NOW)
    assert (word.text, word.tone) == (text, tone)


def test_a_certificate_goes_on_ageing_after_the_collection() -> None:
    report = of(sound(tls=showing(certificate(ADDRESS, days=(-300, 9)))))
    assert summary.certificate(report, TAKEN_AT + 8.5 * DAY).text == "0 d"
    assert summary.certificate(report, TAKEN_AT + 10 * DAY).more == "expired 24 h ago, on 2027-01-24"


@pytest.mark.parametrize(
    ("snapshot", "text"),
    [
        (over_http(), "http"),
        (over_unix(), "unix"),
        (silent(), "?"),
        (sound(tls=showing()), "?"),
    ],
)
def test_without_a_certificate_it_is_said_why(snapshot: Snapshot, text: str) -> None:
    word = summary.certificate(of(snapshot), NOW)
    assert word.text == text
    assert word.more


def bars(snapshot: Snapshot) -> tuple[Bar, ...]:
    found = summary.leases(of(snapshot))
    assert not isinstance(found, StyledText)
    return found


def test_the_fullest_subnet_is_shown_and_not_the_average_of_all() -> None:
    assert bars(sound()) == (Bar("address", 50.0, "50 %", "100 of 200 addresses of 192.0.2.0/24"),)
    assert bars(filled(0, 96)) == (Bar("address", 96.0, "96 %", "96 of 100 addresses of 10.0.2.0/24"),)


def test_a_subnet_above_the_threshold_of_the_alert_is_worth_a_look() -> None:
    assert outcome([of(filled(0, 85))]) == StyledText("healthy", Tone.GOOD)
    assert outcome([of(filled(0, 96))]) == StyledText("needs attention", Tone.WARN, "10.0.2.0/24 nearly full")
    assert outcome([of(filled(90, 96))]).more == "10.0.2.0/24 and 1 more nearly full"
    assert outcome([of(filled(100, capacity=4))]) == StyledText("healthy", Tone.GOOD), "so few are often all leased"


def test_a_daemon_with_allocation_failures_is_not_healthy_and_its_row_has_their_number() -> None:
    rises = (Rise(TAKEN_AT - 240, TAKEN_AT - 200, 9), Rise(TAKEN_AT - 60, TAKEN_AT, 3))
    snapshot, said = replace(sound(), allocation_failures=rises), "12 allocation failures in 4 min"
    assert outcome([of(snapshot)]) == StyledText("needs attention", Tone.WARN, said)
    page = fleet(snapshot)
    assert page.one("h2", id="summary").text == "No required requirement is unmet; 1 of 1 server needs attention"
    for shown in (page, fleet(replace(without_hooks(), allocation_failures=rises)), detail(snapshot)):
        [note] = shown.of_class("refused")
        assert note.text == f"{said} : Kea had no lease for these requests"
    assert not fleet(sound()).of_class("refused")
    assert outcome([of(replace(sound(), allocation_failures=rises[1:]))]).more == "3 allocation failures in 1 min"


def test_leases_outside_the_pools_fill_nothing() -> None:
    beside = with_counts(filled(300, capacity=20), {Count.ADDRESSES_RESERVED_OUT_OF_POOL: (60,)})
    assert bars(beside) == (
        Bar(
            "address",
            0.0,
            "0 % to 100 %",
            "0 of 20 addresses of 10.0.1.0/24, 20 leased or reserved; Kea counts 60 leases",
        ),
    )
    exact = with_counts(filled(97, capacity=40), {Count.ADDRESSES_IN_POOL: (1,)})
    assert bars(exact) == (Bar("address", 2.5, "2 %", "1 of 40 addresses of 10.0.1.0/24; Kea counts 38 leases"),)


def test_what_is_reserved_for_absent_hosts_stands_beside() -> None:
    counts = {Count.ADDRESSES_RESERVED_IN_POOL: (2,), Count.ADDRESSES_IN_POOL: (2,), Count.ALLOCATION_FAILURES: (3,)}
    few = with_counts(filled(50, capacity=4), counts)
    said = "2 of 4 addresses of 10.0.1.0/24, 4 leased or reserved"
    assert bars(few) == (Bar("address", 50.0, "50 % to 100 %", said),)
    [table] = detail(few).of_class("subnets")
    assert "3 allocation failures since Kea started" in table.text


def test_guarded_subnets_of_a_shared_network_are_judged_by_themselves() -> None:
    cable = with_network(filled(41, 100), "cable")
    [bar] = bars(cable)
    assert (bar.text, bar.description) == ("70 %", "141 of 200 addresses of shared network cable")
    configuration = known(cable.configuration)
    guards = Descriptions(classes={1: "cm", 2: "cpe"})
    [bar] = bars(replace(cable, configuration=replace(configuration, descriptions=guards)))
    assert bar.description == "100 of 100 addresses of 10.0.2.0/24"


def with_counts(snapshot: Snapshot, columns: Mapping[Count, Column]) -> Snapshot:
    leases = known(snapshot.leases)
    counts = Counts(leases.subnets.keys, {**leases.subnets.columns, **columns})
    return replace(snapshot, leases=replace(leases, subnets=counts))


def with_network(snapshot: Snapshot, name: str) -> Snapshot:
    subnets = known(snapshot.subnets)
    return replace(snapshot, subnets=replace(subnets, networks=(name,) * len(subnets.ids)))


def test_prefixes_have_a_bar_of_their_own_and_little_is_not_nothing() -> None:
    addresses, prefixes = bars(sound(Daemon.DHCP6))
    assert addresses.text == "< 1 %"
    assert (prefixes.per_cent, prefixes.text, prefixes.description[:18]) == (11.7, "12 %", "30 of 256 prefixes")


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        ({Count.ADDRESSES: (200, 100, 0), Count.ADDRESSES_ASSIGNED: (100, None, 0)}, "?"),
        ({Count.ADDRESSES: (200, None, 0), Count.ADDRESSES_ASSIGNED: (100, 1, 0)}, "?"),
        ({Count.ADDRESSES_ASSIGNED: (100, 1, 0)}, "?"),
        ({}, "?"),
        ({Count.ADDRESSES: (0, 0, 0), Count.ADDRESSES_ASSIGNED: (0, 0, 0)}, "no pools"),
    ],
)
def test_what_is_not_counted_is_not_taken_for_nothing(columns: dict[Count, tuple[int | None, ...]], text: str) -> None:
    word = summary.leases(of(sound(leases=Leases(Counts((1, 2, 10), columns)))))
    assert isinstance(word, StyledText)
    assert word.text == text


def test_a_daemon_without_subnets_is_said_to_have_none() -> None:
    assert summary.leases(of(sound(leases=Leases(Counts((), {}))))) == StyledText("no subnets", Tone.QUIET)


def test_more_leases_than_addresses_are_no_more_than_all() -> None:
    [bar] = bars(filled(150))
    assert (bar.per_cent, bar.text) == (100.0, "100 %")
    assert bar.description == "100 of 100 addresses of 10.0.1.0/24; Kea counts 150 leases"


def test_what_a_daemon_lacks_is_not_unknown() -> None:
    assert summary.leases(of(sound(Daemon.D2))) == StyledText("\N{EN DASH}", Tone.QUIET, "D2 has no subnets and leases")
    assert summary.leases(of(silent())) == StyledText(
        "?", Tone.QUIET, "unknown: connect: nothing listens at 192.0.2.1 port 8001"
    )


@pytest.mark.parametrize(
    ("changes", "text", "tone"),
    [
        ({}, "primary, hot-standby", Tone.PLAIN),
        ({"local": "load-balancing", "partner": "load-balancing"}, "primary, load-balancing", Tone.PLAIN),
        ({"local": "partner-down"}, "primary, partner-down", Tone.WARN),
        ({"communication_interrupted": True}, "primary, hot-standby, communication interrupted", Tone.WARN),
        ({"local": "terminated"}, "primary, terminated", Tone.BAD),
        ({"local": ""}, "primary, state unknown", Tone.WARN),
    ],
)
def test_role_and_state_of_a_pair_are_shown(changes: dict[str, object], text: str, tone: Tone) -> None:
    [word] = summary.high_availability(of(paired(**changes)))
    assert (word.text, word.tone) == (text, tone)
    assert word.more.startswith("hot-standby with kea2 (standby), last known state ")


# The fleet page.


def rows(root: Element) -> dict[tuple[str, str], list[Element]]:
    """Return the cells of each daemon's row, by server and daemon."""
    found = {}
    for body in root.of_class("matrix")[0].all("tbody"):
        server = body.of_class("server")[0].text
        for row in body.all("tr"):
            if "note" not in row.classes:
                found[server, row.of_class("daemon")[0].text] = row.all("td")
    return found


def verdicts(root: Element, server: str, daemon: str = "dhcp4") -> dict[str, str]:
    """Return what the matrix says of a daemon: the words of each verdict, by requirement."""
    ids = [head.attributes["title"].partition(":")[0] for head in root.of_class("matrix")[0].of_class("requirement")]
    cells = [cell for cell in rows(root)[server, daemon] if "verdict" in cell.classes]
    return {name: cell.text for name, cell in zip(ids, cells, strict=True) if cell.text}


def servers(root: Element) -> list[str]:
    return [head.text for head in root.of_class("server")]


@pytest.mark.parametrize("variant", VARIANTS)
def test_each_cell_has_its_verdict_in_words(variant: str) -> None:
    snapshot = named(VARIANTS[variant], "this-one")
    page = fleet(named(sound(), "another"), snapshot)
    found = verdicts(page, "this-one", snapshot.target.daemon)
    expected = {
        verdict.requirement.id: f"{WORDS[verdict.status].format(verdict.severity)}"
        + (f" {verdict.requirement.id}" if verdict.status in {Status.UNMET, Status.UNKNOWN} else "")
        for verdict in of(snapshot).verdicts
        if verdict.requirement.subject not in WITH_ONLY_UNMET
    }
    assert found == expected


def test_a_requirement_that_is_not_judged_has_an_empty_cell() -> None:
    first, second = reports(named(sound(), "first"), named(sound(), "second"))
    left_out = second.verdicts[3].requirement.id
    second = replace(
        second, verdicts=tuple(verdict for verdict in second.verdicts if verdict.requirement.id != left_out)
    )
    page = assert_sound(fleet_page((first, second), TAKEN_AT, NOW, metrics_path="/metrics"))
    assert left_out not in verdicts(page, "second")
    assert set(verdicts(page, "first")) == {*verdicts(page, "second"), left_out}


def test_colour_is_not_all_that_tells_verdicts_apart() -> None:
    signs = re.findall(r"\.verdict\.(\w+) \{ --sign: \"(.+?)\"", style())
    assert {name for name, _ in signs} == {"met", "none", "unmet", "unknown"}
    assert len({sign for _, sign in signs}) == len(signs)


def test_what_is_required_stands_out() -> None:
    page = fleet(without_hooks())
    cells = {
        cell.attributes["title"].split()[0]: cell.classes
        for cell in page.of_class("matrix")[0].of_class("unmet")
        if cell.tag == "td"
    }
    assert "required" in cells["hook-lease-cmds-loaded"]
    assert "required" not in cells["hook-stat-cmds-loaded"]
    heads = {head.text: head.classes for head in page.of_class("requirement")}
    assert "required" in heads["lease_cmds"]
    assert "required" not in heads["stat_cmds"]


def test_an_unmet_cell_leads_to_its_evidence() -> None:
    snapshot = without_hooks()
    page = fleet(snapshot)
    [link] = [anchor for anchor in page.all("a") if anchor.attributes["href"].endswith("#dhcp4-hook-lease-cmds-loaded")]
    assert link.attributes["href"].startswith("/servers/hooks-missing#")
    assert detail(snapshot).all(id="dhcp4-hook-lease-cmds-loaded")


def test_servers_come_worst_first_and_their_daemons_too() -> None:
    page = fleet(
        named(sound(), "sound"),
        named(sound(tls=showing(certificate(ADDRESS, days=(-300, 9)))), "due"),
        named(sound(), "mixed"),
        named(silent(Daemon.DHCP6), "mixed"),
        without_hooks(),
        named(filled(95), "full"),
        without_database(),
    )
    assert servers(page) == ["outage", "hooks-missing", "mixed", "due", "full", "sound"]
    assert [key for key in rows(page) if key[0] == "mixed"] == [("mixed", "dhcp6"), ("mixed", "dhcp4")]


def test_a_row_says_what_is_to_be_known_at_a_glance() -> None:
    cells = {
        cell.attributes["data-label"]: cell
        for cell in rows(fleet(paired()))["sound", "dhcp4"]
        if "data-label" in cell.attributes
    }
    assert {name: cell.text for name, cell in cells.items()} == {
        "Version": "3.0.3",
        "Certificate": "59 d",
        "Leases": "50 %",
        "HA": "primary, hot-standby",
    }
    meter = cells["Leases"].one("meter").attributes
    assert (meter["value"], meter["max"], meter["aria-label"]) == (
        "50.0",
        "100",
        "100 of 200 addresses of 192.0.2.0/24 leased",
    )


def test_a_failed_probe_says_its_stage_its_reason_and_what_to_do() -> None:
    page = fleet(named(sound(), "sound"), silent())
    [note] = page.of_class("note")
    assert note.text == (
        "Failed at connect ( refused ): nothing listens at 192.0.2.1 port 8001 " + NEXT_STEPS[Reason.REFUSED]
    )


def test_several_failures_are_counted() -> None:
    failed = Failure(Stage.COMMAND, Reason.ERROR_RESULT, "status-get ended with result 1")
    also = Failure(Stage.COMMAND, Reason.MALFORMED_ANSWER, "subnet4-list has no arguments")
    [note] = fleet(sound(status=failed, subnets=also)).of_class("note")
    assert note.text.startswith("Failed at command ( error_result )")
    assert note.text.endswith("and 1 more")


def test_each_column_counts_the_daemons_that_do_not_meet_it() -> None:
    page = fleet(named(sound(), "a"), without_hooks(), named(sound(commands=OWN_COMMANDS), "b"), silent())
    counts = [cell.text for cell in page.of_class("counts")[0].all("td")]
    by_short = dict(zip([head.text for head in page.of_class("requirement")], counts, strict=True))
    assert by_short["lease_cmds"] == "2"
    assert by_short["reachable"] == "1"
    assert by_short["SAN"] == "0"
    [row] = page.all("tr", id="hook-lease-cmds-loaded")
    assert [cell.text for cell in row.all("td")] == ["required", "2", "1"]


def test_of_upgrades_only_those_that_are_blocked_are_columns() -> None:
    def shown(*snapshots: Snapshot) -> list[str]:
        [*columns] = [
            column.requirement.id
            for group in groups_of(reports(*snapshots))
            for column in group.columns
            if group.subject is Subject.UPGRADE
        ]
        return columns

    blocked = replace(known(sound().configuration), review=review(prepared("Dhcp4", with_socket())))
    assert shown(sound()) == []
    assert shown(sound(), sound(configuration=blocked)) == ["upgrade-to-3.2"]


def test_the_columns_are_grouped_and_explained() -> None:
    page = fleet(sound())
    subjects = [subject.capitalize() for subject in Subject if subject not in WITHOUT_COLUMNS]
    assert [head.text for head in page.all("th", scope="colgroup")] == subjects
    judged = [
        verdict.requirement for verdict in of(sound()).verdicts if verdict.requirement.subject not in WITH_ONLY_UNMET
    ]
    explained = page.of_class("columns")[0].all("th", scope="row")
    assert [head.text for head in explained] == [f"{requirement.title} {requirement.id}" for requirement in judged]


def test_every_requirement_has_a_short_name_of_its_own_within_its_subject() -> None:
    names = [(requirement.subject, requirement.short) for requirement in REQUIREMENTS]
    assert len(set(names)) == len(names)
    assert all(0 < len(short) <= 14 for _, short in names)


def test_the_summary_counts_servers_by_where_they_stand() -> None:
    page = fleet(
        named(sound(), "a"),
        named(sound(), "b"),
        without_hooks(),
        named(paired(local="partner-down"), "c"),
        named(sound(status=Failure(Stage.COMMAND, Reason.ERROR_RESULT, "status-get ended with result 1")), "d"),
    )
    assert page.one("h2", id="summary").text == "1 of 5 servers has unmet required requirements"
    assert page.one("title").text == "1 of 5 servers has unmet required requirements \N{EN DASH} kea-exporter"
    first, second = page.of_class("figures")
    assert [figure.text for figure in first.all("li")] == [
        "1 with required unmet",
        "1 partly unknown",
        "1 need attention",
        "2 healthy",
    ]
    assert [figure.text for figure in second.all("li")[:2]] == [
        "4 of 5 DHCP daemons serve clients, 1 unknown",
        "5 of 5 daemons answer",
    ]
    widths = [float(segment.attributes["width"].rstrip("%")) for segment in page.all("rect")]
    assert widths == [20, 20, 20, 40]


@pytest.mark.parametrize(
    ("snapshots", "headline", "tone"),
    [
        ([sound()], "The server is healthy", "good"),
        ([named(sound(), "a"), named(sound(), "b")], "2 servers, all healthy", "good"),
        ([sound(), silent(), without_hooks()], "2 of 3 servers have unmet required requirements", "bad"),
        (
            [sound(audit=Failure(Stage.COMMAND, Reason.AUDIT_PENDING, "not yet"))],
            "1 of 1 server is partly unknown",
            "warn",
        ),
        ([without_hooks(), without_database()], "1 of 2 DHCP daemons does not serve clients", "bad"),
        ([filled(90)], "No required requirement is unmet; 1 of 1 server needs attention", "warn"),
        ([], "No server was collected", "warn"),
    ],
)
def test_the_headline_says_the_worst(snapshots: Sequence[Snapshot], headline: str, tone: str) -> None:
    summary = fleet(*snapshots).one("h2", id="summary")
    assert summary.text == headline
    assert tone in summary.classes


def test_a_daemon_that_did_not_say_everything_is_not_called_sound() -> None:
    failed = Failure(Stage.COMMAND, Reason.ERROR_RESULT, "statistic-get-all ended with result 1")
    page = fleet(sound(statistics=failed))
    assert page.of_class("matrix")[0].all("td", class_="outcome")[0].of_class("short")[0].text == "partly unknown"
    assert page.one("h2", id="summary").text == "1 of 1 server is partly unknown"


def test_the_first_certificate_to_end_is_named() -> None:
    page = fleet(
        named(sound(), "later"),
        named(sound(tls=showing(certificate(ADDRESS, days=(-300, 9)))), "sooner"),
        named(over_http(), "never"),
    )
    assert page.of_class("figures")[1].all("li")[-1].text == "8 d first certificate to expire: sooner dhcp4"


def test_sound_servers_are_folded_away_at_the_end_where_they_are_many() -> None:
    many = [named(sound(), f"sound-{number}") for number in range(MAX_HEALTHY + 1)]
    page = fleet(*many, silent(), named(paired(local="partner-down"), "alone"))
    [folded] = page.of_class("folded")
    assert folded.one("summary").text == f"{MAX_HEALTHY + 1} healthy servers"
    assert servers(folded) == [f"sound-{number}" for number in range(MAX_HEALTHY + 1)]
    assert servers(page) == ["silent", "alone", *servers(folded)]
    assert len(page.of_class("matrix")) == 2


def test_a_few_sound_servers_are_not_folded_away() -> None:
    page = fleet(*(named(sound(), f"sound-{number}") for number in range(MAX_HEALTHY)), silent())
    assert not page.of_class("folded")
    assert len(servers(page)) == MAX_HEALTHY + 1


def test_where_all_of_many_are_sound_only_the_fold_is_left() -> None:
    page = fleet(*(named(sound(), f"sound-{number}") for number in range(MAX_HEALTHY + 1)))
    assert page.of_class("folded")[0].of_class("matrix") == page.of_class("matrix")


NEGATIVE = -(10**400)


@pytest.mark.parametrize(
    "count", [Count.ADDRESSES_IN_POOL, Count.ADDRESSES_RESERVED_IN_POOL, Count.ADDRESSES_RESERVED_OUT_OF_POOL]
)
def test_a_subnet_with_a_negative_count_has_no_utilisation(count: Count) -> None:
    snapshot = with_counts(filled(90), {count: (NEGATIVE,)})
    assert fullness_of(known(snapshot.leases).subnets, KINDS[0]) == [None]
    assert fleet(snapshot).one("h2", id="summary").text == "The server is healthy"


# Both pages.


def test_the_age_of_the_collection_is_shown() -> None:
    for page in (fleet(sound()), detail(sound())):
        time = page.one("time")
        assert time.text == "12 s ago"
        assert time.attributes["datetime"] == "2027-01-15T08:00:00Z"
        assert not page.of_class("old")


def test_an_old_collection_is_said_to_be_old() -> None:
    for page in (fleet(sound(), at=TAKEN_AT + OLD_SECONDS + 60), detail(sound(), at=TAKEN_AT + OLD_SECONDS + 60)):
        assert page.of_class("old")[0].text == "Collected 6 min ago : this may be out of date"


def test_a_clock_that_was_set_back_makes_no_negative_age() -> None:
    assert fleet(sound(), at=TAKEN_AT - 100).one("time").text == "0 s ago"


def test_where_nothing_was_collected_yet_the_page_says_so_and_offers_to() -> None:
    for text, server in (
        (fleet_page(None, None, NOW, metrics_path="/own-metrics"), ""),
        (server_page("kea1", [], None, NOW), "kea1"),
    ):
        page = assert_sound(text)
        assert "No collection yet" in page.one("main").text
        assert not page.all("time")
        form = page.one("form", method="post", action="/collect")
        assert form.one("input", name="server").attributes["value"] == server
        assert form.one("button").text == "Collect now"


def test_the_pages_lead_to_one_another_and_to_what_programs_read() -> None:
    links = [link.attributes["href"] for link in fleet(sound()).all("a")]
    assert {"/", "/metrics", "/sd", "/api/v1/servers", "/servers/sound"} <= set(links)
    assert "/own-metrics" in fleet_page(reports(sound()), TAKEN_AT, NOW, metrics_path="/own-metrics")
    back = [link.attributes["href"] for link in detail(sound()).all("a")]
    assert {"/", "/api/v1/servers", "/probe?target=sound&debug=true"} <= set(back)


@pytest.mark.parametrize("name", ["kea1", "a?b#c", "50%25", "<b>", "\u05e9\u05e8\u05ea", "..", "a&b=c", '"', "\ud800"])
def test_the_name_of_a_server_is_quoted_in_links(name: str) -> None:
    [head] = fleet(named(sound(), name)).of_class("server")
    path = head.one("a").attributes["href"]
    assert urlsplit(path).path == path
    assert unquote(path) == f"/servers/{name}".replace("\ud800", "?")


def test_the_style_needs_nothing_from_elsewhere() -> None:
    assert "url(" not in style()
    assert "@import" not in style()
    assert "prefers-color-scheme: dark" in style()
    assert "@media print" in style()


def test_templates_and_style_are_in_the_wheel() -> None:
    builder = WheelBuilder(str(ROOT))
    shipped = {file.distribution_path for file in builder.recurse_included_files()}
    expected = {str(path.relative_to(ROOT)) for path in PAGES.rglob("*") if path.suffix in {".py", ".html", ".css"}}
    assert len(expected) > 10
    assert expected <= shipped


# The detail page.


def test_the_worst_daemon_comes_first() -> None:
    page = detail(named(sound(), "pair"), named(silent(Daemon.DHCP6), "pair"))
    assert [section.attributes["id"] for section in page.of_class("one")] == ["dhcp6", "dhcp4"]


def test_an_unmet_requirement_has_evidence_remedy_and_example() -> None:
    article = detail(without_hooks()).one("article", id="dhcp4-hook-lease-cmds-loaded")
    [verdict] = [judged for judged in of(without_hooks()).verdicts if judged.requirement.id == "hook-lease-cmds-loaded"]
    verdict = replace(verdict, evidence="; ".join(verdict.problems[0].evidence))
    assert article.one("h4").text == f"unmet: {verdict.requirement.title}"
    assert article.of_class("meta")[0].text == "hook-lease-cmds-loaded required"
    assert article.of_class("evidence")[0].text == verdict.evidence
    assert article.of_class("next")[0].text == verdict.remedy
    *examples, about = article.all("details")
    assert [example.one("pre").text for example in examples] == [
        problem.example for problem in verdict.problems if problem.example
    ]
    assert verdict.requirement.rule in about.text
    assert verdict.requirement.clause in about.text


def test_an_added_requirement_is_marked_as_such() -> None:
    article = detail(without_hooks()).one("article", id="dhcp4-hook-stat-cmds-loaded")
    assert "This project added the requirement" in article.text


def test_what_is_unknown_for_one_reason_stands_together() -> None:
    page = detail(silent())
    [group] = [article for article in page.all("article") if "unknown" in article.classes]
    unknown = [verdict for verdict in of(silent()).verdicts if verdict.status is Status.UNKNOWN]
    assert group.one("h4").text == f"unknown: {unknown[0].evidence}"
    assert group.of_class("next")[0].text == NEXT_STEPS[Reason.REFUSED]
    assert {item.attributes["id"] for item in group.all("li")} == {
        f"dhcp4-{verdict.requirement.id}" for verdict in unknown
    }


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_verdict_stands_once_on_the_page_of_its_server(variant: str) -> None:
    snapshot = VARIANTS[variant]
    page, report = detail(snapshot), of(snapshot)
    ids = [element.attributes["id"] for element in page.all() if "id" in element.attributes]
    for verdict in report.verdicts:
        assert ids.count(f"{snapshot.target.daemon}-{verdict.requirement.id}") == 1
        assert verdict.evidence in page.text
    unmet = [article for article in page.all("article") if "unmet" in article.classes]
    order = list(Severity)
    found = [order.index(Severity(article.of_class("meta")[0].text.split()[-1])) for article in unmet]
    assert len(found) == report.count(Status.UNMET)
    assert found == sorted(found)


@pytest.mark.parametrize(
    ("snapshot", "steps"),
    [
        (silent(), ["resolve: reached", "connect: failed", "tls: not reached"]),
        (refusing(), ["resolve: reached", "connect: reached", "tls: reached", "http: reached", "auth: failed"]),
        (
            replace(over_unix(), connection=Failure(Stage.CONNECT, Reason.NO_SUCH_SOCKET, "there is no such socket")),
            ["connect: failed", "command: not reached"],
        ),
        (VARIANTS["too slow"], []),
        (sound(), []),
    ],
)
def test_how_far_the_probe_came_is_to_be_seen(snapshot: Snapshot, steps: list[str]) -> None:
    page = detail(snapshot)
    shown = [step.text.replace(" :", ":") for section in page.of_class("steps") for step in section.all("li")]
    assert shown[: len(steps)] == steps
    assert bool(shown) == bool(steps)


def facts(page: Element) -> dict[str, str]:
    return {fact.one("dt").text: fact.one("dd").text for fact in page.of_class("facts")[0].all("div")}


def test_the_facts_of_a_daemon_are_listed() -> None:
    assert facts(detail(sound())) == {
        "Version": "3.0.3",
        "Running": "for 24 h, with this configuration for 1 h ( process 4711 )",
        "DHCP service": "enabled, serves clients",
        "Threads": "4 threads ( packets waiting, on average over the last 10, 100 and 1000: 0.5 / 0.25 / 0.125 )",
        "Reached at": "192.0.2.1 port 8001",
        "TLS": "TLSv1.3, TLS_AES_256_GCM_SHA384",
        "Control sockets": "https on 192.0.2.1 port 8001 ( client certificates required, "
        "basic authentication with 1 client, realm kea-dhcpv4-server )",
        "Hook libraries": "libdhcp_subnet_cmds.so libdhcp_host_cmds.so libdhcp_lease_cmds.so libdhcp_stat_cmds.so",
        "Configuration": "Dhcp4: 3 subnets, 1 shared network, 4 reservations",
        "Probe": "250 ms of at most 5 s ( 6 commands sent )",
    }


def test_what_could_not_be_learnt_is_named_and_not_left_empty() -> None:
    found = facts(detail(silent()))
    assert set(found) == {"Probe", "Unknown"}
    assert found["Unknown"].startswith("Version, Running, DHCP service")


def test_d2_is_said_to_lack_what_it_lacks() -> None:
    found = facts(detail(sound(Daemon.D2)))
    assert found["Hook libraries"] == "none"
    assert found["DHCP service"] == found["Threads"] == "not reported"
    assert found["Configuration"] == "DhcpDdns"
    assert not detail(sound(Daemon.D2)).of_class("subnets")


def test_one_thread_and_a_plain_socket_are_said_to_be_so() -> None:
    single = replace(status(), multi_threading=MultiThreading(enabled=False))
    found = facts(detail(replace(over_unix(), status=single)))
    assert found["Threads"] == "one; multi-threading is off"
    assert found["Control sockets"].startswith("unix on /run/kea/kea4-ctrl-socket https on")
    assert found["Reached at"] == "/run/kea/kea4-ctrl-socket"
    assert found["TLS"] == "not used"
    unsure = replace(status(), multi_threading=MultiThreading(enabled=True))
    assert facts(detail(sound(status=unsure)))["Threads"] == "several"


def test_a_disabled_service_is_said_to_be_disabled() -> None:
    state = status().dhcp_state
    assert state is not None
    off = replace(status(), dhcp_state=replace(state, globally_disabled=True))
    assert facts(detail(sound(status=off)))["DHCP service"] == "disabled"


def test_a_daemon_that_answers_and_serves_nobody_is_said_to_do_so() -> None:
    lost = Failure(Stage.COMMAND, Reason.NO_LEASE_MANAGER, "no current lease manager is available")
    found = detail(sound(lease_database=LeaseDatabase.NO_MANAGER, leases=lost))
    assert facts(found)["DHCP service"].startswith("serves no clients ( the configuration is half applied")
    unsure = Failure(Stage.COMMAND, Reason.UNSUPPORTED, "no lease_cmds")
    said = facts(detail(sound(lease_database=unsure)))["DHCP service"]
    assert said == "enabled ( whether it serves clients is unknown: no lease_cmds )"


def test_leases_that_cannot_be_read_are_not_known() -> None:
    lost = Failure(Stage.COMMAND, Reason.NO_LEASE_MANAGER, "no current lease manager is available")
    shown = summary.leases(reports(sound(lease_database=LeaseDatabase.NO_MANAGER, leases=lost))[0])
    assert isinstance(shown, StyledText)
    assert (shown.text, "no current lease manager" in shown.more) == ("?", True)


def test_certificates_are_listed_with_what_is_left_of_them() -> None:
    names = [f"host{number}.example.com" for number in range(20)]
    leaf, root = certificate(ADDRESS, *names), certificate(name="ca", issuer="ca", days=(-30, 3650))
    middle, own = certificate(name="sub", issuer="ca"), certificate(name="exporter", days=(-30, 5))
    page = detail(sound(tls=showing(leaf, middle, root), client_certificate=own))
    shown = [item.text for item in page.of_class("certificates")[0].all("li")]
    assert [text.split(" More")[0] for text in shown] == [
        "leaf CN=kea1 59 d valid until 2027-03-16",
        "intermediate CN=sub 59 d valid until 2027-03-16",
        "root CN=ca 3,649 d valid until 2037-01-12",
        "client certificate of the exporter CN=exporter 4 d valid until 2027-01-20",
    ]
    assert "and 9 more" in shown[0]
    assert "SAN none" in shown[1]


def test_an_ended_certificate_is_said_to_have_ended() -> None:
    page = detail(VARIANTS["with a certificate that ended"])
    assert page.of_class("certificates")[0].text.startswith("leaf CN=kea1 expired 3 d ago, on 2027-01-12 More")


def test_the_fullest_subnets_come_first() -> None:
    page = detail(filled(*range(1, 31)))
    [table] = page.of_class("subnets")
    assert table.one("caption").text == f"Top {MAX_SHOWN} of 30 subnets by utilisation"
    assert [head.all("bdi")[0].text for head in table.all("th", scope="row")] == [
        f"10.0.{number}.0/24" for number in range(30, 30 - MAX_SHOWN, -1)
    ]
    assert table.all("meter")[0].attributes["value"] == "30.0"


def test_a_subnet_is_shown_with_its_id_its_network_and_what_is_declined() -> None:
    [table] = detail(sound()).of_class("subnets")
    assert table.one("caption").text == "Top 2 of 3 subnets by utilisation"
    first = table.one("tbody").all("tr")[0]
    assert first.text == "192.0.2.0/24 id 1 50 % 100 of 200 addresses; 2 declined"
    shared = replace(sound(), leases=Leases(Counts((10,), {Count.ADDRESSES: (9,), Count.ADDRESSES_ASSIGNED: (9,)})))
    assert "id 10, office" in detail(shared).of_class("subnets")[0].text.replace(" ,", ",")


def test_a_subnet_that_is_counted_but_not_listed_is_called_by_its_id() -> None:
    stray = Leases(Counts((77,), {Count.ADDRESSES: (9,), Count.ADDRESSES_ASSIGNED: (1,)}))
    assert "subnet 77" in detail(sound(leases=stray)).of_class("subnets")[0].text


def test_why_leases_are_not_known_is_said() -> None:
    off = Failure(Stage.COMMAND, Reason.NOT_COLLECTED, "it is switched off in the exporter's configuration")
    page = detail(sound(leases=off))
    assert "it is switched off in the exporter's configuration" in page.text
    assert not page.of_class("subnets")


def test_a_pair_is_shown_side_by_side() -> None:
    page = detail(paired(local="partner-down", partner="", communication_interrupted=True, unacked_clients=7))
    [table] = page.of_class("pair")
    cells = [[cell.text for cell in row.children if isinstance(cell, Element)] for row in table.one("tbody").all("tr")]
    assert cells == [
        ["Name", "kea1", "kea2"],
        ["Role", "primary", "standby"],
        ["State", "partner-down", "unknown"],
        ["Serves", "kea1", "no scope"],
    ]
    assert "Communication is interrupted. Last heartbeat 3 s ago. Clock skew 2 s." in page.text
    assert "7 clients without an answer from the partner." in page.text


def test_the_daemons_of_a_server_can_be_jumped_to() -> None:
    page = detail(sound(), sound(Daemon.DHCP6), sound(Daemon.D2))
    jumps = page.one("nav", aria_label="Daemons").all("a")
    assert [jump.attributes["href"] for jump in jumps] == ["#dhcp4", "#dhcp6", "#d2"]
    assert not detail(sound()).all("nav", aria_label="Daemons")


# Whatever a peer says.

NASTY = [
    "<script>alert(1)</script>",
    "</title></style><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "' autofocus onfocus='alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "&lt;&amp;&#0;",
    "\u202egnp.exe\u202c \u200f\u2066",
    "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "javascript:alert(1)",
    "<!-- --> ]]> <![CDATA[",
    "\x00\x1b[31m\x7f\r\n\t",
    "\ud800\udfff",
    "a" * 3000,
]
texts = st.sampled_from(NASTY) | st.text(st.characters(exclude_categories=()), max_size=30)
numbers = st.none() | st.integers() | st.sampled_from([10**400, -(10**400), 2**128, 0])


@st.composite
def peers(draw: st.DrawFn) -> Snapshot:
    """Return a daemon that says whatever it likes wherever it may."""
    server = "".join(draw(texts).split()).replace("/", "") or "kea"
    snapshot = named(draw(pairs()), server)
    configuration = snapshot.configuration
    assert not isinstance(configuration, Failure)
    ids, columns = (1, 2, 10), draw(st.sets(st.sampled_from(Count)))
    three, many = st.tuples(texts, texts, texts), st.tuples(numbers, numbers, numbers)
    return replace(
        snapshot,
        version=Version(3, 0, 3, draw(texts)),
        connection=Connection(draw(texts), 1) if draw(st.booleans()) else CONNECTION,
        configuration=replace(configuration, hooks=draw(three), hosts_databases=draw(three)),
        sockets=(control_socket(address=draw(texts), kind=draw(texts)),),
        subnets=Subnets(ids, draw(three), draw(three)),
        leases=Leases(Counts(ids, {count: draw(many) for count in columns})),
        tls=showing(draw(certificates)),
        commands=draw(st.just(snapshot.commands) | failures),
    )


@st.composite
def pairs(draw: st.DrawFn) -> Snapshot:
    names = ("age_seconds", "clock_skew_seconds", "unacked_clients")
    peer = draw(st.builds(Peer, texts, texts, texts, st.tuples(texts)))
    changes = {"mode": draw(texts), "local": peer, "partner": peer, **{name: draw(numbers) for name in names}}
    pair = replace(relationship(), **changes)  # type: ignore[arg-type]
    return sound(status=replace(status(), uptime_seconds=draw(numbers) or 0, relationships=(pair,)))


failures = st.builds(Failure, st.sampled_from(Stage), st.sampled_from(Reason), texts)
certificates = st.builds(
    lambda subject, issuer, key, name: replace(
        certificate(ADDRESS), subject=subject, issuer=issuer, key_type=key, names=frozenset({name})
    ),
    texts,
    texts,
    texts,
    texts,
)


@settings(max_examples=150)
@given(peers())
def test_whatever_a_peer_says_is_text_and_nothing_else(snapshot: Snapshot) -> None:
    server = snapshot.target.server
    pages = (fleet(snapshot), detail(snapshot))
    names = (pages[0].of_class("server")[0].text, pages[1].one("h1").text)
    assert set(names) == {" ".join(shown_name(server).split())}
    for page in pages:
        assert page.text.isprintable()
    assert not isinstance(snapshot.tls, Failure)
    assert snapshot.tls is not None
    assert shown_as(snapshot.tls.chain[0].subject) in pages[1].text


def shown_as(text: str) -> str:
    return " ".join(printable(text, MAX_TEXT).split())


def test_the_same_reports_make_the_same_page() -> None:
    snapshots = [without_hooks(), silent(), sound()]
    first, second = (fleet_page(reports(*snapshots), TAKEN_AT, NOW, metrics_path="/metrics") for _ in range(2))
    assert first == second
