"""YAML text to plain values and to the lines they stand on.

PyYAML's own messages can quote the text they stumble over, which may be a password: here they name the kind of
error and the line instead.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence


class TreeError(Exception):
    """The text is no YAML that can be used."""

    def __init__(self, text: str, line: int | None) -> None:
        super().__init__(text)
        self.line = line


MERGE, TEXT, DATE = "tag:yaml.org,2002:merge", "tag:yaml.org,2002:str", "tag:yaml.org,2002:timestamp"


class _Loader(yaml.SafeLoader):
    """A safe loader to which the same key twice is a error, not a silent choice, and a date is a text."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's way
        start: [(tag, pattern) for tag, pattern in resolvers if tag != DATE]
        for start, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:  # noqa: FBT001, FBT002 - PyYAML's signature
        seen: set[str] = set()
        for key_node, _ in node.value:
            if key_node.tag == MERGE:
                continue
            line = key_node.start_mark.line + 1
            if key_node.tag != TEXT:
                raise TreeError("this key is not text; put it in quotes", line)
            if key_node.value in seen:
                raise TreeError("the same key stands here twice; keep one", line)
            seen.add(key_node.value)
        return super().construct_mapping(node, deep)


def _integer(loader: _Loader, node: yaml.ScalarNode) -> int:
    if re.fullmatch(r"[-+]?0[0-9_]+", node.value):
        raise TreeError(
            "this number begins with 0, which YAML reads as octal; write it without", node.start_mark.line + 1
        )
    return int(loader.construct_yaml_int(node))


_Loader.add_constructor("tag:yaml.org,2002:int", _integer)


def read_tree(text: str) -> tuple[object, yaml.Node | None]:
    """Return the values of a YAML document and its nodes; an empty document is an empty mapping.

    Raises:
        TreeError: it is no YAML, or uses tags, undefined aliases or a key twice.
    """
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        tree = loader.construct_document(node) if node is not None else {}
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise TreeError(_explain(error), mark.line + 1 if mark else None) from None
    except (yaml.YAMLError, ValueError):
        raise TreeError("this is not YAML; it holds characters or values that YAML does not allow", None) from None
    except RecursionError:
        raise TreeError("this is nested too deeply", None) from None
    return tree, node


def line_of(node: yaml.Node | None, place: Sequence[str | int]) -> int | None:
    """Return the line of the value at *place*, or of the nearest thing around it that there is."""
    if node is None:
        return None
    line: int = node.start_mark.line + 1
    for step in place:
        child = _child(node, step)
        if child is None:
            return line
        line, node = child
    return line


def _child(node: yaml.Node, step: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        item = node.value[step]
        return item.start_mark.line + 1, item
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return key.start_mark.line + 1, value
    return None


def _explain(error: yaml.MarkedYAMLError) -> str:
    if isinstance(error, yaml.composer.ComposerError):
        if (error.problem or "").startswith("found undefined alias"):
            return "an alias without its anchor; put a text that begins with * in quotes"
        return "the file holds a second document, or an anchor twice; keep one"
    if isinstance(error, yaml.constructor.ConstructorError):
        return "a tag or key that is not allowed; put a text that begins with ! in quotes"
    return "this is not YAML; check indentation, colons and quotes on this line and the one before"
