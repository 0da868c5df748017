"""What commands share that read a configuration: all its mistakes at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kea_exporter.commands.output import CommandError
from kea_exporter.config import ConfigError, Settings
from kea_exporter.config import load as load_file
from kea_exporter.facts.snapshot import TransportKind
from kea_exporter.requirements import REQUIREMENTS
from kea_exporter.transport.context import build_context
from kea_exporter.transport.model import TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

DEFAULT_CONFIG = "config.yml"

config_file = click.option(
    "--config.file",
    "config_file",
    type=click.Path(path_type=Path),
    default=DEFAULT_CONFIG,
    show_default=True,
    help="The configuration file.",
)


def load(path: Path) -> Settings:
    """Return the settings of a configuration file.

    Raises:
        CommandError: it has mistakes; the message has all of them.
    """
    ids = tuple(it.id for it in REQUIREMENTS)
    is_unasked_for = str(path) == DEFAULT_CONFIG and not path.exists()
    hint = "; name the file with --config.file" if is_unasked_for else ""
    return checked(lambda: load_file(path, ids), str(path), lambda mistake: f"{mistake}{hint}")


def checked(read: Callable[[], Settings], source: str, reword: Callable[[str], str] = str) -> Settings:
    """Return the settings that *read* gives, if the files of their TLS options can be used.

    Args:
        read: gives the settings, or raises ConfigError.
        source: what goes in front of each mistake.
        reword: puts a mistake into other words.

    Raises:
        CommandError: there are mistakes; the message has all of them.
    """
    try:
        settings = read()
        mistakes = list(_tls_mistakes(settings))
    except ConfigError as error:
        mistakes = [str(it) for it in error.mistakes]
    if not mistakes:
        return settings
    raise all_mistakes(mistakes, source, reword)


def all_mistakes(mistakes: Iterable[object], source: str, reword: Callable[[str], str] = str) -> CommandError:
    """Return the error to end with: every mistake once, after its *source*, and *reword*-ed."""
    prefix = f"{source}: " if source else ""
    lines = [reword(f"{prefix}{it}") for it in dict.fromkeys(map(str, mistakes))]
    return CommandError(lines[0] if len(lines) == 1 else "\n  ".join([f"{len(lines)} mistakes", *lines]))


def _tls_mistakes(settings: Settings) -> Iterator[str]:
    over_tls = [
        (f"{daemon.target.server} {daemon.target.daemon}", daemon)
        for daemon in settings.daemons
        if daemon.target.kind is TransportKind.HTTPS
    ]
    for name, daemon in (*over_tls, *(("allowed_targets", allowed.template) for allowed in settings.allowed_targets)):
        try:
            build_context(daemon.tls)
        except TransportError as error:
            yield f"{name}: tls_config: {error}"
