"""`python -m grafana.look FILE` writes what the queries of all panels find in a real Prometheus."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.servers.chroot import ensure
from tests.support.dashboard_reading import PANELS
from tests.support.dashboard_scraping import CHOICES, Scraped, Series, scraping

if TYPE_CHECKING:
    from collections.abc import Mapping

# Long enough for a line to be seen.
SCRAPES = 12
NOBODY = "nobody"
ALL_CHOICES: Mapping[str, Mapping[str, str]] = {**CHOICES, NOBODY: {"server": NOBODY, "job": NOBODY}}


def answers(scraped: Scraped) -> dict[str, Any]:
    """Return what each query finds, by choice of variables, kind of query (instant or range), and expression."""
    return {
        "since": scraped.since,
        "until": scraped.until,
        "choices": {name: _chosen(scraped, choice) for name, choice in ALL_CHOICES.items()},
    }


def _chosen(scraped: Scraped, choice: Mapping[str, str]) -> dict[str, dict[str, Series]]:
    found: dict[str, dict[str, Series]] = {"instant": {}, "range": {}}
    for target in (entry for panel in PANELS for entry in panel.tree["targets"]):
        found["instant" if target["instant"] else "range"][target["expr"]] = scraped.series(target, choice)
    return found


if __name__ == "__main__":
    with scraping(ensure(), SCRAPES) as found:
        Path(sys.argv[1]).write_text(json.dumps(answers(found)))
