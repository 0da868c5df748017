"""Skeletons of new entries with their tests: `make new-requirement`, `make new-alert`, `make new-statistic`.

Each skeleton fails the tests and the linter until its places marked TODO are filled in; docs/developing.md goes
through them.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from kea_exporter.facts.snapshot import Daemon
from kea_exporter.facts.statistics import Measure
from kea_exporter.kea.statistics_table import BY_NAME, Scope
from tools import ROOT
from tools.edits import NewError, at_the_end_of, before, importing, into, into_class

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

USAGE = "usage: python -m tools.new requirement ID SUBJECT | alert NAME GROUP | statistic NAME"
REQUIREMENTS, ALERTS = "kea_exporter/requirements", "kea_exporter/alerts"
REQUIREMENT_TESTS = "tests/unit/test_requirements.py"
MEASURES, TABLE = "kea_exporter/facts/statistics.py", "kea_exporter/kea/statistics_table.py"
TRAFFIC, STATISTIC_TESTS = "kea_exporter/metrics/traffic.py", "tests/unit/test_statistics.py"
# By the beginning of their names.
DAEMONS = {
    "pkt4-": "dhcp4",
    "v4-": "dhcp4",
    "pkt6-": "dhcp6",
    "v6-": "dhcp6",
    "ncr-": "d2",
    "update-": "d2",
    "queue-mgr-": "d2",
}

JUDGE = """\
TODO_{constant} = Cause(  # TODO: a name for the cause, such as TOO_OLD
    "todo",  # TODO: the same in lower case; it never changes
    "TODO: the problem, as a statement",
    "TODO: the steps that fix it, with the keys of Kea's configuration.",
    "",  # TODO: an excerpt of the configuration, or no fourth line
)


def _{name}(snapshot: Snapshot, _: Profile) -> Finding:
    # TODO: read facts with known(snapshot...); return met, unmet (with the cause) or not_applicable, each with one
    # sentence of evidence.
    raise NotImplementedError


"""
REQUIREMENT = """\
    Requirement(
        id="{id}",
        subject=Subject.{subject},
        short="TODO",  # TODO: its name within the subject, at most 14 characters
        severity=Severity.ADVISORY,
        title="TODO: the demand",
        clause="",  # TODO: the words of the source document; empty where this project adds it
        rule="TODO: when it is met, in one sentence.",
        causes=(TODO_{constant},),
        judge=_{name},
    ),
"""
EXAMPLES = """\
# TODO: one example of each status, with a part of its evidence.
{constant} = (
    Example("TODO: a daemon that satisfies it", sound(), MET, "TODO"),
    Example("TODO: a daemon that does not", sound(), UNMET, "TODO"),
    Example("TODO: a daemon that it does not concern", sound(Daemon.D2), NOT_APPLICABLE, "TODO"),
    NOTHING_KNOWN,
)

"""
ALERT = """\
        Alert(
            "{name}",
            Severity.WARNING,
            "kea_up == 0",  # TODO: the expression
            "10m",
            "TODO: subject and problem, at most 60 characters",
            "{{{{ $labels.daemon }}}} on {{{{ $labels.server }}}} TODO: the value and the first step.",
            Dashboard.SERVER,
        ),
"""
RUNBOOK = """\
# {name}

## Meaning

TODO: what is measured, with the name of the metric, and for how long.

## Impact

TODO: what clients and operators notice.

## Diagnosis

For the words in capitals and `kea.curl`, see [asking-kea.md](asking-kea.md).

```sh
curl -K kea.curl -d '{{"command": "status-get"}}' https://ADDRESS:PORT/ | jq '.[0].arguments'
```

## Remedy

TODO: each cause and what to do; tried on real Kea.

## Escalate

TODO: to whom, and when.
"""
RULE_TEST = """
  # TODO: minute 0 is sound, minute 1 is not; what resolves it.
  - name: TODO {name}
    interval: 1m
    input_series:
      - {{series: 'kea_up{{job="kea", instance="exporter", server="dhcp-a", daemon="dhcp4"}}', values: 1 0x15 1x5}}
    alert_rule_test:
      - {{alertname: {name}, eval_time: 10m, exp_alerts: []}}
      - alertname: {name}
        eval_time: 11m
        exp_alerts:
          - exp_labels: {{severity: warning, job: kea, instance: exporter, server: dhcp-a, daemon: dhcp4}}
            exp_annotations: {{summary: TODO, description: TODO}}
      - {{alertname: {name}, eval_time: 17m, exp_alerts: []}}
"""


def new_requirement(identifier: str, subject: str, root: Path = ROOT) -> list[str]:
    """Write the skeleton of a requirement into the module of its subject, and of its examples into the tests.

    Args:
        identifier: its id, such as `lease-database-persisted`.
        subject: a module of `kea_exporter/requirements` with a table.
        root: the project.

    Returns:
        The files that were changed.
    """
    _check(identifier, r"[a-z0-9]+(-[a-z0-9]+)+", "an id in lower case with hyphens, such as lease-database-persisted")
    module = _module(root, REQUIREMENTS, subject, "REQUIREMENTS")
    _check_new(root, identifier, "a requirement", module, REQUIREMENT_TESTS)
    subject_name = re.search(r"subject=Subject\.(\w+)", (root / module).read_text())
    if subject_name is None:
        raise NewError(f"no requirement in {module} names its subject")
    name = identifier.replace("-", "_")
    words = {"id": identifier, "name": name, "subject": subject_name[1], "constant": name.upper()}
    _edit(
        root / module,
        before("REQUIREMENTS", JUDGE.format(**words)),
        into("REQUIREMENTS", REQUIREMENT, words),
        importing("kea_exporter.requirements.model", "Cause"),
    )
    entry = '    "{id}": {constant},\n'
    _edit(root / REQUIREMENT_TESTS, before("EXAMPLES", EXAMPLES.format(**words)), into("EXAMPLES", entry, words))
    return [module, REQUIREMENT_TESTS]


def new_alert(name: str, group: str, root: Path = ROOT) -> list[str]:
    """Write the skeleton of an alert into the module of its group, of its runbook and of its test by promtool.

    Args:
        name: such as `KeaLeaseDatabaseLost`.
        group: a module of `kea_exporter/alerts` with a group.
        root: the project.

    Returns:
        The files that were changed.
    """
    _check(name, r"Kea[A-Za-z0-9]+", "a name that begins with Kea, such as KeaLeaseDatabaseLost")
    module = _module(root, ALERTS, group, "GROUP")
    runbook, test = f"docs/runbooks/{name}.md", f"prometheus/tests/{group.replace('_', '-')}.yml"
    if (root / runbook).exists():
        raise NewError(f"there is an alert {name}: {runbook}")
    _edit(root / module, into("GROUP", ALERT, {"name": name}, keyword="alerts"))
    (root / runbook).write_text(RUNBOOK.format(name=name))
    path = root / test
    path.write_text(path.read_text().rstrip("\n") + "\n" + RULE_TEST.format(name=name))
    return [module, runbook, test]


def new_statistic(name: str, root: Path = ROOT) -> list[str]:
    """Write the skeleton of a statistic of a daemon as a whole: measure, row and family, and its name in the tests.

    Args:
        name: as Kea has it, such as `v4-lease-reuses`.
        root: the project.

    Returns:
        The files that were changed.
    """
    beginning = next((daemon for daemon in DAEMONS if name.startswith(daemon)), None)
    if beginning is None:
        raise NewError(f"{name}: no daemon is known whose statistics begin like this; these do: {', '.join(DAEMONS)}")
    daemon = DAEMONS[beginning]
    if name in BY_NAME[Daemon(daemon), Scope.DAEMON]:
        raise NewError(f"there is a statistic {name}: {TABLE}")
    own = name.removeprefix(beginning).replace("-", "_")
    if own.upper() in Measure.__members__:
        raise NewError(f"there is a measure {own.upper()}: only a row in {TABLE} is missing")
    words = {"name": name, "daemon": daemon.upper(), "own": own, "measure": own.upper(), "words": own.replace("_", " ")}
    _edit(root / MEASURES, into_class("Measure", '    {measure} = ("{words}",)\n'.format(**words)))
    row = '    yield _row({daemon}, "{name}", Measure.{measure})\n'.format(**words)
    _edit(root / TABLE, at_the_end_of(f"_{daemon}", row))
    family = '    Measure.{measure}: ("kea_{own}_total", "TODO: what it counts."),  # TODO: name and meaning\n'
    _edit(root / TRAFFIC, into("NAMED", family, words))
    path = root / STATISTIC_TESTS
    text = path.read_text()
    start = text.index(f"    {daemon.upper()}: (\n", text.index("\nMEASURED = {"))
    end = text.index("\n    ),", start)
    path.write_text(f'{text[:end]}\n        " {name}"{text[end:]}')
    return [MEASURES, TABLE, TRAFFIC, STATISTIC_TESTS]


def _check(text: str, pattern: str, wanted: str) -> None:
    if not re.fullmatch(pattern, text):
        raise NewError(f"{text or 'nothing'} was given; write {wanted}")


def _module(root: Path, folder: str, name: str, table: str) -> str:
    """Return the path of a module that has a table."""
    modules = sorted(path.stem for path in (root / folder).glob("*.py") if f"\n{table} = " in path.read_text())
    if name not in modules:
        raise NewError(f"{name or 'nothing'} was given; write one of {', '.join(modules)}")
    return f"{folder}/{name}.py"


def _check_new(root: Path, name: str, kind: str, *files: str) -> None:
    for file in files:
        if f'"{name}"' in (root / file).read_text():
            raise NewError(f"there is {kind} {name}: {file}")


def _edit(path: Path, *changes: Callable[[str], str]) -> None:
    text = path.read_text()
    for change in changes:
        text = change(text)
    path.write_text(text)


def main(arguments: list[str]) -> int:
    """Make one entry, and return the exit status."""
    try:
        match arguments:
            case ["requirement", identifier, subject]:
                changed = new_requirement(identifier, subject)
            case ["alert", name, group]:
                changed = new_alert(name, group)
            case ["statistic", name]:
                changed = new_statistic(name)
            case _:
                print(USAGE, file=sys.stderr)
                return 2
    except NewError as error:
        print(f"new: {error}", file=sys.stderr)
        return 1
    for path in changed:
        print(f"fill in TODO in {path}" if "TODO" in (ROOT / path).read_text() else f"complete: {path}")
    print("then: make docs lint, and the tests; docs/developing.md says which")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
