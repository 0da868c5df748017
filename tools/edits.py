"""Edits of source texts: lines before a table or a function's end, entries in tables and enumerations.

Each function returns what changes a text; that raises NewError where the place is not there.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class NewError(Exception):
    """The entry cannot be made; the message says why."""


def _insert(text: str, line: int, added: str) -> str:
    """Return a text with lines added before a line, counted from 1."""
    lines = text.splitlines(keepends=True)
    return "".join([*lines[: line - 1], added, *lines[line - 1 :]])


def _assigned(text: str, name: str) -> ast.Assign | ast.AnnAssign:
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name) and target.id == name:
                return node
    raise NewError(f"{name} is not there any more")


def before(name: str, added: str) -> Callable[[str], str]:
    """Return what adds lines before a table."""
    return lambda text: _insert(text, _assigned(text, name).lineno, added)


def into(name: str, template: str, words: dict[str, str], keyword: str = "") -> Callable[[str], str]:
    """Return what adds an entry at the end of a table, or of one of the arguments that it is made with."""

    def change(text: str) -> str:
        value = _assigned(text, name).value
        if value is None:
            raise NewError(f"{name} has no value any more")
        if keyword and isinstance(value, ast.Call):
            value = next(entry.value for entry in value.keywords if entry.arg == keyword)
        return _insert(text, value.end_lineno or 0, template.format(**words))

    return change


def into_class(name: str, added: str) -> Callable[[str], str]:
    """Return what adds a member after the last one of an enumeration."""

    def change(text: str) -> str:
        [found] = [entry for entry in ast.parse(text).body if isinstance(entry, ast.ClassDef) and entry.name == name]
        last = [entry for entry in found.body if isinstance(entry, ast.Assign)][-1]
        return _insert(text, (last.end_lineno or 0) + 1, added)

    return change


def importing(module: str, name: str) -> Callable[[str], str]:
    """Return what adds a name to those that a text imports from a module."""

    def change(text: str) -> str:
        imports = [
            entry for entry in ast.parse(text).body if isinstance(entry, ast.ImportFrom) and entry.module == module
        ]
        if any(alias.name == name for found in imports for alias in found.names):
            return text
        # What is imported under another name comes first, on a line of its own.
        found = imports[-1]
        names = {alias.name for alias in found.names}
        # Sorted as the linter wants it: classes before functions.
        listed = "".join(f"    {entry},\n" for entry in sorted(names | {name}))
        lines = text.splitlines(keepends=True)
        written = f"from {module} import (\n{listed})\n"
        return "".join([*lines[: found.lineno - 1], written, *lines[found.end_lineno or 0 :]])

    return change


def at_the_end_of(function: str, added: str) -> Callable[[str], str]:
    """Return what adds lines at the end of a function."""

    def change(text: str) -> str:
        [found] = [
            entry for entry in ast.parse(text).body if isinstance(entry, ast.FunctionDef) and entry.name == function
        ]
        return _insert(text, (found.end_lineno or 0) + 1, added)

    return change
