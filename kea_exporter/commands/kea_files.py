"""Configuration files of Kea, judged without a server."""

from __future__ import annotations

import re
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kea_exporter.commands.output import CommandError
from kea_exporter.facts.configuration import Configuration
from kea_exporter.facts.failure import Failure, Reason, Stage
from kea_exporter.facts.snapshot import ROOT_KEYS, Snapshot, Target, TransportKind, Version
from kea_exporter.files import read_file
from kea_exporter.kea.configuration import read_configuration, read_prepared
from kea_exporter.kea.configuration_file import (
    MAX_BYTES,
    ConfigurationFile,
    ConfigurationFileError,
    read_configuration_file,
)
from kea_exporter.kea.protocol import Answer, Result
from kea_exporter.kea.reading import MalformedAnswerError, as_int, as_list, as_map
from kea_exporter.partners import compared
from kea_exporter.probe import nothing_learnt
from kea_exporter.requirements import PAIR_REQUIREMENTS, REQUIREMENTS, Report, Subject, judge_all, judge_pair, pairs_of
from kea_exporter.requirements.hooks import COMMAND_OF_HOOK, library_of
from kea_exporter.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kea_exporter.config import Profile
    from kea_exporter.kea.prepared import Prepared
    from kea_exporter.requirements import PairReport

STDIN = "-"
NOT_IN_A_FILE = Failure(Stage.COMMAND, Reason.NOT_COLLECTED, "a configuration file does not show it")
# The others are about a connection.
SUBJECTS = {Subject.VERSION, Subject.HOOKS, Subject.LEASES, Subject.CONFIGURATION, Subject.UPGRADE}
DAEMONS = {root: daemon for daemon, root in ROOT_KEYS.items()}
# Older ones number subnets without an id themselves (measured: 2.6.3 refuses them).
IDS_REQUIRED_SINCE = (2, 6, 0)


def file_options(command: Callable[..., int]) -> Callable[..., int]:
    """Add the options of `check` about configuration files of Kea."""
    options = (
        click.option(
            "--kea-config",
            "kea_configs",
            multiple=True,
            metavar="FILE",
            help="Check a configuration file of Kea, - for standard input; may be given several times.",
        ),
        click.option(
            "--kea-version", metavar="VERSION", help="The Kea version that is to run --kea-config, such as 3.0.4."
        ),
        click.option(
            "--include-dir",
            type=click.Path(path_type=Path, file_okay=False, exists=True),
            help="Folder of the files that --kea-config includes [the folder of the file].",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def version_of(text: str | None) -> Version | None:
    """Return the version of `--kea-version`.

    Raises:
        click.BadParameter: it is none.
    """
    if text is None:
        return None
    found = re.fullmatch(r"(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?", text, re.ASCII)
    if found is None:
        raise click.BadParameter("a version is written as 3.0.4", param_hint="--kea-version")
    major, minor, patch = (int(part or 0) for part in found.groups())
    return Version(major, minor, patch, text)


@dataclass(frozen=True)
class Reading:
    """How files are read.

    Attributes:
        include_dir: includes have to lie below, and relative ones start from here; None for the folder of each file.
        version: the Kea version that is to run them; None where it is not known.
        profile: the one that they are judged by.
    """

    include_dir: Path | None
    version: Version | None
    profile: Profile


def judge_files(paths: Sequence[str], reading: Reading) -> tuple[tuple[Report, ...], tuple[PairReport, ...]]:
    """Return a report on each configuration file, with the requirements that a file can satisfy, and on their pairs.

    Raises:
        CommandError: a file cannot be read, or Kea would refuse its syntax.
    """
    read = [_read(path, reading) for path in paths]
    snapshots = [snapshot for snapshot, _ in read]
    # Files that are checked together are those of one server.
    dns_servers = [
        snapshot.configuration.dns_server
        for snapshot in snapshots
        if isinstance(snapshot.configuration, Configuration) and snapshot.configuration.dns_server is not None
    ]
    dns_server = dns_servers[0] if len(dns_servers) == 1 else None
    reports = tuple(_judge(replace(snapshot, dns_server=dns_server), reading.profile) for snapshot in snapshots)
    configurations = {snapshot.target: configuration for snapshot, configuration in read}
    pairs = pairs_of(snapshots, has_all_servers=False)
    judged = (judge_pair(PAIR_REQUIREMENTS, compared(pair, configurations.__getitem__), reports) for pair in pairs)
    return reports, tuple(judged)


def _read(path: str, reading: Reading) -> tuple[Snapshot, Prepared]:
    name = printable("stdin" if path == STDIN else path)
    try:
        found = read_configuration_file(name, _content(path), lambda written: _included(written, path, reading))
        _number_subnets(found, name, reading.version)
        answer = Answer(Result.SUCCESS, "", {found.root: found.tree})
        configuration, parsed = read_configuration(answer), read_prepared(answer)
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}") from None
    except MalformedAnswerError as error:
        raise CommandError(f"{name}: {error}") from None
    except ConfigurationFileError as error:
        raise CommandError(str(error)) from None
    return _snapshot(name, configuration, reading.version), parsed


def _judge(snapshot: Snapshot, profile: Profile) -> Report:
    """Return the verdicts that a file allows."""
    report = judge_all(REQUIREMENTS, snapshot, profile)
    shown = [
        verdict
        for verdict in report.verdicts
        if verdict.requirement.subject in SUBJECTS and verdict.failure is not NOT_IN_A_FILE
    ]
    return replace(report, verdicts=tuple(shown))


def _content(path: str) -> bytes:
    if path != STDIN:
        return read_file(Path(path), MAX_BYTES)
    return sys.stdin.buffer.read(MAX_BYTES + 1)


def _included(written: str, path: str, reading: Reading) -> tuple[str, bytes]:
    """Return name and content of an included file, which has to lie below the folder for includes."""
    base = reading.include_dir or (Path.cwd() if path == STDIN else Path(path).parent)
    name = printable(written)
    try:
        file = (base / written).resolve()
        if not file.is_relative_to(base.resolve()):
            raise ConfigurationFileError(f"the include {name} lies outside {base}; allow its folder with --include-dir")
        return name, read_file(file, MAX_BYTES)
    except (OSError, ValueError, RuntimeError) as error:
        why = error.strerror if isinstance(error, OSError) else "no path of a file"
        raise ConfigurationFileError(f"the include {name} cannot be read: {why}") from None


def _number_subnets(found: ConfigurationFile, name: str, version: Version | None) -> None:
    """Give subnets without an id the number that Kea before 2.6 gives them.

    Raises:
        ConfigurationFileError: Kea 2.6 and later refuse to start without.
        MalformedAnswerError: a value has another type than Kea's.
    """
    is_older = version is not None and version.numbers < IDS_REQUIRED_SINCE
    for number, subnet in enumerate(_subnets(found), start=1):
        has_id = as_int(subnet.get("id", 0), "id") != 0
        if not has_id and is_older:
            subnet["id"] = number
        elif "id" not in subnet:
            prefix = printable(str(subnet.get("subnet")))
            raise ConfigurationFileError(f"{name}: the subnet {prefix} has no id, which Kea 2.6 and later demand")


def _subnets(found: ConfigurationFile) -> Iterator[dict[str, Any]]:
    key = {"Dhcp4": "subnet4", "Dhcp6": "subnet6"}.get(found.root, "")
    networks = as_list(found.tree.get("shared-networks", []), "shared-networks")
    for holder in (found.tree, *(as_map(network, "shared-networks") for network in networks)):
        yield from (as_map(subnet, key) for subnet in as_list(holder.get(key, []), key))


def _snapshot(name: str, configuration: Configuration, version: Version | None) -> Snapshot:
    daemon = DAEMONS[configuration.root]
    target = Target(
        server=name,
        daemon=daemon,
        kind=TransportKind.UNIX,
        url=f"file:{name}",
        host="",
        verified_name="",
        control_agent=False,
        sends_credentials=False,
    )
    return replace(
        nothing_learnt(target, NOT_IN_A_FILE, time.time(), 0.0),
        version=NOT_IN_A_FILE if version is None else version,
        configuration=configuration,
        subnets=configuration.subnets,
        # Those that its hook libraries register.
        commands=frozenset(
            command for hook, command in COMMAND_OF_HOOK.items() if library_of(hook) in configuration.hooks
        ),
        audit=NOT_IN_A_FILE,
        is_of_a_file=True,
    )
