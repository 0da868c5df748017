"""From the text of a configuration file to settings, or to the list of all its mistakes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from kea_exporter.config import schema
from kea_exporter.config.mistakes import ConfigError, Mistake, cross_mistakes, mistake_of
from kea_exporter.config.resolve import resolve
from kea_exporter.config.tree import TreeError, line_of, read_tree
from kea_exporter.config.values import Context

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    import yaml

    from kea_exporter.config.settings import Settings

LARGEST_FILE = 4 * 1024**2


def load(path: Path, requirements: Collection[str] | None = None) -> Settings:
    """Return the settings of the configuration file at *path*.

    Args:
        path: the file.
        requirements: the ids that profiles may name; None to take any.

    Raises:
        ConfigError: the file cannot be read, or has mistakes.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise ConfigError((Mistake((), f"cannot read the file: {error.strerror}"),)) from None
    if len(content) > LARGEST_FILE:
        raise ConfigError((Mistake((), "the file is larger than 4 MiB"),))
    try:
        tree, node = read_tree(content.decode("utf-8"))
    except UnicodeDecodeError:
        raise ConfigError((Mistake((), "the file is not text in UTF-8"),)) from None
    except TreeError as error:
        raise ConfigError((Mistake((), str(error), error.line),)) from None
    return settings_from_tree(tree, path.parent, node, requirements)


def settings_from_tree(
    tree: object,
    directory: Path,
    node: yaml.Node | None = None,
    requirements: Collection[str] | None = None,
) -> Settings:
    """Return the settings of an already parsed configuration.

    Args:
        tree: the mappings and lists of the file.
        directory: where relative paths start.
        node: the same as YAML nodes, which know their lines.
        requirements: the ids that profiles may name; None to take any.

    Raises:
        ConfigError: it has mistakes.
    """
    mistakes = list(cross_mistakes(tree))
    try:
        written = schema.ConfigFile.model_validate(tree, context=Context(directory, requirements))
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        mistakes += map(mistake_of, details)
    if mistakes:
        located = [Mistake(it.place, it.text, line_of(node, it.place)) for it in mistakes]
        raise ConfigError(tuple(sorted(located, key=lambda it: it.line or 0)))
    return resolve(written)
