"""The command line: errors to messages and exit codes; the commands themselves are in `commands/`."""

from __future__ import annotations

import platform
import ssl
import sys
from typing import NoReturn

import click

from kea_exporter import __version__
from kea_exporter.commands.check import check_command
from kea_exporter.commands.common import USAGE_ERROR, cannot_write
from kea_exporter.commands.config import config_group
from kea_exporter.commands.demo import demo_command
from kea_exporter.commands.healthcheck import healthcheck_command
from kea_exporter.commands.rules import rules_command
from kea_exporter.commands.serve import serve_command


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


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message=_version_text())
def cli() -> None:
    """Judge ISC Kea DHCP servers by what an IPAM product demands of them, and tell Prometheus."""


cli.add_command(serve_command)
cli.add_command(check_command)
cli.add_command(config_group)
cli.add_command(demo_command)
cli.add_command(rules_command)
cli.add_command(healthcheck_command)
