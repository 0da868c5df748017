"""Alerts and recording rules as values; `rules` writes them for Prometheus."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# In characters, so that a summary fits the subject of a message.
MAX_SUMMARY = 60


class Severity(StrEnum):
    """How soon an operator has to act: critical at once, warning in working hours, info not at all."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Dashboard(StrEnum):
    """The uids of the dashboards in `grafana/dashboards`."""

    FLEET = "kea-fleet"
    SERVER = "kea-server"
    PAIRS = "kea-pairs"
    SUBNETS = "kea-subnets"
    CERTIFICATES = "kea-certificates"
    TRAFFIC = "kea-traffic"
    CONFIGURATION = "kea-configuration"
    EXPORTER = "kea-exporter"


@dataclass(frozen=True)
class Alert:
    """One alerting rule. Two rules of the same name are two severities of one alert.

    Attributes:
        hold: how long the expression has to be true before the alert fires (`for`), as Prometheus writes durations.
        summary: `<subject> <problem>` without values, at most `MAX_SUMMARY` characters.
        description: a template with server, daemon, value and first step (Prometheus' "Template reference").
        dashboard: the dashboard that the message links to.
        requirement: the id of the requirement with the same expression, or "".
        keep: how long the alert keeps firing after the expression is no longer true (`keep_firing_for`).
    """

    name: str
    severity: Severity
    expression: str
    hold: str
    summary: str
    description: str
    dashboard: Dashboard
    requirement: str = ""
    keep: str = ""


@dataclass(frozen=True)
class Recording:
    """One recording rule, named `level:metric:operations` (Prometheus documentation, "Recording rules").

    Attributes:
        labels: labels that the rule adds to the recorded series.
    """

    name: str
    expression: str
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Group:
    """Rules on one subject. Prometheus evaluates recording rules before the alerts that read them."""

    name: str
    recordings: tuple[Recording, ...]
    alerts: tuple[Alert, ...]
