"""Alerts and recording rules as values; `rules` writes them for Prometheus."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How soon a person is needed.

    critical: at once. warning: in working hours. info: nobody; it is there for whoever looks.
    """

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Dashboard(StrEnum):
    """The uids of the dashboards in `grafana/dashboards`."""

    FLEET = "kea-fleet"
    SERVER = "kea-server"
    SUBNETS = "kea-subnets"
    CERTIFICATES = "kea-certificates"
    TRAFFIC = "kea-traffic"
    EXPORTER = "kea-exporter"


@dataclass(frozen=True)
class Alert:
    """One alerting rule; two of the same name are the two bands of one alert.

    Attributes:
        hold: how long the expression has to hold, as Prometheus writes durations (`for`).
        summary: one static sentence.
        description: a template with the values, and what to do (Prometheus documentation, "Template reference").
        dashboard: the one that shows it best.
        requirement: the id of the requirement that says the same, if there is one.
        keep: how long the alert keeps firing after the expression ends to hold (`keep_firing_for`); see `thresholds`.
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
        labels: further labels of what is recorded.
    """

    name: str
    expression: str
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Group:
    """Rules on one subject, evaluated one after another: what is recorded first is there for the alerts."""

    name: str
    recordings: tuple[Recording, ...]
    alerts: tuple[Alert, ...]
