"""`kea-exporter profiles`: list the profiles, or show one with the severity of each requirement."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kea_exporter import logs
from kea_exporter.commands.common import DEFAULT_CONFIG, load, named_profile
from kea_exporter.commands.output import print_text
from kea_exporter.config import BUILT_IN, Profile, duration_text
from kea_exporter.facts.snapshot import Daemon
from kea_exporter.requirements import DEMANDS, Severity, severity_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

NOT_JUDGED = "not judged"


@click.command("profiles")
@click.argument("name", required=False)
@click.option(
    "--config.file",
    "config_file",
    help=f"Show the profiles of this configuration file, too, - for standard input [{DEFAULT_CONFIG}, if it exists].",
)
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def profiles_command(name: str | None, config_file: str | None, output: str) -> None:
    """List the profiles: what each extends, and how many requirements it has of each severity.

    With NAME, show the parameters of a profile and the severity of each requirement in it.
    """
    logs.configure("error", "logfmt")
    profiles = _profiles(config_file)
    shown = [named_profile(name, profiles, "NAME")] if name is not None else list(profiles.values())
    if output == "json":
        print_text(json.dumps({"profiles": [_document(profile) for profile in shown]}, indent=2))
    elif name is None:
        print_text("\n".join(_table(shown)))
    else:
        print_text("\n".join(_description(shown[0], profiles)))


def _profiles(config_file: str | None) -> Mapping[str, Profile]:
    if config_file is None and not Path(DEFAULT_CONFIG).exists():
        return BUILT_IN
    return load(Path(config_file or DEFAULT_CONFIG), takes_stdin=True).profiles


def _severities(profile: Profile) -> dict[str, Severity | None]:
    return {requirement.id: severity_in(profile, requirement) for requirement in DEMANDS}


def _counts(profile: Profile) -> dict[str, int]:
    found = list(_severities(profile).values())
    return {str(severity): found.count(severity) for severity in Severity}


def _document(profile: Profile) -> dict[str, Any]:
    """Return a profile as JSON: its parameters in the form of the configuration file, and all severities."""
    return {
        "name": profile.name,
        "built_in": profile.name in BUILT_IN,
        "extends": profile.extends,
        "minimum_version": profile.minimum_version.text,
        "tested_version": profile.tested_version.text,
        "realms": {str(daemon): profile.realms.get(daemon) for daemon in Daemon},
        "renewal_window": duration_text(profile.renewal_window_seconds),
        "upgrade_target": profile.upgrade_target,
        "counts": _counts(profile),
        "requirements": _severities(profile),
    }


def _table(profiles: Sequence[Profile]) -> Iterator[str]:
    """Yield the heading, and one line for each profile."""
    rows = [("PROFILE", "EXTENDS", *(severity.upper() for severity in Severity))]
    rows += [(profile.name, profile.extends or "-", *map(str, _counts(profile).values())) for profile in profiles]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, extends, *counts in rows:
        numbers = (f"{count:>{width}}" for count, width in zip(counts, widths[2:], strict=True))
        yield "  ".join((f"{name:<{widths[0]}}", f"{extends:<{widths[1]}}", *numbers))


def _description(profile: Profile, profiles: Mapping[str, Profile]) -> Iterator[str]:
    extended, base = [], profile.extends
    while base is not None:
        extended.append(base)
        base = profiles[base].extends
    origin = ["built in"] if profile.name in BUILT_IN else []
    yield ", ".join([profile.name, *origin, *(f"extends {name}" for name in extended)])
    yield ""
    realms = ", ".join(f"{daemon} {realm}" for daemon, realm in profile.realms.items())
    parameters = {
        "minimum_version": profile.minimum_version.text,
        "tested_version": profile.tested_version.text,
        "realms": realms or "any",
        "renewal_window": duration_text(profile.renewal_window_seconds),
        "upgrade_target": profile.upgrade_target or "the next stable version",
    }
    yield from (f"{key:<17}{value}" for key, value in parameters.items())
    yield ""
    yield from (f"{severity or NOT_JUDGED:<13}{name}" for name, severity in _severities(profile).items())
