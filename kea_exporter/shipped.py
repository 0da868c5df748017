"""Files that are shipped with the code: dashboards, rules for migration, an example configuration."""

from __future__ import annotations

from pathlib import Path

_PACKAGED = Path(__file__).parent / "data"
# The wheel contains copies (pyproject.toml, force-include). In a checkout there are only the files themselves.
FOLDER = _PACKAGED if _PACKAGED.is_dir() else Path(__file__).parent.parent

EXAMPLE_CONFIGURATION = FOLDER / "config.example.yml"
DASHBOARDS = FOLDER / "grafana/dashboards"
MIGRATION_RULES = {
    "kea-exporter": FOLDER / "prometheus/rules-migration/kea-exporter-0.7.yml",
    "stork": FOLDER / "prometheus/rules-migration/stork.yml",
}
