"""Output and errors of all commands.

Nothing else of the exporter is imported here: `healthcheck` has to be quick.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

import click

USAGE_ERROR = 3


class CommandError(click.ClickException):
    """An error of the user's, or of the configuration's."""

    exit_code = USAGE_ERROR


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
