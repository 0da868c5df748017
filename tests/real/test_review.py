"""The review of configurations that real Kea runs, and Kea's verdict on configuration files."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
from contextlib import closing, nullcontext
from http import HTTPStatus
from http.client import HTTPConnection, HTTPSConnection
from typing import TYPE_CHECKING

import pytest

from kea_exporter.facts.failure import known
from kea_exporter.facts.review import UPGRADE_CHANGES
from kea_exporter.kea.configuration import read_configuration
from kea_exporter.kea.prepared import prepared
from kea_exporter.kea.protocol import decode
from kea_exporter.kea.review import review
from lab.servers.kea import FOLDERS, PROGRAMS, succeeded
from lab.servers.processes import accepts, free_port
from tests.support.configurations import SOUND, Tree, dhcp4, pair
from tests.support.kea_syntax import ACCEPTED, REFUSED
from tests.support.review_cases import CASES, SAMPLES, Case, many_subnets

if TYPE_CHECKING:
    from kea_exporter.facts.review import Review
    from lab.servers.kea import KeaDaemon, Lab

pytestmark = pytest.mark.lab

# The lab's own socket has to stay, so that the daemon can be queried.
OF_SOCKETS = "control-sockets-are-protected"


def running(daemon: KeaDaemon) -> Review:
    """Return the review of the configuration that a daemon runs, as a probe reads it."""
    return read_configuration(decode(json.dumps(daemon.command("config-get")).encode())).review


def with_sockets(daemon: KeaDaemon, tree: Tree) -> Tree:
    own = daemon.configuration["control-sockets"]
    return {**tree, "control-sockets": [*own, *tree.get("control-sockets", [])]}


def causes(found: Review, requirement: str) -> list[str]:
    return [observed.cause for observed in known(found[requirement])]


def cases_of(root: str, *, starts: bool) -> list[Case]:
    return [case for case in CASES if case.root == root and case.starts is starts]


@pytest.mark.parametrize("root", SOUND)
def test_the_review_of_a_running_daemon_finds_what_that_of_the_file_does(lab: Lab, root: str) -> None:
    daemon = lab.start(root, {**SOUND[root], "control-sockets": []})
    differences = {}
    for case in cases_of(root, starts=True):
        tree = with_sockets(daemon, case.tree)
        succeeded(f"config-set ({case})", daemon.command("config-set", **{root: tree}))
        of_daemon, of_file = dict(running(daemon)), dict(review(prepared(root, tree)))
        expected = [case.cause] if case.cause else []
        # What changes is judged for the defaults of the running version, which a file does not show.
        del of_daemon[UPGRADE_CHANGES], of_file[UPGRADE_CHANGES]
        if of_daemon != of_file or causes(of_daemon, case.requirement) != expected:
            changed = {name for name in of_file if of_file[name] != of_daemon.get(name)}
            differences[str(case)] = (
                [(of_file[name], of_daemon.get(name)) for name in changed],
                causes(of_daemon, case.requirement),
            )
    assert differences == {}


def test_kea_itself_refuses_what_is_only_found_in_files(lab: Lab) -> None:
    daemon = lab.start("Dhcp4", {**SOUND["Dhcp4"], "control-sockets": []})
    accepted = [
        str(case)
        for case in cases_of("Dhcp4", starts=False)
        if daemon.command("config-test", Dhcp4=with_sockets(daemon, case.tree))["result"] == 0
    ]
    # The first ones need an address of their own, the last one a database.
    assert accepted == [
        "partner-listener-is-protected: met",
        "partner-listener-is-protected: open_listener",
        "partner-listener-is-protected: credentials_ignored",
        "partner-listener-is-protected: met",
        "partner-listener-is-protected: open_listener",
        "subnet-changes-are-kept: configuration_database",
    ]


MANY_SAMPLES, SAMPLED_SUBNETS = "statistic-samples-are-few", 20


def fill_samples(daemon: KeaDaemon) -> int:
    """Let a lease of each subnet come and go, and return how many characters all statistics have."""
    for number in range(1, SAMPLED_SUBNETS + 1):
        for _ in range(11):
            lease = {"ip-address": f"10.0.{number}.10", "hw-address": "02:00:00:00:00:01", "subnet-id": number}
            succeeded("lease4-add", daemon.command("lease4-add", **lease))
            succeeded("lease4-del", daemon.command("lease4-del", **{"ip-address": lease["ip-address"]}))
    return len(json.dumps(daemon.command("statistic-get-all")))


def test_the_remedy_for_many_samples_makes_the_answer_smaller(lab: Lab) -> None:
    """One reload is enough, though Kea has its statistics already; nothing that is read gets lost."""
    kept = {"hooks-libraries": [{"library": f"libdhcp_{hook}.so"} for hook in ("lease_cmds", "stat_cmds")]}
    subnets = many_subnets(SAMPLED_SUBNETS)
    daemon = lab.start("Dhcp4", {**dhcp4(*subnets, **SAMPLES), **kept, "control-sockets": []})
    assert causes(running(daemon), MANY_SAMPLES) == ["many_samples"]
    before = fill_samples(daemon)
    daemon.write({**daemon.configuration, "statistic-default-sample-count": 1})
    daemon.reload()
    assert causes(running(daemon), MANY_SAMPLES) == []
    assert fill_samples(daemon) < before / 2
    said = daemon.command("statistic-get-all")["arguments"]
    assert {len(samples) for samples in said.values()} == {1}


CREDENTIALS = {"basic-auth-user": "ha", "basic-auth-password": "no secret"}


@pytest.mark.parametrize(
    ("more", "is_open"),
    [({}, True), ({"require-client-certs": False}, True), ({"require-client-certs": True}, False)],
    ids=["credentials", "TLS", "TLS with client certificates"],
)
def test_the_listener_for_partners_is_as_open_as_the_review_says(lab: Lab, more: Tree, *, is_open: bool) -> None:
    port, issued = free_port(), lab.authority.issue("kea", ["127.0.0.1"])
    files = {"trust-anchor": lab.authority.certificate, "cert-file": issued.certificate, "key-file": issued.key}
    tls = {key: lab.inside(path) for key, path in files.items()} if more else {}
    tree = pair({**tls, **more}, url=f"http{'s' if more else ''}://127.0.0.1:{port}/")
    for peer in tree["hooks-libraries"][-1]["parameters"]["high-availability"][0]["peers"]:
        peer.update({"url": peer["url"].replace("http:", "https:")} if more else CREDENTIALS)
    daemon = lab.start("Dhcp4", {**tree, "control-sockets": []})
    daemon.running.wait_until(lambda: accepts("127.0.0.1", port))
    context = ssl.create_default_context(cafile=lab.authority.certificate)
    connection = HTTPSConnection("127.0.0.1", port, context=context) if more else HTTPConnection("127.0.0.1", port)
    with closing(connection), nullcontext() if is_open else pytest.raises(ssl.SSLError):
        connection.request("POST", "/", json.dumps({"command": "dhcp-disable"}), {"Content-Type": "application/json"})
        assert connection.getresponse().status == HTTPStatus.OK
    assert daemon.command("status-get")["arguments"]["dhcp-state"]["disabled-by-user"] is is_open


@pytest.mark.parametrize("content", [*ACCEPTED, *REFUSED], ids=repr)
def test_kea_accepts_and_refuses_the_same_files(lab: Lab, content: bytes) -> None:
    path = lab.folder / "kea.json"
    path.write_bytes(content)
    folders = dict.fromkeys(FOLDERS, lab.inside(lab.folder))
    command = lab.chroot.command(PROGRAMS["Dhcp4"], "-t", lab.inside(path))
    tested = subprocess.run(command, env={**os.environ, **folders}, capture_output=True, timeout=60, check=False)
    assert (tested.returncode == 0) is (content in ACCEPTED), tested.stderr
