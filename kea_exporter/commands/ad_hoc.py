"""The settings of `check --url`: options in the place of a configuration file, in their own words."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kea_exporter.commands.common import checked
from kea_exporter.config import settings_from_tree
from kea_exporter.facts.snapshot import Daemon

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kea_exporter.config import Settings
    from kea_exporter.requirements import Report, Verdict

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
IN_THE_FILE = "( in the exporter's configuration)?"
# Phrases of remedies about the exporter's configuration, and what they are with --url. The first that fits is taken.
PHRASES = (
    (rf"username and password(_file)? (under|of) basic_auth{IN_THE_FILE}", "--user and --password-file"),
    (rf"(\w+) (under|of) tls_config{IN_THE_FILE}", r"\1"),
    (r"control_agent: true for this daemon in the exporter's configuration", "--control-agent"),
    (r"Remove control_agent from the exporter's configuration", "Remove --control-agent"),
    (r"the url under dhcp4, dhcp6 or d2 in the exporter's configuration", "--url or --daemon"),
    (r"the exporter's url", "--url"),
    (r" \(--user and --password-file\)", ""),
    (r"\bRaise timeout\b", "Raise --timeout"),
)
EXAMPLES = {
    "tls_config: {ca_file:": "--ca-file /etc/kea-exporter/ca.pem",
    "basic_auth:": "--user monitor --password-file /etc/kea-exporter/password",
    "dhcp4: {url:": "--url http://10.10.10.10:8000 --control-agent",
}


def ad_hoc_settings(urls: Sequence[str], daemons: Sequence[str], options: dict[str, Any]) -> Settings:
    """Return the settings for the daemons at some urls.

    Args:
        urls: one for each daemon.
        daemons: what answers at each url; one for all of them, or none for dhcp4.
        options: the other options about these daemons, by name.

    Raises:
        CommandError: a value cannot be used.
        click.UsageError: options do not fit together.
    """
    given = {key: value for key, value in options.items() if value not in {None, False}}
    for one, other in (("username", "password_file"), ("cert_file", "key_file")):
        if (one in given) != (other in given):
            raise click.UsageError(f"{OPTIONS[one]} and {OPTIONS[other]} go together; give both")
    if any(url.startswith("unix:") for url in urls) and given.keys() - {"timeout"}:
        raise click.UsageError("a unix socket takes neither credentials nor TLS options nor --control-agent")
    if len(daemons) > 1 and len(daemons) != len(urls):
        raise click.UsageError("give --daemon once for all, or once for each --url")
    named = list(daemons) * (len(urls) if len(daemons) == 1 else 1) or [str(Daemon.DHCP4)] * len(urls)
    servers = [
        {"name": "ad-hoc" if len(urls) == 1 else f"ad-hoc-{number}", daemon: _entry(url, given)}
        for number, (url, daemon) in enumerate(zip(urls, named, strict=True), start=1)
    ]
    return checked(lambda: settings_from_tree({"servers": servers}, Path.cwd()), "", _error_in_options)


def _entry(url: str, given: dict[str, Any]) -> dict[str, Any]:
    auth = {key: given[key] for key in ("username", "password_file") if key in given}
    tls_keys = ("ca_file", "cert_file", "key_file", "server_name", "insecure_skip_verify")
    tls = {key: given[key] for key in tls_keys if key in given}
    entry: dict[str, Any] = {key: given[key] for key in ("control_agent", "timeout") if key in given}
    return entry | {"url": url, **({"basic_auth": auth} if auth else {}), **({"tls_config": tls} if tls else {})}


def _error_in_options(error: str) -> str:
    """Return an error in the words of the command line: `servers[0].dhcp4.url: ...` is about `--url`."""
    place, _, text = error.partition(": ")
    about = OPTIONS.get(place.rpartition(".")[2])
    return f"{about}: {_keys_as_options(text)}" if about else _keys_as_options(text)


def _keys_as_options(text: str) -> str:
    text = re.sub(r"servers\[\d+\]\.\w+ has the same url", "another --url is the same", text)
    for key, option in OPTIONS.items():
        if "_" in key:  # the others are words like any other
            text = re.sub(rf"(?<![\w/.-]){key}(?![\w/-]|\.\w)", option, text)
    return text


def in_options(report: Report) -> Report:
    """Return a report whose remedies name options in the place of keys of a configuration file."""
    return replace(report, verdicts=tuple(map(_verdict_in_options, report.verdicts)))


def _verdict_in_options(verdict: Verdict) -> Verdict:
    problems = tuple(
        replace(problem, remedy=remedy_in_options(problem.remedy), example=_example_in_options(problem.example))
        for problem in verdict.problems
    )
    return replace(verdict, problems=problems, next_step=remedy_in_options(verdict.next_step))


def remedy_in_options(text: str) -> str:
    """Return a remedy that names options of `check` where it names keys of the exporter's configuration."""
    for phrase, option in PHRASES:
        text = re.sub(phrase, option, text)
    return _keys_as_options(text)


def _example_in_options(example: str) -> str:
    return next((option for start, option in EXAMPLES.items() if example.startswith(start)), example)
