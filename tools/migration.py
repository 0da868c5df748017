"""Names of other exporters and what they are called here: documents and rules.

A recorded series has the name of the server as its `instance`: there, one exporter stands beside each server.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tools import migration_stork, migration_theirs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tools.migration_rows import Old

NOTE = "Written by `make docs` from tools/migration*.py; edit there."


@dataclass(frozen=True)
class Exporter:
    """Another exporter.

    Attributes:
        title: heading of its document.
        about: what stands above the table.
    """

    title: str
    document: str
    rules: str
    about: str
    names: tuple[Old, ...]
    remarks: tuple[str, ...] = ()


EXPORTERS = (
    Exporter(
        "Names of kea-exporter 0.7.1",
        "docs/migration-kea-exporter.md",
        "prometheus/rules-migration/kea-exporter-0.7.yml",
        "All names that [kea-exporter 0.7.1](https://pypi.org/project/kea-exporter/0.7.1/) exports; a test runs it and"
        " this exporter on the same Kea, and compares what is recorded with what it says.",
        migration_theirs.NAMES,
        migration_theirs.REMARKS,
    ),
    Exporter(
        "Names of Stork's agent",
        "docs/migration-stork.md",
        "prometheus/rules-migration/stork.yml",
        "The names that [Stork's agent](https://gitlab.isc.org/isc-projects/stork) exports of Kea, read in its source"
        " (its first version with the label `shared_network` and later ones). Stork itself was not run.",
        migration_stork.NAMES,
    ),
)


def documents() -> Mapping[str, str]:
    """Return the generated files by their paths in the project."""
    tables = {exporter.document: _document(exporter) for exporter in EXPORTERS}
    return {**tables, **{exporter.rules: _rules(exporter) for exporter in EXPORTERS}}


def _document(exporter: Exporter) -> str:
    lines = [
        f"# {exporter.title}",
        f"<!-- {NOTE} -->",
        "",
        exporter.about,
        "",
        f"*Recorded* names are kept by [{exporter.rules}](../{exporter.rules}), see [Migration](migration.md).",
        "",
        *(f"- {remark}" for remark in exporter.remarks),
        "",
        "| theirs | here | recorded |",
        "|---|---|---|",
        *map(_line, exporter.names),
        "",
    ]
    return "\n".join(lines)


def _line(old: Old) -> str:
    return f"| `{old.name}` | {old.here} | {'yes' if old.recipes else 'no'} |"


def _rules(exporter: Exporter) -> str:
    groups = [{"name": Path(exporter.rules).stem, "rules": list(_recordings(exporter))}]
    text: str = yaml.safe_dump({"groups": groups}, sort_keys=False, width=10_000)
    return f"# {NOTE}\n# Old names of {exporter.title.removeprefix('Names of ')}: docs/migration.md.\n{text}"


def _recordings(exporter: Exporter) -> Iterator[dict[str, Any]]:
    for old in exporter.names:
        for recipe in old.recipes:
            labels = {"labels": dict(recipe.labels)} if recipe.labels else {}
            yield {"record": old.series, "expr": recipe.expression, **labels}
