"""The upgrade of a daemon, or of a configuration file, to each release of Kea."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kea_exporter.config.profiles import IPAM
from kea_exporter.facts.review import UPGRADE_BLOCKERS, UPGRADE_CHANGES
from kea_exporter.facts.snapshot import ROOT_KEYS, Snapshot, Version
from kea_exporter.kea.prepared import prepared
from kea_exporter.kea.review import review
from kea_exporter.requirements import REQUIREMENTS, Requirement, Severity, Status, Subject, Verdict, judge_all
from kea_exporter.requirements.upgrade import RELEASES
from kea_exporter.requirements.upgrade_changes import CHANGES
from kea_exporter.requirements.upgrade_table import AGENT_REMOVED, BLOCKERS
from tests.support.configurations import SOUND, Tree, dhcp4
from tests.support.examples import behind_agent, configuration, refused, sound
from tests.support.upgrade_cases import (
    BLOCKED,
    CHANGED,
    KEA_2_6_3,
    KEA_3_0_3,
    KEA_3_2_0,
    UNBLOCKED,
    Blocked,
    Changed,
    with_client,
    with_socket,
)

OF_UPGRADES = [requirement for requirement in REQUIREMENTS if requirement.subject is Subject.UPGRADE]
DAEMONS = {root: daemon for daemon, root in ROOT_KEYS.items()}


def running(tree: Tree, version: Version, root: str = "Dhcp4") -> Snapshot:
    daemon = DAEMONS[root]
    return sound(
        daemon, version=version, configuration=replace(configuration(daemon), review=review(prepared(root, tree)))
    )


def of_file(tree: Tree, version: Version | None = None, root: str = "Dhcp4") -> Snapshot:
    snapshot = running(tree, version or KEA_3_0_3, root)
    return replace(snapshot, is_of_a_file=True, version=version or refused(), connection=refused())


def verdict_on(snapshot: Snapshot, release: str, target: str | None = None) -> Verdict:
    report = judge_all(REQUIREMENTS, snapshot, replace(IPAM, upgrade_target=target))
    [verdict] = [found for found in report.verdicts if found.requirement.id == f"upgrade-to-{release}"]
    return verdict


def causes(verdict: Verdict) -> set[str]:
    return {problem.cause.id for problem in verdict.problems}


@pytest.mark.parametrize("case", [case for case in BLOCKED if case.version is not None], ids=str)
def test_a_running_daemon_is_refused_by_a_later_release(case: Blocked) -> None:
    assert case.version is not None
    verdict = verdict_on(running(case.tree, case.version, case.root), case.release, target=case.release)
    assert verdict.status is Status.UNMET
    assert case.cause in causes(verdict)
    assert case.evidence in verdict.evidence
    assert verdict.evidence.isprintable()


@pytest.mark.parametrize("case", [case for case in BLOCKED if case.cause != "database_schema"], ids=str)
def test_a_file_is_refused_by_a_release(case: Blocked) -> None:
    verdict = verdict_on(of_file(case.tree, root=case.root), case.release, target=case.release)
    assert case.cause in causes(verdict)
    assert case.evidence in verdict.evidence


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("case", UNBLOCKED, ids=range(len(UNBLOCKED)))
def test_what_no_release_refuses_is_met(case: Blocked, release: str) -> None:
    for snapshot in (running(case.tree, KEA_2_6_3, case.root), of_file(case.tree, root=case.root)):
        verdict = verdict_on(snapshot, release, target=release)
        assert (verdict.status, causes(verdict)) == (Status.MET, set())


@pytest.mark.parametrize("case", BLOCKED, ids=str)
def test_an_earlier_release_does_not_refuse_it(case: Blocked) -> None:
    for release in RELEASES:
        if release < case.release and case.cause != "database_schema":
            assert case.cause not in causes(verdict_on(of_file(case.tree, root=case.root), release, target=release))


def test_each_blocker_and_each_change_has_a_case() -> None:
    assert {case.cause for case in BLOCKED} | {AGENT_REMOVED.cause.id} == {blocker.cause.id for blocker in BLOCKERS}
    assert [case.change for case in CHANGED] == [change.id for change in CHANGES]


@pytest.mark.parametrize("requirement", OF_UPGRADES, ids=lambda requirement: requirement.id)
def test_each_cause_that_a_requirement_declares_is_found_for_it(requirement: Requirement) -> None:
    release = requirement.short.removeprefix("to ")
    snapshots = [running(case.tree, KEA_2_6_3, case.root) for case in BLOCKED]
    snapshots += [of_file(case.tree, root=case.root) for case in BLOCKED]
    snapshots.append(replace(behind_agent(), version=KEA_2_6_3))
    found = set().union(*(causes(verdict_on(snapshot, release, target=release)) for snapshot in snapshots))
    assert found == {cause.id for cause in requirement.causes}


def test_the_control_agent_blocks_what_lacks_it() -> None:
    snapshot = replace(behind_agent(), version=KEA_2_6_3)
    assert "control_agent" not in causes(verdict_on(snapshot, "3.0", target="3.0"))
    assert "control_agent" in causes(verdict_on(snapshot, "3.2", target="3.2"))


@pytest.mark.parametrize(
    ("version", "target", "expected"),
    [
        (KEA_2_6_3, None, {"3.0"}),
        (KEA_2_6_3, "3.2", {"3.2"}),
        (KEA_2_6_3, "3.3", {"3.3"}),
        (Version(2, 7, 5, "2.7.5"), None, {"3.0"}),
        (KEA_3_0_3, None, {"3.2"}),
        (KEA_3_0_3, "3.0", set()),
        (Version(3, 1, 4, "3.1.4"), None, {"3.2"}),
        (KEA_3_2_0, None, set()),
        (KEA_3_2_0, "3.3", {"3.3"}),
        (Version(3, 3, 1, "3.3.1"), "3.3", set()),
        (Version(4, 0, 0, "4.0.0"), None, set()),
    ],
)
def test_one_upgrade_is_judged(version: Version, target: str | None, expected: set[str]) -> None:
    snapshot = running(dhcp4(), version)
    verdicts = {release: verdict_on(snapshot, release, target=target) for release in RELEASES}
    assert {release for release, found in verdicts.items() if found.status is not Status.NOT_APPLICABLE} == expected


@pytest.mark.parametrize(
    ("version", "target", "expected"),
    [
        (None, None, {"3.2"}),
        (None, "3.0", {"3.0"}),
        (KEA_2_6_3, None, {"3.0"}),
        (KEA_3_0_3, None, {"3.0", "3.2"}),
        (KEA_3_2_0, None, {"3.2"}),
        (KEA_3_0_3, "3.3", {"3.0", "3.3"}),
    ],
)
def test_a_file_is_judged_for_its_version_and_for_the_next(
    version: Version | None, target: str | None, expected: set[str]
) -> None:
    snapshot = of_file(dhcp4(), version)
    verdicts = {release: verdict_on(snapshot, release, target=target) for release in RELEASES}
    assert {release for release, found in verdicts.items() if found.status is not Status.NOT_APPLICABLE} == expected


def test_why_an_upgrade_is_not_judged_is_said() -> None:
    said = {release: verdict_on(running(dhcp4(), KEA_3_0_3), release).evidence for release in ("3.0", "3.3")}
    assert said == {"3.0": "the daemon runs Kea 3.0.3", "3.3": "the next upgrade is that to Kea 3.2"}
    assert verdict_on(running(dhcp4(), KEA_3_2_0), "3.3").evidence == "no stable release after Kea 3.2.0 is known"
    assert verdict_on(of_file(dhcp4(), KEA_3_2_0), "3.0").evidence == "the file is for Kea 3.2.0"


def test_without_a_version_the_upgrade_of_a_daemon_is_unknown() -> None:
    snapshot = replace(running(dhcp4(), KEA_3_0_3), version=refused())
    assert verdict_on(snapshot, "3.2").status is Status.UNKNOWN


@pytest.mark.parametrize("root", SOUND)
def test_a_review_has_all_of_it_for_each_daemon(root: str) -> None:
    assert {UPGRADE_BLOCKERS, UPGRADE_CHANGES} <= review(prepared(root, SOUND[root])).keys()


@pytest.mark.parametrize("case", CHANGED, ids=str)
def test_what_changes_without_a_refusal_is_a_note(case: Changed) -> None:
    release = next(release for release in RELEASES if case.since < f"{release}.9")
    verdict = verdict_on(running(case.tree, KEA_2_6_3, case.root), release, target=release)
    assert [note for note in verdict.notes if note.startswith(f"From Kea {case.since} on: ")]
    [text] = [change.text for change in CHANGES if change.id == case.change]
    [note] = [note for note in verdict.notes if text in note]
    assert note.isprintable()
    # Nor is it one for those who have it already.
    later = verdict_on(running(case.tree, Version(3, 3, 1, "3.3.1"), case.root), release, target=release)
    assert not [note for note in later.notes if text in note]


def test_a_note_has_no_effect_on_the_status() -> None:
    verdict = verdict_on(running(dhcp4(), KEA_2_6_3), "3.0")
    assert (verdict.status, len(verdict.notes)) == (Status.MET, 1)


@pytest.mark.parametrize("tree", [with_socket(), with_client(user="monitor", password="long and secret")])
@pytest.mark.parametrize(("version", "release"), [(Version(3, 1, 4, "3.1.4"), "3.2"), (KEA_3_2_0, "3.2")])
def test_what_runs_although_it_is_refused_proves_how_kea_was_started(
    tree: Tree, version: Version, release: str
) -> None:
    verdict = verdict_on(running(tree, version), release)
    assert verdict.status is not Status.UNMET
    [note] = [note for note in verdict.notes if "with -X" in note]
    assert "which Kea refuses from 3.1.0 on: the daemon was started with -X" in note
    assert "secret" not in note


def test_a_file_proves_nothing_of_how_kea_is_started() -> None:
    verdict = verdict_on(of_file(with_socket(), KEA_3_2_0), "3.2")
    assert (causes(verdict), verdict.notes) == ({"open_http_socket"}, ())


def test_upgrades_are_advisory_unless_a_profile_says_otherwise() -> None:
    assert {requirement.severity for requirement in OF_UPGRADES} == {Severity.ADVISORY}
