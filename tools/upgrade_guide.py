"""The tables in docs/upgrading-kea.md: what each release refuses, and what it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kea_exporter.requirements.upgrade import RELEASES, numbers_of
from kea_exporter.requirements.upgrade_changes import CHANGES
from kea_exporter.requirements.upgrade_table import BLOCKERS, written
from tools import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kea_exporter.requirements.upgrade_table import Numbers

PAGE = "docs/upgrading-kea.md"
END = "<!-- end of the table -->"
BEFORE_ALL = (0, 0)


def documents() -> Mapping[str, str]:
    """Return the page with its tables written anew.

    Raises:
        ValueError: the page has no place for a table.
    """
    text = (ROOT / PAGE).read_text()
    before = BEFORE_ALL
    for release in RELEASES:
        here = numbers_of(release)
        for name, lines in (("refused", _refused(before, here)), ("changed", _changed(before, here))):
            begin = f"<!-- {name} by {release}, written by `make docs` -->"
            if begin not in text:
                raise ValueError(f"{PAGE} has no line {begin}")
            head, rest = text.split(f"{begin}\n", 1)
            text = "\n".join((f"{head}{begin}", "", *lines, "", END + rest.split(END, 1)[1]))
        before = here
    return {PAGE: text}


def _refused(before: tuple[int, int], here: tuple[int, int]) -> Iterator[str]:
    """Yield a row for each setting that a release refuses, and the one before it does not."""
    yield "| cause | refused since | what to do |"
    yield "|---|---|---|"
    for blocker in BLOCKERS:
        for since in blocker.since:
            if _is_between(before, since, here):
                unless = f" (unless Kea is started {blocker.unless})" if blocker.unless else ""
                example = f"<br>`{blocker.cause.example}`" if blocker.cause.example else ""
                yield (
                    f"| `{blocker.cause.id}`: {blocker.cause.title} | {written(since)}{unless} "
                    f"| {blocker.cause.remedy}{example} |"
                )


def _changed(before: tuple[int, int], here: tuple[int, int]) -> Iterator[str]:
    yield "| from | what changes |"
    yield "|---|---|"
    for change in CHANGES:
        if _is_between(before, change.since, here):
            yield f"| {written(change.since)} | {change.text} |"


def _is_between(before: tuple[int, int], since: Numbers, here: tuple[int, int]) -> bool:
    return before < since[:2] <= here
