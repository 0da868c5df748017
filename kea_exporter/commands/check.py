"""`kea-exporter check`: judge servers now, and print the report."""

from __future__ import annotations

import difflib
import json
import shutil
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kea_exporter import logs
from kea_exporter.auditor import Auditor
from kea_exporter.collector import Collector
from kea_exporter.commands.ad_hoc import ad_hoc_settings, in_options
from kea_exporter.commands.common import DEFAULT_CONFIG, load, named_profile
from kea_exporter.commands.kea_files import STDIN, Reading, file_options, judge_files, version_of
from kea_exporter.commands.output import print_text
from kea_exporter.config import BUILT_IN, IPAM, AuditSettings, Settings
from kea_exporter.facts.failure import Failure
from kea_exporter.facts.snapshot import Daemon
from kea_exporter.partners import compared, read_now
from kea_exporter.reports import FORMATS, Check, FailOn, nagios_exit_code, selected
from kea_exporter.reports.changes import changes
from kea_exporter.reports.schema import report_schema
from kea_exporter.reports.text_report import explanation, progress_bar
from kea_exporter.requirements import DEMANDS, PAIR_REQUIREMENTS, Severity, judge_pair, pairs_of
from kea_exporter.transport.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from kea_exporter.config import DaemonSettings, Profile
    from kea_exporter.requirements import PairReport, Report

DEFAULT_AUDIT = AuditSettings(interval=3600, page_size=1000, max_leases=1_000_000)
CHECK_SECONDS = 600.0
MAX_SHOWN = 20
WIDEST, NARROWEST = 110, 60


def _requirement_ids(_context: click.Context, parameter: click.Parameter, ids: Sequence[str]) -> Sequence[str]:
    known = [requirement.id for requirement in DEMANDS]
    for name in ids:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean '{close[0]}'?" if close else "see --explain list"
            raise click.BadParameter(f"there is no requirement '{name}'; {hint}", param_hint=parameter.opts[0])
    return ids


@click.command("check")
@click.option("--config.file", "config_file", help=f"The configuration file, - for standard input [{DEFAULT_CONFIG}].")
@click.option("--server", "servers", multiple=True, help="Check this server only; may be given several times.")
@click.option("--url", "urls", multiple=True, help="Check the daemon at this url; may be given several times.")
@click.option(
    "--daemon",
    "daemons",
    multiple=True,
    type=click.Choice([str(daemon) for daemon in Daemon]),
    help="Daemon at --url: once for all, or once for each [dhcp4].",
)
@file_options
@click.option("--user", "username", help="User name for --url.")
@click.option("--password-file", help="File with the password for --url.")
@click.option("--ca-file", help="Trusted certificates for --url.")
@click.option("--cert-file", help="The exporter's own certificate for --url.")
@click.option("--key-file", help="The key of --cert-file.")
@click.option("--server-name", help="Name or address to verify instead of the one in --url.")
@click.option("--insecure-skip-verify", is_flag=True, help="Do not verify the certificate at --url.")
@click.option("--control-agent", is_flag=True, help="A Control Agent answers at --url (Kea before 3.0).")
@click.option("--timeout", help="Time for the daemon at --url, such as 5s.")
@click.option(
    "--profile",
    "profile_name",
    metavar="NAME",
    help="Judge by this profile, built in or of the configuration file, instead of that of each daemon.",
)
@click.option("--audit-leases", is_flag=True, help="Read all leases now; needs the hook library lease_cmds.")
@click.option(
    "--only", multiple=True, callback=_requirement_ids, metavar="REQUIREMENT", help="Judge this requirement only."
)
@click.option(
    "--exclude", multiple=True, callback=_requirement_ids, metavar="REQUIREMENT", help="Do not judge this requirement."
)
@click.option(
    "--severity",
    type=click.Choice([str(severity) for severity in Severity]),
    default=str(Severity.ADVISORY),
    show_default=True,
    help="Judge requirements of this severity and of higher ones.",
)
@click.option(
    "--fail-on",
    type=click.Choice([str(value) for value in FailOn]),
    default=str(FailOn.REQUIRED),
    show_default=True,
    help="Which requirements decide the exit code: of this severity and higher, or required and all unknown ones.",
)
@click.option("--output", type=click.Choice([*FORMATS]), default="text", show_default=True)
@click.option("--verbose", is_flag=True, help="Also show the requirements that are met (text).")
@click.option("--watch", type=click.FloatRange(min=1), metavar="SECONDS", help="Repeat the check, and print changes.")
@click.option("--explain", metavar="REQUIREMENT", help="Explain a requirement, or 'list' them all, and exit.")
@click.option("--schema", is_flag=True, help="Print the JSON schema of --output json, and exit.")
def check_command(  # noqa: PLR0913 - one parameter per option
    *,
    config_file: str | None,
    servers: Sequence[str],
    urls: Sequence[str],
    daemons: Sequence[str],
    kea_configs: Sequence[str],
    kea_version: str | None,
    include_dir: Path | None,
    profile_name: str | None,
    audit_leases: bool,
    only: Sequence[str],
    exclude: Sequence[str],
    severity: str,
    fail_on: str,
    output: str,
    verbose: bool,
    watch: float | None,
    explain: str | None,
    schema: bool,
    **ad_hoc: Any,  # noqa: ANN401 - the other options for --url
) -> int:
    """Judge servers now, or configuration files of Kea, and print verdicts, evidence and remedies.

    Exit code: 0 if all required requirements are met, 1 if one is unmet, 2 if none is unmet but one is unknown, 3
    after a usage or configuration error. --output nagios has the exit codes of a monitoring plugin.
    """
    logs.configure("error", "logfmt")
    if explain is not None or schema:
        print_text(json.dumps(report_schema(), indent=2) if explain is None else _explained(explain))
        return 0
    if watch and output != "text":
        raise click.UsageError("--watch prints text only")
    if kea_configs:
        if any((config_file and not profile_name, servers, urls, daemons, audit_leases, *ad_hoc.values())):
            raise click.UsageError(
                "--kea-config stands alone: no server is queried; only --profile takes --config.file"
            )
        _refuse_for_files(kea_configs, config_file, output, is_watched=watch is not None)
        profile = _configured_profile(profile_name, config_file)
        collect = partial(judge_files, kea_configs, Reading(include_dir, version_of(kea_version), profile))
    elif kea_version or include_dir:
        raise click.UsageError("--kea-version and --include-dir go with --kea-config")
    else:
        settings = _settings(config_file, servers, urls, daemons, ad_hoc)
        configured = settings.daemons if profile_name is None else _judged_by(profile_name, settings)
        collect = partial(_collected, configured, audit_leases=audit_leases, has_all_servers=not (urls or servers))

    def check() -> Check:
        reports, pairs = collect()
        wanted = partial(selected, only=only, without=exclude, minimum=Severity(severity))
        shown = wanted(map(in_options, reports) if urls else reports)
        return Check(shown, time.time(), FailOn(fail_on), verbose, _width(), wanted(pairs))

    if watch:
        return _watched(check, watch)
    found = check()
    print_text(FORMATS[output](found))
    return nagios_exit_code(found) if output == "nagios" else found.exit_code


def _settings(
    config_file: str | None, servers: Sequence[str], urls: Sequence[str], daemons: Sequence[str], ad_hoc: dict[str, Any]
) -> Settings:
    """Return what to check: the daemons at --url, or those of the configuration file."""
    if not urls and (daemons or any(value not in {None, False} for value in ad_hoc.values())):
        raise click.UsageError("options about one daemon need --url")
    if urls and (config_file or servers):
        raise click.UsageError("--url stands alone; --config.file and --server go without it")
    if urls:
        return ad_hoc_settings(urls, daemons, ad_hoc)
    return _only(servers, load(Path(config_file or DEFAULT_CONFIG), takes_stdin=True))


def _refuse_for_files(files: Sequence[str], config_file: str | None, output: str, *, is_watched: bool) -> None:
    """Raise a usage error if files cannot be checked in this way."""
    if output == "prometheus":
        raise click.UsageError("--output prometheus is about servers that answer; choose another with --kea-config")
    if STDIN in files and (is_watched or [*files, config_file].count(STDIN) > 1):
        raise click.UsageError("standard input can be read once: --kea-config - goes once, and without --watch")


def _configured_profile(name: str | None, config_file: str | None) -> Profile:
    """Return a built-in profile, or one of the configuration file if one is given; without a name, the default."""
    if name is None:
        return IPAM
    profiles = BUILT_IN if config_file is None else load(Path(config_file), takes_stdin=True).profiles
    return named_profile(name, profiles, "--profile")


def _judged_by(name: str, settings: Settings) -> tuple[DaemonSettings, ...]:
    profile = named_profile(name, settings.profiles, "--profile")
    return tuple(replace(daemon, profile=profile) for daemon in settings.daemons)


def _collected(
    configured: Iterable[DaemonSettings], *, audit_leases: bool, has_all_servers: bool
) -> tuple[tuple[Report, ...], tuple[PairReport, ...]]:
    """Return the reports on daemons, and on the pairs among them."""
    daemons = [_with_audit(daemon) if audit_leases else replace(daemon, lease_audit=None) for daemon in configured]
    auditor = Auditor(daemons)
    collector = Collector(audits=auditor.result)
    reports = collector.collect(daemons, Deadline.after(CHECK_SECONDS))
    if audit_leases:
        _audit(auditor, reports)
        reports = collector.collect(daemons, Deadline.after(CHECK_SECONDS))
    pairs = pairs_of([report.snapshot for report in reports], has_all_servers=has_all_servers)
    read = read_now(daemons)
    return reports, tuple(judge_pair(PAIR_REQUIREMENTS, compared(pair, read), reports) for pair in pairs)


def _watched(check: Callable[[], Check], seconds: float) -> int:
    """Print a report, and then what changes, until Ctrl-C."""
    found = check()
    print_text(FORMATS["text"](found))
    try:
        while True:
            time.sleep(seconds)
            before, found = found, check()
            moment = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
            for line in changes(before, found):
                print_text(f"{moment}  {line}")
    except KeyboardInterrupt:
        return found.exit_code


def _explained(requirement_id: str) -> str:
    if requirement_id == "list":
        width = max(len(requirement.id) for requirement in DEMANDS) + 2
        return "\n".join(f"{requirement.id:<{width}}{requirement.title}" for requirement in DEMANDS)
    found = next((requirement for requirement in DEMANDS if requirement.id == requirement_id), None)
    if found is None:
        raise click.BadParameter("unknown requirement; see --explain list", param_hint="--explain")
    return explanation(found, _width())


def _audit(auditor: Auditor, reports: Iterable[Report]) -> None:
    """Read all leases; on a terminal, a bar shows the progress towards the number that the daemon itself counts."""
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
    """Return the columns to wrap text at; 0, which is no wrapping, where no terminal shows it."""
    if sys.stdout is None or not sys.stdout.isatty():
        return 0
    return max(NARROWEST, min(WIDEST, shutil.get_terminal_size().columns))


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
    return replace(settings, daemons=tuple(daemon for daemon in settings.daemons if daemon.target.server in servers))
