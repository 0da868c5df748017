from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click
import pytest

from kea_exporter.check import as_json, as_text, exit_status
from kea_exporter.requirements import Report, Requirement, Severity, Status, Verdict
from kea_exporter.snapshot import Daemon
from tests.examples import silent

if TYPE_CHECKING:
    from kea_exporter.config import Profile
    from kea_exporter.requirements.model import Finding
    from kea_exporter.snapshot import Snapshot

WIDTH = 60


def never_judged(_snapshot: Snapshot, _profile: Profile) -> Finding:
    raise AssertionError("a report is made of verdicts already given")


def verdict(
    name: str,
    status: Status,
    severity: Severity = Severity.REQUIRED,
    evidence: str = "so it was found",
    remedy: str = "",
) -> Verdict:
    requirement = Requirement(name, severity, f"title of {name}", "", f"remedy of {name}", never_judged)
    return Verdict(requirement, status, evidence, remedy)


def report(*verdicts: Verdict, server: str = "dhcp-a", daemon: Daemon = Daemon.DHCP4) -> Report:
    snapshot = silent(daemon)
    return Report(replace(snapshot, target=replace(snapshot.target, server=server)), verdicts)


def text_of(*reports: Report, width: int = WIDTH) -> str:
    return click.unstyle(as_text(reports, width))


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
dhcp-a dhcp4  https://192.0.2.1:8001
    unmet    needed (required)
        it is not there
        -> Put it there.
    unmet    advised (advisory)
        it is small
        -> Make it bigger.
    unknown  first-unknown (required)
    unknown  second-unknown (recommended)
        connect: no answer
    met      holds (required)
        it is there
    not applicable: unneeded, unneeded-too"""


def test_the_text_has_the_worst_first_and_says_how_to_mend_it() -> None:
    paragraph, _summary = text_of(MIXED).split("\n\n")
    assert paragraph == PARAGRAPH


def test_evidence_stands_once_for_a_run_of_unknowns() -> None:
    unknowns = [verdict(f"unknown-{number}", Status.UNKNOWN, evidence="connect: no answer") for number in range(5)]
    text = text_of(report(*unknowns))
    assert text.count("connect: no answer") == 1
    assert all(it.requirement.id in text for it in unknowns)


def test_different_evidence_stands_with_its_own_verdict() -> None:
    text = text_of(
        report(
            verdict("one", Status.UNKNOWN, evidence="connect: no answer"),
            verdict("two", Status.UNKNOWN, evidence="auth: refused"),
        )
    )
    assert text.splitlines()[1:5] == [
        "    unknown  one (required)",
        "        connect: no answer",
        "    unknown  two (required)",
        "        auth: refused",
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


def test_each_daemon_has_its_own_paragraph_and_the_summary_counts_all() -> None:
    reports = (
        report(verdict("one", Status.MET)),
        report(verdict("one", Status.UNMET), daemon=Daemon.DHCP6),
        report(verdict("one", Status.UNKNOWN), server="dhcp-b", daemon=Daemon.D2),
    )
    text = text_of(*reports)
    headings = [line for line in text.splitlines() if line.startswith("dhcp-")]
    assert [heading.split("  ")[0] for heading in headings] == ["dhcp-a dhcp4", "dhcp-a dhcp6", "dhcp-b d2"]
    assert text.splitlines()[-1] == "2 servers, 3 daemons: 1 unmet, 1 unknown, 1 met"


def test_status_stands_out_in_colour() -> None:
    text = as_text([MIXED], WIDTH)
    assert click.style("unmet   ", fg="red", bold=True) in text
    assert click.style("unknown ", fg="yellow", bold=False) in text
    assert click.style("met     ", fg="green", bold=False) in text


def document_of(*reports: Report) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(as_json(reports))
    return document


def test_the_json_carries_its_version_and_each_daemon() -> None:
    document = document_of(MIXED, report(server="dhcp-b", daemon=Daemon.D2))
    assert document["version"] == 1
    first, second = document["daemons"]
    assert (first["server"], first["daemon"], first["url"]) == ("dhcp-a", "dhcp4", "https://192.0.2.1:8001")
    assert second == {"server": "dhcp-b", "daemon": "d2", "url": "https://192.0.2.1:8001", "requirements": []}


def test_the_json_has_every_requirement_in_the_order_of_the_report() -> None:
    (daemon,) = document_of(MIXED)["daemons"]
    assert [it["id"] for it in daemon["requirements"]] == [it.requirement.id for it in MIXED.verdicts]
    assert [it["status"] for it in daemon["requirements"]] == [str(it.status) for it in MIXED.verdicts]


def test_the_json_says_what_was_found_and_how_to_mend_it() -> None:
    unmet, met = document_of(
        report(
            verdict(
                "one", Status.UNMET, Severity.ADVISORY, "it is \N{LATIN SMALL LETTER A WITH DIAERESIS}", "Mend it."
            ),
            verdict("two", Status.MET),
        )
    )["daemons"][0]["requirements"]
    assert unmet == {
        "id": "one",
        "severity": "advisory",
        "status": "unmet",
        "title": "title of one",
        "evidence": "it is ä",
        "remedy": "Mend it.",
    }
    assert met["remedy"] is None


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
    verdicts = [verdict(f"number-{number}", *it) for number, it in enumerate(found)]
    assert exit_status([report(*verdicts)]) == expected


def test_one_bad_daemon_among_good_ones_decides_the_exit_status() -> None:
    good, bad = report(verdict("one", Status.MET)), report(verdict("one", Status.UNMET))
    assert exit_status([good, bad, good]) == SOME_UNMET
