"""The rule files that Prometheus loads (Prometheus documentation, "Recording rules" and "Alerting rules")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from kea_exporter.alerts import GROUPS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kea_exporter.alerts import Alert, Group, Recording

# They make the dashboard show what the alert is about, where it is about one server.
VARIABLES = "{{ with $labels.server }}?var-server={{ . | urlquery }}&var-daemon={{ $labels.daemon }}{{ end }}"


@dataclass(frozen=True)
class Links:
    """Where a house keeps its dashboards and runbooks; each without a slash at its end."""

    grafana: str = "https://grafana.example.com"
    runbooks: str = "https://docs.example.com/kea-exporter/runbooks"


def rules(links: Links | None = None, hold: str | None = None) -> str:
    """Return all rules as one YAML document.

    Args:
        links: what messages link to.
        hold: replaces how long each alert waits before it fires; for tests, which cannot wait.
    """
    # A line break within a template would be hard to read.
    groups = [_group(it, links or Links(), hold) for it in GROUPS]
    text: str = yaml.safe_dump({"groups": groups}, sort_keys=False, width=10_000)
    return text


def _group(group: Group, links: Links, hold: str | None) -> dict[str, Any]:
    recordings = [_recording(it) for it in group.recordings]
    return {"name": group.name, "rules": recordings + [_alert(it, links, hold) for it in group.alerts]}


def _recording(recording: Recording) -> dict[str, Any]:
    labels = {"labels": dict(recording.labels)} if recording.labels else {}
    return {"record": recording.name, "expr": recording.expression, **labels}


def _alert(alert: Alert, links: Links, hold: str | None) -> dict[str, Any]:
    requirement = {"requirement": alert.requirement} if alert.requirement else {}
    return {
        "alert": alert.name,
        "expr": alert.expression,
        "for": hold or alert.hold,
        "labels": {"severity": str(alert.severity), **requirement},
        "annotations": _annotations(alert, links),
    }


def _annotations(alert: Alert, links: Links) -> Mapping[str, str]:
    return {
        "summary": alert.summary,
        "description": alert.description,
        "runbook_url": f"{links.runbooks}/{alert.name}/",
        "dashboard_url": f"{links.grafana}/d/{alert.dashboard}{VARIABLES}",
    }
