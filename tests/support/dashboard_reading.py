"""The dashboards as Grafana reads them: panels, their queries, and the variables filled in."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Tree = dict[str, Any]

FOLDER = Path(__file__).parent.parent.parent / "grafana/dashboards"
DOCUMENTS: dict[str, Tree] = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
VARIABLE = re.compile(r"\$([A-Za-z_]\w*)|\$\{(\w+)(?::\w+)?\}")
# A family, a recording rule, or a metric of Prometheus: what stands before matchers.
SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)\{([^{}]*)\}(\[[^\]]*\])?")
WORD = re.compile(r"\b(?:kea|process|python|scrape)_\w+|\bup\b")


@dataclass(frozen=True)
class Panel:
    """A panel that shows something; rows are only headings."""

    dashboard: str
    tree: Tree

    @property
    def name(self) -> str:
        return f"{self.dashboard}: {self.tree['title']}"

    @property
    def queries(self) -> list[str]:
        return [target["expr"] for target in self.tree["targets"]]

    @property
    def defaults(self) -> Tree:
        defaults: Tree = self.tree["fieldConfig"]["defaults"]
        return defaults


def panels_of(document: Tree) -> Iterator[Tree]:
    for panel in document["panels"]:
        yield panel
        yield from panel.get("panels", ())


PANELS = tuple(
    Panel(uid, tree) for uid, document in DOCUMENTS.items() for tree in panels_of(document) if tree["type"] != "row"
)


def variables_of(document: Tree) -> dict[str, Tree]:
    return {variable["name"]: variable for variable in document["templating"]["list"]}


def selectors(query: str) -> list[tuple[str, str, str]]:
    """Return the name, the matchers and the range of each selector; empty where it has no range."""
    return [(found[1], found[2], found[3] or "") for found in SELECTOR.finditer(query)]


def filled_in(query: str, values: Mapping[str, str]) -> str:
    """Replace variables like Grafana does; one without a value is a mistake."""
    return VARIABLE.sub(lambda found: values[found[1] or found[2]], query)


def all_texts(tree: object) -> Iterator[str]:
    if isinstance(tree, dict):
        for value in tree.values():
            yield from all_texts(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from all_texts(value)
    elif isinstance(tree, str):
        yield tree
