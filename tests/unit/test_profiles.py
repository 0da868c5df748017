"""Profiles of a configuration file, and those that are built in."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import TYPE_CHECKING, get_args

import pytest
import yaml

from kea_exporter.config import IPAM, ConfigError, hook_requirement, settings_from_tree
from kea_exporter.config.profiles import BUILT_IN, BUILT_IN_FILE, MAX_DEPTH
from kea_exporter.config.schema import UpgradeTarget
from kea_exporter.facts.snapshot import Version
from kea_exporter.requirements import DEMANDS, REQUIREMENTS, Severity, Status, Subject, judge_all, severity_in
from kea_exporter.requirements.upgrade import RELEASES
from tests.support.configuration_file import SERVER, assert_each_begins, error_of, mistakes_in, read
from tests.support.examples import sound

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kea_exporter.config import Profile
    from kea_exporter.facts.snapshot import Snapshot
    from kea_exporter.requirements import Verdict


def profile_of(tmp_path: Path, *entries: str) -> Profile:
    """Return the last of these profiles, each of which stands on a line of its own."""
    name = entries[-1].partition(":")[0]
    lines = "".join(f"  {entry}\n" for entry in entries)
    (daemon,) = read(tmp_path, f"profiles:\n{lines}{SERVER}    profile: {name}\n").daemons
    return daemon.profile


def severities_of_hooks(profile: Profile) -> Mapping[str, Severity]:
    """Return how much a profile makes of each hook that it has judged."""
    prefix, suffix = hook_requirement("|").split("|")
    found = {requirement.id: severity_in(profile, requirement) for requirement in DEMANDS}
    return {
        name.removeprefix(prefix).removesuffix(suffix).replace("-", "_"): severity
        for name, severity in found.items()
        if severity and name.startswith(prefix)
    }


def severities_of(profile: Profile) -> dict[str, str | None]:
    return {requirement.id: severity_in(profile, requirement) for requirement in DEMANDS}


def test_a_profile_without_differences_is_the_one_that_it_extends(tmp_path: Path) -> None:
    assert profile_of(tmp_path, "mine: {}") == replace(IPAM, name="mine", extends="ipam")
    assert profile_of(tmp_path, "mine: {extends: ipam}") == replace(IPAM, name="mine", extends="ipam")


KEA = {"dhcp4": {"url": "http://kea:8000"}}
BUILT_IN_TREE = yaml.safe_load(BUILT_IN_FILE.read_text())


def test_the_profile_of_a_daemon_without_one_is_that_of_the_source_document(tmp_path: Path) -> None:
    assert read(tmp_path, SERVER).daemons[0].profile is IPAM
    assert IPAM.extends is None
    assert severities_of(IPAM) == {requirement.id: requirement.severity for requirement in DEMANDS}


@pytest.mark.parametrize("name", BUILT_IN_TREE)
def test_a_built_in_profile_is_one_that_a_configuration_file_may_have(tmp_path: Path, name: str) -> None:
    tree = {"profiles": {"mine": BUILT_IN_TREE[name]}, "servers": [{"name": "a", "profile": "mine", **KEA}]}
    (daemon,) = settings_from_tree(tree, tmp_path, requirements=[requirement.id for requirement in DEMANDS]).daemons
    assert daemon.profile == replace(BUILT_IN[name], name="mine", extends="ipam")


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_profile_is_assigned_and_extended_by_its_name(tmp_path: Path, name: str) -> None:
    assert read(tmp_path, f"{SERVER}    profile: {name}\n").daemons[0].profile is BUILT_IN[name]
    mine = profile_of(tmp_path, f"mine: {{extends: {name}, renewal_window: 1d}}")
    assert mine == replace(BUILT_IN[name], name="mine", extends=name, renewal_window_seconds=86400.0)


NEW_REQUIREMENTS = {
    "ipam": ["required", "recommended", "advisory", None],
    "kea-best-practice": ["required", "recommended", "recommended", None],
    "strict": ["required", "required", "recommended", None],
}


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_requirement_that_is_added_later_has_a_severity_in_each_built_in_profile(name: str) -> None:
    new = [replace(REQUIREMENTS[0], id="new", severity=severity) for severity in (*Severity, None)]
    assert [severity_in(BUILT_IN[name], requirement) for requirement in new] == NEW_REQUIREMENTS[name]


def test_best_practice_does_not_judge_what_only_the_product_demands() -> None:
    found, in_ipam = severities_of(BUILT_IN["kea-best-practice"]), severities_of(IPAM)
    assert {name for name, severity in found.items() if severity is None and in_ipam[name] is not None} == {
        "control-socket-over-http",
        "control-socket-address-matches",
        "hsts-header-present",
        "version-tested",
        "hook-subnet-cmds-loaded",
        "hook-host-cmds-loaded",
        "hook-lease-cmds-loaded",
        "reservations-in-configuration",
    }
    assert realms_of(BUILT_IN["kea-best-practice"]) == {}
    assert found["version-supported"] == "recommended"
    assert {
        found[requirement.id]
        for requirement in DEMANDS
        if requirement.subject is Subject.CONFIGURATION and requirement.severity
    } == {
        "required",
        "recommended",
    }


def test_strict_raises_each_severity_by_one() -> None:
    raised = {"required": "required", "recommended": "required", "advisory": "recommended", None: None}
    expected = {name: raised[severity] for name, severity in severities_of(IPAM).items()}
    assert severities_of(BUILT_IN["strict"]) == expected


def test_profiles_extend_each_other_in_any_order(tmp_path: Path) -> None:
    entries = ("base: {renewal_window: 10d}", "middle: {extends: base}", "mine: {extends: middle}")
    for order in permutations(entries):
        text = "".join(f"  {entry}\n" for entry in order)
        (daemon,) = read(tmp_path, f"profiles:\n{text}{SERVER}    profile: mine\n").daemons
        assert (daemon.profile.extends, daemon.profile.renewal_window_seconds) == ("middle", 10 * 86400)


def chain_of(length: int) -> str:
    """Return profiles p1, p2, ..., each of which extends the one before."""
    entries = ["p1: {}", *(f"p{number}: {{extends: p{number - 1}}}" for number in range(2, length + 1))]
    return "".join(f"  {entry}\n" for entry in reversed(entries))


def test_profiles_extend_each_other_up_to_a_limit(tmp_path: Path) -> None:
    (daemon,) = read(tmp_path, f"profiles:\n{chain_of(MAX_DEPTH)}{SERVER}    profile: p{MAX_DEPTH}\n").daemons
    assert daemon.profile.name == f"p{MAX_DEPTH}"
    (error,) = mistakes_in(tmp_path, f"profiles:\n{chain_of(MAX_DEPTH + 1)}{SERVER}")
    assert error.startswith(f"line 2: profiles.p9.extends: more than {MAX_DEPTH} profiles extend one another (p9, p8,")


CIRCLES = {
    "mine: {extends: mine}": ["line 2: profiles.mine.extends: a profile cannot extend itself; extend ipam or another"],
    "a: {extends: b}\n  b: {extends: a}": ["line 2: profiles.a.extends: a, b and a extend each other; extend ipam or"],
    "c: {extends: a}\n  a: {extends: b}\n  b: {extends: a}": ["line 3: profiles.a.extends: a, b and a extend each"],
    "a: {extends: a}\n  b: {extends: b}": ["line 2: profiles.a.extends: ", "line 3: profiles.b.extends: "],
}


@pytest.mark.parametrize("entries", CIRCLES)
def test_profiles_that_extend_each_other_in_a_circle_are_an_error(tmp_path: Path, entries: str) -> None:
    assert_each_begins(mistakes_in(tmp_path, f"profiles:\n  {entries}\n{SERVER}"), CIRCLES[entries])


def test_a_circle_of_any_length_is_an_error(tmp_path: Path) -> None:
    for length in range(2, 3 * MAX_DEPTH):
        entries = "".join(f"  p{number}: {{extends: p{(number + 1) % length}}}\n" for number in range(length))
        assert mistakes_in(tmp_path, f"profiles:\n{entries}{SERVER}"), length


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_name_of_a_built_in_profile_is_taken(tmp_path: Path, name: str) -> None:
    (error,) = mistakes_in(tmp_path, f"profiles:\n  {name}: {{extends: {name}, renewal_window: 14d}}\n{SERVER}")
    assert error == f"line 2: profiles.{name}: this profile is built in; use another name, with extends: {name}"


@pytest.mark.parametrize("name", ['""', '"a b"', "a/b", '"a\\nb"', "a" * 101])
def test_the_name_of_a_profile_is_like_that_of_a_server(tmp_path: Path, name: str) -> None:
    (error,) = mistakes_in(tmp_path, f"profiles:\n  {name}: {{}}\n{SERVER}")
    assert error.startswith("line 2: profiles.")
    assert error.endswith(": a name of a profile has at most 100 characters, without spaces and slashes")


def test_a_profile_may_extend_one_above(tmp_path: Path) -> None:
    found = profile_of(
        tmp_path,
        'first: {minimum_version: "2.6.0", tested_version: "2.6.9", renewal_window: 10d}',
        'second: {extends: first, tested_version: "2.7.9"}',
    )
    versions = (found.minimum_version.numbers, found.tested_version.numbers)
    assert (found.name, versions) == ("second", ((2, 6, 0), (2, 7, 9)))
    assert found.renewal_window_seconds == 10 * 86400


def test_the_hooks_of_the_usual_profile_are_those_of_the_source_document() -> None:
    required = dict.fromkeys(("subnet_cmds", "host_cmds", "lease_cmds"), Severity.REQUIRED)
    assert severities_of_hooks(IPAM) == {**required, "stat_cmds": Severity.ADVISORY}


HOOKS = {
    "all of the usual ones": ("[subnet_cmds, host_cmds, lease_cmds]", {"subnet_cmds", "host_cmds", "lease_cmds"}),
    "one of the usual ones": ("[lease_cmds]", {"lease_cmds"}),
    "others": ("[ha, class_cmds]", {"ha", "class_cmds"}),
    "one that is advisory otherwise": ("[stat_cmds, host_cmds]", {"stat_cmds", "host_cmds"}),
    "none": ("[]", set[str]()),
    "the same twice": ("[host_cmds, host_cmds]", {"host_cmds"}),
}


@pytest.mark.parametrize("case", HOOKS)
def test_the_hooks_of_a_profile_are_required_and_no_others(tmp_path: Path, case: str) -> None:
    written, required = HOOKS[case]
    expected = {"stat_cmds": Severity.ADVISORY, **dict.fromkeys(required, Severity.REQUIRED)}
    assert severities_of_hooks(profile_of(tmp_path, f"mine: {{hooks: {written}}}")) == expected


def test_the_hooks_of_a_profile_take_the_place_of_those_that_it_extends(tmp_path: Path) -> None:
    found = profile_of(tmp_path, "base: {hooks: [ha, lease_cmds]}", "mine: {extends: base, hooks: [host_cmds]}")
    assert severities_of_hooks(found) == {"host_cmds": Severity.REQUIRED, "stat_cmds": Severity.ADVISORY}


def test_hooks_are_inherited_where_a_profile_says_nothing_of_them(tmp_path: Path) -> None:
    found = profile_of(tmp_path, "base: {hooks: [ha]}", "mine: {extends: base, renewal_window: 1d}")
    assert severities_of_hooks(found) == {"ha": Severity.REQUIRED, "stat_cmds": Severity.ADVISORY}


def test_a_severity_that_is_named_outweighs_a_hook_that_is_listed(tmp_path: Path) -> None:
    found = profile_of(tmp_path, "mine: {hooks: [ha], severities: {hook-ha-loaded: recommended}}")
    assert severities_of_hooks(found)["ha"] is Severity.RECOMMENDED


def realms_of(profile: Profile) -> dict[str, str]:
    return {str(daemon): realm for daemon, realm in profile.realms.items()}


REALMS = {
    "{}": {"dhcp4": "kea-dhcpv4-server", "dhcp6": "kea-dhcpv6-server"},
    "{dhcp4: null}": {"dhcp6": "kea-dhcpv6-server"},
    "{dhcp4: null, dhcp6: null}": {},
    "{dhcp6: other}": {"dhcp4": "kea-dhcpv4-server", "dhcp6": "other"},
    "{d2: ddns}": {"dhcp4": "kea-dhcpv4-server", "dhcp6": "kea-dhcpv6-server", "d2": "ddns"},
}


@pytest.mark.parametrize("written", REALMS)
def test_realms_of_a_profile_change_singly_and_null_removes_one(tmp_path: Path, written: str) -> None:
    assert realms_of(profile_of(tmp_path, f"mine: {{realms: {written}}}")) == REALMS[written]


def test_a_realm_that_was_removed_may_come_back(tmp_path: Path) -> None:
    found = profile_of(tmp_path, "base: {realms: {dhcp4: null}}", "mine: {extends: base, realms: {dhcp4: mine}}")
    assert realms_of(found)["dhcp4"] == "mine"


@pytest.mark.parametrize(("written", "seconds"), [("1m", 60), ("12h", 43200), ("14d", 14 * 86400)])
def test_the_time_to_renew_certificates_is_part_of_a_profile(tmp_path: Path, written: str, seconds: float) -> None:
    assert profile_of(tmp_path, f"mine: {{renewal_window: {written}}}").renewal_window_seconds == seconds


def test_the_target_of_an_upgrade_is_part_of_a_profile(tmp_path: Path) -> None:
    assert IPAM.upgrade_target is None
    base = 'base: {upgrade_target: "3.2"}'
    assert profile_of(tmp_path, base, "mine: {extends: base}").upgrade_target == "3.2"
    assert profile_of(tmp_path, base, 'mine: {extends: base, upgrade_target: "3.0"}').upgrade_target == "3.0"


def test_every_release_that_there_are_requirements_for_can_be_the_target() -> None:
    assert list(get_args(UpgradeTarget)) == list(RELEASES)


@pytest.mark.parametrize("target", RELEASES)
def test_an_upgrade_is_judged_to_the_target_of_the_profile(tmp_path: Path, target: str) -> None:
    profile = profile_of(tmp_path, f'mine: {{upgrade_target: "{target}"}}')
    report = judge_all(REQUIREMENTS, sound(version=Version(2, 6, 3, "2.6.3")), profile)
    of_upgrades = {
        verdict.requirement.id: verdict.status
        for verdict in report.verdicts
        if verdict.requirement.subject is Subject.UPGRADE
    }
    judged = [name for name, status in of_upgrades.items() if status is not Status.NOT_APPLICABLE]
    assert judged == [f"upgrade-to-{target}"]


def test_best_practice_and_strict_recommend_to_be_ready_for_an_upgrade() -> None:
    of_upgrades = [requirement for requirement in DEMANDS if requirement.subject is Subject.UPGRADE]
    for name in ("kea-best-practice", "strict"):
        assert {severity_in(BUILT_IN[name], requirement) for requirement in of_upgrades} == {Severity.RECOMMENDED}


def test_severities_are_inherited_one_by_one(tmp_path: Path) -> None:
    found = profile_of(
        tmp_path,
        "base: {severities: {certificate-trusted: advisory, no-orphaned-leases: required}}",
        "mine: {extends: base, severities: {certificate-trusted: recommended}}",
    )
    assert found.severities == {"certificate-trusted": "recommended", "no-orphaned-leases": "required"}


RAISED = {
    "{advisory: recommended}": ("required", "recommended", "recommended"),
    "{advisory: recommended, recommended: required}": ("required", "required", "recommended"),
    "{required: advisory, advisory: required}": ("advisory", "recommended", "required"),
    "{recommended: recommended}": ("required", "recommended", "advisory"),
    "{advisory: recommended, version-tested: advisory}": ("required", "advisory", "recommended"),
}


@pytest.mark.parametrize("written", RAISED)
def test_all_requirements_of_one_severity_get_another(tmp_path: Path, written: str) -> None:
    found = severities_of(profile_of(tmp_path, f"mine: {{severities: {written}}}"))
    assert (
        tuple(found[name] for name in ("version-supported", "version-tested", "hsts-header-present")) == RAISED[written]
    )
    assert found["hook-ha-loaded"] is None


def test_no_requirement_is_called_like_a_severity() -> None:
    assert {requirement.id for requirement in DEMANDS}.isdisjoint(Severity)


def test_a_severity_of_another_severity_changes_what_is_inherited(tmp_path: Path) -> None:
    found = profile_of(
        tmp_path,
        "base: {severities: {advisory: recommended, version-supported: recommended}, leave_out: [certificate-trusted]}",
        "mine: {extends: base, severities: {recommended: required}}",
    )
    names = ("version-supported", "version-tested", "hsts-header-present")
    assert [severities_of(found)[name] for name in names] == ["required"] * 3
    assert severities_of(found)["certificate-trusted"] is None


def test_a_version_that_is_set_is_judged(tmp_path: Path) -> None:
    base = "base: {leave_out: [version-supported, version-tested]}"
    tested = profile_of(tmp_path, base, 'mine: {extends: base, tested_version: "3.0.99"}')
    assert tested.left_out == {"version-supported"}
    both = profile_of(tmp_path, base, 'mine: {extends: base, minimum_version: "2.4.0", tested_version: "3.0.99"}')
    assert both.left_out == set()
    assert profile_of(
        tmp_path, base, 'mine: {extends: base, minimum_version: "2.4.0", leave_out: [version-supported]}'
    ).left_out == {"version-supported", "version-tested"}


def test_hooks_of_an_inherited_profile_that_are_not_judged_stay_so(tmp_path: Path) -> None:
    found = profile_of(
        tmp_path, "base: {severities: {advisory: recommended}, hooks: []}", "mine: {extends: base, hooks: [ha]}"
    )
    assert severities_of_hooks(found) == {"ha": "required", "stat_cmds": "recommended"}


def test_a_severity_brings_back_a_requirement_that_was_left_out(tmp_path: Path) -> None:
    base = "base: {leave_out: [certificate-trusted, no-orphaned-leases]}"
    assert profile_of(tmp_path, base, "mine: {extends: base}").left_out == {
        "certificate-trusted",
        "no-orphaned-leases",
    }
    back = profile_of(tmp_path, base, "mine: {extends: base, severities: {certificate-trusted: advisory}}")
    assert back.left_out == {"no-orphaned-leases"}


ASSIGNED = """\
profiles: {ours: {}, theirs: {}, special: {}}
defaults: {profile: ours}
servers:
- name: a
  profile: theirs
  dhcp4: {url: http://a:8001, profile: special}
  dhcp6: {url: http://a:8002}
- name: b
  dhcp4: {url: http://b:8001}
  d2: {url: http://b:8003, profile: ipam}
"""


def test_the_nearest_profile_wins(tmp_path: Path) -> None:
    names = [daemon.profile.name for daemon in read(tmp_path, ASSIGNED).daemons]
    assert names == ["special", "theirs", "ours", "ipam"]


NO_PROFILE = "unknown profile; use one of: "
NO_REQUIREMENT_BUT = "unknown requirement; did you mean"
NO_REQUIREMENT = "unknown requirement; kea-exporter check --explain list prints all"
VERSION = 'write three numbers in quotes, such as "3.0.0"'
TARGET = "write one of '3.0', '3.2' or '3.3'"
IDS = ("certificate-trusted", "hook-ha-loaded")


WRONG_PROFILES = {
    "extends: ipan": "extends: unknown profile; did you mean 'ipam'?",
    "extends: IPAM": "extends: unknown profile; did you mean 'ipam'?",
    "extends: netbox": f"extends: {NO_PROFILE}below, ipam, kea-best-practice, mine, strict",
    "extends: Strict": "extends: unknown profile; did you mean 'strict'?",
    "extends: best-practice": "extends: unknown profile; did you mean 'kea-best-practice'?",
    "extends: ''": f"extends: {NO_PROFILE}below, ipam, kea-best-practice, mine, strict",
    "extends: [ipam, below]": "extends: must be text; put the value in quotes; for example ipam",
    "extends: 5": "extends: must be text; put the value in quotes; for example ipam",
    "extends: ": "extends: must be text; put the value in quotes; for example ipam",
    "extend: ipam": "extend: unknown key; did you mean 'extends'?",
    "based_on: ipam": "based_on: unknown key; remove it",
    "minimum_version: 3.0": f"minimum_version: {VERSION}",
    "minimum_version: '3.0'": f"minimum_version: {VERSION}",
    "minimum_version: 3.0.0-git": f"minimum_version: {VERSION}",
    "tested_version: latest": f"tested_version: {VERSION}",
    "tested_version: -1.0.0": f"tested_version: {VERSION}",
    "tested_version: 3.0.9999999": f"tested_version: {VERSION}",
    "upgrade_target: 3.2": f"upgrade_target: {TARGET}",
    "upgrade_target: 3": f"upgrade_target: {TARGET}",
    "upgrade_target: '3.1'": f"upgrade_target: {TARGET}",
    "upgrade_target: 3.2.0": f"upgrade_target: {TARGET}",
    "upgrade_target: ['3.2']": f"upgrade_target: {TARGET}",
    "upgrade_target: next": f"upgrade_target: {TARGET}",
    "renewal_window: 30": "renewal_window: write a number with its unit, such as 30m, 1h or 30d",
    "renewal_window: 30 days": "renewal_window: write a number with its unit, such as 30m, 1h or 30d",
    "renewal_window: 5s": "renewal_window: write at least 1m and at most 366d",
    "renewal_window: 2000d": "renewal_window: write at least 1m and at most 366d",
    "hooks: ha": "hooks: must be a list",
    "hooks: [leas_cmds]": "hooks[0]: ",
    "hooks: [libdhcp_ha.so]": "hooks[0]: ",
    "hooks: [ha, 5]": "hooks[1]: ",
    "realms: kea": "realms: must be a mapping",
    "realms: {dhcp4: 5}": "realms.dhcp4: must be text; put the value in quotes",
    "realms: {dhcp5: kea}": "realms.dhcp5: unknown key; did you mean 'dhcp",
    "severities: {certificate-trusted: high}": "severities.certificate-trusted: ",
    "severities: ": "severities: must be a mapping",
    "leave_out: ": "leave_out: must be a list",
    "Extends: ipam": "Extends: unknown key; did you mean 'extends'?",
    "severities: [certificate-trusted]": "severities: ",
    "leave_out: certificate-trusted": "leave_out: must be a list",
    "leave_out: [certificate-trustd]": f"leave_out[0]: {NO_REQUIREMENT_BUT} 'certificate-trusted'?",
    "leave_out: [hook-ha-loaded, zzqq]": f"leave_out[1]: {NO_REQUIREMENT}",
    "severities: {recomended: required}": "severities.recomended: unknown requirement; did you mean 'recommended'?",
    "severities: {Required: advisory}": "severities.Required: unknown requirement; did you mean 'required'?",
    "severities: {advisory: none}": "severities.advisory: write one of 'required', 'recommended' or 'advisory'",
    "severities: {advisory: }": "severities.advisory: write one of 'required', 'recommended' or 'advisory'",
    "severities: {advisory: [required]}": "severities.advisory: write one of 'required', 'recommended' or 'advisory'",
    "leave_out: [advisory]": f"leave_out[0]: {NO_REQUIREMENT}",
    "{leave_out: [certificate-trusted], severities: {certificate-trusted: required}}": (
        "leave_out[0]: hooks or severities enable this requirement; remove one of the two"
    ),
    "{hooks: [ha], leave_out: [certificate-trusted, hook-ha-loaded]}": (
        "leave_out[1]: hooks or severities enable this requirement; remove one of the two"
    ),
    "leave_out: [5]": f"leave_out[0]: {NO_REQUIREMENT}",
}


def mistakes_of_profile(tmp_path: Path, line: str) -> list[str]:
    text = f"profiles:\n  mine:\n    {line}\n  below: {{}}\n{SERVER}"
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text, IDS)
    return str(caught.value).splitlines()


@pytest.mark.parametrize("line", WRONG_PROFILES)
def test_a_mistake_of_a_profile_is_named_with_its_line(tmp_path: Path, line: str) -> None:
    assert_each_begins(mistakes_of_profile(tmp_path, line), [f"line 3: profiles.mine.{WRONG_PROFILES[line]}"])


def test_a_severity_of_an_unknown_requirement_gets_a_suggestion(tmp_path: Path) -> None:
    (found,) = mistakes_of_profile(tmp_path, "severities: {hook-haa-loaded: advisory}")
    assert found.startswith("line 3: profiles.mine.severities.hook-haa-loaded")
    assert found.endswith(": unknown requirement; did you mean 'hook-ha-loaded'?")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("hooks: [leas_cmds]", ["subnet_cmds", "host_cmds", "lease_cmds", "stat_cmds", "ha"]),
        ("severities: {certificate-trusted: high}", ["required", "recommended", "advisory"]),
    ],
)
def test_a_word_that_is_not_in_a_closed_list_is_answered_with_the_list(
    tmp_path: Path, line: str, words: list[str]
) -> None:
    (found,) = mistakes_of_profile(tmp_path, line)
    assert [word for word in words if word not in found.partition(": write ")[2]] == []


def test_an_unknown_profile_is_answered_with_those_there_are(tmp_path: Path) -> None:
    expected = f"line 5: servers[0].profile: {NO_PROFILE}ipam, kea-best-practice, ours, special, strict, theirs"
    assert mistakes_in(tmp_path, ASSIGNED.replace("profile: theirs", "profile: netbox")) == [expected]


def test_a_profile_whose_name_is_no_text_is_a_mistake(tmp_path: Path) -> None:
    tree = {"profiles": {5: {}}, "servers": [{"name": "a", "profile": "mine", "dhcp4": {"url": "http://kea:8000"}}]}
    with pytest.raises(ConfigError):
        settings_from_tree(tree, tmp_path)


def test_any_requirement_may_be_named_where_the_ids_are_not_known(tmp_path: Path) -> None:
    assert profile_of(tmp_path, "mine: {leave_out: [zzqq]}").left_out == {"zzqq"}


def test_profiles_that_are_no_mapping_are_a_mistake(tmp_path: Path) -> None:
    assert_each_begins(mistakes_in(tmp_path, f"profiles: [ipam]\n{SERVER}"), ["line 1: profiles: "])
    assert_each_begins(mistakes_in(tmp_path, f"profiles: {{mine: ipam}}\n{SERVER}"), ["line 1: profiles.mine: "])
    assert_each_begins(mistakes_in(tmp_path, f"profiles: {{mine: null}}\n{SERVER}"), ["line 1: profiles.mine: "])
    assert_each_begins(mistakes_in(tmp_path, f"profiles:\n{SERVER}"), ["line 1: profiles: must be a mapping"])
    assert "valid" not in str(error_of(tmp_path, f"profiles: [ipam]\n{SERVER}"))


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_remedy_for_an_untested_version_makes_it_a_tested_one(tmp_path: Path, name: str) -> None:
    """It named 3.2.0 whatever the daemon runs, and a profile that did not extend the one in use."""
    newest = replace(sound(), version=Version(3, 3, 1, "3.3.1-git"))
    profile = replace(BUILT_IN[name], left_out=frozenset())
    example, _, where = remedied(newest, profile).partition("   ")
    assert where == "(in the exporter's configuration)"
    [daemon] = read(tmp_path, example.replace(", defaults: ", "\ndefaults: ") + "\n" + SERVER).daemons
    assert daemon.profile.extends == name
    assert remedied(newest, replace(daemon.profile, tested_version=IPAM.tested_version)).startswith(
        'tested_version: "3.3.1"   (in the profile house of'
    )
    assert verdict_of(newest, daemon.profile).status is Status.MET


def verdict_of(snapshot: Snapshot, profile: Profile) -> Verdict:
    verdicts = judge_all(REQUIREMENTS, snapshot, profile).verdicts
    return next(verdict for verdict in verdicts if verdict.requirement.id == "version-tested")


def remedied(snapshot: Snapshot, profile: Profile) -> str:
    """Return the example of the remedy for a version that is newer than the tested one."""
    [problem] = verdict_of(snapshot, profile).problems
    assert problem.remedy.endswith("set tested_version in a profile to 3.3.1 or later.")
    return problem.example


def test_the_versions_of_the_default_profile_are_those_of_the_source_document() -> None:
    clauses = {requirement.id: requirement.clause for requirement in REQUIREMENTS}
    assert clauses["version-supported"] == f"Base supported Kea version: {IPAM.minimum_version.text} (first LTS)."
    assert clauses["version-tested"] == f"tested up to {IPAM.tested_version.text}."
