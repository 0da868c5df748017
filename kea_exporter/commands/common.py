"""What commands share that read a configuration: all its errors at once."""

from __future__ import annotations

import difflib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
import structlog

from kea_exporter.commands.output import CommandError
from kea_exporter.config import ConfigError, Settings, load_stdin
from kea_exporter.config import load as load_file
from kea_exporter.requirements import DEMANDS
from kea_exporter.text import printable
from kea_exporter.transport.own_files import unusable_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from kea_exporter.config import Profile

DEFAULT_CONFIG = "config.yml"
MAX_NAMED = 20

log = structlog.get_logger("main")

config_file = click.option(
    "--config.file",
    "config_file",
    type=click.Path(path_type=Path),
    default=DEFAULT_CONFIG,
    show_default=True,
    help="The configuration file.",
)


def load(path: Path, *, requires_files: bool = False, takes_stdin: bool = False) -> Settings:
    """Return the settings of a configuration file.

    Args:
        path: the file.
        requires_files: whether a file that is named and cannot be used is an error. If not, it is logged, and only
            the probes that need it fail.
        takes_stdin: whether the path `-` is standard input.

    Raises:
        CommandError: the configuration has errors; the message has all of them.
    """
    ids = tuple(requirement.id for requirement in DEMANDS)
    is_unasked_for = str(path) == DEFAULT_CONFIG and not path.exists()
    hint = "; name the file with --config.file" if is_unasked_for else ""
    is_stdin = takes_stdin and str(path) == "-"
    source = "standard input" if is_stdin else str(path)
    read = partial(load_stdin if is_stdin else partial(load_file, path), ids, requires_files=requires_files)
    if requires_files:
        return checked(read, source, lambda error: f"{error}{hint}")
    try:
        settings = read()
    except ConfigError as error:
        raise all_errors(error.errors, source, lambda error: f"{error}{hint}") from None
    for detail, names in _unusable_files(settings).items():
        log.warning("file unusable", detail=detail, daemons=", ".join(names[:MAX_NAMED]), count=len(names))
    return settings


def named_profile(name: str, profiles: Mapping[str, Profile], argument: str) -> Profile:
    """Return the profile of this name.

    Raises:
        click.BadParameter: there is none; the message has a suggestion, and *argument* as the place of the error.
    """
    if name not in profiles:
        close = difflib.get_close_matches(name.lower(), profiles, n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"there are: {', '.join([*profiles][:MAX_NAMED])}"
        raise click.BadParameter(f"there is no profile '{printable(name)}'; {hint}", param_hint=argument)
    return profiles[name]


def checked(read: Callable[[], Settings], source: str, reword: Callable[[str], str] = str) -> Settings:
    """Return the settings that *read* gives, if the files that they name can be used.

    Args:
        read: gives the settings, or raises ConfigError.
        source: what goes in front of each error.
        reword: puts an error into other words.

    Raises:
        CommandError: there are errors; the message has all of them.
    """
    try:
        settings = read()
        found = _unusable_files(settings)
        errors = [f"{name}: {detail}" for detail, names in found.items() for name in names]
    except ConfigError as error:
        errors = [str(error) for error in error.errors]
    if not errors:
        return settings
    raise all_errors(errors, source, reword)


def all_errors(errors: Iterable[object], source: str, reword: Callable[[str], str] = str) -> CommandError:
    """Return the error to end with: every error once, after its *source*, and *reword*-ed."""
    prefix = f"{source}: " if source else ""
    lines = [reword(f"{prefix}{error}") for error in dict.fromkeys(map(str, errors))]
    return CommandError(lines[0] if len(lines) == 1 else "\n  ".join([f"{len(lines)} errors", *lines]))


def _unusable_files(settings: Settings) -> dict[str, list[str]]:
    """Return the names of the daemons that each unusable file concerns, by what is wrong with it."""
    named = [(f"{daemon.target.server} {daemon.target.daemon}", daemon) for daemon in settings.daemons]
    named += [("allowed_targets", allowed.template) for allowed in settings.allowed_targets]
    found: dict[str, list[str]] = {}
    for name, daemon in named:
        for detail in unusable_files(daemon):
            found.setdefault(detail, []).append(name)
    return found
