"""`kea-exporter completion`: the script by which a shell completes commands and options."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from kea_exporter.commands.output import print_text

SHELLS = ("bash", "zsh", "fish")
NAMES = ("kea-exporter", "kea-health-exporter")
# click derives it from the name that `cli.main` gives the program.
VARIABLE = "_KEA_EXPORTER_COMPLETE"


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion_command(context: click.Context, shell: str) -> None:
    """Print the completion script of a shell.

    For bash and zsh: eval "$(kea-exporter completion bash)". For fish: kea-exporter completion fish | source
    """
    called = Path(sys.argv[0]).name
    print_text(script(context.find_root().command, shell, called if called in NAMES else NAMES[0]).rstrip())


def script(command: click.Command, shell: str, name: str = NAMES[0]) -> str:
    """Return the script that a shell sources.

    Args:
        command: the whole command line.
        shell: one of SHELLS.
        name: the program that is completed.
    """
    of_shell = get_completion_class(shell)
    if of_shell is None:
        raise AssertionError(f"click knows no {shell}")
    completion = of_shell(command, {}, name, VARIABLE)
    # Not source(): that runs bash to learn its version.
    return f"{(completion.source_template % completion.source_vars()).strip()}\n"
