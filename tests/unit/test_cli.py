from __future__ import annotations

import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import IO, TYPE_CHECKING, Any

import pytest
import requests
import structlog

from kea_exporter import __version__
from kea_exporter.cli import main
from kea_exporter.requirements import DEMANDS
from lab.servers.certificates import Authority
from tests.support.exporter import COMMAND, exporter, values, written
from tests.support.exporter import run as run_process
from tests.support.peers import SimulatedKea, peer
from tests.support.serving import needs_ipv6

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.exporter import Exporter

Ended = subprocess.CompletedProcess[str]

GENEROUS = 20.0
# Well before what it would have to wait for, on a busy machine too.
SOON = 10.0
NO_FILE = "cannot read the file: No such file or directory"
USAGE_ERROR = 3
UNMET = 1


class CommandLine:
    """The command line, run to its end within this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Ended:
        self._monkeypatch.setattr(sys, "argv", ["kea-exporter", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return Ended(arguments, ended.value.code, *self._capsys.readouterr())


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[CommandLine]:
    level = logging.getLogger().level
    yield CommandLine(monkeypatch, capsys)
    logging.basicConfig(handlers=[], level=level, force=True)
    structlog.reset_defaults()


def config(folder: Path, *urls: str, **options: str) -> str:
    servers = [{"name": f"kea{number}", "dhcp4": {"url": url}} for number, url in enumerate(urls, start=1)]
    return str(written(folder, {"defaults": options, "servers": servers}))


@pytest.fixture
def refusing_url() -> Iterator[str]:
    """A url at which nothing listens, nor will as long as the test runs."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"


@pytest.fixture
def good(tmp_path: Path, refusing_url: str) -> str:
    return config(tmp_path, refusing_url)


def assert_is_usage_error(ended: Ended, *said: str) -> None:
    assert ended.returncode == USAGE_ERROR
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr
    for text in said:
        assert text in ended.stderr


# Versions, help, mistakes in the arguments.


def test_the_version_comes_with_what_it_runs_on(run: CommandLine) -> None:
    ended = run("--version")
    assert ended.returncode == 0
    first, *further = ended.stdout.splitlines()
    assert first == f"kea-exporter, version {__version__}"
    assert [line.split(":")[0].strip() for line in further] == ["python version", "openssl version", "platform"]


EXPLAINED = {
    "": "Check ISC Kea DHCP servers",
    "serve": "--web.listen-address",
    "check": "--insecure-skip-verify",
    "config": "schema",
    "config check": "--config.file",
    "config schema": "JSON schema",
    "profiles": "--config.file",
}


@pytest.mark.parametrize("option", ["--help", "-h"])
@pytest.mark.parametrize("command", EXPLAINED)
def test_every_command_explains_itself(run: CommandLine, command: str, option: str) -> None:
    ended = run(*command.split(), option)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert EXPLAINED[command] in ended.stdout


@pytest.mark.parametrize("arguments", ["", "config", "nope", "--nope", "config nope", "serve extra", "profiles a b"])
def test_arguments_that_mean_nothing_are_usage_errors(run: CommandLine, arguments: str) -> None:
    assert_is_usage_error(run(*arguments.split()), "Usage: kea-exporter")


# Configuration files.


def test_a_good_configuration_is_said_to_be_fine(run: CommandLine, tmp_path: Path) -> None:
    path = config(tmp_path, "http://kea1:8000", "http://kea2:8000")
    ended = run("config", "check", "--config.file", path)
    assert (ended.returncode, ended.stdout) == (0, f"{path} is valid: 2 servers, 2 daemons\n")


def test_a_bad_configuration_is_told_all_its_mistakes_and_where_they_are(run: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "kea.yml"
    path.write_text("defaults: {timeout: 5}\nservers:\n- name: a b\n  dhcp4: {url: kea, timout: 5s}\n")
    ended = run("config", "check", "--config.file", str(path))
    assert_is_usage_error(ended)
    title, *mistakes = ended.stderr.splitlines()
    assert title == "Error: 4 errors"
    assert [mistake.strip().split(" ")[:4] for mistake in mistakes] == [
        [f"{path}:", "line", "1:", "defaults.timeout:"],
        [f"{path}:", "line", "3:", "servers[0].name:"],
        [f"{path}:", "line", "4:", "servers[0].dhcp4.url:"],
        [f"{path}:", "line", "4:", "servers[0].dhcp4.timout:"],
    ]


@pytest.mark.parametrize("command", ["config check", "check"])
def test_a_missing_configuration_file_is_named(run: CommandLine, tmp_path: Path, command: str) -> None:
    path = tmp_path / "nowhere.yml"
    ended = run(*command.split(), "--config.file", str(path))
    assert_is_usage_error(ended, f"{path}: {NO_FILE}")


@pytest.mark.parametrize("command", ["config check", "check"])
def test_the_usual_configuration_file_is_looked_for_in_the_working_folder(
    run: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert_is_usage_error(run(*command.split()), f"config.yml: {NO_FILE}; name the file with --config.file")


def test_a_certificate_that_is_none_is_named_with_its_place(run: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate\n")
    server = {"name": "a", "dhcp4": {"url": "https://kea1:8000", "tls_config": {"ca_file": "ca.pem"}}}
    path = written(tmp_path, {"servers": [server]})
    ended = run("config", "check", "--config.file", str(path))
    assert_is_usage_error(ended, str(path), f"ca_file {tmp_path}/ca.pem must hold PEM certificates")


def test_a_client_certificate_that_has_expired_is_named(run: CommandLine, tmp_path: Path) -> None:
    pair = Authority(tmp_path).issue("exporter", days=(-20, -10))
    tls = {"cert_file": str(pair.certificate), "key_file": str(pair.key)}
    path = written(tmp_path, {"servers": [{"name": "a", "dhcp4": {"url": "https://kea1:8000", "tls_config": tls}}]})
    ended = run("config", "check", "--config.file", str(path))
    assert_is_usage_error(ended, f"a dhcp4: tls_config: cert_file {pair.certificate} expired on 20")


def test_a_file_of_one_server_does_not_keep_another_from_being_checked(
    run: CommandLine, tmp_path: Path, kea: SimulatedKea
) -> None:
    broken = {"name": "broken", "dhcp4": {"url": "https://kea1:8000", "tls_config": {"ca_file": "gone.pem"}}}
    path = written(tmp_path, {"servers": [broken, {"name": "good", "dhcp4": {"url": kea.url}}]})
    alone = run("check", "--config.file", str(path), "--server", "good")
    assert "gone.pem" not in alone.stdout + alone.stderr
    assert "service-running" in alone.stdout
    both = run("check", "--config.file", str(path))
    assert f"ca_file {tmp_path}/gone.pem cannot be read: No such file or directory" in " ".join(both.stdout.split())
    checked = run("config", "check", "--config.file", str(path))
    assert_is_usage_error(checked, f"tls_config.ca_file: there is no file {tmp_path}/gone.pem")


def test_the_schema_is_json_that_describes_the_sections(run: CommandLine) -> None:
    ended = run("config", "schema")
    assert (ended.returncode, ended.stderr) == (0, "")
    schema = json.loads(ended.stdout)
    assert set(schema["properties"]) >= {"profiles", "defaults", "servers"}


# Checks.


MISUSED_OPTIONS = {
    "--nope": "No such option '--nope'",
    "extra": "unexpected extra argument",
    "--url http://127.0.0.1:1 --server a": "--url stands alone",
    "--url http://127.0.0.1:1 --config.file config.yml": "--url stands alone",
    "--url http://127.0.0.1:1 --config.file config.yml --profile strict": "--url stands alone",
    "--url http://127.0.0.1:1 --profile strickt": "there is no profile 'strickt'; did you mean 'strict'?",
    "--url http://127.0.0.1:1 --profile house": "there is no profile 'house'; there are: ipam, kea",
    "--url http://127.0.0.1:1 --daemon dhcp5": "'dhcp4', 'dhcp6', 'd2'",
    "--url http://127.0.0.1:1 --output xml": "'text', 'json'",
    "--url http://127.0.0.1:1 --watch 5 --output json": "--watch prints text only",
    "--url http://127.0.0.1:1 --only nope": "there is no requirement 'nope'; see --explain list",
    "--url http://127.0.0.1:1 --exclude service-runing": "did you mean 'service-running'?",
    "--url http://127.0.0.1:1 --url http://127.0.0.1:2 --daemon d2 --daemon d2 --daemon d2": "once for each --url",
    "--user monitor": "need --url",
    "--ca-file ca.pem": "need --url",
    "--insecure-skip-verify": "need --url",
    "--control-agent": "need --url",
    "--timeout 5s": "need --url",
}


@pytest.mark.parametrize("options", MISUSED_OPTIONS)
def test_options_that_mean_nothing_together_are_usage_errors(run: CommandLine, options: str) -> None:
    assert_is_usage_error(run("check", *options.split()), MISUSED_OPTIONS[options])


def test_a_daemon_alone_needs_a_url_too(run: CommandLine, good: str) -> None:
    assert_is_usage_error(run("check", "--config.file", good, "--daemon", "dhcp6"), "need --url")


def test_a_server_that_is_not_configured_is_named(run: CommandLine, good: str) -> None:
    ended = run("check", "--config.file", good, "--server", "kea1", "--server", "kea9")
    assert_is_usage_error(ended, "--server: no server is called kea9")


MISTAKES_IN_OPTIONS = {
    "--url kea1": '--url: write "http://address:port"',
    "--url http://kea1": "--url: the url has no port",
    "--url http://kea1:8000 --url http://kea1:8000": "--url: another --url is the same; each daemon has its own",
    "--url http://127.0.0.1:99999": "--url: not a url; check host and port",
    "--url http://127.0.0.1/?a": "--url: a control socket has no query or fragment",
    "--url unix:///run/kea/socket --control-agent": "a unix socket takes neither credentials nor TLS options nor",
    "--url http://kea1:8000 --timeout 5": "--timeout: write a number with its unit",
    "--url http://kea1:8000 --user a:b --password-file /dev/null": "--user: write a name without a colon",
    "--url http://kea1:8000 --user a --password-file /nowhere": "--password-file: there is no file ",
    "--url https://kea1:8000 --ca-file /nowhere": "--ca-file: there is no file /nowhere",
    "--url https://kea1:8000 --ca-file /no/timeout/url": "--ca-file: there is no file /no/timeout/url",
    "--url https://kea1:8000 --server-name a/b": "--server-name: write the name or address to verify",
}


@pytest.mark.parametrize("options", MISTAKES_IN_OPTIONS)
def test_a_mistake_in_an_option_is_told_by_the_name_of_the_option(run: CommandLine, options: str) -> None:
    ended = run("check", *options.split())
    assert_is_usage_error(ended, MISTAKES_IN_OPTIONS[options])
    assert "servers[0]" not in ended.stderr


# What the configuration file calls a key is called otherwise on the command line.
OPTIONS_TO_NAME = {
    "--url http://monitor:word@kea1": ["--url", "--user", "--password-file"],
    "--url http://kea1:8000 --user monitor": ["--password-file"],
    "--url http://kea1:8000 --password-file /dev/null": ["--user"],
    "--url https://kea1:8000 --cert-file /dev/null": ["--cert-file", "--key-file"],
    "--url https://kea1:8000 --key-file /dev/null": ["--cert-file", "--key-file"],
    "--url https://kea1:8000 --ca-file /dev/null": ["--ca-file"],
}


@pytest.mark.parametrize("options", OPTIONS_TO_NAME)
def test_a_mistake_in_options_speaks_of_options_alone(run: CommandLine, options: str) -> None:
    ended = run("check", *options.split())
    assert_is_usage_error(ended, *OPTIONS_TO_NAME[options])
    assert re.findall(r"basic_auth|tls[-_]config|[a-z]+_file|either username", ended.stderr) == []


def test_a_url_is_never_repeated_with_its_password(run: CommandLine) -> None:
    assert "word" not in run("check", "--url", "http://monitor:word@kea1").stderr.replace("password", "")


def test_a_daemon_that_refuses_is_reported_with_evidence_and_remedy(run: CommandLine, refusing_url: str) -> None:
    ended = run("check", "--url", refusing_url)
    assert (ended.returncode, ended.stderr) == (UNMET, "")
    port = refusing_url.rpartition(":")[2]
    heading, first, *_ = ended.stdout.splitlines()
    assert re.fullmatch(rf"ad-hoc dhcp4  {re.escape(refusing_url)}  \(1 unmet, \d+ unknown\)", heading)
    assert first == "    unmet    control-socket-reachable (required)"
    assert f"127.0.0.1 port {port} refused the connection: nothing listens there" in ended.stdout
    assert "-> Start the Kea service" in ended.stdout
    assert "\x1b" not in ended.stdout


def test_a_daemon_that_refuses_is_reported_as_json(run: CommandLine, refusing_url: str) -> None:
    ended = run("check", "--url", refusing_url, "--output", "json")
    assert ended.returncode == UNMET
    document = json.loads(ended.stdout)
    assert document["version"] == 1
    (daemon,) = document["daemons"]
    assert daemon["url"] == refusing_url
    by_id = {requirement["id"]: requirement for requirement in daemon["requirements"]}
    assert by_id["control-socket-reachable"]["status"] == "unmet"
    assert by_id["service-running"]["status"] == "unknown"


@pytest.mark.parametrize("daemon", ["dhcp4", "dhcp6", "d2"])
def test_the_daemon_at_a_url_can_be_any(run: CommandLine, refusing_url: str, daemon: str) -> None:
    ended = run("check", "--url", refusing_url, "--daemon", daemon)
    assert ended.returncode == UNMET
    assert ended.stdout.startswith(f"ad-hoc {daemon}  ")


def test_a_unix_socket_is_shown_as_it_was_written(run: CommandLine, tmp_path: Path) -> None:
    url = f"unix://{tmp_path}/socket"
    ended = run("check", "--url", url)
    assert ended.returncode == UNMET
    assert ended.stdout.startswith(f"ad-hoc dhcp4  {url}  (1 unmet, ")
    assert "\n    unmet    control-socket-reachable (required)\n" in ended.stdout


def test_only_the_servers_asked_for_are_checked(run: CommandLine, tmp_path: Path, refusing_url: str) -> None:
    path = config(tmp_path, refusing_url, f"{refusing_url}/2", f"{refusing_url}/3")
    ended = run("check", "--config.file", path, "--server", "kea3", "--server", "kea1", "--output", "json")
    assert [daemon["server"] for daemon in json.loads(ended.stdout)["daemons"]] == ["kea1", "kea3"]


@pytest.mark.parametrize(("columns", "widest"), [(40, 60), (80, 80), (500, 110)])
def test_the_text_is_as_wide_as_the_terminal_within_bounds(refusing_url: str, columns: int, widest: int) -> None:
    assert widest - 20 < max(map(len, shown_on_terminal(columns, "check", "--url", refusing_url))) <= widest


def shown_on_terminal(columns: int, *arguments: str) -> list[str]:
    """Return the lines, without colours, that a command writes to a terminal of this width."""
    ours, theirs = os.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "NO_COLOR": "1"}
    with os.fdopen(ours, "rb", buffering=0) as shown, os.fdopen(theirs, "wb", buffering=0) as terminal:
        process = subprocess.Popen([*COMMAND, *arguments], stdout=terminal, env=environment)
        terminal.close()
        written = b""
        with suppress(OSError):  # the end of what was written
            while chunk := shown.read(65536):
                written += chunk
        process.wait(GENEROUS)
    return written.decode().splitlines()


def test_text_that_no_terminal_shows_is_not_wrapped(run: CommandLine, refusing_url: str) -> None:
    assert max(map(len, run("check", "--url", refusing_url).stdout.splitlines())) > 200


def test_an_unmet_requirement_is_worse_than_a_silent_peer(run: CommandLine, refusing_url: str, tmp_path: Path) -> None:
    with peer(say_nothing) as port:
        path = config(tmp_path, f"http://127.0.0.1:{port}", timeout="1s")
        assert run("check", "--config.file", path).returncode == 2
        path = config(tmp_path, f"http://127.0.0.1:{port}", refusing_url, timeout="1s")
        assert run("check", "--config.file", path).returncode == UNMET


def say_nothing(sock: socket.socket) -> None:
    while sock.recv(65536):
        pass


def run_into(stdout: IO[bytes], *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [*COMMAND, *arguments]
    return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, check=False, timeout=GENEROUS)


def run_into_closed_pipe(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as stdout:
        return run_into(stdout, *arguments)


@pytest.mark.parametrize("arguments", ["check --explain list", "check --url unix:///nowhere", "--help"])
def test_a_full_disk_is_named_and_no_verdict(arguments: str) -> None:
    with Path("/dev/full").open("wb", buffering=0) as stdout:
        ended = run_into(stdout, *arguments.split())
    assert ended.stderr == b"Error: cannot write the output: No space left on device\n"
    assert ended.returncode == USAGE_ERROR


def test_an_output_that_was_closed_before_the_start_is_no_crash() -> None:
    command = ["/bin/sh", "-c", 'exec "$@" >&-', "sh", *COMMAND, "check", "--explain", "list"]
    ended = subprocess.run(command, stderr=subprocess.PIPE, check=False, timeout=GENEROUS)
    assert b"Traceback" not in ended.stderr
    assert ended.returncode in {0, USAGE_ERROR}


def test_a_reader_who_has_seen_enough_is_no_error() -> None:
    ended = run_into_closed_pipe("config", "schema")
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_a_reader_who_has_seen_enough_does_not_change_the_verdict(good: str) -> None:
    ended = run_into_closed_pipe("check", "--config.file", good)
    assert (ended.returncode, ended.stderr) == (UNMET, b"")


# Requirements explained.


def test_a_requirement_is_explained_without_a_configuration(run: CommandLine) -> None:
    ended = run("check", "--explain", "no-orphaned-leases")
    assert (ended.returncode, ended.stderr) == (0, "")
    title, *_ = ended.stdout.splitlines()
    assert title.startswith("no-orphaned-leases (")
    assert "\nMet when\n" in ended.stdout
    assert "(subnet_deleted)\n    -> " in ended.stdout
    assert "\x1b" not in ended.stdout


def test_all_requirements_are_listed_with_their_titles(run: CommandLine) -> None:
    ended = run("check", "--explain", "list")
    assert (ended.returncode, ended.stderr) == (0, "")
    found = [tuple(re.split(r" {2,}", line)) for line in ended.stdout.splitlines()]
    assert found == [(requirement.id, requirement.title) for requirement in DEMANDS]


@pytest.mark.parametrize("name", ["nope", "", "LIST"])
def test_a_requirement_that_there_is_not_cannot_be_explained(run: CommandLine, name: str) -> None:
    assert_is_usage_error(run("check", "--explain", name), "unknown requirement; see --explain list")


def test_a_profile_may_name_only_requirements_that_there_are(run: CommandLine, good: str) -> None:
    path = Path(good)
    path.write_text(f"profiles: {{mine: {{leave_out: [no-orphaned-lease]}}}}\n{path.read_text()}")
    for command in ("config", "check"), ("check",), ("serve",):
        ended = run(*command, "--config.file", good)
        assert_is_usage_error(ended, "line 1: profiles.mine.leave_out[0]: unknown requirement; did you mean")


def test_a_requirement_that_is_left_out_is_not_part_of_the_report(
    run: CommandLine, tmp_path: Path, refusing_url: str
) -> None:
    server = {"name": "a", "profile": "mine", "dhcp4": {"url": refusing_url}}
    mine = {"leave_out": ["service-running"], "hooks": ["ha"]}
    path = written(tmp_path, {"profiles": {"mine": mine}, "servers": [server]})
    found = severities_in(run("check", "--config.file", str(path), "--output", "json"))
    assert "service-running" not in found
    assert {"hook-ha-loaded": "required", "hook-stat-cmds-loaded": "advisory"}.items() <= found.items()
    assert "hook-lease-cmds-loaded" not in found


def test_a_check_may_judge_by_another_profile(run: CommandLine, tmp_path: Path, refusing_url: str) -> None:
    server = {"name": "a", "profile": "mine", "dhcp4": {"url": refusing_url}}
    profiles = {"mine": {"leave_out": ["service-running"]}, "other": {"severities": {"advisory": "required"}}}
    path = str(written(tmp_path, {"profiles": profiles, "servers": [server]}))
    report = ("check", "--config.file", path, "--output", "json")
    assert "service-running" not in severities_in(run(*report))
    assert severities_in(run(*report, "--profile", "other"))["hsts-header-present"] == "required"
    strict = severities_in(run(*report, "--profile", "strict"))
    assert (strict["service-running"], strict["version-tested"]) == ("required", "required")
    assert_is_usage_error(run(*report, "--profile", "othr"), "there is no profile 'othr'; did you mean 'other'?")
    assert severities_in(run("check", "--url", refusing_url, "--output", "json", "--profile", "strict")) == strict


def severities_in(ended: Ended) -> dict[str, str]:
    (daemon,) = json.loads(ended.stdout)["daemons"]
    return {requirement["id"]: requirement["severity"] for requirement in daemon["requirements"]}


# Lease audits.


CONFIGURATION = {"result": 0, "arguments": {"Dhcp4": {"subnet4": [{"id": 1, "subnet": "192.0.2.0/24"}]}}}
ORPHAN = {"ip-address": "192.0.2.9", "subnet-id": 7, "state": 0}


def a_page(request: dict[str, Any]) -> dict[str, Any]:
    leases = [ORPHAN] if request["arguments"]["from"] == "start" else []
    return {"result": 0 if leases else 3, "arguments": {"count": len(leases), "leases": leases}}


@pytest.fixture
def kea() -> Iterator[SimulatedKea]:
    """A Kea with one lease that belongs to no subnet."""
    with SimulatedKea({"config-get": CONFIGURATION, "lease4-get-page": a_page}) as running:
        yield running


def audited(folder: Path, url: str, **options: object) -> str:
    entry = {"url": url, "lease_audit": {"page_size": 10}, **options}
    return str(written(folder, {"servers": [{"name": "kea1", "dhcp4": entry}]}))


def status_of(ended: Ended, requirement: str) -> str:
    (daemon,) = json.loads(ended.stdout)["daemons"]
    (found,) = [verdict["status"] for verdict in daemon["requirements"] if verdict["id"] == requirement]
    assert isinstance(found, str)
    return found


def pages_asked_of(kea: SimulatedKea) -> list[dict[str, Any]]:
    return [request["arguments"] for request in kea.received if request["command"] == "lease4-get-page"]


def test_leases_are_looked_at_if_asked_for(run: CommandLine, kea: SimulatedKea) -> None:
    ended = run("check", "--url", kea.url, "--audit-leases", "--output", "json")
    assert (status_of(ended, "no-orphaned-leases"), ended.stderr) == ("unmet", "")
    assert pages_asked_of(kea) == [{"from": "start", "limit": 1000}, {"from": "192.0.2.9", "limit": 1000}]


def test_leases_are_looked_at_in_pages_as_configured(run: CommandLine, kea: SimulatedKea, tmp_path: Path) -> None:
    path = audited(tmp_path, kea.url)
    ended = run("check", "--config.file", path, "--audit-leases", "--output", "json")
    assert status_of(ended, "no-orphaned-leases") == "unmet"
    assert [page["limit"] for page in pages_asked_of(kea)] == [10, 10]


def test_a_check_alone_looks_at_no_leases_whatever_is_configured(
    run: CommandLine, kea: SimulatedKea, tmp_path: Path
) -> None:
    run("check", "--config.file", audited(tmp_path, kea.url), "--output", "json")
    assert pages_asked_of(kea) == []


def test_the_report_tells_which_leases_are_not_where_they_belong(run: CommandLine, kea: SimulatedKea) -> None:
    said = " ".join(run("check", "--url", kea.url, "--audit-leases").stdout.split())
    assert "unmet no-orphaned-leases" in said
    assert "1 leases with the subnet id 7 lie in 192.0.2.0/24, which has the id 1" in said


def test_leases_that_cannot_be_looked_at_are_unknown(run: CommandLine, kea: SimulatedKea) -> None:
    kea.answers = {"config-get": CONFIGURATION}
    ended = run("check", "--url", kea.url, "--audit-leases", "--output", "json")
    assert status_of(ended, "no-orphaned-leases") == "unknown"


def test_d2_has_no_leases_to_look_at(run: CommandLine, refusing_url: str) -> None:
    ended = run("check", "--url", refusing_url, "--daemon", "d2", "--audit-leases", "--output", "json")
    assert status_of(ended, "no-orphaned-leases") == "not_applicable"


# Serving: what keeps it from starting.


def serve(config_file: str, *options: str) -> Ended:
    return run_process("serve", "--config.file", config_file, *options)


def test_a_missing_configuration_file_keeps_it_from_starting(tmp_path: Path) -> None:
    path = str(tmp_path / "nowhere.yml")
    assert_is_usage_error(serve(path), f"{path}: {NO_FILE}")


def test_an_address_in_use_is_named_with_what_to_do(good: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        address = f"127.0.0.1:{sock.getsockname()[1]}"
        ended = serve(good, "--web.listen-address", address)
    assert_is_usage_error(
        ended, f"cannot listen on {address}: Address already in use; choose with --web.listen-address"
    )


@pytest.mark.parametrize("address", ["nope", "127.0.0.1:99999", "127.0.0..1:9547"])
def test_a_malformed_address_is_named(good: str, address: str) -> None:
    assert_is_usage_error(serve(good, "--web.listen-address", address), address)


@pytest.mark.parametrize("path", ["metrics", "/", "/-/ready", "/{server:name}"])
def test_a_telemetry_path_that_cannot_be_served_is_refused(good: str, path: str) -> None:
    ended = serve(good, "--web.listen-address", "127.0.0.1:0", "--web.telemetry-path", path)
    assert_is_usage_error(ended, "'--web.telemetry-path': write a path such as /metrics")


OUT_OF_RANGE = [
    "--web.max-requests 0",
    "--web.max-requests many",
    "--timeout-offset -1",
    "--log.level loud",
    "--log.format xml",
]


@pytest.mark.parametrize("options", OUT_OF_RANGE)
def test_a_value_out_of_range_is_refused(run: CommandLine, options: str) -> None:
    option, value = options.split()
    assert_is_usage_error(run("serve", "--config.file", "/nowhere", option, value), option, value)


# Serving.


@pytest.fixture
def serving(good: str) -> Iterator[Exporter]:
    with exporter(Path(good)) as running:
        yield running


def test_a_daemon_that_refuses_is_down(serving: Exporter) -> None:
    samples = serving.samples()
    assert values(samples, "kea_up", "server") == {"kea1": 0}
    assert values(samples, "kea_reachable", "server") == {"kea1": 0}
    assert values(samples, "kea_probe_failure", "reason") == {"refused": 1}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_success(serving: Exporter, number: signal.Signals) -> None:
    serving.scrape()
    serving.running.signal(number)
    assert serving.running.wait(SOON) == 0
    assert "Traceback" not in serving.log()
    assert "msg=stopped" in serving.log().splitlines()[-1]


def test_leases_are_audited_while_it_serves(kea: SimulatedKea, tmp_path: Path) -> None:
    with exporter(Path(audited(tmp_path, kea.url))) as process:
        process.running.wait_until(lambda: values(process.samples(), "kea_leases_orphaned", "server") == {"kea1": 1})
        assert 'msg="lease audit finished" server=kea1 daemon=dhcp4 leases=1 orphaned=1 outside=0' in process.log()


def test_a_signal_ends_it_while_an_audit_is_in_progress(kea: SimulatedKea, tmp_path: Path) -> None:
    may_end = Event()
    kea.answers = {"config-get": CONFIGURATION, "lease4-get-page": lambda _: may_end.wait(GENEROUS)}
    with exporter(Path(audited(tmp_path, kea.url, timeout="1m"))) as process:
        process.running.wait_until(lambda: bool(pages_asked_of(kea)))
        process.running.signal(signal.SIGTERM)
        status = process.running.wait(SOON)
        may_end.set()
        assert status == 0
        assert "Traceback" not in process.log()


@dataclass(frozen=True)
class Interrupted:
    """The end of a process that was interrupted while a scrape of a silent peer was in progress."""

    status: int
    log: str


def interrupted(folder: Path, number: signal.Signals) -> Interrupted:
    was_asked = Event()

    def listen_only(sock: socket.socket) -> None:
        while sock.recv(65536):
            was_asked.set()

    with (
        peer(listen_only) as port,
        exporter(Path(config(folder, f"http://127.0.0.1:{port}", timeout="1m"))) as process,
        ThreadPoolExecutor() as pool,
    ):
        scrape = pool.submit(process.scrape, 100)
        assert was_asked.wait(GENEROUS)
        process.running.signal(number)
        status = process.running.wait(SOON)
        wait([scrape], GENEROUS)
        return Interrupted(status, process.log())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_while_a_scrape_of_a_silent_peer_is_in_progress(
    tmp_path: Path, number: signal.Signals
) -> None:
    ended = interrupted(tmp_path, number)
    assert ended.status == 0
    assert "Traceback" not in ended.log
    assert "level=error" not in ended.log


def test_it_listens_where_it_is_told_and_says_where(good: str) -> None:
    more = ["--web.listen-address", "127.0.0.2:0", "--web.listen-address", "127.0.0.3:0"]
    with exporter(Path(good), *more) as running:
        addresses = addresses_in(running.log())
        assert [address.partition(":")[0] for address in addresses] == ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
        for address in addresses:
            assert requests.get(f"http://{address}/-/healthy", timeout=GENEROUS).status_code == 200


@needs_ipv6
def test_an_ipv6_address_is_said_as_it_stands_in_a_url(good: str) -> None:
    with exporter(Path(good), "--web.listen-address", "[::1]:0") as running:
        _, address = addresses_in(running.log())
        assert re.fullmatch(r"\[::1\]:\d+", address)


def addresses_in(log: str) -> list[str]:
    return re.findall(r"msg=listening address=(\S+)", log)


@pytest.mark.parametrize("level", ["info", "debug"])
def test_logs_are_logfmt(good: str, level: str) -> None:
    text = r'("([^"\\]|\\.)*"|[^\s"=]*)'
    lines = log_of(good, "--log.level", level)
    for line in lines:
        assert re.fullmatch(rf"time=\S+ level=[a-z]+ msg={text}( [a-z_]+={text})*", line), line
    assert any('level=warning msg="probe failed" server=kea1 daemon=dhcp4 ' in line for line in lines)


def test_logs_are_json_if_asked_for(good: str) -> None:
    entries = [json.loads(line) for line in log_of(good, "--log.format", "json")]
    assert all({"time", "level", "msg"} <= set(entry) for entry in entries)
    assert [entry["reason"] for entry in entries if entry["msg"] == "probe failed"] == ["refused"]


def test_logs_are_silent_below_their_level(good: str) -> None:
    assert log_of(good, "--log.level", "error") == []


def log_of(config_file: str, *options: str) -> list[str]:
    """Return the lines of the log of a process that was scraped twice."""
    with exporter(Path(config_file), *options) as running:
        running.scrape()
        running.scrape()
        running.stop()
        return running.log().splitlines()


# Options of the check report.


def test_a_configuration_is_read_from_standard_input(good: str) -> None:
    command = [*COMMAND, "check", "--config.file", "-", "--output", "json"]
    content = Path(good).read_text()
    ended = subprocess.run(command, input=content, capture_output=True, text=True, check=False, timeout=GENEROUS)
    assert ended.returncode == UNMET
    assert json.loads(ended.stdout)["daemons"][0]["server"] == "kea1"
    ended = subprocess.run(command, input="servers: []", capture_output=True, text=True, check=False, timeout=GENEROUS)
    assert_is_usage_error(ended, "standard input: line 1: servers: the list is empty")


def test_several_urls_are_checked_with_their_daemons(run: CommandLine, refusing_url: str) -> None:
    urls = ("--url", refusing_url, "--url", "unix:///nowhere/socket")
    documents = [
        json.loads(run("check", *urls, *daemons, "--output", "json").stdout)["daemons"]
        for daemons in ((), ("--daemon", "d2"), ("--daemon", "dhcp6", "--daemon", "d2"))
    ]
    assert [[entry["daemon"] for entry in found] for found in documents] == [
        ["dhcp4", "dhcp4"],
        ["d2", "d2"],
        ["dhcp6", "d2"],
    ]
    assert [entry["server"] for entry in documents[0]] == ["ad-hoc-1", "ad-hoc-2"]


def test_the_schema_of_the_report_is_printed(run: CommandLine) -> None:
    ended = run("check", "--schema")
    assert ended.returncode == 0
    assert "exporter_version" in json.loads(ended.stdout)["required"]


def test_requirements_are_selected_by_options(run: CommandLine, refusing_url: str) -> None:
    def ids(*options: str) -> set[str]:
        (daemon,) = json.loads(run("check", "--url", refusing_url, "--output", "json", *options).stdout)["daemons"]
        return {entry["id"] for entry in daemon["requirements"]}

    assert ids("--only", "service-running", "--only", "version-tested") == {"service-running", "version-tested"}
    assert "service-running" not in ids("--exclude", "service-running")
    assert "version-tested" not in ids("--severity", "required")


def test_the_exit_code_follows_fail_on_and_nagios_has_its_own(run: CommandLine, refusing_url: str) -> None:
    def code(*options: str) -> int:
        return run("check", "--url", refusing_url, *options).returncode

    assert code("--exclude", "control-socket-reachable", "--severity", "required") == 2
    assert code("--only", "version-tested") == 0
    assert code("--only", "version-tested", "--fail-on", "recommended") == 2
    assert code("--only", "version-tested", "--fail-on", "unknown") == 2
    assert code("--output", "nagios") == 2
    assert code("--output", "nagios", "--only", "version-tested") == 3


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + GENEROUS
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_changes_are_watched_until_ctrl_c(tmp_path: Path) -> None:
    shown = tmp_path / "output"
    with ExitStack() as stack:
        with peer(say_nothing) as port:
            path = config(tmp_path, f"http://127.0.0.1:{port}", timeout="2s")
            command = [*COMMAND, "check", "--config.file", path, "--watch", "1", "--only", "control-socket-reachable"]
            output = stack.enter_context(shown.open("w+"))
            process = stack.enter_context(subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT))
            stack.callback(process.send_signal, signal.SIGINT)
            wait_until(lambda: "all required met" in shown.read_text())
        wait_until(lambda: "met -> unmet: " in shown.read_text())
    code = process.returncode
    text = shown.read_text()
    assert code == UNMET
    assert "Traceback" not in text
    changed = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC  kea1 dhcp4: control-socket-reachable \(required\): met -> unmet: "
    assert len(re.findall(changed, text)) == 1
