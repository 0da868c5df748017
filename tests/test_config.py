from __future__ import annotations

import os
import traceback
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from kea_exporter.config import ConfigError, ConfigFile, Credentials, Settings, TlsSettings, load, settings_from_tree
from kea_exporter.snapshot import Daemon, TransportKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kea_exporter.config import DaemonSettings

CANARY = "canary-Tr0ub4dor"
SERVER = """\
servers:
- name: a
  dhcp4:
    url: http://127.0.0.1:8000
"""
DAEMON = "servers[0].dhcp4"
NOBODY = 65534


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "sub").mkdir()
    return tmp_path


def read(folder: Path, text: str | bytes) -> Settings:
    path = folder / "config.yml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(path)


def error_of(folder: Path, text: str | bytes) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        read(folder, text)
    return caught.value


def mistakes_in(folder: Path, text: str | bytes) -> list[str]:
    return str(error_of(folder, text)).splitlines()


def only_daemon(folder: Path, *lines: str, url: str = "https://127.0.0.1:8000") -> DaemonSettings:
    text = SERVER.replace("http://127.0.0.1:8000", url) + "".join(f"    {line}\n" for line in lines)
    (daemon,) = read(folder, text).daemons
    return daemon


def assert_each_begins(found: list[str], expected: list[str]) -> None:
    assert len(found) == len(expected), found
    for line, beginning in zip(found, expected, strict=True):
        assert line.startswith(beginning)


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
    url: https://a
    timeout: 9s
    body_size_limit: 2MiB
    basic_auth: {username: of-daemon, password: x}
    tls_config: {server_name: kea}
  dhcp6: {url: https://a}
- name: b
  d2: {url: https://b}
"""


def test_the_nearest_of_daemon_server_and_defaults_wins(folder: Path) -> None:
    nearest, middle, farthest = read(folder, INHERITANCE).daemons
    assert [it.timeout_seconds for it in (nearest, middle, farthest)] == [9, 8, 7]
    assert [it.body_size_limit for it in (nearest, middle, farthest)] == [2 * 1024**2, 1024**2, 1024**2]
    assert [username_of(it) for it in (nearest, middle, farthest)] == ["of-daemon", "of-server", "of-defaults"]


def username_of(daemon: DaemonSettings) -> str | Path | None:
    return daemon.credentials.username if daemon.credentials else None


def test_a_section_is_inherited_as_a_whole_or_not_at_all(folder: Path) -> None:
    nearest, middle, _ = read(folder, INHERITANCE).daemons
    assert nearest.tls == TlsSettings(server_name="kea")
    assert middle.tls == TlsSettings(insecure_skip_verify=True, min_version="TLS13")


def test_what_is_set_nowhere_has_its_default(folder: Path) -> None:
    daemon = only_daemon(folder)
    assert daemon.timeout_seconds == 5
    assert daemon.body_size_limit == 64 * 1024**2
    assert daemon.credentials is None
    assert daemon.tls == TlsSettings()
    assert daemon.profile.name == "ipam"


def test_null_switches_an_inherited_section_off(folder: Path) -> None:
    text = INHERITANCE.replace("  dhcp6: {url: https://a}", "  dhcp6: {url: https://a, basic_auth: , tls_config: null}")
    _, without, inherited = read(folder, text).daemons
    assert without.credentials is None
    assert not without.target.sends_credentials
    assert without.tls == TlsSettings()
    assert inherited.target.sends_credentials


def test_servers_and_daemons_keep_their_order(folder: Path) -> None:
    found = read(folder, INHERITANCE)
    assert found.servers == ("a", "b")
    assert [(it.target.server, it.target.daemon) for it in found.daemons] == [
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
    text = INHERITANCE.replace("d2: {url: https://b}", "d2: {url: 'unix:///run/kea/ddns'}")
    daemon = read(folder, text).daemons[-1]
    assert daemon.credentials is None
    assert not daemon.target.sends_credentials
    assert daemon.tls == TlsSettings()
    assert (daemon.target.kind, daemon.host, daemon.port, daemon.path) == (
        TransportKind.UNIX,
        "",
        None,
        "/run/kea/ddns",
    )


def test_an_http_daemon_gets_credentials_but_no_tls(folder: Path) -> None:
    daemon = read(folder, INHERITANCE.replace("https://b", "http://b")).daemons[-1]
    assert daemon.target.sends_credentials
    assert daemon.tls == TlsSettings()


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("http://kea1", "kea1", 80, "/"),
        ("https://kea1", "kea1", 443, "/"),
        ("http://10.0.0.1:8001", "10.0.0.1", 8001, "/"),
        ("https://10.0.0.1:8001/", "10.0.0.1", 8001, "/"),
        ("http://kea1.example.com:65535/control/", "kea1.example.com", 65535, "/control/"),
        ("http://[2001:db8::1]", "2001:db8::1", 80, "/"),
        ("https://[2001:db8::1]:8004", "2001:db8::1", 8004, "/"),
        ("http://[fe80::1%eth0]:8000", "fe80::1%eth0", 8000, "/"),
        ("unix:///run/kea/kea4-ctrl-socket", "", None, "/run/kea/kea4-ctrl-socket"),
    ],
)
def test_a_url_says_where_to_connect(folder: Path, url: str, host: str, port: int | None, path: str) -> None:
    daemon = only_daemon(folder, url=f'"{url}"')
    assert (daemon.host, daemon.port, daemon.path) == (host, port, path)
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


def test_a_server_may_have_any_name_without_blanks_and_slashes(folder: Path) -> None:
    name = "<dhcp-ä:1>" * 10
    assert read(folder, SERVER.replace("name: a", f"name: '{name}'")).servers == (name,)


def test_a_byte_order_mark_does_no_harm(folder: Path) -> None:
    assert read(folder, "\ufeff" + SERVER).servers == ("a",)


# What is wrong with one that is not.


WHOLE_FILES = {
    "empty": ("", ["servers: this key is missing"]),
    "only a comment": ("# nothing yet\n", ["servers: this key is missing"]),
    "list at the top": ("- name: a\n", ["line 1: this must be a mapping of keys and values"]),
    "text at the top": ("kea\n", ["line 1: this must be a mapping of keys and values"]),
    "null at the top": ("null\n", ["line 1: this must be a mapping of keys and values"]),
    "servers missing": ("defaults: {}\n", ["line 1: servers: this key is missing"]),
    "servers null": ("servers:\n", ["line 1: servers: "]),
    "servers a mapping": ("servers: {a: {}}\n", ["line 1: servers: "]),
    "server not a mapping": ("servers: [kea1]\n", ["line 1: servers[0]: this must be a mapping of keys and values"]),
    "defaults a list": ("defaults: []\n" + SERVER, ["line 1: defaults: this must be a mapping of keys and values"]),
    "unknown key at the top": (
        SERVER + "defalts: {}\n",
        ["line 5: defalts: this key is unknown; did you mean 'defaults'?"],
    ),
    "name missing": (
        "servers:\n- dhcp4: {url: 'http://kea'}\n",
        ["line 2: servers[0].name: this key is missing; write for example dhcp-a"],
    ),
    "url missing": (
        "servers:\n- name: a\n  dhcp4: {timeout: 5s}\n",
        ["line 3: servers[0].dhcp4.url: this key is missing; write for example https://10.10.10.10:8001"],
    ),
    "daemon empty": (
        "servers:\n- name: a\n  dhcp4: {}\n",
        ["line 3: servers[0].dhcp4.url: this key is missing; write for example https://10.10.10.10:8001"],
    ),
    "daemon not a mapping": (
        "servers:\n- name: a\n  dhcp4: http://kea\n",
        ["line 3: servers[0].dhcp4: this must be a mapping of keys and values"],
    ),
    "no daemon": (
        "servers:\n- name: a\n",
        ["line 2: servers[0]: this server has no daemon; add dhcp4, dhcp6 or d2 with its url"],
    ),
    "daemon null": (
        "servers:\n- name: a\n  dhcp4:\n",
        ["line 2: servers[0]: this server has no daemon; add dhcp4, dhcp6 or d2 with its url"],
    ),
    "same name twice": (
        SERVER + SERVER.removeprefix("servers:\n"),
        ["line 5: servers[1].name: servers[0] has this name already; give each server its own"],
    ),
    "same key twice": (SERVER + "    url: http://kea\n", ["line 5: the same key stands here twice; keep one"]),
    "two documents": (SERVER + "---\n" + SERVER, ["line 5: "]),
    "tabs": ("servers:\n\t- name: a\n", ["line 2: this is not YAML; check indentation, colons and quotes"]),
    "colon in a text": ("servers: a: b\n", ["line 1: this is not YAML; check indentation, colons and quotes"]),
    "control character": ("servers: \x01\n", ["this is not YAML; it holds characters or values that YAML does not"]),
    "nested too deeply": ("servers: " + "[" * 5000 + "]" * 5000, ["this is nested too deeply"]),
    "endlessly nested": ("servers: " + "[" * 100_000, ["this is nested too deeply"]),
    "server that is its own list": ("servers: &a [*a]\n", ["line 1: servers[0]: this must be a mapping"]),
    "daemon that is its own server": (
        "servers:\n- &a\n  name: a\n  dhcp4: *a\n",
        [
            "line 3: servers[0].dhcp4.name: this key ",
            "line 4: servers[0].dhcp4.url: ",
            "line 4: servers[0].dhcp4.dhcp4: ",
        ],
    ),
}


@pytest.mark.parametrize("case", WHOLE_FILES)
def test_a_mistake_of_the_file_is_named_with_its_line(folder: Path, case: str) -> None:
    text, expected = WHOLE_FILES[case]
    assert_each_begins(mistakes_in(folder, text), expected)


NAME = "write a name of at most 100 characters, without blanks and slashes; for example dhcp-a"


@pytest.mark.parametrize("name", ["a b", "a/b", '""', "a" * 101, '"a\\tb"'])
def test_a_name_that_cannot_be_used_is_a_mistake(folder: Path, name: str) -> None:
    assert mistakes_in(folder, SERVER.replace("name: a", f"name: {name}")) == [f"line 2: servers[0].name: {NAME}"]


FORMS = 'write "http://address:port", "https://address:port" or "unix:///path/of/socket"'
NO_URL = "this is not a url; check host and port (an IPv6 address stands in brackets)"
USERINFO = "take user and password out of the url; write them under basic_auth"
NO_QUERY = "a control socket has no query or fragment; end the url after port or path"
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
SIZE = "body_size_limit: write a number above 0 with its unit, such as 64MiB"
USER = "basic_auth.username: write a name without a colon; for example monitor"
AUTH = "basic_auth: {username: monitor, password: word"
ONE_PASSWORD = "basic_auth: write either password or password_file, "
ONE_USER = "basic_auth: write either username or username_file, "
PROFILE = "profile: there is no such profile; write one of: ipam"


WRONG_LINES = {
    "timout: 5s": "timout: this key is unknown; did you mean 'timeout'?",
    "zzqq: 5s": "zzqq: this key is unknown; remove it",
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
    "profile: 5": PROFILE,
    "profile:": PROFILE,
    "control_agent: 'yes'": "control_agent: ",
    "control_agent: 1": "control_agent: ",
    "basic_auth: monitor": "basic_auth: this must be a mapping of keys and values",
    "basic_auth: {username: monitor}": f"{ONE_PASSWORD}one is needed",
    "basic_auth: {password: word}": f"{ONE_USER}one is needed",
    "basic_auth: {username: monitor, password: }": f"{ONE_PASSWORD}one is needed",
    f"{AUTH}, password_file: secret}}": f"{ONE_PASSWORD}not both",
    f"{AUTH}, username_file: secret}}": f"{ONE_USER}not both",
    "basic_auth: {username: 'a:b', password: word}": USER,
    "basic_auth: {username: '', password: word}": USER,
    "basic_auth: {username: 5, password: word}": "basic_auth.username: ",
    "basic_auth: {username: monitor, password: 5}": "basic_auth.password: ",
    f"{AUTH}, pasword_file: secret}}": "basic_auth.pasword_file: this key is unknown; did you mean 'password_file'?",
    "tls_config: true": "tls_config: this must be a mapping of keys and values",
    "tls_config: {cert_file: secret}": "tls_config: cert_file is of no use without key_file; write both",
    "tls_config: {key_file: secret}": "tls_config: key_file is of no use without cert_file; write both",
    "tls_config: {ca_file: 5}": "tls_config.ca_file: write the path of a file, as text",
    "tls_config: {ca_file: ''}": "tls_config.ca_file: write the path of a file, as text",
    'tls_config: {ca_file: "a\\0b"}': "tls_config.ca_file: write the path of a file, as text",
    "tls_config: {server_name: a b}": "tls_config.server_name: write the name or address to verify",
    "tls_config: {min_version: TLS11}": "tls_config.min_version: ",
    "tls_config: {insecure_skip_verify: 'no'}": "tls_config.insecure_skip_verify: ",
}


@pytest.mark.parametrize("line", WRONG_LINES)
def test_a_mistake_of_a_daemon_is_named_with_its_line(folder: Path, line: str) -> None:
    assert_each_begins(mistakes_in(folder, f"{SERVER}    {line}\n"), [f"line 5: {DAEMON}.{WRONG_LINES[line]}"])


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
    expected = f"line 5: {DAEMON}.control_agent: a Control Agent is reached by http or https only"
    assert mistakes_in(folder, text) == [expected]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("*word", "line 5: an alias without its anchor"),
        ("!word x", "line 5: a tag or key that is not allowed; put a text that begins with ! in quotes"),
        ("!!python/name:os.system x", "line 5: a tag or key that is not allowed"),
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


def test_a_folder_is_no_file(folder: Path) -> None:
    text = f"{SERVER}    basic_auth: {{username: monitor, password_file: sub}}\n"
    expected = f"{folder}/sub is no file; write the path of a file"
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
        "line 3: defaults.basic_auth: write either password or password_file, one is needed",
        "line 3: defaults.basic_auth.username: write a name without a colon",
        "line 5: servers[0].name: write a name of at most 100 characters",
        "line 6: servers[0].profile: there is no such profile",
        "line 8: servers[0].dhcp4.url: take user and password out of the url",
        "line 9: servers[0].dhcp4.control_agent: ",
        "line 10: servers[0].dhcp6.url: this key is missing",
        "line 11: servers[0].dhcp6.tls_config: cert_file is of no use without key_file",
        "line 11: servers[0].dhcp6.tls_config.server_nam: this key is unknown; did you mean 'server_name'?",
        "line 12: servers[1]: this server has no daemon",
        "line 13: servers[2].name: servers[1] has this name already",
        "line 14: servers[2].d2.url: a unix url has three slashes",
        "line 15: extra: this key is unknown",
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
    assert mistakes_in(folder, begin + rest * 4 * 1024**2) == ["the file is larger than 4 MiB"]


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
    (found,) = error_of(folder, f"{SERVER}{key}: x\n").mistakes
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
    assert CANARY not in said + repr(error) + repr(error.mistakes)


def test_settings_do_not_show_a_password(folder: Path) -> None:
    found = read(folder, f"{SERVER}    basic_auth: {{username: monitor, password: {CANARY}}}\n")
    assert CANARY not in repr(found) + str(found) + f"{found.daemons[0].credentials}"


def test_settings_do_not_show_a_password_that_is_not_used(folder: Path) -> None:
    found = read(
        folder, f"defaults: {{basic_auth: {{username: monitor, password: {CANARY}}}}}\n{SERVER}    basic_auth:\n"
    )
    assert CANARY not in repr(found)


# The schema for editors.


def test_the_schema_describes_every_section() -> None:
    schema = ConfigFile.model_json_schema()
    assert set(schema["properties"]) == {"defaults", "servers"}
    assert schema["required"] == ["servers"]
    assert schema["additionalProperties"] is False
    assert set(schema["$defs"]["ServerEntry"]["properties"]) >= {"name", "dhcp4", "dhcp6", "d2", "timeout"}
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
}
urls = st.lists(st.sampled_from(WORDS) | st.text(max_size=2), max_size=6).map("".join)
daemons = entry(url=urls, control_agent=scalars, **sections)
servers = entry(name=st.sampled_from("ab") | scalars, dhcp4=daemons, dhcp6=daemons | scalars, **sections)
nearly_valid = entry(defaults=entry(**sections), servers=st.lists(servers, max_size=3))
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
