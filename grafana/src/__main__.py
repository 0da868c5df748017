"""`python -m grafana.src` writes the dashboards anew; a test fails where they have drifted."""

from __future__ import annotations

from pathlib import Path

from grafana.src.dashboards import DASHBOARDS
from grafana.src.document import written

FOLDER = Path(__file__).parent.parent / "dashboards"

if __name__ == "__main__":
    for uid, builder in DASHBOARDS.items():
        (FOLDER / f"{uid}.json").write_text(written(builder()))
