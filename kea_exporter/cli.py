"""The command line: errors to messages and exit codes; the commands themselves are in `commands/`."""

from __future__ import annotations

import platform
import signal
import ssl
import sys
from importlib import import_module
from typing import NoReturn

import click

from kea_exporter import __version__
from kea_exporter.commands.output import USAGE_ERROR, cannot_write

COMMANDS = ("serve", "check", "config", "demo", "profiles", "rules", "dashboards", "completion", "healthcheck")


def main() -> NoReturn:
    """Run the command line and end the process with its exit code."""
    try:
        status = cli.main(prog_name="kea-exporter", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        cannot_write(error).show()
        sys.exit(USAGE_ERROR)
    except click.ClickException as error:
        error.show()
        sys.exit(USAGE_ERROR)
    except click.Abort:
        sys.exit(130)
    sys.exit(status if isinstance(status, int) else 0)


def _version_text() -> str:
    return (
        f"kea-exporter, version {__version__}\n"
        f"  python version:   {platform.python_version()}\n"
        f"  openssl version:  {ssl.OPENSSL_VERSION}\n"
        f"  platform:         {platform.system().lower()}/{platform.machine()}"
    )


class Commands(click.Group):
    """Commands that are imported when they are asked for: `healthcheck` runs every few seconds.

    See "Lazily Loading Subcommands" in click's documentation.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        """Return their names."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        """Return one of them; None where there is none of this name."""
        if cmd_name not in COMMANDS:
            return None
        if cmd_name == "serve":
            # Importing takes a moment, in which SIGHUP would end the process. The configuration is read after it.
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        command: click.Command = getattr(import_module(f"kea_exporter.commands.{cmd_name}"), f"{cmd_name}_command")
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message=_version_text())
def cli() -> None:
    """Check ISC Kea DHCP servers against the requirements of an IPAM product, and export metrics to Prometheus."""
