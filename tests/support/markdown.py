"""Documents in Markdown: the blocks that readers copy, links, and the anchors of headings."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

FENCED = re.compile(r'^( *)```(\w*)(?: title="([^"]+)")?\n(.*?)^\1```$', re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)")
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
    return [Block(match[2], match[3] or "", textwrap.dedent(match[4])) for match in found]


def indented(text: str) -> list[str]:
    """Return the indented blocks of a text, in its order."""
    return [textwrap.dedent(match[0]).strip("\n") for match in INDENTED.finditer(text)]


def nested(text: str) -> list[str]:
    """Return the blocks within numbered lists of a text, in its order."""
    return indented(re.sub("^    ", "", text, flags=re.MULTILINE))


def prose(path: Path) -> str:
    """Return a document without its fenced blocks."""
    return FENCED.sub("", path.read_text())


def links(path: Path) -> list[tuple[str, str]]:
    """Return file and anchor of each link within the repository; either may be empty."""
    return LINK.findall(prose(path))


def anchors(path: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub and mkdocs.yml make them."""
    headings = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
