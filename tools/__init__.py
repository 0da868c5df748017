"""What only writes shipped files: documents, rules, manual page, completion, chart copies, and versions in them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parent.parent


def write(documents: Mapping[str, str]) -> None:
    """Write texts to their paths in the project."""
    for name, text in documents.items():
        path = ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
