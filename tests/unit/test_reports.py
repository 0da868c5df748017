from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click
import pytest

from kea_exporter.facts.failure import Failure, Reason, Stage
from kea_exporter.facts.leases import Leases
from kea_exporter.facts.snapshot import Daemon
from kea_exporter.facts.subnets import Count, Counts
from kea_exporter.reports import Check, as_json, as_text, exit_code
from kea_exporter.reports.text_report import explanation, progress_bar
from kea_exporter.requirements import (
    REQUIREMENTS,
    Cause,
    Problem,
    Report,
    Requirement,
    Severity,
    Status,
    Subject,
    Verdict,
)
from tests.support.examples import silent, sound

if TYPE_CHECKING:
    from kea_exporter.config import Profile
    from kea_exporter.facts.snapshot import Snapshot
    from kea_exporter.requirements.model import Finding

WIDTH = 60
UMLAUT = "\N{LATIN SMALL LETTER A WITH DIAERESIS}"


CAUSE = Cause("missing", "One is missing", "Add one.", '{"one": 1}')


def never_judged(_snapshot: Snapshot, _profile: Profile) -> Finding:
    raise AssertionError("a report is made of verdicts already given")


def verdict(
    name: str,
    status: Status,
    severity: Severity = Severity.REQUIRED,
    evidence: str = "so it was found",
    remedy: str = "",
) -> Verdict:
    problems = (Problem(CAUSE, (evidence,), 1, remedy, ""),) if status is Status.UNMET else ()
    return Verdict(requirement(name, severity), severity, status, evidence, problems, remedy)


def with_example(found: Verdict, example: str) -> Verdict:
    return replace(found, problems=tuple(replace(problem, example=example) for problem in found.problems))


def requirement(name: str, severity: Severity | None, clause: str = "") -> Requirement:
    return Requirement(
        id=name,
        subject=Subject.REACHING,
        short=name,
        severity=severity,
        title=f"title of {name}",
        clause=clause,
        rule=f"rule of {name}.",
        causes=(CAUSE,),
        judge=never_judged,
    )


def report(*verdicts: Verdict, server: str = "dhcp-a", daemon: Daemon = Daemon.DHCP4) -> Report:
    snapshot = silent(daemon)
    return Report(replace(snapshot, target=replace(snapshot.target, server=server)), verdicts)


def text_of(*reports: Report, width: int = WIDTH) -> str:
    return click.unstyle(as_text(Check(reports, width=width, is_verbose=True)))


MIXED = report(
    verdict("holds", Status.MET, evidence="it is there"),
    verdict("unneeded", Status.NOT_APPLICABLE),
    verdict("first-unknown", Status.UNKNOWN, evidence="connect: no answer"),
    verdict("advised", Status.UNMET, Severity.ADVISORY, "it is small", "Make it bigger."),
    verdict("second-unknown", Status.UNKNOWN, Severity.RECOMMENDED, "connect: no answer"),
    verdict("needed", Status.UNMET, Severity.REQUIRED, "it is not there", "Put it there."),
    verdict("unneeded-too", Status.NOT_APPLICABLE),
)


PARAGRAPH = """\
dhcp-a dhcp4  https://192.0.2.1:8001  (2 unmet, 2 unknown, 1 met)
    unmet    needed (required)
        it is not there
        -> Put it there.
    unmet    advised (advisory)
        it is small
        -> Make it bigger.
    unknown  connect: no answer
        first-unknown, second-unknown
    met      holds: it is there
    not applicable: unneeded, unneeded-too"""


def test_the_text_has_the_worst_first_and_says_how_to_mend_it() -> None:
    paragraph, *_summary = text_of(MIXED).split("\n\n")
    assert paragraph == PARAGRAPH


def lines_about(*verdicts: Verdict, width: int = WIDTH) -> list[str]:
    """Return what stands below the heading of the only daemon."""
    paragraph, *_summary = text_of(report(*verdicts), width=width).split("\n\n")
    return paragraph.splitlines()[1:]


HEADINGS: dict[str, tuple[list[Status], str]] = {
    "one of each": ([Status.UNKNOWN, Status.MET, Status.UNMET], "  (1 unmet, 1 unknown, 1 met)"),
    "none of one kind": ([Status.MET, Status.UNMET, Status.MET], "  (1 unmet, 2 met)"),
    "all of one kind": ([Status.UNKNOWN] * 3, "  (3 unknown)"),
    "what does not apply": ([Status.MET, Status.NOT_APPLICABLE], "  (1 met)"),
}


@pytest.mark.parametrize("case", HEADINGS)
def test_the_heading_counts_by_status(case: str) -> None:
    statuses, expected = HEADINGS[case]
    verdicts = [verdict(f"number-{number}", status) for number, status in enumerate(statuses)]
    assert text_of(report(*verdicts)).splitlines()[0] == f"dhcp-a dhcp4  https://192.0.2.1:8001{expected}"


def test_the_gravest_of_the_unmet_comes_first() -> None:
    severities = (Severity.ADVISORY, Severity.REQUIRED, Severity.RECOMMENDED, Severity.REQUIRED)
    verdicts = [verdict(f"number-{number}", Status.UNMET, severity) for number, severity in enumerate(severities)]
    found = [line.split()[1:] for line in lines_about(*verdicts) if "number" in line]
    assert found == [
        ["number-1", "(required)"],
        ["number-3", "(required)"],
        ["number-2", "(recommended)"],
        ["number-0", "(advisory)"],
    ]


def test_an_example_follows_the_remedy_as_it_is_to_be_written() -> None:
    example = '"control-sockets": [{"socket-type": "https", "socket-address": "192.0.2.1", "socket-port": 8001}]'
    unmet = verdict("one", Status.UNMET, evidence="none", remedy="Add one.")
    assert lines_about(with_example(unmet, example)) == [
        "    unmet    one (required)",
        "        none",
        "        -> Add one.",
        f"            {example}",
    ]


def test_the_example_is_that_of_the_problem_not_of_its_cause() -> None:
    found = verdict("one", Status.UNMET, evidence="none", remedy="Add one.")
    assert lines_about(found)[1:] == ["        none", "        -> Add one."]
    assert lines_about(with_example(found, "special"))[1:] == [
        "        none",
        "        -> Add one.",
        "            special",
    ]
    documents = document_of(report(found, with_example(found, "special")))["daemons"][0]["requirements"]
    assert [document["example"] for document in documents] == [None, "special"]


def test_each_problem_of_a_requirement_has_its_evidence_and_remedy() -> None:
    problems = (
        Problem(CAUSE, ("pool 1 is missing", "pool 2 is missing"), 7, "Add them.", ""),
        Problem(replace(CAUSE, id="other"), ("a class is missing",), 1, "Define it.", ""),
    )
    assert lines_about(replace(verdict("one", Status.UNMET), problems=problems)) == [
        "    unmet    one (required)",
        "        pool 1 is missing",
        "        pool 2 is missing",
        "        and 5 more",
        "        -> Add them.",
        "        a class is missing",
        "        -> Define it.",
    ]


def test_what_has_the_same_problems_is_shown_once() -> None:
    same = (Status.UNMET, Severity.REQUIRED, "no TLS", "Configure it.")
    assert lines_about(*(verdict(name, *same) for name in "ab")) == [
        "    unmet    a (required)",
        "    unmet    b (required)",
        "        no TLS",
        "        -> Configure it.",
    ]


def test_unknowns_of_the_same_evidence_stand_together_the_gravest_first() -> None:
    assert lines_about(
        verdict("advised", Status.UNKNOWN, Severity.ADVISORY, "connect: no answer"),
        verdict("other", Status.UNKNOWN, Severity.REQUIRED, "auth: refused"),
        verdict("needed", Status.UNKNOWN, Severity.REQUIRED, "connect: no answer"),
    ) == [
        "    unknown  auth: refused",
        "        other",
        "    unknown  connect: no answer",
        "        needed, advised",
    ]


def test_what_is_met_says_why_on_its_line() -> None:
    assert lines_about(verdict("one", Status.MET, evidence="it is there")) == ["    met      one: it is there"]


def test_what_does_not_apply_is_named_in_the_end() -> None:
    verdicts = [verdict(name, Status.NOT_APPLICABLE) for name in ("one", "two")]
    assert lines_about(*verdicts, verdict("three", Status.MET, evidence="yes")) == [
        "    met      three: yes",
        "    not applicable: one, two",
    ]


def test_unmet_and_unknown_are_never_taken_together() -> None:
    text = text_of(
        report(
            verdict("one", Status.UNMET, evidence="no answer", remedy="Start it."),
            verdict("two", Status.UNKNOWN, evidence="no answer"),
        )
    )
    assert text.count("no answer") == 2


def test_no_remedy_is_lost_where_evidence_is_the_same() -> None:
    text = text_of(
        report(
            verdict("one", Status.UNMET, evidence="it is not there", remedy="Do this."),
            verdict("two", Status.UNMET, evidence="it is not there", remedy="Do that."),
        )
    )
    assert "-> Do this." in text
    assert "-> Do that." in text


@pytest.mark.parametrize("width", [60, 80, 110])
def test_long_sentences_are_wrapped_and_stay_whole(width: int) -> None:
    evidence, remedy = "word " * 50 + "end", "must-not-be-split-at-hyphens " * 20 + "done"
    verdicts = [verdict(f"name-of-the-requirement-{number}", Status.NOT_APPLICABLE) for number in range(9)]
    text = text_of(report(verdict("long", Status.UNMET, evidence=evidence, remedy=remedy), *verdicts), width=width)
    assert max(map(len, text.splitlines())) <= width
    words = " ".join(text.split())
    assert evidence in words
    assert f"-> {remedy}" in words
    assert "must-not-be-split-at-hyphens\n" in text


def test_a_word_that_is_wider_than_the_page_stays_whole() -> None:
    path = "/etc/kea/" + "long" * 30
    assert path in text_of(report(verdict("one", Status.UNMET, evidence=f"cannot read {path}")))


def order_of(*reports: Report) -> list[str]:
    """Return the daemons in the order of their paragraphs, without the summary."""
    *paragraphs, _outcomes, _total = text_of(*reports).split("\n\n")
    return [paragraph.splitlines()[0].partition("  ")[0] for paragraph in paragraphs]


def test_the_last_lines_say_what_became_of_each_daemon_the_worst_last() -> None:
    unmet, unknown = (Status.UNMET, Severity.REQUIRED), (Status.UNKNOWN, Severity.REQUIRED)
    advised = (Status.UNMET, Severity.ADVISORY)
    reports = (of_server("bad", unmet, unmet, unknown), of_server("silent", unknown), of_server("good", advised))
    outcomes = text_of(*reports).split("\n\n")[-2]
    assert outcomes.splitlines() == [
        "dhcp-good dhcp4: all required met",
        "dhcp-silent dhcp4: 1 required unknown",
        "dhcp-bad dhcp4: 2 required unmet",
    ]


def test_daemons_of_one_server_stay_together() -> None:
    good, bad = verdict("one", Status.MET), verdict("one", Status.UNMET)
    reports = (report(good), report(bad, server="dhcp-b"), report(bad, bad, daemon=Daemon.DHCP6))
    assert order_of(*reports) == ["dhcp-a dhcp6", "dhcp-a dhcp4", "dhcp-b dhcp4"]


def test_what_is_unknown_says_what_to_do_next() -> None:
    unknown = verdict("one", Status.UNKNOWN, evidence="connect: no answer", remedy="Open the port.")
    assert lines_about(unknown)[-1] == "        -> Open the port."


def test_unknowns_say_once_what_to_do_next_as_the_first_of_them_has_it() -> None:
    assert lines_about(
        verdict("advised", Status.UNKNOWN, Severity.ADVISORY, "connect: no answer", "Wait."),
        verdict("other", Status.UNKNOWN, Severity.REQUIRED, "internal error: KeyError"),
        verdict("needed", Status.UNKNOWN, Severity.REQUIRED, "connect: no answer", "Start it."),
    ) == [
        "    unknown  connect: no answer",
        "        needed, advised",
        "        -> Start it.",
        "    unknown  internal error: KeyError",
        "        other",
    ]


@pytest.mark.parametrize("width", [60, 80, 110])
def test_what_to_do_about_an_unknown_is_wrapped_too(width: int) -> None:
    remedy = "check-what-listens-there " * 20 + "then"
    lines = lines_about(verdict("one", Status.UNKNOWN, remedy=remedy), width=width)
    assert max(map(len, lines)) <= width
    assert f"-> {remedy}" in " ".join(" ".join(lines).split())


def test_each_daemon_has_its_own_paragraph() -> None:
    reports = (
        report(verdict("one", Status.MET)),
        report(verdict("one", Status.MET), daemon=Daemon.DHCP6),
        report(verdict("one", Status.MET), server="dhcp-b", daemon=Daemon.D2),
    )
    assert order_of(*reports) == ["dhcp-a dhcp4", "dhcp-a dhcp6", "dhcp-b d2"]


def of_server(name: str, *found: tuple[Status, Severity]) -> Report:
    verdicts = [verdict(f"number-{number}", status, severity) for number, (status, severity) in enumerate(found)]
    return report(*verdicts, server=f"dhcp-{name}")


def test_the_worst_daemon_comes_first() -> None:
    unmet, unknown = (Status.UNMET, Severity.REQUIRED), (Status.UNKNOWN, Severity.REQUIRED)
    reports = (
        of_server("good", (Status.MET, Severity.REQUIRED)),
        of_server("silent", unknown, unknown),
        of_server("bad", unmet, unknown),
        of_server("worse", unmet, unmet),
        of_server("bad-and-silent", unmet, unknown, unknown),
        of_server("strange", unknown),
    )
    in_order = ["worse", "bad-and-silent", "bad", "silent", "strange", "good"]
    assert order_of(*reports) == [f"dhcp-{name} dhcp4" for name in in_order]


def test_what_is_not_required_matters_where_all_that_is_required_is_alike() -> None:
    advised = [(Status.UNMET, Severity.RECOMMENDED), (Status.UNKNOWN, Severity.ADVISORY)] * 2
    reports = (of_server("a"), of_server("b", *advised), of_server("c", (Status.UNKNOWN, Severity.REQUIRED)))
    assert order_of(*reports) == ["dhcp-c dhcp4", "dhcp-b dhcp4", "dhcp-a dhcp4"]


SUMMARIES: dict[str, tuple[list[Report], str]] = {
    "nobody": ([], "0 servers, 0 daemons: 0 unmet, 0 unknown, 0 met"),
    "one alone": ([report(verdict("one", Status.MET))], "1 server, 1 daemon: 0 unmet, 0 unknown, 1 met"),
    "two daemons of one server": (
        [report(verdict("one", Status.UNMET)), report(verdict("one", Status.UNMET), daemon=Daemon.DHCP6)],
        "1 server, 2 daemons: 2 unmet, 0 unknown, 0 met",
    ),
    "two servers": (
        [report(verdict("one", Status.UNKNOWN)), report(verdict("one", Status.MET), server="dhcp-b")],
        "2 servers, 2 daemons: 0 unmet, 1 unknown, 1 met",
    ),
}


@pytest.mark.parametrize("case", SUMMARIES)
def test_the_summary_counts_servers_daemons_and_what_was_found(case: str) -> None:
    reports, expected = SUMMARIES[case]
    assert text_of(*reports).splitlines()[-1] == expected


ENDING = """\
dhcp-good dhcp4: all required met
dhcp-silent dhcp4: 1 required unknown
dhcp-bad dhcp6: all required met
dhcp-bad dhcp4: 2 required unmet

3 servers, 4 daemons: 2 unmet, 1 unknown, 2 met"""


def test_daemons_of_a_server_stay_together_above_the_total() -> None:
    text = text_of(
        of_server("silent", (Status.UNKNOWN, Severity.REQUIRED)),
        of_server("bad", (Status.UNMET, Severity.REQUIRED), (Status.UNMET, Severity.REQUIRED)),
        of_server("good", (Status.MET, Severity.REQUIRED)),
        report(verdict("one", Status.MET), server="dhcp-bad", daemon=Daemon.DHCP6),
    )
    assert text.endswith(f"\n\n{ENDING}")


@pytest.mark.parametrize(
    ("status", "said", "colour"),
    [
        (Status.UNMET, "1 required unmet", "red"),
        (Status.UNKNOWN, "1 required unknown", "yellow"),
        (Status.MET, "all required met", "green"),
    ],
)
def test_what_became_of_a_daemon_stands_out_in_colour(status: Status, said: str, colour: str) -> None:
    lines = as_text(Check([report(verdict("one", status))], width=WIDTH)).splitlines()
    assert f"dhcp-a dhcp4: {click.style(said, fg=colour)}" in lines


def test_status_stands_out_in_colour() -> None:
    text = as_text(Check([MIXED], width=WIDTH, is_verbose=True))
    assert f"    {click.style('unmet', fg='red', bold=True)}    needed" in text
    assert f"    {click.style('unknown', fg='yellow', bold=False)}  connect" in text
    assert f"    {click.style('met', fg='green', bold=False)}      holds" in text


def test_only_the_status_is_coloured_where_the_evidence_has_the_same_word() -> None:
    text = as_text(Check([report(verdict("met-indeed", Status.MET, evidence="met met met"))], is_verbose=True))
    assert f"    {click.style('met', fg='green', bold=False)}      met-indeed: met met met" in text


# A requirement explained.


def explained(described: Requirement, width: int = WIDTH) -> str:
    return click.unstyle(explanation(described, width))


ALL_ABOUT_IT = """\
one (required)
    title of one

Source document
    "there must be one"

Met when
    rule of one.

One is missing (missing)
    -> Add one.
        {"one": 1}"""


def test_an_explanation_has_all_that_is_known_of_a_requirement() -> None:
    found = requirement("one", Severity.REQUIRED, clause='"there must be one"')
    assert explained(found) == ALL_ABOUT_IT


def test_an_explanation_says_what_this_project_added() -> None:
    text = explained(requirement("one", Severity.ADVISORY))
    assert text.startswith("one (advisory)\n")
    assert "Source document\n    none; this project added the requirement" in text


def test_an_explanation_says_that_a_requirement_is_not_judged_by_itself() -> None:
    assert explained(requirement("one", None)).startswith("one (only where a profile asks for it)\n")


@pytest.mark.parametrize("described", REQUIREMENTS, ids=lambda described: described.id)
def test_every_requirement_can_be_explained(described: Requirement) -> None:
    text = explained(described)
    assert text.startswith(f"{described.id} (")
    assert all(cause.id in text for cause in described.causes)
    assert "\n\nMet when\n    " in text


# How far a lease audit came.


@pytest.mark.parametrize(
    ("done", "total", "filled"),
    [(0, 300, 0), (9, 300, 0), (10, 300, 1), (150, 300, 15), (299, 300, 29), (300, 300, 30)],
)
def test_a_progress_bar_fills_as_the_leases_are_done(done: int, total: int, filled: int) -> None:
    bar = "#" * filled + " " * (30 - filled)
    assert progress_bar(done, total) == f"[{bar}] {done} of {total} leases"


def test_a_progress_bar_is_never_longer_than_full() -> None:
    assert progress_bar(5000, 7) == f"[{'#' * 30}] 5000 of 7 leases"


@pytest.mark.parametrize("done", [0, 12_000])
def test_progress_without_a_known_total_is_a_number(done: int) -> None:
    assert progress_bar(done, 0) == f"{done} leases"


# The report for programs.


def document_of(*reports: Report) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(as_json(Check(reports)))
    return document


def test_the_json_carries_its_version_and_each_daemon() -> None:
    document = document_of(MIXED, report(server="dhcp-b", daemon=Daemon.D2))
    assert document["version"] == 1
    first, second = document["daemons"]
    assert (first["server"], first["daemon"], first["url"]) == ("dhcp-a", "dhcp4", "https://192.0.2.1:8001")
    assert second == {
        "server": "dhcp-b",
        "daemon": "d2",
        "url": "https://192.0.2.1:8001",
        "kea_version": None,
        "profile": "ipam",
        "taken_at": silent().taken_at,
        "fullest_subnets": [],
        "fragment": None,
        "requirements": [],
    }


def test_the_json_has_the_fullest_subnets_by_the_leases_in_their_pools() -> None:
    columns = {
        Count.ADDRESSES: (4, 20),
        Count.ADDRESSES_ASSIGNED: (2, 60),
        Count.ADDRESSES_RESERVED_IN_POOL: (2, 0),
        Count.ADDRESSES_RESERVED_OUT_OF_POOL: (0, 60),
        Count.ADDRESSES_IN_POOL: (2, 0),
    }
    snapshot = sound(leases=Leases(Counts((1, 10), columns)))
    (daemon,) = document_of(Report(snapshot, ()))["daemons"]
    first, second = daemon["fullest_subnets"]
    assert first == {
        "subnet_id": 1,
        "subnet": "192.0.2.0/24",
        "shared_network": None,
        "kind": "address",
        "capacity": 4,
        "assigned": 2,
        "utilisation": 0.5,
        "utilisation_with_reserved": 1.0,
    }
    assert (second["shared_network"], second["assigned"], second["utilisation"]) == ("office", 60, 0.0)


def test_the_json_says_of_each_daemon_when_it_was_looked_at() -> None:
    early, late = report(), report(daemon=Daemon.DHCP6)
    taken_at = early.snapshot.taken_at
    late = replace(late, snapshot=replace(late.snapshot, taken_at=taken_at + 0.5))
    assert [daemon["taken_at"] for daemon in document_of(early, late)["daemons"]] == [taken_at, taken_at + 0.5]


def test_the_json_has_every_requirement_in_the_order_of_the_report() -> None:
    (daemon,) = document_of(MIXED)["daemons"]
    assert [entry["id"] for entry in daemon["requirements"]] == [judged.requirement.id for judged in MIXED.verdicts]
    assert [entry["status"] for entry in daemon["requirements"]] == [str(judged.status) for judged in MIXED.verdicts]


def test_the_json_says_what_was_found_and_how_to_mend_it() -> None:
    unmet, met = document_of(
        report(
            with_example(verdict("one", Status.UNMET, Severity.ADVISORY, f"it is {UMLAUT}", "Mend it."), '{"one": 1}'),
            verdict("two", Status.MET),
        )
    )["daemons"][0]["requirements"]
    assert unmet == {
        "id": "one",
        "severity": "advisory",
        "status": "unmet",
        "title": "title of one",
        "evidence": f"it is {UMLAUT}",
        "cause": "missing",
        "remedy": "Mend it.",
        "example": '{"one": 1}',
        "problems": [
            {
                "cause": "missing",
                "title": "One is missing",
                "count": 1,
                "evidence": [f"it is {UMLAUT}"],
                "remedy": "Mend it.",
                "example": '{"one": 1}',
            }
        ],
        "failure": None,
        "notes": [],
    }
    assert (met["remedy"], met["example"]) == (None, None)


def test_the_json_says_why_something_is_unknown() -> None:
    failed = Failure(Stage.CONNECT, Reason.REFUSED, "nothing listens there")
    [daemon] = document_of(report(replace(verdict("one", Status.UNKNOWN), failure=failed)))["daemons"]
    assert daemon["requirements"][0]["failure"] == {"stage": "connect", "reason": "refused"}


def test_the_json_never_contains_an_internal_error() -> None:
    failed = replace(verdict("one", Status.UNKNOWN, evidence="internal error: KeyError"), error=KeyError("canary"))
    assert "canary" not in as_json(Check([report(failed)]))
    (unknown,) = document_of(report(failed))["daemons"][0]["requirements"]
    assert (unknown["remedy"], unknown["failure"]) == (None, None)


ALL_MET, SOME_UNMET, SOME_UNKNOWN = 0, 1, 2
REQUIRED, RECOMMENDED, ADVISORY = Severity
EXIT_STATUSES: dict[str, tuple[list[tuple[Status, Severity]], int]] = {
    "nothing was judged": ([], ALL_MET),
    "all are met": ([(Status.MET, REQUIRED), (Status.MET, ADVISORY)], ALL_MET),
    "one does not apply": ([(Status.MET, REQUIRED), (Status.NOT_APPLICABLE, REQUIRED)], ALL_MET),
    "a recommended one is unmet": ([(Status.MET, REQUIRED), (Status.UNMET, RECOMMENDED)], ALL_MET),
    "an advisory one is unknown": ([(Status.MET, REQUIRED), (Status.UNKNOWN, ADVISORY)], ALL_MET),
    "a required one is unmet": ([(Status.MET, REQUIRED), (Status.UNMET, REQUIRED)], SOME_UNMET),
    "a required one is unknown": ([(Status.MET, REQUIRED), (Status.UNKNOWN, REQUIRED)], SOME_UNKNOWN),
    "one is unmet and one unknown": ([(Status.UNKNOWN, REQUIRED), (Status.UNMET, REQUIRED)], SOME_UNMET),
}


@pytest.mark.parametrize("case", EXIT_STATUSES)
def test_the_exit_status_says_what_becomes_of_the_required_ones(case: str) -> None:
    found, expected = EXIT_STATUSES[case]
    verdicts = [verdict(f"number-{number}", status, severity) for number, (status, severity) in enumerate(found)]
    assert exit_code([report(*verdicts)]) == expected


def test_without_a_daemon_nothing_is_met() -> None:
    document = document_of()
    assert (document["status"], document["exit_code"]) == ("unknown", SOME_UNKNOWN)


def test_one_bad_daemon_among_good_ones_decides_the_exit_code() -> None:
    good, bad = report(verdict("one", Status.MET)), report(verdict("one", Status.UNMET))
    assert exit_code([good, bad, good]) == SOME_UNMET
