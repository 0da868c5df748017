"""The check report as JUnit XML: a suite for each daemon and pair, a case for each requirement.

Jenkins (xUnit plugin, junit-10.xsd), GitLab and others read this format.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET  # only writes

from kea_exporter.requirements import Status
from kea_exporter.text import printable

if TYPE_CHECKING:
    from kea_exporter.reports.model import AnyReport, Check
    from kea_exporter.requirements import Verdict

MAX_TEXT = 4000


def as_junit(check: Check) -> str:
    """Return the report as JUnit XML: unmet is a failure, unknown an error, not applicable is skipped."""
    suites = ET.Element("testsuites", name="kea-exporter check")
    for number, report in enumerate(check.all_reports):
        suites.append(_suite(number, report))
    ET.indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(suites, encoding="unicode")}'


def _suite(number: int, report: AnyReport) -> ET.Element:
    suite = ET.Element(
        "testsuite",
        id=str(number),
        name=_shown(report.title),
        url=_shown(report.place),
        tests=str(len(report.verdicts)),
        failures=str(report.count(Status.UNMET)),
        errors=str(report.count(Status.UNKNOWN)),
        skipped=str(report.count(Status.NOT_APPLICABLE)),
    )
    for verdict in report.verdicts:
        suite.append(_case(f"{report.servers}.{report.daemon}", verdict))
    return suite


def _case(classname: str, verdict: Verdict) -> ET.Element:
    case = ET.Element("testcase", classname=_shown(classname), name=verdict.requirement.id, group=str(verdict.severity))
    evidence = _shown(verdict.evidence)
    if verdict.status is Status.UNMET:
        kind = verdict.problems[0].cause.id if verdict.problems else "unmet"
        found = ET.SubElement(case, "failure", type=kind, message=evidence)
        advice = [line for problem in verdict.problems for line in (problem.remedy, problem.example) if line]
        found.text = "\n".join(map(_shown, advice))
    elif verdict.status is Status.UNKNOWN:
        kind = str(verdict.failure.reason) if verdict.failure else "unknown"
        found = ET.SubElement(case, "error", type=kind, message=evidence)
        found.text = _shown(verdict.next_step)
    elif verdict.status is Status.NOT_APPLICABLE:
        ET.SubElement(case, "skipped", message=evidence)
    else:
        ET.SubElement(case, "system-out").text = evidence
    return case


def _shown(text: str) -> str:
    """Return a text without the characters that XML 1.0 does not allow."""
    return printable(text, MAX_TEXT)
