"""Reloading a running exporter: over HTTP, by SIGHUP, and by itself when one of its files has changed."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
import yaml
from structlog.testing import capture_logs

from kea_exporter.auditor import Auditor
from kea_exporter.collector import Collector
from kea_exporter.commands.common import load
from kea_exporter.commands.output import CommandError
from kea_exporter.files import digest
from kea_exporter.service import ReloadError, Service
from kea_exporter.watch import Watcher
from lab.servers.certificates import Authority
from tests.support.exporter import Exporter, exporter, values, written
from tests.support.peers import SimulatedKea
from tests.support.serving import GENEROUS, answer, kea_answers, servers
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kea_exporter.config import Settings
    from tests.support.exporter import Samples
    from tests.support.serving import Tree

CANARY = "canary-9e4c"
SUCCESSFUL = "kea_exporter_config_last_reload_successful"
TIMESTAMP = "kea_exporter_config_last_reload_success_timestamp_seconds"


@pytest.fixture(scope="module")
def kea() -> Iterator[SimulatedKea]:
    with SimulatedKea(kea_answers()) as kea:
        yield kea


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reload")


@pytest.fixture(scope="module")
def started(folder: Path, kea: SimulatedKea) -> Iterator[Exporter]:
    """An exporter for all tests of this module that begin by writing its configuration."""
    with exporter(written(folder, servers("a", "b", url=kea.url)), "--web.enable-lifecycle") as process:
        yield process


def post(process: Exporter, method: str = "POST", **headers: str) -> requests.Response:
    return requests.request(method, f"{process.url}/-/reload", headers=headers, timeout=GENEROUS)


def reloaded(process: Exporter, folder: Path, tree: Tree) -> Samples:
    """Write a configuration, reload it, and scrape."""
    written(folder, tree)
    answer = post(process)
    assert (answer.status_code, answer.text) == (200, "the configuration was reloaded\n")
    return process.samples()


def names(samples: Samples) -> set[str]:
    return set(values(samples, "kea_up", "server"))


# Over HTTP.


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_reload_over_http_takes_over_at_once(started: Exporter, folder: Path, kea: SimulatedKea, method: str) -> None:
    written(folder, servers("a", method, url=kea.url))
    assert post(started, method).status_code == 200
    assert names(started.samples()) == {"a", method}


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "PATCH", "OPTIONS"])
def test_a_reload_takes_post_or_put(started: Exporter, method: str) -> None:
    answer = post(started, method)
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"POST", "PUT"}


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_reload_over_http_is_off_unless_it_was_switched_on(tmp_path: Path, kea: SimulatedKea, method: str) -> None:
    with exporter(written(tmp_path, servers("a", url=kea.url))) as process:
        written(tmp_path, servers("b", url=kea.url))
        answer = post(process, method)
        assert answer.status_code == 403
        assert "--web.enable-lifecycle" in answer.text
        assert names(process.samples()) == {"a"}


def test_series_of_removed_servers_vanish_with_the_next_scrape(
    started: Exporter, folder: Path, kea: SimulatedKea
) -> None:
    reloaded(started, folder, servers("a", "b", url=kea.url))
    assert 'server="b"' in started.scrape().text
    reloaded(started, folder, servers("a", url=kea.url))
    assert 'server="b"' not in started.scrape().text


def test_what_is_judged_and_collected_changes_with_the_reload(
    started: Exporter, folder: Path, kea: SimulatedKea
) -> None:
    house = {"profiles": {"house": {"leave_out": ["service-running"]}}}
    before = reloaded(started, folder, servers("a", url=kea.url))
    now = reloaded(started, folder, {**house, **servers("a", url=kea.url, profile="house", collect={"leases": False})})
    judged = [set(values(samples, "kea_requirement_met", "requirement")) for samples in (before, now)]
    assert "service-running" in judged[0] - judged[1]
    assert "kea_leases" in before.keys() - now.keys()
    again = reloaded(started, folder, servers("a", url=kea.url))
    assert again.keys() == before.keys()


SILENT = "{url: 'http://127.0.0.1:1'}"
BROKEN: dict[str, tuple[str, tuple[str, ...]]] = {
    "no YAML": ("servers: [", ("line 1",)),
    "nothing": ("", ("servers: the key is missing",)),
    "no text": ("\udcff", ("not text in UTF-8",)),
    "mistakes": (
        "serverz: []\ndefaults: {timeout: soon}\nservers: [{name: a, dhcp4: {url: 'ftp://127.0.0.1'}}, {name: b}]",
        ("unknown key", "a number with its unit", "servers[0].dhcp4.url", "the server has no daemon"),
    ),
    "a password in the url": (
        f"servers: [{{name: a, dhcp4: {{url: 'http://u:{CANARY}@127.0.0.1:1'}}}}]\nmore: 1",
        ("remove user and password from the url", "unknown key"),
    ),
    "a password in the place of a mapping": (
        f"servers: [{{name: a, basic_auth: {CANARY}, dhcp4: {SILENT}}}]",
        ("servers[0].basic_auth",),
    ),
    "a password as an alias": (
        f"servers: [{{name: a, basic_auth: {{username: u, password: *{CANARY}}}}}]",
        ("line 1",),
    ),
    "a password under auths": (
        f"auths: {{x: {{basic_auth: {{username: u, password: [{CANARY}]}}}}}}\nservers: [{{name: a, dhcp4: {SILENT}}}]",
        ("auths.x.basic_auth.password",),
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_changes_nothing_and_all_errors_are_listed(
    started: Exporter, folder: Path, kea: SimulatedKea, case: str
) -> None:
    text, said = BROKEN[case]
    before = reloaded(started, folder, servers("a", "b", url=kea.url))
    (folder / "config.yml").write_bytes(text.encode("utf-8", "surrogateescape"))
    answer = post(started)
    assert answer.status_code == 500
    assert answer.text.startswith("reload failed, the previous configuration stays active: ")
    for words in said:
        assert words in answer.text
    now = started.samples()
    assert names(now) == {"a", "b"}
    assert (before[SUCCESSFUL], now[SUCCESSFUL]) == ([({}, 1)], [({}, 0)])
    assert before[TIMESTAMP] == now[TIMESTAMP]
    assert CANARY not in answer.text + started.log() + started.scrape().text


HTTPS = "https://127.0.0.1:1"
# What is wrong with the files of one server, and how its probe then fails.
UNUSABLE: dict[str, tuple[Tree, str, str]] = {
    "a password in the place of its file": (
        {"basic_auth": {"username": "u", "password_file": CANARY}},
        "auth",
        "password_file cannot be read",
    ),
    "a password file that is not text": (
        {"basic_auth": {"username": "u", "password_file": "no-text"}},
        "auth",
        "it is not text in UTF-8",
    ),
    "a folder in the place of a user name": (
        {"basic_auth": {"username_file": ".", "password": "p"}},
        "auth",
        "cannot be read: Is a directory",
    ),
    "no ca_file": ({"url": HTTPS, "tls_config": {"ca_file": "gone.pem"}}, "tls", "gone.pem cannot be read"),
    "a ca_file that is none": (
        {"url": HTTPS, "tls_config": {"ca_file": "no-text"}},
        "tls",
        "must hold PEM certificates",
    ),
    "a named pipe in the place of a ca_file": (
        {"url": HTTPS, "tls_config": {"ca_file": "pipe"}},
        "tls",
        "pipe cannot be read: not a regular file",
    ),
    "no key_file": (
        {"url": HTTPS, "tls_config": {"cert_file": "one.crt", "key_file": "gone.pem"}},
        "tls",
        "gone.pem cannot be read: No such file",
    ),
    "the key of another certificate": (
        {"url": HTTPS, "tls_config": {"cert_file": "one.crt", "key_file": "two.key"}},
        "tls",
        "two.key is not the key of cert_file",
    ),
    "a key that is none": (
        {"url": HTTPS, "tls_config": {"cert_file": "one.crt", "key_file": "no-text"}},
        "tls",
        "must hold a PEM certificate and its own unencrypted key",
    ),
}


@pytest.fixture(scope="module")
def own_files(folder: Path) -> Path:
    """Files of the exporter's own, most of which are not what they should be."""
    authority = Authority(folder)
    for name in ("one", "two"):
        pair = authority.issue(name)
        (folder / f"{name}.crt").write_bytes(pair.certificate.read_bytes())
        (folder / f"{name}.key").write_bytes(pair.key.read_bytes())
    (folder / "no-text").write_bytes(CANARY.encode() + b"\xff")
    os.mkfifo(folder / "pipe")
    return folder


@pytest.mark.parametrize("case", UNUSABLE)
def test_a_file_of_one_server_that_cannot_be_used_costs_that_server_alone(
    started: Exporter, own_files: Path, kea: SimulatedKea, case: str
) -> None:
    options, stage, said = UNUSABLE[case]
    tree = servers("a", url=kea.url)
    tree["servers"].append({"name": "b", "dhcp4": {"url": f"{kea.url}/b", **options}})
    samples = reloaded(started, own_files, tree)
    assert values(samples, "kea_up", "server") == {"a": 1, "b": 0}
    failures = [labels for labels, _ in samples["kea_probe_failure"]]
    assert [(labels["server"], labels["stage"], labels["reason"]) for labels in failures] == [
        ("b", stage, "local_file_unreadable")
    ]
    assert samples[SUCCESSFUL] == [({}, 1)]
    assert said in started.log()
    assert CANARY not in started.log() + started.scrape().text


def test_free_targets_whose_files_cannot_be_used_cost_no_server(
    started: Exporter, own_files: Path, kea: SimulatedKea
) -> None:
    free: Tree = {
        "auths": {"x": {"tls_config": {"ca_file": "no-text"}}},
        "probe": {"allowed_targets": [{"networks": ["127.0.0.0/8"], "ports": [1], "auth": "x"}]},
    }
    samples = reloaded(started, own_files, {**free, **servers("a", url=kea.url)})
    assert samples["kea_up"] == [({"server": "a", "daemon": "dhcp4"}, 1)]
    answer = requests.get(f"{started.url}/probe", {"target": "https://127.0.0.1:1"}, timeout=GENEROUS)
    assert 'reason="local_file_unreadable"' in answer.text


def test_the_metrics_recover_with_the_next_good_reload(started: Exporter, folder: Path, kea: SimulatedKea) -> None:
    before = reloaded(started, folder, servers("a", url=kea.url))
    (folder / "config.yml").write_text("servers: []")
    assert post(started).status_code == 500
    after = reloaded(started, folder, servers("a", url=kea.url))
    assert after[SUCCESSFUL] == [({}, 1)]
    assert before[TIMESTAMP][0][1] < after[TIMESTAMP][0][1] <= time.time()


def test_a_file_that_is_gone_keeps_everything_in_force(started: Exporter, folder: Path, kea: SimulatedKea) -> None:
    reloaded(started, folder, servers("a", url=kea.url))
    (folder / "config.yml").unlink()
    answer = post(started)
    assert answer.status_code == 500
    assert "cannot read the file: No such file or directory" in answer.text
    assert names(started.samples()) == {"a"}


def test_many_reloads_at_once_are_all_answered_and_scrapes_go_on(
    started: Exporter, folder: Path, kea: SimulatedKea
) -> None:
    reloaded(started, folder, servers("a", url=kea.url))
    with ThreadPoolExecutor(24) as pool:
        reloads = [pool.submit(post, started, ("POST", "PUT")[number % 2]) for number in range(48)]
        scrapes = [pool.submit(started.samples) for _ in range(8)]
        assert {reload.result(GENEROUS).status_code for reload in reloads} == {200}
        assert all(names(scrape.result(GENEROUS)) == {"a"} for scrape in scrapes)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://evil.example.com"},
        {"Origin": "null"},
    ],
    ids=lambda headers: " ".join(next(iter(headers.items()))),
)
def test_no_other_site_can_make_a_browser_reload(started: Exporter, headers: dict[str, str]) -> None:
    answer = post(started, **headers)
    assert (answer.status_code, answer.text) == (403, "cross-site request rejected\n")


def test_the_log_names_what_changed_without_secrets(tmp_path: Path, kea: SimulatedKea) -> None:
    (tmp_path / "password").write_text(CANARY)
    with exporter(written(tmp_path, servers("a", "b", url=kea.url)), "--web.enable-lifecycle") as process:
        login = {"username": "monitor", "password": CANARY}
        tree = servers("b", "c", url=kea.url, basic_auth=login)
        tree["servers"][1]["dhcp4"]["basic_auth"] = {"username": "monitor", "password_file": "password"}
        reloaded(process, tmp_path, tree)
        [line] = [line for line in process.log().splitlines() if "configuration reloaded" in line]
        for words in ("added=c", "removed=a", "changed=b", "level=info"):
            assert words in line
        assert CANARY not in process.log()


# By SIGHUP.


def test_hangup_reloads_also_where_http_may_not(tmp_path: Path, kea: SimulatedKea) -> None:
    with exporter(written(tmp_path, servers("a", url=kea.url))) as process:
        written(tmp_path, servers("b", url=kea.url))
        process.running.signal(signal.SIGHUP)
        wait_until(lambda: names(process.samples()) == {"b"})
        (tmp_path / "config.yml").write_text(f"servers: [{{name: a, basic_auth: {CANARY}}}]")
        process.running.signal(signal.SIGHUP)
        wait_until(lambda: process.samples()[SUCCESSFUL] == [({}, 0)])
        assert names(process.samples()) == {"b"}
        assert "configuration reload failed" in process.log()
        assert CANARY not in process.log()
        written(tmp_path, servers("c", url=kea.url))
        for _ in range(50):
            process.running.signal(signal.SIGHUP)
        wait_until(lambda: names(process.samples()) == {"c"})


# Lease audits begin and end with a reload.


def page_of_leases(request: Tree) -> Tree:
    if request["arguments"]["from"] != "start":
        return {"result": 3, "text": "0 lease(s) found.", "arguments": {"leases": [], "count": 0}}
    lease = {"ip-address": "10.0.1.10", "subnet-id": 1, "state": 0, "hw-address": "02:00:00:00:00:01"}
    return {"result": 0, "arguments": {"leases": [lease], "count": 1}}


def test_a_lease_audit_begins_and_ends_with_a_reload(started: Exporter, folder: Path) -> None:
    with SimulatedKea({**kea_answers(), "lease4-get-page": page_of_leases}) as kea:
        assert "kea_lease_audit_timestamp_seconds" not in reloaded(started, folder, servers("a", url=kea.url))
        reloaded(started, folder, servers("a", url=kea.url, lease_audit={}))
        wait_until(lambda: "kea_lease_audit_timestamp_seconds" in started.samples())
        samples = reloaded(started, folder, servers("a", url=kea.url))
        assert "kea_lease_audit_timestamp_seconds" not in samples
        kea.received.clear()
        time.sleep(1.5)
        assert kea.received == []


# By itself, when a file has changed.


class Files:
    """A folder with a configuration and all files that one can name, and a watched service of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.loaded: list[bool] = []
        self.on_load: Callable[[], object] = lambda: None
        authority = Authority(folder)
        pair = authority.issue("exporter")
        self.certificate, self.key = pair.certificate, pair.key
        self.authority = authority.certificate
        for name in ("username", "password", "other-username", "other-password"):
            (folder / name).write_text(name)
        self.config_file = written(folder, self.tree())

    def tree(self, *more: str) -> Tree:
        login = {"username_file": "username", "password_file": "password"}
        tls = {"ca_file": self.authority.name, "cert_file": self.certificate.name, "key_file": self.key.name}
        other = {"username_file": "other-username", "password_file": "other-password"}
        return {
            "auths": {"branches": {"basic_auth": other, "tls_config": {"ca_file": "other-ca"}}},
            "probe": {"allowed_targets": [{"networks": ["10.0.0.0/8"], "ports": [1], "auth": "branches"}]},
            **servers("a", *more, url="https://127.0.0.1:1", basic_auth=login, tls_config=tls),
        }

    def load(self) -> Settings:
        self.loaded.append(False)
        try:
            settings = load(self.config_file)
        except CommandError as error:
            raise ReloadError(error.message) from None
        finally:
            self.on_load()
        self.loaded[-1] = True
        return settings

    def service(self) -> Service:
        return Service(load(self.config_file), self.load, Collector(answer), Auditor(()))


@pytest.fixture
def files(tmp_path: Path) -> Files:
    (tmp_path / "other-ca").write_bytes(Authority(tmp_path).certificate.read_bytes())
    return Files(tmp_path)


def watching(service: Service, config_file: Path, interval: float = 1.0) -> Watcher:
    return Watcher(service, config_file, interval, digest(config_file))


def test_nothing_is_reloaded_while_no_file_changes(files: Files) -> None:
    watcher = watching(files.service(), files.config_file)
    for _ in range(3):
        watcher.check()
    assert files.loaded == []


NAMED = (
    "config.yml",
    "username",
    "password",
    "other-username",
    "other-password",
    "other-ca",
    "authority",
    "certificate",
    "key",
)


def path_of(files: Files, name: str) -> Path:
    found = {"authority": files.authority, "certificate": files.certificate, "key": files.key}
    return found.get(name, files.folder / name)


@pytest.mark.parametrize("name", NAMED)
def test_a_change_of_any_file_reloads_once(files: Files, name: str) -> None:
    watcher = watching(files.service(), files.config_file)
    path = path_of(files, name)
    path.write_bytes(path.read_bytes() + b"\n")
    watcher.check()
    watcher.check()
    assert files.loaded == [True]


def test_content_counts_and_not_times(files: Files) -> None:
    watcher = watching(files.service(), files.config_file)
    password, before = files.folder / "password", (files.folder / "password").stat()
    os.utime(password, (1, 1))
    files.config_file.write_bytes(files.config_file.read_bytes())
    watcher.check()
    assert files.loaded == []
    password.write_text("passw0rd")
    os.utime(password, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert password.stat().st_size == before.st_size
    watcher.check()
    assert files.loaded == [True]


def test_a_renewed_certificate_and_its_key_reload_once(files: Files) -> None:
    watcher = watching(files.service(), files.config_file)
    renewed = Authority(files.folder).issue("renewed")
    files.certificate.write_bytes(renewed.certificate.read_bytes())
    files.key.write_bytes(renewed.key.read_bytes())
    watcher.check()
    watcher.check()
    assert files.loaded == [True]


def test_a_broken_file_is_told_once_and_again_when_it_has_changed(files: Files) -> None:
    service = files.service()
    watcher = watching(service, files.config_file)
    good = files.config_file.read_text()
    for text in ("servers: []", "servers: [", good):
        files.config_file.write_text(text)
        with capture_logs() as logged:
            for _ in range(3):
                watcher.check()
        assert len(logged) == 1
    assert [outcome for outcome, _ in groupby(files.loaded)] == [False, True]
    assert service.load_state.succeeded


def test_a_file_that_follows_its_configuration_is_noticed(files: Files) -> None:
    """As on Kubernetes, where a ConfigMap may be there before the Secret."""
    watcher = watching(files.service(), files.config_file)
    later = files.folder / "later"
    files.config_file.write_text(
        files.config_file.read_text().replace("password_file: password", f"password_file: {later}")
    )
    with capture_logs() as logged:
        for _ in range(3):
            watcher.check()
    assert [entry["event"] for entry in logged] == ["file unusable", "configuration reloaded"]
    later.write_text("passw0rd")
    with capture_logs() as logged:
        watcher.check()
        watcher.check()
    assert [entry["event"] for entry in logged] == ["configuration reloaded"]
    assert files.loaded == [True, True]


@pytest.mark.parametrize("name", NAMED)
def test_a_file_that_is_gone_is_told_once_and_its_return_reloads(files: Files, name: str) -> None:
    watcher = watching(files.service(), files.config_file)
    path = path_of(files, name)
    aside = path.rename(path.with_name("aside"))
    for _ in range(3):
        watcher.check()
    aside.rename(path)
    for _ in range(3):
        watcher.check()
    if name == "config.yml":  # without which nothing can be loaded, and each look tries again
        assert [outcome for outcome, _ in groupby(files.loaded)] == [False, True]
    else:
        assert files.loaded == [True, True]


def test_a_folder_in_the_place_of_a_file_is_told_once(files: Files) -> None:
    watcher = watching(files.service(), files.config_file)
    (files.folder / "password").unlink()
    (files.folder / "password").mkdir()
    with capture_logs() as logged:
        for _ in range(3):
            watcher.check()
    assert [entry["event"] for entry in logged] == ["file unusable", "configuration reloaded"]


def test_a_change_during_the_reload_is_not_missed(files: Files) -> None:
    """As a file that is written in two steps, of which the first was read."""
    service = files.service()
    watcher = watching(service, files.config_file)
    whole = yaml.safe_dump(files.tree("b"), sort_keys=False)
    files.config_file.write_text(whole[: len(whole) // 2])
    files.on_load = lambda: files.config_file.write_text(whole)
    watcher.check()
    files.on_load = lambda: None
    watcher.check()
    watcher.check()
    assert files.loaded == [False, True]
    assert service.settings.servers == ("a", "b")


def test_a_change_between_loading_and_the_first_look_is_not_missed(files: Files) -> None:
    loaded, service = digest(files.config_file), files.service()
    written(files.folder, files.tree("b"))
    watcher = Watcher(service, files.config_file, 1, loaded)
    watcher.check()
    watcher.check()
    assert files.loaded == [True]
    assert service.settings.servers == ("a", "b")


def test_the_files_of_the_settings_in_force_are_those_watched(files: Files) -> None:
    watcher = watching(files.service(), files.config_file)
    tree = files.tree()
    tree["servers"][0]["dhcp4"]["basic_auth"] = {"username": "monitor", "password_file": "new"}
    (files.folder / "new").write_text("before")
    written(files.folder, tree)
    watcher.check()
    (files.folder / "password").write_text("no longer named")
    watcher.check()
    assert files.loaded == [True]
    (files.folder / "new").write_text("now")
    watcher.check()
    watcher.check()
    assert files.loaded == [True, True]


def test_a_folder_swapped_by_a_symbolic_link_is_noticed(tmp_path: Path) -> None:
    """As Kubernetes mounts a ConfigMap or a Secret: config.yml -> ..data/config.yml, ..data -> ..<time>."""
    mount = tmp_path / "mount"
    mount.mkdir()

    def publish(version: str, *names: str, password: str) -> None:
        revision = mount / f"..{version}"
        revision.mkdir()
        written(revision, servers(*names, basic_auth={"username": "u", "password_file": str(mount / "password")}))
        (revision / "password").write_text(password)
        for path in (revision / "config.yml", revision / "password"):
            os.utime(path, (1, 1))
        fresh = mount / "..data_tmp"
        fresh.symlink_to(revision.name)
        fresh.rename(mount / "..data")

    publish("one", "a", password="first")
    for name in ("config.yml", "password"):
        (mount / name).symlink_to(Path("..data") / name)
    loaded: list[Settings] = []

    def load_again() -> Settings:
        loaded.append(load(mount / "config.yml"))
        return loaded[-1]

    service = Service(load(mount / "config.yml"), load_again, Collector(answer), Auditor(()))
    watcher = watching(service, mount / "config.yml")
    publish("two", "a", "b", password="first")
    watcher.check()
    assert service.settings.servers == ("a", "b")
    publish("three", "a", "b", password="second")
    watcher.check()
    assert len(loaded) == 2
    publish("four", "a", "b", password="second")
    watcher.check()
    assert len(loaded) == 2


def test_the_watcher_looks_again_and_again_until_it_is_stopped(files: Files) -> None:
    service = files.service()
    watcher = watching(service, files.config_file, 0.02)
    others = set(threading.enumerate())
    watcher.start()
    [thread] = set(threading.enumerate()) - others
    for number in range(3):
        written(files.folder, files.tree(f"server-{number}"))
        wait_until(lambda number=number: service.settings.servers == ("a", f"server-{number}"))  # type: ignore[misc]
    watcher.stop()
    thread.join(GENEROUS)
    assert not thread.is_alive()


def test_the_watcher_goes_on_after_an_unexpected_exception(files: Files) -> None:
    service = files.service()
    watcher = watching(service, files.config_file, 0.02)
    files.on_load = lambda: int("x")
    written(files.folder, files.tree("b"))
    with capture_logs() as logged:
        watcher.start()
        wait_until(lambda: len(files.loaded) > 2)
        assert not service.load_state.succeeded
        files.on_load = lambda: None
        wait_until(lambda: service.settings.servers == ("a", "b"))
        watcher.stop()
    events = [entry["event"] for entry in logged]
    assert events.count("reload failed with an internal error") == 1
    assert service.load_state.succeeded


def test_a_running_exporter_notices_by_itself_if_it_was_told_to(tmp_path: Path, kea: SimulatedKea) -> None:
    options = ("--config.enable-auto-reload", "--config.auto-reload-interval", "1")
    with exporter(written(tmp_path, servers("a", url=kea.url)), *options) as process:
        written(tmp_path, servers("b", url=kea.url))
        wait_until(lambda: names(process.samples()) == {"b"})
        written(tmp_path, {"servers": []})
        wait_until(lambda: process.samples()[SUCCESSFUL] == [({}, 0)])
        time.sleep(2.5)
        assert process.log().count("configuration reload failed") == 1


def test_a_running_exporter_does_not_watch_unless_it_was_told_to(tmp_path: Path, kea: SimulatedKea) -> None:
    with exporter(written(tmp_path, servers("a", url=kea.url)), "--config.auto-reload-interval", "1") as process:
        written(tmp_path, servers("b", url=kea.url))
        time.sleep(1.5)
        assert names(process.samples()) == {"a"}
