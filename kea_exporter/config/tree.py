"""YAML text to plain values and to the lines they stand on.

PyYAML's own messages can quote the text they stumble over, which may be a password: here they name the kind of
error and the line instead.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Sequence


class TreeError(Exception):
    """The text is no YAML that can be used."""

    def __init__(self, text: str, line: int | None) -> None:
        super().__init__(text)
        self.line = line


MERGE, TEXT, INTEGER = "tag:yaml.org,2002:merge", "tag:yaml.org,2002:str", "tag:yaml.org,2002:int"
# Dates, and a lone `=`, are texts here.
NOT_RESOLVED = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value")


class _Loader(yaml.SafeLoader):
    """A safe loader without tags, in which every key is a text, and the same key twice is an error."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's way
        start: [(tag, pattern) for tag, pattern in resolvers if tag not in NOT_RESOLVED]
        for start, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:  # noqa: ANN401 - a key or a place
        event = self.peek_event()  # type: ignore[no-untyped-call]
        # With a tag, a value may be anything: PyYAML's constructors fail on it in any way.
        if getattr(event, "tag", None) is not None:
            raise TreeError("a tag is not allowed; put a text that begins with ! in quotes", _line(event))
        return super().compose_node(parent, index)

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:  # noqa: ANN401 - its name, not what the stubs say
        node = super().compose_mapping_node(anchor)
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag not in {TEXT, MERGE}:
                raise TreeError("this key is not text; put it in quotes", _line(key))
            if key.tag == TEXT and key.value in seen:
                raise TreeError("the same key stands here twice; keep one", _line(key))
            seen |= {key.value} if key.tag == TEXT else set()
        return node


def _line(marked: Any) -> int:  # noqa: ANN401 - a node or an event
    return int(marked.start_mark.line) + 1


def _integer(loader: _Loader, node: yaml.ScalarNode) -> int:
    if re.fullmatch(r"[-+]?0[0-9_]+", node.value):
        raise TreeError("this number begins with 0, which YAML reads as octal; write it without", _line(node))
    try:
        return int(loader.construct_yaml_int(node))
    except ValueError:  # no digits, or thousands of them
        raise TreeError("this is not a number that can be read; put a text in quotes", _line(node)) from None


def _text(loader: _Loader, node: yaml.ScalarNode) -> str:
    text = str(loader.construct_scalar(node))
    try:
        text.encode()
    except UnicodeEncodeError:
        # A text with one cannot be printed, nor be the path of a file.
        raise TreeError(
            "this text has a surrogate (\\ud800 to \\udfff), which is not a character", _line(node)
        ) from None
    return text


_Loader.add_constructor(INTEGER, _integer)
_Loader.add_constructor(TEXT, _text)


def read_tree(text: str) -> tuple[object, yaml.Node | None]:
    """Return the values of a YAML document and its nodes; an empty document is an empty mapping.

    Raises:
        TreeError: it is not YAML, or has tags, undefined aliases, a key twice or a key that is not text.
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
        return "<< takes a mapping or a list of mappings; put the text << in quotes"
    return "this is not YAML; check indentation, colons and quotes on this line and the one before"
