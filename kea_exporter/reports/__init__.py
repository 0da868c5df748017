"""Check reports: one module for each format, and the table of all formats. Pure functions of a `Check`."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from kea_exporter.reports.html_page import as_html
from kea_exporter.reports.json_document import as_json
from kea_exporter.reports.junit import as_junit
from kea_exporter.reports.markdown import as_markdown
from kea_exporter.reports.model import Check, FailOn, exit_code, selected
from kea_exporter.reports.nagios import as_nagios, nagios_exit_code
from kea_exporter.reports.prometheus import as_prometheus
from kea_exporter.reports.text_report import as_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FORMATS: Mapping[str, Callable[[Check], str]] = MappingProxyType(
    {
        "text": as_text,
        "json": as_json,
        "markdown": as_markdown,
        "html": as_html,
        "junit": as_junit,
        "nagios": as_nagios,
        "prometheus": as_prometheus,
    }
)

__all__ = ["FORMATS", "Check", "FailOn", "as_html", "as_json", "as_text", "exit_code", "nagios_exit_code", "selected"]
