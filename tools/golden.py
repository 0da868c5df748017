"""The golden files: what others rely on, so that each change of it is seen in a review."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kea_exporter.alerts import GROUPS
from kea_exporter.metrics import FAMILIES
from kea_exporter.metrics.encoding import Encoder
from kea_exporter.requirements import DEMANDS
from tests.support.golden import golden_page

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def documents() -> Mapping[str, str]:
    """Return the golden files by their paths in the project."""
    return {
        # Dashboards, rules and outside checks rely on these names and labels.
        "tests/golden/metrics.txt": _lines(f"{family.name}{{{','.join(family.labels)}}}" for family in FAMILIES),
        # Alerts, dashboards and runbooks rely on these ids; without a severity: judged only where a profile asks.
        "tests/golden/requirements.txt": _lines(
            f"{requirement.id} {requirement.severity or '-'}" for requirement in DEMANDS
        ),
        # Routes and silences rely on these names.
        "tests/golden/alert-names.txt": _lines(
            sorted(f"{alert.name} {alert.severity}" for group in GROUPS for alert in group.alerts)
        ),
        "tests/golden/sound-and-silent.txt": Encoder().encode(golden_page())[0].decode(),
    }


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
