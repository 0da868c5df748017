"""`kea-exporter rules`: print the rules for Prometheus."""

from __future__ import annotations

from urllib.parse import urlsplit

import click

from kea_exporter.alerts.rules import Links, rules
from kea_exporter.commands.output import print_text


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
    help="Where Grafana is; messages link to its dashboards. Without it, they have no such link.",
)
@click.option(
    "--runbook-url",
    callback=_url,
    help="Where the runbooks are published; messages link to URL/ALERT/, or to the URL with the name of the alert in "
    "place of {alert}. Without it, they have no such link.",
)
def rules_command(grafana_url: str, runbook_url: str) -> None:
    """Print the alerting and recording rules for Prometheus, with links to your own dashboards and runbooks."""
    print_text(rules(Links(grafana=grafana_url, runbooks=runbook_url)).rstrip())
