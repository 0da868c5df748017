"""`kea-exporter check`: judge servers now, and print the report."""

from __future__ import annotations

import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kea_exporter import logs
from kea_exporter.auditor import Auditor
from kea_exporter.check import as_json, as_text, exit_status, explanation, progress_bar
from kea_exporter.collector import Collector
from kea_exporter.commands.common import DEFAULT_CONFIG, checked, load
from kea_exporter.commands.output import print_text
from kea_exporter.config import AuditSettings, Settings, settings_from_tree
from kea_exporter.facts.failure import Failure
from kea_exporter.facts.snapshot import Daemon
from kea_exporter.requirements import REQUIREMENTS
from kea_exporter.transport.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kea_exporter.config import DaemonSettings
    from kea_exporter.requirements import Report

DEFAULT_AUDIT = AuditSettings(interval=3600, page_size=1000, max_leases=1_000_000)
CHECK_SECONDS = 600.0
MAX_SHOWN = 20
WIDEST, NARROWEST = 110, 60

# The options of an ad-hoc check, by the keys of a configuration file that they stand for.
OPTIONS = {
    "url": "--url",
    "username": "--user",
    "password_file": "--password-file",
    "basic_auth": "--user and --password-file",
    "ca_file": "--ca-file",
    "cert_file": "--cert-file",
    "key_file": "--key-file",
    "server_name": "--server-name",
    "control_agent": "--control-agent",
    "timeout": "--timeout",
}


@click.command("check")
@click.option(
    "--config.file", "config_file", type=click.Path(path_type=Path), help=f"The configuration file [{DEFAULT_CONFIG}]."
)
@click.option("--server", "servers", multiple=True, help="Check this server only; may be given several times.")
@click.option("--url", help="Check one daemon without a configuration file.")
@click.option("--daemon", type=click.Choice([str(daemon) for daemon in Daemon]), help="What answers at --url [dhcp4].")
@click.option("--user", "username", help="User name for --url.")
@click.option("--password-file", help="File with the password for --url.")
@click.option("--ca-file", help="Trusted certificates for --url.")
@click.option("--cert-file", help="The exporter's own certificate for --url.")
@click.option("--key-file", help="The key of --cert-file.")
@click.option("--server-name", help="Name or address to verify instead of the one in --url.")
@click.option("--insecure-skip-verify", is_flag=True, help="Do not verify the certificate at --url.")
@click.option("--control-agent", is_flag=True, help="A Control Agent answers at --url (Kea before 3.0).")
@click.option("--timeout", help="Time for the daemon at --url, such as 5s.")
@click.option("--audit-leases", is_flag=True, help="Look at all leases now; needs the hook lease_cmds.")
@click.option("--explain", metavar="REQUIREMENT", help="Explain a requirement, or 'list' them all, and end.")
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def check_command(  # noqa: PLR0913 - one parameter per option
    *,
    config_file: Path | None,
    servers: Sequence[str],
    url: str | None,
    output: str,
    audit_leases: bool,
    explain: str | None,
    **ad_hoc: Any,  # noqa: ANN401 - the options for --url
) -> int:
    """Judge servers now and print verdicts, evidence and remedies.

    Ends with 0 where all required requirements are met, 1 where some are not, 2 where none is unmet but some are
    unknown, 3 after a usage or configuration error.
    """
    logs.configure("error", "logfmt")
    if explain is not None:
        print_text(_explained(explain))
        return 0
    if url is None and any(value not in {None, False} for value in ad_hoc.values()):
        raise click.UsageError("options about one daemon need --url")
    if url is not None and (config_file or servers):
        raise click.UsageError("--url stands alone; --config.file and --server go without it")
    if url is not None:
        settings = checked(lambda: _ad_hoc_settings(url, ad_hoc), "", _in_options)
    else:
        path = config_file or Path(DEFAULT_CONFIG)
        settings = _only(servers, load(path))
    daemons = [
        _with_audit(daemon) if audit_leases else replace(daemon, lease_audit=None) for daemon in settings.daemons
    ]
    auditor = Auditor(daemons)
    collector = Collector(audits=auditor.result)
    reports = collector.collect(daemons, Deadline.after(CHECK_SECONDS))
    if audit_leases:
        _audit(auditor, reports)
        reports = collector.collect(daemons, Deadline.after(CHECK_SECONDS))
    print_text(as_json(reports) if output == "json" else as_text(reports, _width()))
    return exit_status(reports)


def _explained(requirement_id: str) -> str:
    if requirement_id == "list":
        return "\n".join(f"{requirement.id:<34}{requirement.title}" for requirement in REQUIREMENTS)
    found = next((requirement for requirement in REQUIREMENTS if requirement.id == requirement_id), None)
    if found is None:
        raise click.BadParameter("there is no such requirement; see --explain list", param_hint="--explain")
    return explanation(found, _width())


def _audit(auditor: Auditor, reports: Iterable[Report]) -> None:
    """Look at all leases; on a terminal, a bar shows how far it came towards what the daemon itself counts."""
    counted = {report.snapshot.target: report.snapshot.leases for report in reports}

    def progress(daemon: DaemonSettings, leases: int) -> None:
        known_total = counted[daemon.target]
        total = 0 if isinstance(known_total, Failure) else known_total.total
        label = f"{daemon.target.server} {daemon.target.daemon}"
        # Back to the start of the line, and nothing left of a longer one before.
        click.echo(f"\r\x1b[K{label} {progress_bar(leases, total)}", nl=False, err=True)

    is_seen = sys.stderr.isatty()
    auditor.run_all(progress if is_seen else lambda *_: None)
    if is_seen:
        click.echo(err=True)


def _width() -> int:
    return max(NARROWEST, min(WIDEST, shutil.get_terminal_size().columns))


def _ad_hoc_settings(url: str, options: dict[str, Any]) -> Settings:
    given = {key: value for key, value in options.items() if value not in {None, False}}
    for one, other in (("username", "password_file"), ("cert_file", "key_file")):
        if (one in given) != (other in given):
            raise click.UsageError(f"{OPTIONS[one]} and {OPTIONS[other]} go together; give both")
    if url.startswith("unix:") and given.keys() - {"daemon", "timeout"}:
        raise click.UsageError("a unix socket takes neither credentials nor TLS options nor --control-agent")
    auth = {key: given[key] for key in ("username", "password_file") if key in given}
    tls_keys = ("ca_file", "cert_file", "key_file", "server_name", "insecure_skip_verify")
    tls = {key: given[key] for key in tls_keys if key in given}
    entry: dict[str, Any] = {key: given[key] for key in ("control_agent", "timeout") if key in given}
    entry |= {"url": url, **({"basic_auth": auth} if auth else {}), **({"tls_config": tls} if tls else {})}
    daemon = given.get("daemon", str(Daemon.DHCP4))
    return settings_from_tree({"servers": [{"name": "ad-hoc", daemon: entry}]}, Path.cwd())


def _in_options(error: str) -> str:
    """Return a error in the words of the command line: `servers[0].dhcp4.url: ...` is about `--url`."""
    place, _, text = error.partition(": ")
    about = OPTIONS.get(place.rpartition(".")[2])
    for key, option in OPTIONS.items():
        if "_" in key:  # the others are words like any other
            text = re.sub(rf"(?<![\w/.-]){key}(?![\w/.-])", option, text)
    return f"{about}: {text}" if about else text


def _with_audit(daemon: DaemonSettings) -> DaemonSettings:
    if daemon.target.daemon is Daemon.D2 or daemon.lease_audit is not None:
        return daemon
    return replace(daemon, lease_audit=DEFAULT_AUDIT)


def _only(servers: Sequence[str], settings: Settings) -> Settings:
    if unknown := [name for name in servers if name not in settings.servers]:
        known_names = ", ".join(settings.servers[:MAX_SHOWN])
        said = f"no server is called {', '.join(unknown)}; there are: {known_names}"
        raise click.BadParameter(said, param_hint="--server")
    if not servers:
        return settings
    return Settings(tuple(daemon for daemon in settings.daemons if daemon.target.server in servers))
