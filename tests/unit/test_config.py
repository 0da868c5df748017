from __future__ import annotations

import os
import traceback
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from ipaddress import ip_network
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from kea_exporter.config import (
    AuditSettings,
    Collectors,
    ConfigError,
    ConfigFile,
    Credentials,
    Settings,
    TlsSettings,
    load,
    settings_from_tree,
)
from kea_exporter.config.selection import Selection
from kea_exporter.facts.snapshot import Daemon, TransportKind
from tests.support.configuration_file import SERVER, assert_each_begins, error_of, mistakes_in, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kea_exporter.config import DaemonSettings

CANARY = "canary-Tr0ub4dor"
DAEMON = "servers[0].dhcp4"
NOBODY = 65534


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "sub").mkdir()
    return tmp_path


def only_daemon(folder: Path, *lines: str, url: str = "https://127.0.0.1:8000") -> DaemonSettings:
    text = SERVER.replace("http://127.0.0.1:8000", url) + "".join(f"    {line}\n" for line in lines)
    (daemon,) = read(folder, text).daemons
    return daemon


# What a valid file means.


INHERITANCE = """\
defaults:
  timeout: 7s
  body_size_limit: 1MiB
  basic_auth: {username: of-defaults, password: x}
  tls_config: {insecure_skip_verify: true, min_version: TLS13}
servers:
- name: a
  timeout: 8s
  basic_auth: {username: of-server, password: x}
  dhcp4:
    url: https://a:8001
    timeout: 9s
    body_size_limit: 2MiB
    basic_auth: {username: of-daemon, password: x}
    tls_config: {server_name: kea}
  dhcp6: {url: https://a:8002}
- name: b
  d2: {url: https://b:8003}
"""


def test_the_nearest_of_daemon_server_and_defaults_wins(folder: Path) -> None:
    nearest, middle, farthest = read(folder, INHERITANCE).daemons
    assert [daemon.timeout_seconds for daemon in (nearest, middle, farthest)] == [9, 8, 7]
    assert [daemon.body_size_limit for daemon in (nearest, middle, farthest)] == [2 * 1024**2, 1024**2, 1024**2]
    assert [username_of(daemon) for daemon in (nearest, middle, farthest)] == ["of-daemon", "of-server", "of-defaults"]


def username_of(daemon: DaemonSettings) -> str | Path | None:
    return daemon.credentials.username if daemon.credentials else None


def test_a_section_is_inherited_as_a_whole_or_not_at_all(folder: Path) -> None:
    nearest, middle, _ = read(folder, INHERITANCE).daemons
    assert nearest.tls == TlsSettings()
    assert nearest.target.verified_name == "kea"
    assert middle.tls == TlsSettings(insecure_skip_verify=True, min_version="TLS13")


def test_what_is_set_nowhere_has_its_default(folder: Path) -> None:
    daemon = only_daemon(folder)
    assert daemon.timeout_seconds == 5
    assert daemon.body_size_limit == 32 * 1024**2
    assert daemon.credentials is None
    assert daemon.tls == TlsSettings()
    assert daemon.profile.name == "ipam"


def test_null_switches_an_inherited_section_off(folder: Path) -> None:
    text = INHERITANCE.replace(
        "  dhcp6: {url: https://a:8002}", "  dhcp6: {url: https://a:8002, basic_auth: , tls_config: null}"
    )
    _, without, inherited = read(folder, text).daemons
    assert without.credentials is None
    assert not without.target.sends_credentials
    assert without.tls == TlsSettings()
    assert inherited.target.sends_credentials


def test_a_certificate_must_cover_the_host_or_the_given_name(folder: Path) -> None:
    plain, named = only_daemon(folder), only_daemon(folder, "tls_config: {server_name: kea1.example.com}")
    assert (plain.target.host, plain.target.verified_name) == ("127.0.0.1", "127.0.0.1")
    assert (named.target.host, named.target.verified_name) == ("127.0.0.1", "kea1.example.com")


@pytest.mark.parametrize("strict", [True, False])
def test_the_strict_profile_of_certificates_is_opt_in(folder: Path, *, strict: bool) -> None:
    daemon = only_daemon(folder, f"tls_config: {{x509_strict: {str(strict).lower()}}}")
    assert daemon.tls == TlsSettings(x509_strict=strict)


AUDITED = """\
defaults:
  lease_audit: {interval: 2h, page_size: 500, max_leases: 7}
servers:
- name: a
  dhcp4: {url: http://a:8001, lease_audit: {interval: 30m}}
  dhcp6: {url: http://a:8002}
  d2: {url: http://a:8003, lease_audit: {}}
- name: b
  lease_audit: null
  dhcp4: {url: http://b:8001}
  dhcp6: {url: http://b:8002, lease_audit: {page_size: 10}}
"""


def audits_in(folder: Path, text: str) -> list[AuditSettings | None]:
    return [daemon.lease_audit for daemon in read(folder, text).daemons]


def test_leases_are_not_audited_unless_asked_for(folder: Path) -> None:
    assert audits_in(folder, SERVER) == [None]


def test_the_nearest_lease_audit_wins_as_a_whole(folder: Path) -> None:
    own, inherited, _, _, again = audits_in(folder, AUDITED)
    assert own == AuditSettings(interval=1800, page_size=1000, max_leases=1_000_000)
    assert inherited == AuditSettings(interval=7200, page_size=500, max_leases=7)
    assert again == AuditSettings(interval=3600, page_size=10, max_leases=1_000_000)


def test_null_switches_an_inherited_lease_audit_off(folder: Path) -> None:
    assert audits_in(folder, AUDITED)[3] is None


def test_d2_has_no_leases_to_audit(folder: Path) -> None:
    assert audits_in(folder, AUDITED)[2] is None


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("{}", AuditSettings(3600, 1000, 1_000_000)),
        ("{interval: 1m, page_size: 10, max_leases: 1}", AuditSettings(60, 10, 1)),
        ("{interval: 366d, page_size: 10000}", AuditSettings(366 * 86400, 10_000, 1_000_000)),
        ("{interval: 1d12h}", AuditSettings(36 * 3600, 1000, 1_000_000)),
    ],
)
def test_a_lease_audit_may_reach_its_limits(folder: Path, options: str, expected: AuditSettings) -> None:
    assert only_daemon(folder, f"lease_audit: {options}").lease_audit == expected


COLLECTING = """\
defaults:
  collect: {statistics: none, pools: true, series_limit: 7}
servers:
- name: a
  collect: {leases: false, subnets: false, high_availability: false}
  dhcp4: {url: http://a:8001, collect: {statistics: all}}
  dhcp6: {url: http://a:8002}
- name: b
  dhcp4: {url: http://b:8001}
  d2: {url: http://b:8003, collect: {}}
"""


def collectors_of(folder: Path, options: str) -> Collectors:
    return only_daemon(folder, f"collect: {{{options}}}").collectors


def test_the_nearest_section_on_what_to_collect_wins_as_a_whole(folder: Path) -> None:
    assert [daemon.collectors for daemon in read(folder, COLLECTING).daemons] == [
        Collectors(statistics="all"),
        Collectors(leases=False, subnets=False, high_availability=False),
        Collectors(statistics="none", pools=True, series_limit=7),
        Collectors(),
    ]


def test_all_but_pools_is_collected_unless_something_else_is_wanted(folder: Path) -> None:
    usual = Collectors(
        statistics="auto",
        leases=True,
        subnets=True,
        pools=False,
        high_availability=True,
        selection=Selection(),
        series_limit=100_000,
    )
    assert only_daemon(folder).collectors == collectors_of(folder, "") == usual
    assert usual.selection.takes_all


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("include: ", Selection()),
        ("exclude: ", Selection()),
        ("include: {}", Selection(included=())),
        ("exclude: {}", Selection()),
        (
            "include: {prefixes: [10.0.0.0/8, '2001:db8::/32'], shared_networks: [office]}",
            Selection(
                included=(ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")),
                included_networks=frozenset({"office"}),
            ),
        ),
        (
            "exclude: {prefixes: [192.0.2.7], shared_networks: [lab, 'Büro 1']}",
            Selection(excluded=(ip_network("192.0.2.7/32"),), excluded_networks=frozenset({"lab", "Büro 1"})),
        ),
        (
            "include: {shared_networks: [office]}, exclude: {prefixes: [0.0.0.0/0]}",
            Selection(included=(), included_networks=frozenset({"office"}), excluded=(ip_network("0.0.0.0/0"),)),
        ),
    ],
)
def test_subnets_are_included_and_excluded_by_prefix_and_shared_network(
    folder: Path, options: str, expected: Selection
) -> None:
    assert collectors_of(folder, options) == Collectors(selection=expected)


@pytest.mark.parametrize("limit", [1, 10_000_000])
def test_the_limit_of_series_may_reach_its_limits(folder: Path, limit: int) -> None:
    assert collectors_of(folder, f"series_limit: {limit}").series_limit == limit


def test_the_path_of_a_unix_socket_may_be_as_long_as_the_kernel_takes(folder: Path) -> None:
    path = "/" + "a" * 106
    assert only_daemon(folder, url=f"unix://{path}").path == path


@pytest.mark.parametrize("path", ["/" + "a" * 107, "/" + "\N{LATIN SMALL LETTER A WITH DIAERESIS}" * 54])
def test_a_longer_one_is_a_mistake(folder: Path, path: str) -> None:
    expected = f"line 4: {DAEMON}.url: the path of a unix socket has at most 107 bytes; use a shorter one"
    assert mistakes_in(folder, SERVER.replace("http://127.0.0.1:8000", f"unix://{path}")) == [expected]


def test_servers_and_daemons_keep_their_order(folder: Path) -> None:
    found = read(folder, INHERITANCE)
    assert found.servers == ("a", "b")
    assert [(daemon.target.server, daemon.target.daemon) for daemon in found.daemons] == [
        ("a", Daemon.DHCP4),
        ("a", Daemon.DHCP6),
        ("b", Daemon.D2),
    ]


def test_relative_paths_start_at_the_folder_of_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    daemon = only_daemon(folder, "basic_auth: {username_file: sub/../secret, password_file: secret}")
    assert daemon.credentials == Credentials(folder / "sub/../secret", folder / "secret")


def test_absolute_paths_are_taken_as_they_are(folder: Path) -> None:
    pem = folder / "secret"
    daemon = only_daemon(folder, f"tls_config: {{ca_file: {pem}, cert_file: {pem}, key_file: {pem}}}")
    assert daemon.tls == TlsSettings(ca_file=pem, cert_file=pem, key_file=pem)


def test_an_inline_password_is_kept_as_a_secret(folder: Path) -> None:
    daemon = only_daemon(folder, f"basic_auth: {{username: monitor, password: {CANARY}}}")
    assert daemon.credentials == Credentials("monitor", SecretStr(CANARY))
    assert daemon.target.sends_credentials


def test_a_unix_daemon_gets_neither_credentials_nor_tls(folder: Path) -> None:
    text = INHERITANCE.replace("d2: {url: https://b:8003}", "d2: {url: 'unix:///run/kea/ddns'}")
    daemon = read(folder, text).daemons[-1]
    assert daemon.credentials is None
    assert not daemon.target.sends_credentials
    assert daemon.tls == TlsSettings()
    assert (daemon.target.kind, daemon.port, daemon.path) == (TransportKind.UNIX, None, "/run/kea/ddns")
    assert (daemon.target.host, daemon.target.verified_name) == ("", "")


def test_an_http_daemon_gets_credentials_but_no_tls(folder: Path) -> None:
    daemon = read(folder, INHERITANCE.replace("https://b:", "http://b:")).daemons[-1]
    assert daemon.target.sends_credentials
    assert daemon.tls == TlsSettings()


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("http://kea1:80", "kea1", 80, "/"),
        ("https://kea1:443", "kea1", 443, "/"),
        ("http://10.0.0.1:8001", "10.0.0.1", 8001, "/"),
        ("http://10.0.01.example.com:8001", "10.0.01.example.com", 8001, "/"),
        ("https://10.0.0.1:8001/", "10.0.0.1", 8001, "/"),
        ("http://kea1.example.com:65535/control/", "kea1.example.com", 65535, "/control/"),
        ("http://[2001:db8::1]:80", "2001:db8::1", 80, "/"),
        ("https://[2001:db8::1]:8004", "2001:db8::1", 8004, "/"),
        ("http://[fe80::1%eth0]:8000", "fe80::1%eth0", 8000, "/"),
        ("unix:///run/kea/kea4-ctrl-socket", "", None, "/run/kea/kea4-ctrl-socket"),
    ],
)
def test_a_url_says_where_to_connect(folder: Path, url: str, host: str, port: int | None, path: str) -> None:
    daemon = only_daemon(folder, url=f'"{url}"')
    assert (daemon.target.host, daemon.port, daemon.path) == (host, port, path)
    assert daemon.target.url == url


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("5s", 5), ("1s500ms", 1.5), ("1m", 60), ("1m30s", 90), ("10m", 600), ("0h0m1s", 1)],
)
def test_a_duration_is_a_number_with_its_unit(folder: Path, text: str, seconds: float) -> None:
    assert only_daemon(folder, f"timeout: {text}").timeout_seconds == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "size"),
    [("1B", 1), ("1KB", 1024), ("1KiB", 1024), ("64MiB", 64 * 1024**2), ("3MB", 3 * 1024**2), ("2GB", 2 * 1024**3)],
)
def test_a_size_counts_in_steps_of_1024(folder: Path, text: str, size: int) -> None:
    assert only_daemon(folder, f"body_size_limit: {text}").body_size_limit == size


def test_daemons_behind_a_control_agent_share_its_url(folder: Path) -> None:
    assert {daemon.target.url for daemon in read(folder, AGENT).daemons} == {"https://kea:8000"}


def test_other_ports_paths_and_schemes_are_other_urls(folder: Path) -> None:
    urls = ("http://a:8000", "http://a:8001", "https://a:8000", "http://a:8000/b", "http://b:8000", "unix:///a")
    servers = [{"name": str(number), "dhcp4": {"url": url}} for number, url in enumerate(urls)]
    assert len(settings_from_tree({"servers": servers}, folder).daemons) == len(urls)


def test_a_control_agent_is_known_as_such(folder: Path) -> None:
    assert only_daemon(folder, "control_agent: true").target.control_agent
    assert not only_daemon(folder).target.control_agent


def test_anchors_and_merge_keys_may_spare_repetition(folder: Path) -> None:
    text = (
        SERVER.replace("dhcp4:", "dhcp4: &all") + "    timeout: 3s\n  dhcp6: {<<: *all, url: 'http://127.0.0.1:8001'}\n"
    )
    first, second = read(folder, text).daemons
    assert (first.timeout_seconds, second.timeout_seconds) == (3, 3)
    assert second.port == 8001


def test_a_merged_mapping_may_override_what_it_merges_itself(folder: Path) -> None:
    text = """\
defaults:
  tls_config: &old {min_version: TLS12}
servers:
- name: a
  dhcp4: {url: "https://127.0.0.1:8001", tls_config: &new {<<: *old, min_version: TLS13}}
- name: b
  tls_config: {<<: *new}
  dhcp4: {url: "https://127.0.0.1:8002"}
"""
    assert [daemon.tls.min_version for daemon in read(folder, text).daemons] == ["TLS13", "TLS13"]


def test_a_server_may_have_any_name_without_blanks_and_slashes(folder: Path) -> None:
    name = "<dhcp-ä:1>" * 10
    assert read(folder, SERVER.replace("name: a", f"name: '{name}'")).servers == (name,)


def test_a_byte_order_mark_does_no_harm(folder: Path) -> None:
    assert read(folder, "\ufeff" + SERVER).servers == ("a",)


# What is wrong with one that is not.


AGENT = """\
servers:
- name: a
  dhcp4: {url: "https://kea:8000", control_agent: true}
  dhcp6: {url: "https://kea:8000", control_agent: true}
"""
WHOLE_FILES = {
    "empty": ("", ["servers: the key is missing"]),
    "only a comment": ("# nothing yet\n", ["servers: the key is missing"]),
    "list at the top": ("- name: a\n", ["line 1: must be a mapping"]),
    "text at the top": ("kea\n", ["line 1: must be a mapping"]),
    "null at the top": ("null\n", ["line 1: must be a mapping"]),
    "servers missing": ("defaults: {}\n", ["line 1: servers: the key is missing"]),
    "servers null": ("servers:\n", ["line 1: servers: "]),
    "servers a mapping": ("servers: {a: {}}\n", ["line 1: servers: "]),
    "server not a mapping": ("servers: [kea1]\n", ["line 1: servers[0]: must be a mapping"]),
    "defaults a list": ("defaults: []\n" + SERVER, ["line 1: defaults: must be a mapping"]),
    "unknown key at the top": (
        SERVER + "defalts: {}\n",
        ["line 5: defalts: unknown key; did you mean 'defaults'?"],
    ),
    "a port in octal": (
        "servers:\n- name: a\n  dhcp4: {url: 'http://kea:08000'}\n",
        ["line 3: servers[0].dhcp4.url: the port begins with 0; remove leading zeros"],
    ),
    "a number in octal": (
        SERVER + "defaults: {collect: {series_limit: 0100}}\n",
        ["line 5: this number begins with 0, which YAML reads as octal; write it without"],
    ),
    "a key in capitals": (
        "servers:\n- name: a\n  DHCP4: {url: 'http://kea'}\n",
        ["line 2: servers[0]: ", "line 3: servers[0].DHCP4: unknown key; did you mean 'dhcp4'?"],
    ),
    "name missing": (
        "servers:\n- dhcp4: {url: 'http://kea:8001'}\n",
        ["line 2: servers[0].name: the key is missing; set for example dhcp-a"],
    ),
    "url missing": (
        "servers:\n- name: a\n  dhcp4: {timeout: 5s}\n",
        ["line 3: servers[0].dhcp4.url: the key is missing; set for example https://10.10.10.10:8001"],
    ),
    "daemon empty": (
        "servers:\n- name: a\n  dhcp4: {}\n",
        ["line 3: servers[0].dhcp4.url: the key is missing; set for example https://10.10.10.10:8001"],
    ),
    "daemon not a mapping": (
        "servers:\n- name: a\n  dhcp4: http://kea\n",
        ["line 3: servers[0].dhcp4: must be a mapping"],
    ),
    "no daemon": (
        "servers:\n- name: a\n",
        ["line 2: servers[0]: the server has no daemon; add dhcp4, dhcp6 or d2 with its url"],
    ),
    "daemon null": (
        "servers:\n- name: a\n  dhcp4:\n",
        ["line 2: servers[0]: the server has no daemon; add dhcp4, dhcp6 or d2 with its url"],
    ),
    "same name twice": (
        SERVER + SERVER.removeprefix("servers:\n").replace("8000", "8001"),
        ["line 5: servers[1].name: servers[0] already has this name; names must be unique"],
    ),
    "same url for two daemons": (
        SERVER + "  dhcp6: {url: http://127.0.0.1:8000/}\n",
        ["line 5: servers[0].dhcp6.url: servers[0].dhcp4 has the same url; each daemon has its own, unless"],
    ),
    "same url for two servers": (
        SERVER + "- name: b\n  d2:\n    url: HTTP://127.0.0.1:8000\n    control_agent: true\n",
        ["line 7: servers[1].d2.url: servers[0].dhcp4 has the same url; each daemon has its own, unless"],
    ),
    "same socket for two daemons": (
        "servers:\n- name: a\n  dhcp4: {url: 'unix:///run/a'}\n  dhcp6: {url: 'unix:/run/a'}\n",
        ["line 4: servers[0].dhcp6.url: servers[0].dhcp4 has the same url; each daemon has its own, unless"],
    ),
    "same daemon of one Control Agent twice": (
        AGENT + AGENT.removeprefix("servers:\n").replace("name: a", "name: b"),
        [
            "line 6: servers[1].dhcp4.url: servers[0].dhcp4 has the same url; remove one",
            "line 7: servers[1].dhcp6.url: servers[0].dhcp6 has the same url; remove one",
        ],
    ),
    "same key twice": (SERVER + "    url: http://kea\n", ["line 5: the same key stands here twice; keep one"]),
    "two documents": (SERVER + "---\n" + SERVER, ["line 5: "]),
    "tabs": ("servers:\n\t- name: a\n", ["line 2: this is not YAML; check indentation, colons and quotes"]),
    "colon in a text": ("servers: a: b\n", ["line 1: this is not YAML; check indentation, colons and quotes"]),
    "control character": ("servers: \x01\n", ["this is not YAML; it holds characters or values that YAML does not"]),
    "nested too deeply": ("servers: " + "[" * 5000 + "]" * 5000, ["this is nested too deeply"]),
    "endlessly nested": ("servers: " + "[" * 100_000, ["this is nested too deeply"]),
    "server that is its own list": ("servers: &a [*a]\n", ["line 1: servers[0]: must be a mapping"]),
    "daemon that is its own server": (
        "servers:\n- &a\n  name: a\n  dhcp4: *a\n",
        [
            "line 3: servers[0].dhcp4.name: unknown key",
            "line 4: servers[0].dhcp4.url: ",
            "line 4: servers[0].dhcp4.dhcp4: ",
        ],
    ),
}


@pytest.mark.parametrize("case", WHOLE_FILES)
def test_a_mistake_of_the_file_is_named_with_its_line(folder: Path, case: str) -> None:
    text, expected = WHOLE_FILES[case]
    assert_each_begins(mistakes_in(folder, text), expected)


NAME = "write a name of at most 100 characters, without spaces and slashes; for example dhcp-a"


@pytest.mark.parametrize(
    "name", ["a b", "a/b", '""', "a" * 101, '"a\\tb"', '"a\\x00b"', '"a\\x1bb"', '"a\\x7fb"', '"a\\x9bb"', '"a\\n"']
)
def test_a_name_that_cannot_be_used_is_a_mistake(folder: Path, name: str) -> None:
    assert mistakes_in(folder, SERVER.replace("name: a", f"name: {name}")) == [f"line 2: servers[0].name: {NAME}"]


FORMS = 'write "http://address:port", "https://address:port" or "unix:///path/of/socket"'
NO_URL = "not a url; check host and port (IPv6 addresses need brackets)"
USERINFO = "remove user and password from the url; set them under basic_auth"
NO_QUERY = "a control socket has no query or fragment; end the url after port or path"
NO_PORT = 'the url has no port; write "http://address:port" or "https://address:port"'
OCTAL = "the address has a number that begins with 0 and counts as octal; remove leading zeros"
UNIX = 'a unix url has three slashes and an absolute path: "unix:///run/kea/kea4-ctrl-socket"'


WRONG_URLS = {
    "kea1": FORMS,
    "127.0.0.1:8000": FORMS,
    "//kea1": FORMS,
    "ftp://kea1": FORMS,
    '"http:"': FORMS,
    "http:///path": FORMS,
    "http://:8000": FORMS,
    '"http://kea1\\n"': NO_URL,
    "8000": FORMS,
    "[http://kea1]": FORMS,
    "": FORMS,
    "http://kea1:0": NO_URL,
    "http://kea1:99999": NO_URL,
    "http://kea1:-1": NO_URL,
    "http://kea1:http": NO_URL,
    "http://2001:db8::1:8000": NO_URL,
    "http://[2001:db8::1": NO_URL,
    "http://[kea1]": NO_URL,
    "http://kea1 :8000": NO_URL,
    "http://kea 1:8000": NO_URL,
    "http://monitor:word@kea1": USERINFO,
    "https://monitor@kea1:8000": USERINFO,
    "http://@kea1": USERINFO,
    "http://monitor:7/word@kea1": USERINFO,
    "unix://monitor:word@/run/kea/socket": USERINFO,
    "http://kea1:8000/?command=x": NO_QUERY,
    "http://kea1:8000/#here": NO_QUERY,
    "unix:///run/kea/socket?x": NO_QUERY,
    "http://010.0.0.1:8000": OCTAL,
    "http://10.0.0.09:8000": OCTAL,
    "http://kea1": NO_PORT,
    "https://kea1/": NO_PORT,
    '"http://kea1:"': NO_PORT,
    "https://[2001:db8::1]": NO_PORT,
    "http://kea1/8000": NO_PORT,
    "unix://run/kea/socket": UNIX,
    "unix:run/kea/socket": UNIX,
    '"unix:"': UNIX,
}


@pytest.mark.parametrize("url", WRONG_URLS)
def test_a_url_that_cannot_be_used_is_a_mistake(folder: Path, url: str) -> None:
    found = mistakes_in(folder, SERVER.replace("http://127.0.0.1:8000", url))
    assert found == [f"line 4: servers[0].dhcp4.url: {WRONG_URLS[url]}"]


DURATION = "timeout: write a number with its unit, such as 5s, 500ms or 1m30s"
DURATION_RANGE = "timeout: write more than 0s and at most 10m"
SIZE = "body_size_limit: write a number above 0 with its unit, such as 32MiB"
USER = "basic_auth.username: write a name without a colon; for example monitor"
AUTH = "basic_auth: {username: monitor, password: word"
ONE_PASSWORD = "basic_auth: write either password or password_file, "
ONE_USER = "basic_auth: write either username or username_file, "
PROFILE = "profile: unknown profile; did you mean 'ipam'?"
PROFILE_IS_NO_TEXT = "profile: must be text; put the value in quotes; for example ipam"
PERIOD = "lease_audit.interval: write a number with its unit, such as 30m, 1h or 30d"
PERIOD_RANGE = "lease_audit.interval: write at least 1m and at most 366d"
PAGE_SIZE = "lease_audit.page_size: write a number from 10 to 10000"
MAX_LEASES = "lease_audit.max_leases: write a number above 0"


WRONG_LINES = {
    "timout: 5s": "timout: unknown key; did you mean 'timeout'?",
    "zzqq: 5s": "zzqq: unknown key; remove it",
    "timeout: 5": DURATION,
    "timeout: 5 s": DURATION,
    "timeout: 5x": DURATION,
    "timeout: s": DURATION,
    "timeout: -5s": DURATION,
    "timeout: 1.5s": DURATION,
    "timeout: 30s1m": DURATION,
    "timeout: ''": DURATION,
    "timeout:": DURATION,
    "timeout: 1:30": DURATION,
    "timeout: [5s]": DURATION,
    "timeout: 0s": DURATION_RANGE,
    "timeout: 601s": DURATION_RANGE,
    "timeout: 1h": DURATION_RANGE,
    "body_size_limit: 64": SIZE,
    "body_size_limit: 64mib": SIZE,
    "body_size_limit: 1.5MiB": SIZE,
    "body_size_limit: 0B": SIZE,
    "body_size_limit: -1B": SIZE,
    "body_size_limit: ''": SIZE,
    "body_size_limit:": SIZE,
    "profile: ipan": PROFILE,
    "profile: 5": PROFILE_IS_NO_TEXT,
    "profile:": PROFILE_IS_NO_TEXT,
    "control_agent: 'yes'": "control_agent: ",
    "control_agent: 1": "control_agent: ",
    "basic_auth: monitor": "basic_auth: must be a mapping",
    "basic_auth: {username: monitor}": f"{ONE_PASSWORD}one is required",
    "basic_auth: {password: word}": f"{ONE_USER}one is required",
    "basic_auth: {username: monitor, password: }": f"{ONE_PASSWORD}one is required",
    f"{AUTH}, password_file: secret}}": f"{ONE_PASSWORD}not both",
    f"{AUTH}, username_file: secret}}": f"{ONE_USER}not both",
    "basic_auth: {username: 'a:b', password: word}": USER,
    "basic_auth: {username: '', password: word}": USER,
    "basic_auth: {username: 5, password: word}": "basic_auth.username: ",
    "basic_auth: {username: monitor, password: 5}": "basic_auth.password: ",
    f"{AUTH}, pasword_file: secret}}": "basic_auth.pasword_file: unknown key; did you mean 'password_file'?",
    "tls_config: true": "tls_config: must be a mapping",
    "tls_config: {cert_file: secret}": "tls_config: cert_file requires key_file; set both",
    "tls_config: {key_file: secret}": "tls_config: key_file requires cert_file; set both",
    "tls_config: {ca_file: 5}": "tls_config.ca_file: write the path of a file, as text",
    "tls_config: {ca_file: ''}": "tls_config.ca_file: write the path of a file, as text",
    'tls_config: {ca_file: "a\\0b"}': "tls_config.ca_file: write the path of a file, as text",
    "tls_config: {server_name: a b}": "tls_config.server_name: write the name or address to verify",
    "tls_config: {min_version: TLS11}": "tls_config.min_version: ",
    "tls_config: {insecure_skip_verify: 'no'}": "tls_config.insecure_skip_verify: must be true or false",
    "tls_config: {x509_strict: 'yes'}": "tls_config.x509_strict: must be true or false",
    "tls_config: {x509_strct: true}": "tls_config.x509_strct: unknown key; did you mean 'x509_strict'?",
    "lease_audit: true": "lease_audit: must be a mapping",
    "lease_audit: {intervall: 1h}": "lease_audit.intervall: unknown key; did you mean 'interval'?",
    "lease_audit: {interval: 59s}": PERIOD_RANGE,
    "lease_audit: {interval: 0s}": PERIOD_RANGE,
    "lease_audit: {interval: 367d}": PERIOD_RANGE,
    "lease_audit: {interval: 3600}": PERIOD,
    "lease_audit: {interval: 1w}": PERIOD,
    "lease_audit: {interval: }": PERIOD,
    "lease_audit: {page_size: 9}": PAGE_SIZE,
    "lease_audit: {page_size: 10001}": PAGE_SIZE,
    "lease_audit: {page_size: '100'}": PAGE_SIZE,
    "lease_audit: {page_size: true}": PAGE_SIZE,
    "lease_audit: {page_size: }": PAGE_SIZE,
    "lease_audit: {max_leases: 0}": MAX_LEASES,
    "lease_audit: {max_leases: 1.5}": MAX_LEASES,
    "collect: true": "collect: must be a mapping",
    "collect:": "collect: must be a mapping",
}


@pytest.mark.parametrize("line", WRONG_LINES)
def test_a_mistake_of_a_daemon_is_named_with_its_line(folder: Path, line: str) -> None:
    assert_each_begins(mistakes_in(folder, f"{SERVER}    {line}\n"), [f"line 5: {DAEMON}.{WRONG_LINES[line]}"])


WHICH_STATISTICS = "statistics: write one of 'auto', 'all' or 'none'"
SERIES_LIMIT = "series_limit: write a number from 1 to 10000000"
NO_PREFIX = "include.prefixes[0]: write a prefix such as 10.0.0.0/8 or 2001:db8::/32"
BITS_SET = "prefixes[0]: the prefix has host bits set; did you mean "


WRONG_COLLECTIONS = {
    "statistic: all": "statistic: unknown key; did you mean 'statistics'?",
    "high_availabilty: true": "high_availabilty: unknown key; did you mean 'high_availability'?",
    "statistics: some": WHICH_STATISTICS,
    # YAML takes these for truth values.
    "statistics: off": WHICH_STATISTICS,
    "statistics: on": WHICH_STATISTICS,
    "statistics: ": WHICH_STATISTICS,
    "leases: 'yes'": "leases: must be true or false",
    "leases: 1": "leases: must be true or false",
    "subnets: all": "subnets: must be true or false",
    "pools: ": "pools: must be true or false",
    "series_limit: 0": SERIES_LIMIT,
    "series_limit: 10000001": SERIES_LIMIT,
    "series_limit: '100'": SERIES_LIMIT,
    "series_limit: 1.5": SERIES_LIMIT,
    "series_limit: true": SERIES_LIMIT,
    "include: [10.0.0.0/8]": "include: must be a mapping",
    "include: {prefix: [10.0.0.0/8]}": "include.prefix: unknown key; did you mean 'prefixes'?",
    "include: {prefixes: 10.0.0.0/8}": "include.prefixes: must be a list; for example [10.0.0.0/8]",
    "include: {prefixes: [10.0.0.1/8]}": f"include.{BITS_SET}10.0.0.0/8?",
    "exclude: {prefixes: ['2001:db8::1/32']}": f"exclude.{BITS_SET}2001:db8::/32?",
    "include: {prefixes: [10.0.0.0/33]}": NO_PREFIX,
    "include: {prefixes: [office]}": NO_PREFIX,
    "include: {prefixes: [host bits set]}": NO_PREFIX,
    "include: {prefixes: ['10.0.0.0/8 ']}": NO_PREFIX,
    "include: {prefixes: ['']}": NO_PREFIX,
    "include: {prefixes: [10]}": NO_PREFIX,
    "include: {prefixes: [null]}": NO_PREFIX,
    "exclude: {shared_networks: office}": "exclude.shared_networks: must be a list; for example [office]",
    "exclude: {shared_networks: [off]}": "exclude.shared_networks[0]: must be text; put the value in quotes",
    "exclude: {shared_network: [lab]}": "exclude.shared_network: unknown key; did you mean 'shared_networks'?",
}


@pytest.mark.parametrize("options", WRONG_COLLECTIONS)
def test_a_mistake_about_what_to_collect_is_answered_with_what_to_write(folder: Path, options: str) -> None:
    found = mistakes_in(folder, f"{SERVER}    collect: {{{options}}}\n")
    assert found == [f"line 5: {DAEMON}.collect.{WRONG_COLLECTIONS[options]}"]


OVERSIZED = {
    "more hours than a float holds": (f"timeout: {'9' * 400}h", DURATION_RANGE),
    "more hours than Python counts": (f"timeout: {'9' * 5000}h", DURATION_RANGE),
    "more bytes than Python counts": (f"body_size_limit: {'9' * 5000}B", "body_size_limit: write "),
    "more letters than a path may have": (f"tls_config: {{ca_file: {'a' * 5000}}}", "tls_config.ca_file: "),
}


@pytest.mark.parametrize("case", OVERSIZED)
def test_a_value_beyond_all_bounds_is_a_mistake_like_any_other(folder: Path, case: str) -> None:
    line, expected = OVERSIZED[case]
    assert_each_begins(mistakes_in(folder, f"{SERVER}    {line}\n"), [f"line 5: {DAEMON}.{expected}"])


def test_a_control_agent_on_a_unix_socket_is_a_mistake(folder: Path) -> None:
    text = SERVER.replace("http://127.0.0.1:8000", "unix:///run/kea/socket") + "    control_agent: true\n"
    expected = f"line 5: {DAEMON}.control_agent: a Control Agent requires an http or https url"
    assert mistakes_in(folder, text) == [expected]


# PyYAML fails on each of these with another exception.
TAGGED = (
    ("!!timestamp", "x"),
    ("!!bool", "x"),
    ("!!int", '""'),
    ("!!float", '"-"'),
    ("!!set", "[a]"),
    ("!!int", "{=: 5}"),
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("*word", "line 5: an alias without its anchor"),
        ("!word x", "line 5: a tag is not allowed; put a text that begins with ! in quotes"),
        ("!!python/name:os.system x", "line 5: a tag is not allowed"),
        *((f"{tag} {text}", "line 5: a tag is not allowed") for tag, text in TAGGED),
        ("<<", "line 5: << takes a mapping or a list of mappings"),
        ("{<<: [5]}", "line 5: << takes a mapping or a list of mappings"),
        ("{<<: {5: x}}", "line 5: this key is not text; put it in quotes"),
        ("{<<: {a: {<<: {yes: x}}}}", "line 5: this key is not text; put it in quotes"),
        pytest.param("9" * 5000, "line 5: this is not a number that can be read", id="too many digits"),
        ("0x_", "line 5: this is not a number that can be read"),
        ('"\\ud800"', "line 5: this text has a surrogate"),
        ('{"\\ud800": x}', "line 5: this text has a surrogate"),
        ("=", "line 5: servers[0].dhcp4.profile: unknown profile"),
        ("@word", "line 5: this is not YAML"),
        ("%word", "line 5: this is not YAML"),
        ('"word', "line 6: this is not YAML"),
    ],
)
def test_a_text_that_yaml_takes_for_something_else_is_a_mistake(folder: Path, value: str, expected: str) -> None:
    assert_each_begins(mistakes_in(folder, f"{SERVER}    profile: {value}\n"), [expected])


def test_the_files_that_are_named_must_be_there(folder: Path) -> None:
    text = f"{SERVER}    tls_config: {{ca_file: nowhere.pem}}\n"
    expected = f"there is no file {folder}/nowhere.pem; create it, or correct the path"
    assert mistakes_in(folder, text) == [f"line 5: {DAEMON}.tls_config.ca_file: {expected}"]


@pytest.mark.parametrize("key", ["ca_file", "cert_file", "key_file"])
def test_a_path_that_the_system_cannot_have_is_a_mistake(folder: Path, key: str) -> None:
    entry = {"url": "https://127.0.0.1:8000", "tls_config": {"cert_file": "a", "key_file": "a", key: "\ud800"}}
    with pytest.raises(ConfigError) as caught:
        settings_from_tree({"servers": [{"name": "a", "dhcp4": entry}]}, folder, requires_files=False)
    assert str(caught.value) == f"{DAEMON}.tls_config.{key}: write the path of a file, as text"


def test_a_folder_is_no_file(folder: Path) -> None:
    text = f"{SERVER}    basic_auth: {{username: monitor, password_file: sub}}\n"
    expected = f"{folder}/sub is not a file; set the path of a file"
    assert mistakes_in(folder, text) == [f"line 5: {DAEMON}.basic_auth.password_file: {expected}"]


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder open to every user; pytest's own are for one user alone."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        (folder / "closed").mkdir(0)
        (folder / "unreadable").touch(0)
        yield folder


@contextmanager
def without_privileges() -> Iterator[None]:
    """Be somebody who may not read everything, as the exporter's own user."""
    if os.geteuid() != 0:
        yield
        return
    os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


@pytest.mark.parametrize("name", ["unreadable", "closed/password"])
def test_the_files_that_are_named_must_be_readable(public_folder: Path, name: str) -> None:
    text = f"{SERVER}    basic_auth: {{username: monitor, password_file: {name}}}\n"
    with without_privileges():
        found = mistakes_in(public_folder, text)
    expected = f"the file {public_folder}/{name} cannot be read: Permission denied; correct path, owner or mode"
    assert found == [f"line 5: {DAEMON}.basic_auth.password_file: {expected}"]


def test_a_named_pipe_that_nobody_writes_to_does_not_hold_it_up(folder: Path) -> None:
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    text = f"{SERVER}    basic_auth: {{username: monitor, password_file: pipe}}\n"
    with ThreadPoolExecutor() as pool:
        reading = pool.submit(settings_or_mistakes, lambda: read(folder, text))
        done = wait([reading], timeout=5).done
        # Whoever waits for a writer has one now.
        os.close(os.open(pipe, os.O_RDWR))
    assert reading in done


def test_a_file_that_may_not_be_read_cannot_be_loaded(public_folder: Path) -> None:
    with without_privileges(), pytest.raises(ConfigError, match=r"^cannot read the file: Permission denied$"):
        load(public_folder / "unreadable")


EVERYTHING_WRONG = """\
defaults:
  timeout: 5
  basic_auth: {username: 'a:b'}
servers:
- name: a b
  profile: ipan
  dhcp4:
    url: http://monitor:word@kea1
    control_agent: maybe
  dhcp6:
    tls_config: {cert_file: secret, server_nam: kea1}
- name: b
- name: b
  d2: {url: unix://run/kea/socket}
extra: 1
"""


def test_all_mistakes_are_reported_at_once_in_the_order_of_the_file(folder: Path) -> None:
    expected = [
        "line 2: defaults.timeout: write a number with its unit",
        "line 3: defaults.basic_auth: write either password or password_file, one is required",
        "line 3: defaults.basic_auth.username: write a name without a colon",
        "line 5: servers[0].name: write a name of at most 100 characters",
        "line 6: servers[0].profile: unknown profile",
        "line 8: servers[0].dhcp4.url: remove user and password from the url",
        "line 9: servers[0].dhcp4.control_agent: ",
        "line 10: servers[0].dhcp6.url: the key is missing",
        "line 11: servers[0].dhcp6.tls_config: cert_file requires key_file",
        "line 11: servers[0].dhcp6.tls_config.server_nam: unknown key; did you mean 'server_name'?",
        "line 12: servers[1]: the server has no daemon",
        "line 13: servers[2].name: servers[1] already has this name",
        "line 14: servers[2].d2.url: a unix url has three slashes",
        "line 15: extra: unknown key",
    ]
    assert_each_begins(mistakes_in(folder, EVERYTHING_WRONG), expected)


def test_a_tree_without_lines_gives_the_same_mistakes(folder: Path) -> None:
    tree: dict[str, Any] = {"servers": [{"name": "a", "dhcp4": {"url": "kea1"}}]}
    with pytest.raises(ConfigError) as caught:
        settings_from_tree(tree, folder)
    assert str(caught.value) == f"servers[0].dhcp4.url: {FORMS}"


def test_a_missing_file_is_said_to_be_missing(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"^cannot read the file: No such file or directory$"):
        load(folder / "nowhere.yml")


def test_a_folder_cannot_be_loaded(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"^cannot read the file: Is a directory$"):
        load(folder)


def test_text_that_is_not_utf_8_is_refused(folder: Path) -> None:
    assert mistakes_in(folder, b"servers: \xff\n") == ["the file is not text in UTF-8"]


@pytest.mark.parametrize(("begin", "rest"), [("#", "x"), ("#", "ä"), ("# ", "ä")])
def test_a_file_that_is_too_large_is_refused(folder: Path, begin: str, rest: str) -> None:
    assert mistakes_in(folder, begin + rest * 4 * 1024**2) == ["cannot read the file: larger than 4,194,304 bytes"]


# What a message must be beyond naming the place.


WRONG_LEVELS = {
    "url: http://kea1": "line 5: url: ",
    "timeout: 5s": "line 5: timeout: ",
    "  url: http://kea1": "line 5: servers[0].url: ",
    "    username: monitor": f"line 5: {DAEMON}.username: ",
}


@pytest.mark.parametrize("line", WRONG_LEVELS)
def test_a_key_at_the_wrong_level_is_not_suggested_in_its_own_place(folder: Path, line: str) -> None:
    (found,) = mistakes_in(folder, f"{SERVER}{line}\n")
    assert found.startswith(WRONG_LEVELS[line])
    assert f"did you mean '{line.strip().partition(':')[0]}'" not in found


@pytest.mark.parametrize("servers", ["servers: []\n", "servers:\n", "servers: {}\n"])
def test_a_file_without_servers_is_told_what_to_write(folder: Path, servers: str) -> None:
    (found,) = mistakes_in(folder, servers)
    assert "validation" not in found
    assert "input" not in found


def test_a_second_document_is_not_taken_for_an_alias(folder: Path) -> None:
    (found,) = mistakes_in(folder, SERVER + "---\n" + SERVER)
    assert "document" in found
    assert "*" not in found


@pytest.mark.parametrize("key", ["5", "yes", "null", "1.5", "2026-01-01"])
def test_a_key_that_is_no_text_is_found_on_its_line(folder: Path, key: str) -> None:
    (found,) = error_of(folder, f"{SERVER}{key}: x\n").errors
    assert found.line == 5


# Secrets.


PLACES_OF_A_SECRET = {
    "with a file beside it": "basic_auth: {username: monitor, password: canary, password_file: secret}",
    "without a user": "basic_auth: {password: canary}",
    "as the user": "basic_auth: {username: 'monitor:canary', password: x}",
    "as an alias": "basic_auth: {username: monitor, password: *canary}",
    "as an anchor": "basic_auth: {username: monitor, password: &canary}",
    "as a tag": "basic_auth: {username: monitor, password: !canary}",
    "as a tag of a text": "basic_auth: {username: monitor, password: !canary x}",
    "as the text of a tag": "basic_auth: {username: monitor, password: !x canary}",
    "in a list": "basic_auth: {username: monitor, password: [canary]}",
    "as a value in a mapping": "basic_auth: {username: monitor, password: {x: canary}}",
    "as a key in a mapping": "basic_auth: {username: monitor, password: {canary: x}}",
    "as the section": "basic_auth: canary",
    "as a list of both": "basic_auth: [monitor, canary]",
    "after a colon without a blank": "basic_auth: {username: monitor, password:canary}",
    "in an open quote": 'basic_auth: {username: monitor, password: "canary}',
    "in an open list": "basic_auth: {username: monitor, password: [canary}",
    "after a percent sign": "basic_auth: {username: monitor, password: %canary}",
    "after an at sign": "basic_auth: {username: monitor, password: @canary}",
    "after a backtick": "basic_auth: {username: monitor, password: `canary`}",
    "twice": "basic_auth: {username: monitor, password: canary, password: canary}",
    "as a wrong escape": 'basic_auth: {username: monitor, password: "\\canary"}',
    "as a directive": "basic_auth: {username: monitor, password: x}\n%canary",
    "as a timeout": "timeout: canary",
    "as a size": "body_size_limit: canary",
    "as a profile": "profile: canary",
    "as a truth value": "control_agent: canary",
    "as a TLS version": "tls_config: {min_version: canary}",
    "as a server name": "tls_config: {server_name: 'x canary'}",
    "as the file that would hold it": "basic_auth: {username: monitor, password_file: canary}",
}


@pytest.mark.parametrize("place", PLACES_OF_A_SECRET)
def test_no_mistake_repeats_a_password(folder: Path, place: str) -> None:
    line = PLACES_OF_A_SECRET[place].replace("canary", CANARY)
    assert_says_nothing_of_it(error_of(folder, f"{SERVER}    {line}\n"))


@pytest.mark.parametrize(
    "url",
    [
        "http://monitor:canary@127.0.0.1:8000",
        "http://canary@127.0.0.1:8000",
        "http://monitor:canary@127.0.0.1:99999",
        "http://monitor:ca@canary@127.0.0.1",
        "http://monitor:/canary@127.0.0.1",
        "http://monitor:?canary@127.0.0.1",
        "http://monitor:#canary@127.0.0.1",
        "http://monitor:[canary@127.0.0.1",
        "monitor:canary@127.0.0.1",
        "http:monitor:canary@127.0.0.1",
        "unix://monitor:canary@/run/kea/socket",
        "http://127.0.0.1/?password=canary",
        "[canary]",
        "!canary x",
        "*canary",
    ],
)
def test_no_mistake_repeats_the_password_of_a_url(folder: Path, url: str) -> None:
    text = SERVER.replace("http://127.0.0.1:8000", url.replace("canary", CANARY))
    assert_says_nothing_of_it(error_of(folder, text))


def assert_says_nothing_of_it(error: ConfigError) -> None:
    said = "".join(traceback.format_exception(error))
    assert CANARY not in said + repr(error) + repr(error.errors)


def test_settings_do_not_show_a_password(folder: Path) -> None:
    found = read(folder, f"{SERVER}    basic_auth: {{username: monitor, password: {CANARY}}}\n")
    assert CANARY not in repr(found) + str(found) + f"{found.daemons[0].credentials}"


def test_settings_do_not_show_a_password_that_is_not_used(folder: Path) -> None:
    found = read(
        folder, f"defaults: {{basic_auth: {{username: monitor, password: {CANARY}}}}}\n{SERVER}    basic_auth:\n"
    )
    assert CANARY not in repr(found)


def test_an_error_is_one_line_without_control_characters(folder: Path) -> None:
    (error,) = mistakes_in(folder, f'"a\\nb\\e[31m": 1\n{SERVER}')
    assert error == "line 1: a b [31m: unknown key; remove it"


# The schema for editors.


def test_the_schema_describes_every_section() -> None:
    schema = ConfigFile.model_json_schema()
    assert set(schema["properties"]) >= {"profiles", "defaults", "servers"}
    assert schema["required"] == ["servers"]
    assert schema["additionalProperties"] is False
    assert set(schema["$defs"]["ServerEntry"]["properties"]) >= {"name", "dhcp4", "dhcp6", "d2", "timeout"}
    assert set(schema["$defs"]["ProfileEntry"]["properties"]) >= {"extends", "hooks", "realms", "severities"}
    assert set(schema["$defs"]["Collect"]["properties"]) == {
        "statistics",
        "leases",
        "subnets",
        "pools",
        "high_availability",
        "include",
        "exclude",
        "series_limit",
    }
    assert set(schema["$defs"]["Subnets"]["properties"]) == {"prefixes", "shared_networks"}
    assert all(
        "collect" in schema["$defs"][section]["properties"] for section in ("Options", "ServerEntry", "DaemonEntry")
    )
    assert references_in(schema) <= {f"#/$defs/{name}" for name in schema["$defs"]}


def references_in(schema: object) -> set[str]:
    if isinstance(schema, list):
        return {reference for item in schema for reference in references_in(item)}
    if not isinstance(schema, dict):
        return set()
    own = {schema["$ref"]} if "$ref" in schema else set()
    return own | references_in(list(schema.values()))


# Whatever is written there.


quickly = settings(max_examples=400, deadline=None, database=None)
WORDS = sorted(
    {*"abc/:@[]", "http://", "unix:///", "kea1", "5s", "64MiB", "secret", "ipam", "127.0.0.1", "0", "9" * 30}
)
KEYS = sorted(
    {*ConfigFile.model_fields, "name", "dhcp4", "dhcp6", "d2", "url", "timeout", "basic_auth", "tls_config", "profile"}
    | {"username", "username_file", "password", "password_file", "ca_file", "cert_file", "key_file", "control_agent"}
)
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates() | st.sampled_from([*WORDS, *KEYS])
)
keys = st.sampled_from(KEYS) | st.text(max_size=3) | st.integers() | st.none()
trees = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=6))


def entry(**options: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=options)


sections: dict[str, st.SearchStrategy[Any]] = {
    "timeout": st.sampled_from(["5s", "5"]) | scalars,
    "basic_auth": entry(username=scalars, password=scalars, password_file=scalars),
    "tls_config": entry(ca_file=scalars, cert_file=scalars, key_file=scalars, server_name=scalars),
    "profile": scalars,
    "lease_audit": entry(interval=st.just("1h") | scalars, page_size=scalars, max_leases=scalars),
    "collect": entry(
        statistics=st.sampled_from(["auto", "all", "none"]) | scalars,
        pools=scalars,
        series_limit=st.integers(1, 9) | scalars,
        include=entry(prefixes=st.lists(st.sampled_from(["10.0.0.0/8", "::/0"]) | scalars, max_size=2)) | scalars,
        exclude=entry(shared_networks=st.lists(st.just("office") | scalars, max_size=2)) | scalars,
    ),
}
profiles = entry(
    extends=st.sampled_from(["ipam", "a"]) | scalars,
    minimum_version=st.just("3.0.0") | scalars,
    hooks=st.lists(st.just("ha") | scalars, max_size=2),
    realms=entry(dhcp4=scalars),
    severities=st.dictionaries(scalars, st.just("required") | scalars, max_size=2),
    leave_out=st.lists(scalars, max_size=2),
)
urls = st.lists(st.sampled_from(WORDS) | st.text(max_size=2), max_size=6).map("".join)
daemons = entry(url=urls, control_agent=scalars, **sections)
servers = entry(name=st.sampled_from("ab") | scalars, dhcp4=daemons, dhcp6=daemons | scalars, **sections)
nearly_valid = entry(
    profiles=st.dictionaries(st.sampled_from("ab") | st.text(max_size=2), profiles, max_size=2) | scalars,
    defaults=entry(**sections),
    servers=st.lists(servers, max_size=3),
)
fragments = st.sampled_from(
    ["\n", "  ", "- ", ": ", "{", "}", "[", "]", "&a", "*a", "!a", "<<", "'", '"', "#", "|", "? ", "---\n"]
)


def settings_or_mistakes(make: Callable[[], Settings]) -> Settings | list[str]:
    try:
        return make()
    except ConfigError as error:
        return str(error).splitlines()


@quickly
@given(tree=trees | nearly_valid)
def test_any_tree_gives_settings_or_mistakes(tree: object) -> None:
    assert settings_or_mistakes(lambda: settings_from_tree(tree, Path("/nowhere")))


@pytest.fixture(scope="module")
def any_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("any")


@quickly
@given(content=st.binary() | st.text() | st.lists(fragments | st.sampled_from(KEYS)).map("".join))
def test_any_content_gives_settings_or_mistakes(any_folder: Path, content: str | bytes) -> None:
    assert settings_or_mistakes(lambda: read(any_folder, content))


@quickly
@given(position=st.integers(0, len(INHERITANCE)), removed=st.integers(0, 5), inserted=fragments | st.text(max_size=3))
def test_any_slip_of_the_keyboard_gives_settings_or_mistakes(
    any_folder: Path, position: int, removed: int, inserted: str
) -> None:
    text = INHERITANCE[:position] + inserted + INHERITANCE[position + removed :]
    assert settings_or_mistakes(lambda: read(any_folder, text))


FREE_TARGETS: dict[str, tuple[dict[str, Any], str]] = {
    "no network": ({"networks": []}, "networks: the list is empty; add at least one entry; for example ["),
    "bits beyond": ({"networks": ["10.0.0.1/8"]}, "networks[0]: the prefix has host bits set"),
    "port 0": ({"ports": [0]}, "ports[0]: write port numbers; for example [8001, 8002]"),
    "a port as text": ({"ports": ["8001"]}, "ports[0]: write port numbers; for example [8001, 8002]"),
    "an auth that is not there": ({"auth": "branch"}, "auth: unknown name; names under auths: branches"),
    "an unknown key": ({"port": 1}, "port: unknown key; did you mean 'ports'?"),
}


@pytest.mark.parametrize("name", FREE_TARGETS)
def test_a_mistake_about_free_targets_says_what_to_write(name: str, tmp_path: Path) -> None:
    changes, said = FREE_TARGETS[name]
    entry = {"networks": ["10.0.0.0/8"], "ports": [8001], "auth": "branches", **changes}
    servers = [{"name": "a", "dhcp4": {"url": "http://192.0.2.1:8000"}}]
    tree = {"auths": {"branches": {}}, "probe": {"allowed_targets": [entry]}, "servers": servers}
    with pytest.raises(ConfigError) as raised:
        settings_from_tree(tree, tmp_path)
    assert f"probe.allowed_targets[0].{said}" in str(raised.value)
