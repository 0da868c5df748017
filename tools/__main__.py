"""Write every generated file (`make docs`); a writer that fails does not stop the others."""

from __future__ import annotations

import sys
import traceback
from types import MappingProxyType
from typing import TYPE_CHECKING

from grafana.src import dashboards
from tools import catalogue, chart, golden, licences, manual, migration, release, upgrade_guide, write

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# In this order: the chart has copies of what is written before it.
WRITERS: Mapping[str, Callable[[], None]] = MappingProxyType(
    {
        "catalogue": lambda: write(catalogue.documents()),
        "upgrade guide": lambda: write(upgrade_guide.documents()),
        "golden files": lambda: write(golden.documents()),
        "dashboards": lambda: write(dashboards.documents()),
        "manual page and completion": lambda: write(manual.documents()),
        "migration": lambda: write(migration.documents()),
        "version": lambda: write(release.documents()),
        "licences": lambda: write(licences.documents()),
        "chart": chart.refresh,
    }
)


def main() -> int:
    """Write all, and return the exit status."""
    failed = []
    for name, writer in WRITERS.items():
        try:
            writer()
        except Exception:  # noqa: BLE001 - whatever it is, the others are written
            traceback.print_exc()
            failed.append(name)
    if failed:
        print(f"not written: {', '.join(failed)}", file=sys.stderr)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
