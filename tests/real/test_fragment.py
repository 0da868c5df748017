"""The configuration fragment, put into the configuration of a real daemon and checked by that daemon (-t)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kea_exporter.collector import Collector
from kea_exporter.config import settings_from_tree
from kea_exporter.requirements.fragment import DIRECTORY, fragment_of
from kea_exporter.transport.deadline import Deadline
from lab.servers.configurations import ddns, dhcp, http
from lab.servers.kea import PROGRAMS
from lab.servers.processes import free_port
from tests.support.peers import peer, relaying_to

if TYPE_CHECKING:
    from kea_exporter.requirements import Report
    from lab.servers.kea import KeaDaemon, Lab

    Tree = dict[str, Any]

pytestmark = pytest.mark.lab

ROOTS = {"dhcp4": "Dhcp4", "dhcp6": "Dhcp6", "d2": "DhcpDdns"}
CLEAR = {"type": "basic", "realm": "other", "clients": [{"user": "a", "password": "b"}, {"user": "c", "password": "d"}]}


def judged(url: str, daemon: str, **options: object) -> Report:
    mine = {"hooks": ["subnet_cmds", "host_cmds", "lease_cmds", "class_cmds", "cb_cmds", "host_cache", "ha"]}
    tree = {
        "profiles": {"mine": mine},
        "servers": [{"name": "kea", "profile": "mine", daemon: {"url": url, "timeout": "20s", **options}}],
    }
    [report] = Collector().collect(settings_from_tree(tree, Path.cwd()).daemons, Deadline.after(30))
    return report


def causes(report: Report) -> set[str]:
    return {
        f"{verdict.requirement.id} {problem.cause.id}" for verdict in report.verdicts for problem in verdict.problems
    }


def merged(configuration: Tree, fragment: Tree) -> Tree:
    """Return the configuration with the keys of the fragment, as the note beside the fragment says."""
    libraries = {entry["library"]: entry for entry in configuration.get("hooks-libraries", [])}
    sockets = {entry["socket-type"].removesuffix("s"): entry for entry in configuration["control-sockets"]}
    result = {**configuration, **fragment}
    result["hooks-libraries"] = [
        with_keys(libraries.get(entry["library"], {}), entry) for entry in result.get("hooks-libraries", [])
    ]
    result["control-sockets"] = [
        with_keys(sockets.get(entry["socket-type"].removesuffix("s"), {}), entry) for entry in result["control-sockets"]
    ]
    return result if configuration.get("hooks-libraries") or result["hooks-libraries"] else without_hooks(result)


def with_keys(before: Tree, keys: Tree) -> Tree:
    deeper = {
        key: with_keys(before[key], value)
        for key, value in keys.items()
        if isinstance(value, dict) and isinstance(before.get(key), dict)
    }
    return {**before, **keys, **deeper}


def without_hooks(configuration: Tree) -> Tree:
    return {key: value for key, value in configuration.items() if key != "hooks-libraries"}


def create_files(lab: Lab, fragment: Tree) -> Tree:
    """Create the files that the fragment names, in a folder of the lab's instead of in /etc/kea."""
    pair = lab.authority.issue("kea", ("127.0.0.1",))
    text = json.dumps(fragment).replace(f'"{DIRECTORY}"', json.dumps(lab.inside(lab.folder)))
    files = {"ca.pem": lab.authority.certificate, "cert.pem": pair.certificate, "key.pem": pair.key}
    for name, path in files.items():
        text = text.replace(f'"{DIRECTORY}/{name}"', json.dumps(lab.inside(path)))
    result: Tree = json.loads(text)
    for socket in result.get("control-sockets", []):
        for client in socket.get("authentication", {}).get("clients", []):
            for name in client.values():
                if not (lab.folder / name).exists():
                    lab.secret(name, name)
    return result


def assert_accepted(lab: Lab, daemon: KeaDaemon, fragment: Tree) -> Tree:
    """Assert that the daemon's own program accepts the merged configuration; return it."""
    [(root, keys)] = fragment.items()
    assert root == daemon.root
    whole = merged(daemon.configuration, create_files(lab, keys))
    path = lab.write("merged.json", json.dumps({root: whole}))
    ended = lab.chroot.run(PROGRAMS[root], "-t", lab.inside(path))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return whole


def over_http(configuration: Tree) -> list[Tree]:
    return [socket for socket in configuration["control-sockets"] if socket["socket-type"] != "unix"]


def unix_url(daemon: KeaDaemon) -> str:
    return f"unix://{daemon.unix_socket}"


@pytest.mark.parametrize("name", ROOTS)
def test_everything_missing_is_fixed_by_one_fragment(lab: Lab, name: str) -> None:
    root, port = ROOTS[name], free_port()
    plain = [http(port)]
    tree = ddns(plain, free_port()) if name == "d2" else dhcp(root, plain, hooks=())
    daemon = lab.start(root, tree)
    report = judged(f"http://127.0.0.1:{port}", name)
    assert "control-socket-uses-tls plain_http" in causes(report)
    fragment = json.loads(fragment_of(report))
    whole = assert_accepted(lab, daemon, fragment)
    [first] = over_http(whole)
    assert (first["socket-type"], first["socket-address"], first["socket-port"]) == ("https", "127.0.0.1", port)
    assert first["authentication"]["clients"]
    assert len(whole["control-sockets"]) == 2
    if name != "d2":
        libraries = [entry["library"] for entry in fragment[root]["hooks-libraries"]]
        assert {"libdhcp_subnet_cmds.so", "libdhcp_host_cmds.so", "libdhcp_lease_cmds.so"} <= set(libraries)


def test_a_daemon_with_a_unix_socket_only_gets_a_complete_https_socket(lab: Lab) -> None:
    daemon = lab.start("Dhcp4", dhcp("Dhcp4", []))
    report = judged(unix_url(daemon), "dhcp4")
    assert "control-socket-over-http no_http_socket" in causes(report)
    whole = assert_accepted(lab, daemon, json.loads(fragment_of(report)))
    [added] = over_http(whole)
    assert {"trust-anchor", "cert-file", "key-file", "http-headers", "authentication"} <= added.keys()


IN_FILES = {"type": "basic", "realm": "other", "clients": [{"user-file": "user", "password-file": "password"}]}
AUTHENTICATIONS: dict[str, tuple[Tree, set[str]]] = {
    "another realm": (IN_FILES, {"authentication-realm-matches other_realm"}),
    "no clients": ({"type": "basic", "clients": []}, {"authentication-configured no_clients"}),
    "clear text and another realm": (
        CLEAR,
        {"authentication-realm-matches other_realm", "credentials-in-files clear_text"},
    ),
}


@pytest.mark.parametrize("case", AUTHENTICATIONS)
def test_authentication_is_fixed_and_tls_stays(lab: Lab, case: str) -> None:
    authentication, expected = AUTHENTICATIONS[case]
    port, pair = free_port(), lab.authority.issue("kea", ("127.0.0.1",))
    lab.secret("user", "a")
    password = lab.secret("password", "b")
    directory = lab.inside(lab.folder)
    socket = lab.https(port, pair, authentication={"directory": directory, **authentication})
    daemon = lab.start("Dhcp4", dhcp("Dhcp4", [socket]))
    options: Tree = {"tls_config": {"ca_file": str(lab.authority.certificate)}}
    if authentication["clients"]:
        options["basic_auth"] = {"username": "a", "password_file": str(password)}
    report = judged(f"https://127.0.0.1:{port}", "dhcp4", **options)
    others = {"client-certificate-required not_required", "hsts-header-present no_header"}
    assert expected | others <= causes(report)
    whole = assert_accepted(lab, daemon, json.loads(fragment_of(report)))
    [fixed] = over_http(whole)
    assert {key: fixed[key] for key in ("trust-anchor", "cert-file", "key-file")} == {
        key: socket[key] for key in ("trust-anchor", "cert-file", "key-file")
    }
    assert fixed["cert-required"] is True
    assert fixed["authentication"]["realm"] == "kea-dhcpv4-server"
    assert len(fixed["authentication"]["clients"]) == max(1, len(authentication["clients"]))
    assert not any("password" in client for client in fixed["authentication"]["clients"])


def test_an_interface_is_added(lab: Lab) -> None:
    port = free_port()
    tree = {**dhcp("Dhcp4", [http(port)]), "interfaces-config": {"interfaces": []}}
    daemon = lab.start("Dhcp4", tree)
    report = judged(f"http://127.0.0.1:{port}", "dhcp4")
    assert "service-running no_interfaces" in causes(report)
    assert_accepted(lab, daemon, json.loads(fragment_of(report)))


def test_a_socket_at_another_address_is_moved(lab: Lab) -> None:
    port = free_port()
    daemon = lab.start("Dhcp4", dhcp("Dhcp4", [http(port, "127.0.0.2")]))
    with peer(relaying_to("127.0.0.2", port)) as relay:
        report = judged(f"http://127.0.0.1:{relay}", "dhcp4")
    assert "control-socket-address-matches not_bound" in causes(report)
    whole = assert_accepted(lab, daemon, json.loads(fragment_of(report)))
    [first] = over_http(whole)
    assert (first["socket-address"], first["socket-port"]) == ("127.0.0.1", relay)
