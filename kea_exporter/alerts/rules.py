"""The rule files that Prometheus loads (Prometheus documentation, "Recording rules" and "Alerting rules")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from kea_exporter.alerts import GROUPS, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kea_exporter.alerts import Alert, Group

# Variables of a dashboard that select the server and daemon of the alert.
VARIABLES = "{{ with $labels.server }}?var-server={{ . | urlquery }}&var-daemon={{ $labels.daemon }}{{ end }}"

# Groups whose alerts inhibit each other are written as one group, which Prometheus evaluates at one moment. In groups
# of their own, an alert could be sent before the alert that inhibits it.
TOGETHER = dict.fromkeys(
    ("kea-reaching", "kea-requirements", "kea-certificates", "kea-health", "kea-high-availability"), "kea-servers"
)


# Placeholder in the url of the runbooks, for sites that do not serve them at URL/ALERT/.
ALERT_IN_URL = "{alert}"


@dataclass(frozen=True)
class Links:
    """The urls of Grafana and of the runbooks, without a trailing slash. Messages have no link where a url is empty.

    Attributes:
        runbooks: `{alert}` in the url is replaced with the name of the alert; without it, `/ALERT/` is appended.
    """

    grafana: str = ""
    runbooks: str = ""


def rules(links: Links | None = None, hold: str | None = None, keep: str | None = None) -> str:
    """Return all rules as one YAML document.

    Args:
        links: the sites that messages link to; none by default.
        hold: replaces `for` of each alert, and `keep_firing_for` unless *keep* is given; used by tests.
        keep: replaces `keep_firing_for`.
    """
    together: dict[str, list[Group]] = {}
    for group in GROUPS:
        together.setdefault(TOGETHER.get(group.name, group.name), []).append(group)
    groups = []
    for name, them in together.items():
        recordings = [
            {"record": recording.name, "expr": recording.expression}
            | ({"labels": dict(recording.labels)} if recording.labels else {})
            for group in them
            for recording in group.recordings
        ]
        # Alerts before those they inhibit: Prometheus sends them in the order of the rules.
        alerts = sorted(
            (alert for group in them for alert in group.alerts),
            key=lambda alert: (not alert.requirement, list(Severity).index(alert.severity)),
        )
        written = [_alert(alert, links or Links(), hold or alert.hold, keep or hold or alert.keep) for alert in alerts]
        groups.append({"name": name, "rules": recordings + written})
    # One line for each template.
    text: str = yaml.safe_dump({"groups": groups}, sort_keys=False, width=10_000)
    return text


def _alert(alert: Alert, links: Links, hold: str, keep: str) -> dict[str, Any]:
    requirement = {"requirement": alert.requirement} if alert.requirement else {}
    return {
        "alert": alert.name,
        "expr": alert.expression,
        "for": hold,
        **({"keep_firing_for": keep} if alert.keep else {}),
        "labels": {"severity": str(alert.severity), **requirement},
        "annotations": _annotations(alert, links),
    }


def _annotations(alert: Alert, links: Links) -> Mapping[str, str]:
    # Prometheus gives the template the labels of the expression, but not those that the rule adds.
    known = f'"{alert.requirement}"' if alert.requirement else "$labels.requirement"
    description = alert.description.replace("$labels.requirement", known)
    annotations = {"summary": alert.summary, "description": description}
    if links.runbooks:
        url = links.runbooks if ALERT_IN_URL in links.runbooks else f"{links.runbooks}/{ALERT_IN_URL}/"
        annotations["runbook_url"] = url.replace(ALERT_IN_URL, alert.name)
    if links.grafana:
        annotations["dashboard_url"] = f"{links.grafana}/d/{alert.dashboard}{VARIABLES}"
    return annotations
