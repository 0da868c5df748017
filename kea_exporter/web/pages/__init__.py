"""The HTML pages: the fleet, one server and one pair. Pure functions of reports.

The templates escape every text and remove control characters. They contain no script and no style, so that the
Content-Security-Policy allows none.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from kea_exporter import __version__
from kea_exporter.requirements.fragment import FRAGMENT_NOTE
from kea_exporter.text import printable
from kea_exporter.web.pages.fleet import fleet_of, page_of, quoted, shown_name
from kea_exporter.web.pages.formatting import amount, moment, span
from kea_exporter.web.pages.pairs import pair_reports, pair_view, pair_views
from kea_exporter.web.pages.server import daemons_of
from kea_exporter.web.pages.summary import LACKING, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kea_exporter.requirements import PairReport, Report

__all__ = ["fleet_page", "page_of", "pair_page", "pair_reports", "server_page", "style"]

MAX_TEXT = 1000
# An older collection is marked as possibly out of date.
OLD_SECONDS = 300.0


def fleet_page(reports: Sequence[Report] | None, collected_at: float | None, now: float, *, metrics_path: str) -> str:
    """Return the page of all servers as HTML.

    Args:
        reports: those of the last collection; None before the first one.
        collected_at: the end of the collection, in seconds since the epoch.
        now: likewise.
        metrics_path: where the metrics are served.
    """
    fleet = None if reports is None or collected_at is None else fleet_of(reports, now)
    return _page("fleet.html", collected_at if fleet else None, now, fleet=fleet, metrics_path=metrics_path)


def server_page(server: str, reports: Sequence[Report], collected_at: float | None, now: float) -> str:
    """Return the detail page of one server as HTML.

    Args:
        server: its name, as configured.
        reports: those of the last collection on all servers; empty before the first one.
        collected_at: the end of the collection, in seconds since the epoch.
        now: likewise.
    """
    daemons = daemons_of(server, [report for report in reports if report.servers == server], now)
    pairs = pair_views([report for report in pair_reports(reports) if server in report.pair.servers])
    return _page("server.html", collected_at if daemons else None, now, server=server, daemons=daemons, pairs=pairs)


def pair_page(report: PairReport | None, place: str, collected_at: float | None, now: float) -> str:
    """Return the page of one pair as HTML.

    Args:
        report: that on the pair; None if it is not in the last collection.
        place: hosts and ports of its servers.
        collected_at: the end of the collection, in seconds since the epoch.
        now: likewise.
    """
    pair = None if report is None else pair_view(report)
    return _page("pair.html", collected_at, now, pair=pair, place=place)


@cache
def style() -> str:
    """Return the style sheet of all pages, to be served as /static/style.css."""
    return resources.files(__name__).joinpath("style.css").read_text()


def _page(template: str, collected_at: float | None, now: float, **shown: object) -> str:
    age = None if collected_at is None else max(0.0, now - collected_at)
    return _environment().get_template(template).render(collected_at=collected_at, age=age, **shown)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(__name__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    environment.filters |= {
        "amount": amount,
        "moment": moment,
        "span": span,
        "quoted": quoted,
        "shown_name": shown_name,
    }
    environment.globals |= {
        "fragment_note": FRAGMENT_NOTE,
        "version": __version__,
        "old_seconds": OLD_SECONDS,
        "marks": (UNKNOWN, LACKING),
    }
    return environment


def _finalize(value: Any) -> Any:  # noqa: ANN401 - whatever a template shows
    """Return a text on one line, without control characters and bidirectional marks."""
    return printable(value, MAX_TEXT) if isinstance(value, str) and not isinstance(value, Markup) else value
