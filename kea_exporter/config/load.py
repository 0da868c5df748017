"""Loading of a configuration file: its settings, or the list of all errors."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from kea_exporter.config import schema
from kea_exporter.config.errors import ConfigError, FieldError, cross_field_errors, field_error
from kea_exporter.config.resolve import resolve
from kea_exporter.config.tree import TreeError, line_of, read_tree
from kea_exporter.config.values import Context
from kea_exporter.files import MAX_FILE_BYTES, read_file

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    import yaml

    from kea_exporter.config.settings import Settings

Root = TypeVar("Root", bound=schema.Section)


def load(path: Path, requirements: Collection[str] | None = None, *, requires_files: bool = True) -> Settings:
    """Return the settings of the configuration file at *path*.

    Args:
        path: the file.
        requirements: the ids that profiles may name; None to take any.
        requires_files: whether a file that is named and cannot be read is an error.

    Raises:
        ConfigError: the file cannot be read, or has errors.
    """
    tree, node = parsed(content_of(path))
    return settings_from_tree(tree, path.parent, node, requirements, requires_files=requires_files)


def load_stdin(requirements: Collection[str] | None = None, *, requires_files: bool = True) -> Settings:
    """Return the settings of the configuration that standard input has; relative paths start in the working folder.

    Raises:
        ConfigError: it has errors, or is too large.
    """
    content = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise ConfigError((FieldError((), "this is too large to be a configuration"),))
    tree, node = parsed(content)
    return settings_from_tree(tree, Path.cwd(), node, requirements, requires_files=requires_files)


def content_of(path: Path) -> bytes:
    """Return the content of a configuration file.

    Raises:
        ConfigError: the file cannot be read, or is too large.
    """
    try:
        return read_file(path)
    except OSError as error:
        raise ConfigError((FieldError((), f"cannot read the file: {error.strerror}"),)) from None


def parsed(content: bytes) -> tuple[object, yaml.Node | None]:
    """Return the values of a file, and its YAML nodes with line numbers.

    Raises:
        ConfigError: the content is not valid YAML.
    """
    try:
        return read_tree(content.decode("utf-8"))
    except UnicodeDecodeError:
        raise ConfigError((FieldError((), "the file is not text in UTF-8"),)) from None
    except TreeError as error:
        raise ConfigError((FieldError((), str(error), error.line),)) from None


def settings_from_tree(
    tree: object,
    directory: Path,
    node: yaml.Node | None = None,
    requirements: Collection[str] | None = None,
    *,
    requires_files: bool = True,
) -> Settings:
    """Return the settings of an already parsed configuration.

    Args:
        tree: the mappings and lists of the file.
        directory: where relative paths start.
        node: the same as YAML nodes, which know their lines.
        requirements: the ids that profiles may name; None to take any.
        requires_files: whether a file that is named and cannot be read is an error.

    Raises:
        ConfigError: it has errors.
    """
    context = Context(directory, requirements, requires_files)
    return resolve(validated(schema.ConfigFile, tree, node, context, cross_field_errors(tree)))


def validated(
    root: type[Root], tree: object, node: yaml.Node | None, context: Context, found: Iterable[FieldError]
) -> Root:
    """Return a whole file as it is written, if nothing is wrong with it.

    Args:
        root: the schema of the file.
        tree: its mappings and lists.
        node: the same as YAML nodes.
        context: what values are checked against.
        found: errors that the schema cannot see.

    Raises:
        ConfigError: it has errors; all of them, in the order of the file.
    """
    errors = list(found)
    try:
        written = root.model_validate(tree, context=context)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        errors += [field_error(detail, root) for detail in details]
    if errors:
        located = [FieldError(error.place, error.text, line_of(node, error.place)) for error in errors]
        raise ConfigError(tuple(sorted(located, key=lambda entry: entry.line or 0)))
    return written
