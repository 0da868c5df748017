"""`kea-exporter rules`: print the rules for Prometheus."""

from __future__ import annotations

from urllib.parse import urlsplit

import click

from kea_exporter.alerts.rules import Links, rules
from kea_exporter.commands.output import print_text
from kea_exporter.shipped import MIGRATION_RULES


def _url(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str:
    if value is None:
        return ""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.netloc or "{{" in value:
        raise click.BadParameter(f"'{value}' is no URL: write it as in https://grafana.example.com")
    return value.rstrip("/")


@click.command("rules")
@click.option(
    "--grafana-url",
    callback=_url,
    help="URL of Grafana, for links to dashboards. Without it, alerts have no such links.",
)
@click.option(
    "--runbook-url",
    callback=_url,
    help="URL of the runbooks; alerts link to URL/ALERT/, or to the URL with the name of the alert in "
    "place of {alert}. Without it, alerts have no such links.",
)
@click.option(
    "--migration",
    type=click.Choice(list(MIGRATION_RULES)),
    help="Print the rules that record the metric names of another exporter instead.",
)
def rules_command(grafana_url: str, runbook_url: str, migration: str | None) -> None:
    """Print the alerting and recording rules for Prometheus, with links to your own dashboards and runbooks."""
    if migration is not None:
        if grafana_url or runbook_url:
            raise click.UsageError("rules for migration have no links: leave out --grafana-url and --runbook-url")
        print_text(MIGRATION_RULES[migration].read_text().rstrip())
        return
    print_text(rules(Links(grafana=grafana_url, runbooks=runbook_url)).rstrip())
