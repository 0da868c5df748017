"""`kea-exporter dashboards`: the dashboards for Grafana, as files."""

from __future__ import annotations

from pathlib import Path

import click

from kea_exporter.commands.output import CommandError, print_text
from kea_exporter.shipped import DASHBOARDS


@click.command("dashboards")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
def dashboards_command(directory: Path) -> None:
    """Write the Grafana dashboards into DIRECTORY as JSON files. Files of the same names are replaced."""
    written = []
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for dashboard in sorted(DASHBOARDS.glob("*.json")):
            path = directory / dashboard.name
            path.write_bytes(dashboard.read_bytes())
            written.append(f"wrote {path}")
    except OSError as error:
        raise CommandError(f"cannot write {error.filename or directory}: {error.strerror}") from None
    print_text("\n".join(written))
