"""What mkdocs does for this project alone: whole folders in the navigation, links that leave `docs`, GitHub's lists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Nav = list[Any]

LINK = re.compile(r"(?<=\]\()(\.\.?/[^)#\s]*|[\w.-]+\.md)(?=[)#])")
FIRST = "README.md"
# A marker at the margin, and all that is indented or empty after it.
LIST = re.compile(r"^(?:\d+\. |- ).*\n(?:(?: .*|\d+\. .*|- .*)?\n)*", re.MULTILINE)
FENCED = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
INDENT = 4


def on_config(config: Any) -> Any:  # noqa: ANN401 - mkdocs is not installed where this is checked
    """Put the pages of each folder in the navigation in its place."""
    config["nav"] = expanded(config["nav"], Path(config["docs_dir"]))
    return config


def on_page_markdown(markdown: str, page: Any, config: Any, **_: object) -> str:  # noqa: ANN401 - as above
    """Let links that leave the folder of the documents lead into the repository, and read lists as GitHub does."""
    docs = Path(config["docs_dir"])
    leading_out = _leading_out(docs, docs / page.file.src_uri, config["extra"]["repository"])
    return with_wide_lists(LINK.sub(leading_out, markdown))


def with_wide_lists(markdown: str) -> str:
    """Return a text whose lists are indented by four spaces where it has what GitHub takes, the width of the marker."""
    parts = FENCED.split(markdown)
    return "".join(part if part.startswith("```") else LIST.sub(_widened, part) for part in parts)


def _widened(found: re.Match[str]) -> str:
    marker = re.match(r"\d+\. |- ", found[0])
    width = len(marker[0]) if marker else INDENT
    after_gaps = re.findall(r"\n\n( +)", found[0])
    if not after_gaps or min(map(len, after_gaps)) != width:
        return found[0]
    return re.sub(rf"(?m)^(?= {{{width}}})", " " * (INDENT - width), found[0])


def expanded(nav: Nav, docs: Path) -> Nav:
    """Return a navigation in which `folder/` has become the list of the pages in it."""
    return [_expanded_entry(entry, docs) for entry in nav]


def _expanded_entry(entry: Any, docs: Path) -> Any:  # noqa: ANN401 - as YAML has it
    if not isinstance(entry, dict):
        return entry
    ((title, inside),) = entry.items()
    if isinstance(inside, list):
        return {title: expanded(inside, docs)}
    return {title: _pages(docs / inside, docs) if inside.endswith("/") else inside}


def _pages(folder: Path, docs: Path) -> list[str]:
    """Return the pages of a folder, the one about all of them first."""
    found = sorted(folder.glob("*.md"), key=lambda path: (path.name != FIRST, path.name))
    return [entry.relative_to(docs).as_posix() for entry in found]


def _leading_out(docs: Path, page: Path, repository: str) -> Callable[[re.Match[str]], str]:
    root = docs.parent

    def replaced(found: re.Match[str]) -> str:
        target = (page.parent / found[0]).resolve()
        if target.is_relative_to(docs) or not target.is_relative_to(root) or not target.exists():
            return found[0]
        kind = "tree" if target.is_dir() else "blob"
        return f"{repository}/{kind}/main/{target.relative_to(root).as_posix()}"

    return replaced
