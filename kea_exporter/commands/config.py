"""`kea-exporter config`: check a configuration file, or print its schema or an example."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from kea_exporter import logs
from kea_exporter.commands.common import config_file, load
from kea_exporter.commands.listening import protection_by, web_config_file
from kea_exporter.commands.output import print_text
from kea_exporter.config import ConfigFile
from kea_exporter.shipped import EXAMPLE_CONFIGURATION
from kea_exporter.text import counted

if TYPE_CHECKING:
    from pathlib import Path


@click.group("config")
def config_command() -> None:
    """Work with configuration files."""


@config_command.command("check")
@config_file
@web_config_file
def config_check(config_file: Path, web_config_file: Path | None) -> None:
    """Check a configuration file and the files that it names; print all errors."""
    logs.configure("warn", "logfmt")
    settings = load(config_file, requires_files=True)
    protection_by(web_config_file)
    how_many = f"{counted(len(settings.servers), 'server')}, {counted(len(settings.daemons), 'daemon')}"
    print_text(f"{config_file} is valid: {how_many}")


@config_command.command("schema")
def config_schema() -> None:
    """Print the JSON schema of the configuration file, for editors."""
    print_text(json.dumps(ConfigFile.model_json_schema(), indent=2))


@config_command.command("example")
def config_example() -> None:
    """Print an example configuration file with every option."""
    print_text(EXAMPLE_CONFIGURATION.read_text().rstrip())
