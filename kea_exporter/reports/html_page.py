"""The check report as one HTML file without scripts and without references to other files; it can be printed."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from kea_exporter import __version__
from kea_exporter.reports.model import fragment, of_status, outcome, with_notes
from kea_exporter.requirements import Status
from kea_exporter.requirements.fragment import FRAGMENT_NOTE
from kea_exporter.text import printable

if TYPE_CHECKING:
    from kea_exporter.reports.model import AnyReport, Check

MAX_TEXT = 2000


def as_html(check: Check) -> str:
    """Return a summary, and the findings of each daemon with evidence, remedy and clause, the worst daemon first."""
    daemons = [_section(report) for report in check.worst_first]
    moment = datetime.fromtimestamp(check.at, UTC)
    shown = {"note": FRAGMENT_NOTE, "scope": check.scope, "moment": moment, "daemons": daemons, "version": __version__}
    return _environment().get_template("report.html").render(shown)


def _section(report: AnyReport) -> dict[str, object]:
    status, words = outcome(report)
    return {
        "servers": report.servers,
        "daemon": report.daemon,
        "place": report.place,
        "kea_version": report.kea_version or "not known",
        "profile": report.profile.name,
        "status": status,
        "outcome": words,
        "unmet": of_status(report, Status.UNMET),
        "unknown": of_status(report, Status.UNKNOWN),
        "met": of_status(report, Status.MET),
        "noted": with_notes(report),
        "fragment": Markup.escape(fragment(report)),  # of several lines
    }


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("kea_exporter.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )


def _finalize(value: Any) -> Any:  # noqa: ANN401 - whatever a template shows
    """Show a text of a peer on one line, without control characters."""
    return printable(value, MAX_TEXT) if isinstance(value, str) and not isinstance(value, Markup) else value
