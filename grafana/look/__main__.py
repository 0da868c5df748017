"""`python -m grafana.look FOLDER` writes what the queries of all panels find in a real Prometheus, by situation."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.servers.chroot import ensure
from tests.support.dashboard_reading import DOCUMENTS, PANELS
from tests.support.dashboard_scraping import CHOICES, SITUATIONS, Scraped, Series, scraping

if TYPE_CHECKING:
    from collections.abc import Mapping

NOBODY = "nobody"
ALL_CHOICES: Mapping[str, Mapping[str, str]] = {**CHOICES, NOBODY: {"server": NOBODY, "job": NOBODY}}


def answers(scraped: Scraped) -> dict[str, Any]:
    """Return what each query finds, by choice of variables, dashboard, kind of query and expression."""
    return {
        "since": scraped.since,
        "until": scraped.until,
        "selected": {uid: scraped.selected(document) for uid, document in DOCUMENTS.items()},
        "choices": {
            name: {uid: _chosen(scraped, uid, choice) for uid in DOCUMENTS} for name, choice in ALL_CHOICES.items()
        },
    }


def _chosen(scraped: Scraped, uid: str, choice: Mapping[str, str]) -> dict[str, dict[str, Series]]:
    found: dict[str, dict[str, Series]] = {"instant": {}, "range": {}}
    values = {**scraped.selected(DOCUMENTS[uid]), **choice}
    for target in (entry for panel in PANELS if panel.dashboard == uid for entry in panel.tree["targets"]):
        found["instant" if target["instant"] else "range"][target["expr"]] = scraped.series(target, values)
    return found


if __name__ == "__main__":
    chosen = sys.argv[2:] or list(SITUATIONS)
    for name in chosen:
        with scraping(ensure(), SITUATIONS[name]) as found:
            Path(sys.argv[1], f"{name}.json").write_text(json.dumps(answers(found)))
