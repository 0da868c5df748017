"""Fenced and indented blocks of Markdown, as their readers copy them."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

FENCED = re.compile(r'^( *)```(\w+)(?: title="([^"]+)")?\n(.*?)^\1```$', re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?:^    .*\n|^\n(?=    ))+", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the file that it is, and its text."""

    language: str
    title: str
    text: str


def fenced(path: Path) -> list[Block]:
    """Return the fenced blocks of a document, in its order."""
    found = FENCED.finditer(path.read_text())
    return [Block(it[2], it[3] or "", textwrap.dedent(it[4])) for it in found]


def indented(text: str) -> list[str]:
    """Return the indented blocks of a text, in its order."""
    return [textwrap.dedent(it[0]).strip("\n") for it in INDENTED.finditer(text)]
