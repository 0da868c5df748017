"""The long description: the README with links that work outside of the repository too."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

REPOSITORY = "https://github.com/kea-exporter/kea-exporter"
# The target of a link or picture that is a path in the repository.
PATH = re.compile(r"(!?)(\[[^\]]*\])\((?![a-z]+:|#)([^)\s]+)\)")


class LongDescription(MetadataHookInterface):
    """Sets the long description, which pyproject.toml declares as dynamic."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set it."""
        text = (Path(self.root) / "README.md").read_text()
        metadata["readme"] = {"content-type": "text/markdown", "text": with_absolute_links(text)}


def with_absolute_links(text: str) -> str:
    """Return Markdown whose links lead into the repository by their whole addresses."""
    return PATH.sub(_absolute, text)


def _absolute(found: re.Match[str]) -> str:
    is_picture, label, path = found.groups()
    kind = "raw" if is_picture else "blob"
    return f"{is_picture}{label}({REPOSITORY}/{kind}/main/{path})"
