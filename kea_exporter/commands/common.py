"""What the commands share: the configuration with all its mistakes, and printing."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kea_exporter.config import ConfigError, Settings
from kea_exporter.config import load as load_file
from kea_exporter.facts.snapshot import TransportKind
from kea_exporter.requirements import REQUIREMENTS
from kea_exporter.transport import TransportError
from kea_exporter.transport.tls import build_context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

USAGE_ERROR = 3
DEFAULT_CONFIG = "config.yml"

config_file = click.option(
    "--config.file",
    "config_file",
    type=click.Path(path_type=Path),
    default=DEFAULT_CONFIG,
    show_default=True,
    help="The configuration file.",
)


class CommandError(click.ClickException):
    """A mistake of the user's, or of the configuration's."""

    exit_code = USAGE_ERROR


def load(path: Path) -> Settings:
    """Return the settings of a configuration file.

    Raises:
        CommandError: it has mistakes; the message has all of them.
    """
    ids = tuple(it.id for it in REQUIREMENTS)
    return checked(lambda: load_file(path, ids), str(path))


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


def print_text(text: str) -> None:
    """Print, and take no offence where whoever reads has seen enough.

    Raises:
        CommandError: it cannot be written, as on a full disk.
    """
    try:
        click.echo(text, color=False if is_plain() else None)
        if sys.stdout is not None:  # closed before the start
            sys.stdout.flush()
    except BrokenPipeError:
        drop_output()
    except OSError as error:
        raise cannot_write(error) from None


def is_plain() -> bool:
    """Return whether the user wants no colours (https://no-color.org), or the terminal has none."""
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"


def cannot_write(error: OSError) -> CommandError:
    """Return the error to end with where the output cannot be written."""
    drop_output()
    return CommandError(f"cannot write the output: {error.strerror}")


def drop_output() -> None:
    """Let nothing be flushed at exit into what cannot take it."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
