"""Generated manual page and shell completion, from the command line.

A writer of its own: click-man 0.6 dates its pages, has one for each command, and no examples or exit statuses.
"""

from __future__ import annotations

import re
from inspect import cleandoc
from typing import TYPE_CHECKING

import click

from kea_exporter.cli import cli
from kea_exporter.commands.completion import script

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAME = "kea-exporter"
PAGE = f"man/{NAME}.1"
COMPLETIONS = {
    # By the names under which shells look for them.
    "bash": f"completion/bash/{NAME}",
    "zsh": f"completion/zsh/_{NAME}",
    "fish": f"completion/fish/{NAME}.fish",
}
STATUS = {
    "0": "Success; with check, all required requirements are met.",
    "1": "check: some required requirements are not met. healthcheck: the exporter does not answer.",
    "2": "check: none of the required requirements is unmet, but some are unknown.",
    "3": "An error in the command line or in a configuration file, or the output cannot be written.",
}
FILES = {
    "config.yml": "The default configuration file, in the working directory.",
    "/etc/kea-exporter/config.yml": "The configuration file of packages.",
    "/etc/kea-exporter/web.yml": "The web configuration file of packages, with TLS and users of the exporter.",
}
SIGNALS = {
    "SIGHUP": "Reload the configuration (serve).",
    "SIGTERM, SIGINT": "Shut down.",
}
ENVIRONMENT = {"NO_COLOR": "If set, output has no colours."}
EXAMPLES = {
    "A simulated fleet without Kea:": "kea-exporter demo",
    "Check one daemon without a configuration file:": "kea-exporter check --url https://10.10.10.10:8001"
    " --user monitor --password-file password --ca-file ca.pem",
    "Check all servers with JSON output:": "kea-exporter check --config.file config.yml --output json",
    "Metrics for Prometheus, on port 9547:": "kea-exporter serve --config.file config.yml",
}


def documents() -> Mapping[str, str]:
    """Return the generated files by their paths in the project."""
    return {PAGE: page(cli), **{path: script(cli, shell) for shell, path in COMPLETIONS.items()}}


def page(command: click.Group) -> str:
    """Return the manual page of a command and of all commands below it."""
    context = click.Context(command, info_name=NAME, **command.context_settings)
    about = cleandoc(command.help or "")
    lines = [
        '.\\" Written by `make docs` from the command line; edit there.',
        f'.TH {NAME.upper()} 1 "" {NAME} "User Commands"',
        f".SH NAME\n{NAME} \\- {_text(about[0].lower() + about[1:].rstrip('.'))}",
        f".SH SYNOPSIS\n.B {_text(NAME)}\n[OPTIONS] COMMAND [ARGS]...",
        f".SH DESCRIPTION\n{_paragraphs(about)}",
        ".SH OPTIONS",
        *_options(context),
        ".SH COMMANDS",
        *_commands(context),
        *_section("EXIT STATUS", STATUS),
        *_section("SIGNALS", SIGNALS),
        *_section("FILES", FILES),
        *_section("ENVIRONMENT", ENVIRONMENT),
        ".SH EXAMPLES",
        *(f".PP\n{_text(about)}\n.PP\n.nf\n.RS\n{_text(line)}\n.RE\n.fi" for about, line in EXAMPLES.items()),
        f".SH SEE ALSO\n{_text('kea-dhcp4(8), kea-dhcp6(8), kea-dhcp-ddns(8), prometheus(1)')}",
    ]
    return "\n".join([*lines, ""])


def _commands(context: click.Context) -> Iterator[str]:
    command = context.command
    if not isinstance(command, click.Group):
        yield f'.SS "{_text(context.command_path)}"\n{_paragraphs(cleandoc(command.help or ""))}'
        yield from _options(context)
        return
    for name in sorted(command.list_commands(context)):
        below = command.get_command(context, name)
        if below is None:
            raise LookupError(name)
        yield from _commands(click.Context(below, info_name=name, parent=context, **below.context_settings))


def _options(context: click.Context) -> Iterator[str]:
    # Whatever the width of the terminal: nothing is wrapped here.
    records = (param.get_help_record(context) for param in context.command.params)
    for names, about in filter(None, records):
        yield f".TP\n\\fB{_text(names)}\\fR\n{_text(about) or 'See above.'}"


def _section(title: str, entries: Mapping[str, str]) -> Iterator[str]:
    yield f".SH {title}"
    for name, about in entries.items():
        yield f".TP\n\\fB{_text(name)}\\fR\n{_text(about)}"


def _paragraphs(text: str) -> str:
    return "\n.PP\n".join(_text(" ".join(part.split())) for part in re.split(r"\n\s*\n", text))


def _text(text: str) -> str:
    """Return a line as roff shows it: hyphens that can be copied, and no requests by accident."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return f"\\&{escaped}" if escaped.startswith((".", "\\(aq")) else escaped
