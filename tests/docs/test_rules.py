"""The rules: what promtool and amtool make of them, and that they fit the catalogue of metrics and requirements."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families

from kea_exporter.alerts import Severity, thresholds
from kea_exporter.alerts.model import MAX_SUMMARY
from kea_exporter.alerts.rules import rules
from kea_exporter.commands.rules import rules_command
from kea_exporter.config.profiles import IPAM
from kea_exporter.requirements import REQUIREMENTS
from lab.servers.kea import Lab
from tests.support.exporter import run
from tests.support.rule_reading import (
    ALERTS,
    EXPRESSIONS,
    FILES,
    FOLDER,
    LABELS,
    NUMBER,
    RECORDINGS,
    STORIES,
    is_whole,
    labels_grouped,
    labels_made,
    labels_of,
    labels_read,
    metrics,
    minutes,
    read_by,
)

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from prometheus_client.samples import Sample

    from kea_exporter.alerts import Alert
    from lab.servers.chroot import Chroot
    from tests.support.rule_reading import Tree

GOLDEN = Path(__file__).parent.parent / "golden"
RULES = FOLDER / "rules/kea-exporter.yml"
ALERTMANAGER = FOLDER / "alertmanager.example.yml"
INHIBITIONS: list[Tree] = yaml.safe_load(ALERTMANAGER.read_text())["inhibit_rules"]
NAMES = {alert.name for alert in ALERTS}
# Two missing samples, with a scrape every minute.
MINUTES_OF_A_RESTART = 3
# In comparisons of states and counts.
NO_THRESHOLDS = {0, 1, 2}
CLICKS_USAGE_ERROR = 2

each_alert = pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: f"{alert.name}-{alert.severity}")
each_inhibition = pytest.mark.parametrize("inhibition", INHIBITIONS)


class Tools:
    """promtool and amtool of the chroot, with a copy of this project's files where they can read it."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        shutil.copytree(FOLDER, lab.folder / FOLDER.name)

    def __call__(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return self._lab.chroot.run(
            *(argument if isinstance(argument, str) else self._inside(argument) for argument in arguments)
        )

    def write(self, path: Path, text: str) -> Path:
        """Write a file that is not in this project as if it were."""
        self._copy_of(path).write_text(text)
        return path

    def _copy_of(self, path: Path) -> Path:
        return self._lab.folder / path.relative_to(FOLDER.parent)

    def _inside(self, path: Path) -> str:
        return self._lab.inside(self._copy_of(path))


@pytest.fixture(scope="module")
def tools(chroot: Chroot) -> Iterator[Tools]:
    with Lab(chroot) as lab:
        yield Tools(lab)


@pytest.mark.lab
def test_promtool_has_nothing_to_say_about_the_rules(tools: Tools) -> None:
    done = tools("promtool", "check", "rules", "--lint=all", "--lint-fatal", RULES)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"SUCCESS: {len(ALERTS) + len(RECORDINGS)} rules found" in done.stdout


@pytest.mark.lab
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_alerts_fire_when_they_should_with_the_words_that_they_should(tools: Tools, path: Path) -> None:
    text = path.read_text()
    read = tools.write(RULES.with_stem(path.stem), yaml.safe_dump(read_by(text, yaml.safe_load(RULES.read_text()))))
    done = tools("promtool", "test", "rules", tools.write(path, text.replace(f"/{RULES.name}", f"/{read.name}")))
    assert done.returncode == 0, done.stdout + done.stderr


def test_rules_that_a_test_does_not_name_are_those_that_it_does_not_read() -> None:
    rules = {
        "groups": [
            {"name": "a", "rules": [{"record": "a:b:c", "expr": "kea_a"}, {"record": "a:b:d", "expr": "a:b:c"}]},
            {"name": "b", "rules": [{"alert": "KeaA", "expr": "a:b:d"}, {"alert": "KeaAB", "expr": "a:b:d"}]},
            {"name": "c", "rules": [{"record": "a:b:cd", "expr": "kea_a"}]},
        ]
    }
    names = [
        [rule.get("record") or rule["alert"] for group in read_by(test, rules)["groups"] for rule in group["rules"]]
        for test in ("alertname: KeaA", "sum(a:b:cd)", "KeaB", "a:b:c and KeaAB")
    ]
    assert names == [["a:b:c", "a:b:d", "KeaA"], ["a:b:cd"], [], ["a:b:c", "a:b:d", "KeaAB"]]


@pytest.mark.lab
def test_nothing_is_so_much_as_pending_for_a_sound_fleet(tools: Tools) -> None:
    path = tools.write(FOLDER / "tests/sound.yml", eight_hours_of(sound_samples()))
    done = tools("promtool", "test", "rules", path)
    assert done.returncode == 0, done.stdout + done.stderr


def sound_samples() -> list[Sample]:
    """Return what the exporter says of a sound server and of itself."""
    page = (GOLDEN / "sound-and-silent.txt").read_text()
    samples = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
    return [sample for sample in samples if sample.labels.get("server") != "silent"]


def eight_hours_of(samples: list[Sample]) -> str:
    series = [{"series": 'up{job="kea",instance="exporter"}', "values": "1x480"}]
    for name, labels, value, *_ in samples:
        matchers = ",".join(f"{key}={quoted(text)}" for key, text in {**labels, **TARGET}.items())
        series.append({"series": f"{name}{{{matchers}}}", "values": f"{value}x480"})
    # Alerts that wait until they fire are among these.
    nothing = {"expr": "last_over_time(ALERTS[8h])", "eval_time": "8h"}
    recorded = {"expr": "count(subnet:kea_subnet_assigned_per_capacity:ratio)", "eval_time": "8h", "exp_samples": FIVE}
    case = {"interval": "1m", "input_series": series, "promql_expr_test": [nothing, recorded]}
    return yaml.safe_dump({"rule_files": ["../rules/kea-exporter.yml"], "tests": [case]})


TARGET = {"job": "kea", "instance": "exporter"}
FIVE = [{"labels": "{}", "value": 5}]


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@each_alert
def test_every_alert_is_tested_to_the_minute_and_until_it_ends(alert: Alert) -> None:
    assert any(name == alert.name and is_whole(moments, alert.severity) for name, moments in STORIES)


def test_promtools_tests_are_of_alerts_that_exist() -> None:
    assert {name for name, _ in STORIES} == NAMES


def test_each_alert_has_a_name_and_severity_of_its_own() -> None:
    assert max(Counter((alert.name, alert.severity) for alert in ALERTS).values()) == 1


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_expressions_read_metrics_and_labels_that_exist(expression: str) -> None:
    assert set(metrics(expression)) <= set(LABELS)
    assert [label for name, label in labels_read(expression) if label not in LABELS[name]] == []
    known = set[str]().union(labels_made(expression), *(LABELS[name] for name in metrics(expression)))
    assert labels_grouped(expression) <= known


def test_nothing_is_recorded_that_neither_rules_nor_dashboards_read() -> None:
    read = {name for expression in EXPRESSIONS for name in metrics(expression)}
    unread = {recording.name for recording in RECORDINGS} - read
    # Totals of the fleet are for dashboards.
    assert {name for name in unread if not name.startswith("fleet:")} == set()


@each_alert
def test_messages_are_made_of_metrics_and_labels_that_exist(alert: Alert) -> None:
    assert set(re.findall(r"[\w:]*\bkea_[\w:]+", alert.description)) <= set(LABELS)
    assert [label for name, label in labels_read(alert.description) if label not in LABELS[name]] == []
    assert set(re.findall(r"\$labels\.(\w+)", alert.description)) <= labels_of(alert)


@each_alert
def test_messages_tell_several_things_in_an_order_that_stays(alert: Alert) -> None:
    assert [
        action for action in re.findall(r"{{ range .+? }}", alert.description) if "| query | sortByLabel" not in action
    ] == []


@each_alert
def test_alerts_have_names_and_texts_of_one_form(alert: Alert) -> None:
    assert re.fullmatch(r"Kea(?:[A-Z][a-z]+)+", alert.name)
    assert re.fullmatch(r"[A-Z][^{}.]+", alert.summary), "<subject> <problem>, without values"
    assert len(alert.summary) <= MAX_SUMMARY
    assert alert.severity in Severity
    assert re.fullmatch(r"\d+[mh]", alert.hold)
    assert alert.description.endswith((".", "}}"))


@each_alert
def test_an_alert_about_a_requirement_is_of_one_that_exists(alert: Alert) -> None:
    assert alert.requirement in {"", *(requirement.id for requirement in REQUIREMENTS)}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_bands_of_an_alert_differ_in_severity_and_mean_one_thing(name: str) -> None:
    bands = [alert for alert in ALERTS if alert.name == name]
    assert len({alert.severity for alert in bands}) == len(bands)
    assert len({(alert.requirement, alert.dashboard) for alert in bands}) == 1


@each_alert
def test_numbers_in_expressions_are_thresholds(alert: Alert) -> None:
    numbers = {float(number) for number in NUMBER.findall(alert.expression)}
    assert numbers <= {*NO_THRESHOLDS, *vars_of(thresholds)}


def vars_of(module: object) -> set[float]:
    return {value for name, value in vars(module).items() if name.isupper()}


def test_a_certificate_is_warned_of_when_its_renewal_is_due() -> None:
    assert IPAM.renewal_window_seconds == thresholds.CERTIFICATE_WARNING_DAYS * thresholds.DAY_SECONDS


def test_the_command_prints_the_rules_that_are_in_the_project() -> None:
    done = run("rules")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == RULES.read_text().split("\n", 1)[1]


def test_the_command_prints_rules_with_the_links_of_the_house() -> None:
    done = run("rules", "--grafana-url", "http://monitoring/grafana/", "--runbook-url", "https://wiki/kea")
    [alert] = [rule for rule in all_rules(done.stdout) if rule.get("alert") == "KeaExporterReloadFailed"]
    assert alert["annotations"]["runbook_url"] == "https://wiki/kea/KeaExporterReloadFailed/"
    assert alert["annotations"]["dashboard_url"].startswith("http://monitoring/grafana/d/kea-exporter{{")
    assert "{alert}" not in done.stdout


def test_a_runbook_url_may_say_where_the_name_of_the_alert_stands() -> None:
    done = run("rules", "--runbook-url", "https://wiki/search?q={alert}&lang=en")
    [alert] = [rule for rule in all_rules(done.stdout) if rule.get("alert") == "KeaExporterReloadFailed"]
    assert alert["annotations"]["runbook_url"] == "https://wiki/search?q=KeaExporterReloadFailed&lang=en"
    assert "dashboard_url" not in alert["annotations"]


def test_rules_without_urls_have_no_links() -> None:
    """A link to example.com, or to a site that the reader does not have, is worse than none in a message at night."""
    for text in (run("rules").stdout, RULES.read_text()):
        assert {name for rule in all_rules(text) for name in rule.get("annotations", {})} == {"summary", "description"}
        assert "http" not in text


@each_alert
def test_a_missing_sample_does_not_end_an_alert(alert: Alert) -> None:
    """A restart of Kea or of the exporter costs a sample or two; expressions over a range of time bridge them."""
    assert reads_range(alert.expression) or minutes(alert.keep) >= MINUTES_OF_A_RESTART


def reads_range(expression: str) -> bool:
    """Return whether an expression, or one that was recorded for it, looks back over a range of time."""
    recorded = [recording.expression for recording in RECORDINGS if recording.name in metrics(expression)]
    return "[" in expression or any(reads_range(recorded_expression) for recorded_expression in recorded)


@pytest.mark.parametrize("option", ["--grafana-url", "--runbook-url"])
@pytest.mark.parametrize("url", ["grafana", "ftp://grafana", "https://", "https://grafana/{{ $value }}", ""])
def test_the_command_says_what_is_no_url(option: str, url: str) -> None:
    done = CliRunner().invoke(rules_command, [option, url])
    assert f"Invalid value for '{option}': '{url}' is no URL: write it as in https://grafana.example.com" in done.stderr
    assert (done.exit_code, done.stdout) == (CLICKS_USAGE_ERROR, "")


def test_rules_for_tests_wait_no_longer_than_they_are_told() -> None:
    assert {rule["for"] for rule in all_rules(rules(hold="1s")) if "alert" in rule} == {"1s"}


def all_rules(text: str) -> list[Tree]:
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


@pytest.mark.lab
def test_amtool_takes_the_example_for_alertmanager(tools: Tools) -> None:
    done = tools("amtool", "check-config", ALERTMANAGER)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f" - {len(INHIBITIONS)} inhibit rules" in done.stdout


RECEIVERS = {Severity.CRITICAL: "operators-urgent", Severity.WARNING: "operators", Severity.INFO: "nobody"}


@pytest.mark.lab
@pytest.mark.parametrize("severity", Severity)
def test_alerts_are_sent_to_whom_their_severity_says(tools: Tools, severity: Severity) -> None:
    labels = (f"severity={severity}", "alertname=KeaServerDown", "server=dhcp-a")
    done = tools("amtool", "config", "routes", "test", "--config.file", ALERTMANAGER, *labels)
    assert (done.returncode, done.stdout.split()) == (0, [RECEIVERS[severity]])


@each_inhibition
def test_inhibitions_are_of_alerts_and_severities_that_exist(inhibition: Tree) -> None:
    for label, value in (matcher for side in SIDES for matcher in matchers(inhibition, side)):
        if label == "requirement":
            continue
        known = {"alertname": NAMES, "severity": set(map(str, Severity))}[label]
        # Each alternative of a regular expression is one of them.
        assert len([name for name in known if re.fullmatch(value, name)]) == value.count("|") + 1, value


@each_inhibition
def test_inhibitions_compare_labels_that_both_sides_have(inhibition: Tree) -> None:
    """Of two alerts that both lack a label, it counts as the same; so one that does not exist would go unnoticed."""
    equal = set(inhibition["equal"])
    assert equal - SITE_LABELS <= set[str]().union(*map(labels_of, ALERTS))
    lacking = [equal - SITE_LABELS - labels_of(alert) for side in SIDES for alert in named(inhibition, side)]
    # The servers of a pair may be in different jobs: alerts about pairs have none.
    assert set(map(frozenset, lacking)) in ({frozenset()}, {frozenset({"job"})}, set())


@each_inhibition
def test_inhibitions_tell_sites_apart(inhibition: Tree) -> None:
    assert {*SITE_LABELS, "job"} <= set(inhibition["equal"])


def test_messages_are_grouped_by_site() -> None:
    route = yaml.safe_load(ALERTMANAGER.read_text())["route"]
    assert {*SITE_LABELS, "job", "server"} <= set(route["group_by"])


# Labels of targets by which sites are told apart, where there are several.
SITE_LABELS = {"cluster", "site", "region", "environment", "namespace"}
SIDES = ("source_matchers", "target_matchers")


def matchers(inhibition: Tree, side: str) -> list[tuple[str, str]]:
    found = (re.fullmatch(r'(\w+)(?:=~|!~|!=|=)"(.*)"', matcher) for matcher in inhibition[side])
    return [(match[1], match[2]) for match in found if match]


def named(inhibition: Tree, side: str) -> list[Alert]:
    """Return the alerts that one side of an inhibition names, rather than leaves out."""
    patterns = [
        re.split("=~?", matcher, maxsplit=1)[1].strip('"')
        for matcher in inhibition[side]
        if re.match("alertname=", matcher)
    ]
    return [alert for alert in ALERTS if any(re.fullmatch(pattern, alert.name) for pattern in patterns)]
