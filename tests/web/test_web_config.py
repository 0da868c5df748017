"""The web configuration file: TLS, users and headers of the exporter's own pages."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog
from cryptography import x509
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from kea_exporter.config.errors import ConfigError
from kea_exporter.config.web import ServerTls, WebSettings, load_web, protections_lost
from kea_exporter.httpd import WebConfig, web_config
from kea_exporter.httpd.tls import has_allowed_san, server_context
from kea_exporter.httpd.web_config import IN_CLEAR
from lab.servers.certificates import Authority
from tests.support.exporter import run, written
from tests.support.waiting import wait_until
from tests.support.web_server import GET, connected, rest, said_to, served, statuses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.requests import Request

    from lab.servers.certificates import Pair

HASH = "$2y$04$abcdefghijklmnopqrstuO5S7c/bvXrTJNN2PjvmR8TzBu6V0b1d2"
CANARY = "canary-9d41"
MAKE_ONE = "make one with: htpasswd -nBC 10 NAME"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def pair(authority: Authority) -> Pair:
    return authority.issue("web", ["127.0.0.1"])


@pytest.fixture
def folder(tmp_path: Path, authority: Authority, pair: Pair) -> Path:
    """A folder with a certificate, its key and an authority, as a user may have it."""
    shutil.copy(pair.certificate, tmp_path / "web.pem")
    shutil.copy(pair.key, tmp_path / "web-key.pem")
    shutil.copy(authority.certificate, tmp_path / "ca.pem")
    (tmp_path / "noise.pem").write_text("noise\n")
    return tmp_path


# What may stand in the file.

GOOD = "cert_file: web.pem, key_file: web-key.pem"
CLIENTS = "client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem"


def mistakes(folder: Path, text: str) -> list[str]:
    path = folder / "web.yml"
    path.write_text(text)
    try:
        WebConfig(path)
    except ConfigError as error:
        return [str(message) for message in error.errors]
    return []


NOT_HONOURED = {
    "cert": f"{CANARY}",
    "key": f"{CANARY}",
    "client_ca": f"{CANARY}",
    "cipher_suites": "[TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]",
    "curve_preferences": "[X25519]",
}
BAD: dict[str, tuple[str, str]] = {
    "no mapping": ("- a", "line 1: must be a mapping"),
    "no YAML": (
        "a: [",
        "line 1: this is not YAML; check indentation, colons and quotes on this line and the one before",
    ),
    "an unknown key": (
        "\ntls_server_conf: {}",
        "line 2: tls_server_conf: unknown key; did you mean 'tls_server_config'?",
    ),
    "an unknown key of tls": (
        "tls_server_config:\n  cert_file: web.pem\n  key_file: web-key.pem\n  client_ca_fil: ca.pem",
        "line 4: tls_server_config.client_ca_fil: unknown key; did you mean 'client_ca_file'?",
    ),
    "a rate limit": (
        "rate_limit: {interval: 1s, burst: 20}",
        ("line 1: rate_limit: not supported; remove the key, and use --web.max-connections and --web.max-requests"),
    ),
    "a key twice": (
        "http_server_config: {}\nhttp_server_config: {}",
        "line 2: the same key stands here twice; keep one",
    ),
    "an empty tls section": (
        "tls_server_config:",
        "line 1: tls_server_config: the section is empty and protects nothing; fill it, or remove the key",
    ),
    "nobody": (
        "basic_auth_users: {}",
        "line 1: basic_auth_users: the section is empty and protects nothing; fill it, or remove the key",
    ),
    "no key": (
        "tls_server_config: {cert_file: web.pem}",
        "line 1: tls_server_config.key_file: the key is missing; set for example /etc/kea-exporter/web-key.pem",
    ),
    "a file that is not there": (
        "tls_server_config: {cert_file: gone.pem, key_file: web-key.pem}",
        "line 1: tls_server_config.cert_file: there is no file FOLDER/gone.pem; create it, or correct the path",
    ),
    "a file that holds something else": (
        "tls_server_config: {cert_file: noise.pem, key_file: web-key.pem}",
        (
            "tls_server_config.cert_file: FOLDER/noise.pem and FOLDER/web-key.pem must hold a PEM certificate and its "
            "own unencrypted key"
        ),
    ),
    "no authority in its file": (
        f"tls_server_config: {{{GOOD}, client_auth_type: RequireAndVerifyClientCert, client_ca_file: noise.pem}}",
        "tls_server_config.client_ca_file: FOLDER/noise.pem must hold PEM certificates",
    ),
    "an old version": (
        f"tls_server_config: {{{GOOD}, min_version: TLS10}}",
        (
            "line 1: tls_server_config.min_version: this version is insecure and not supported; use TLS12 or TLS13, "
            "or remove the key"
        ),
    ),
    "an unknown version": (
        f"tls_server_config: {{{GOOD}, max_version: 1.3}}",
        "line 1: tls_server_config.max_version: write TLS12 or TLS13",
    ),
    "versions the wrong way round": (
        f"tls_server_config: {{{GOOD}, min_version: TLS13, max_version: TLS12}}",
        "line 1: tls_server_config.max_version: max_version is lower than min_version; correct one of them",
    ),
    "a certificate that nobody verifies": (
        f"tls_server_config: {{{GOOD}, client_auth_type: RequireAnyClientCert}}",
        (
            "line 1: tls_server_config.client_auth_type: unverified client certificates are not supported; "
            "use RequireAndVerifyClientCert"
        ),
    ),
    "an unknown client authentication": (
        f"tls_server_config: {{{GOOD}, client_auth_type: Require}}",
        (
            "line 1: tls_server_config.client_auth_type: write one of NoClientCert, VerifyClientCertIfGiven, "
            "RequireAndVerifyClientCert"
        ),
    ),
    "no authority of the clients": (
        f"tls_server_config: {{{GOOD}, client_auth_type: VerifyClientCertIfGiven}}",
        ("line 1: tls_server_config.client_auth_type: client_ca_file is required too"),
    ),
    "an authority for nothing": (
        f"tls_server_config: {{{GOOD}, client_ca_file: ca.pem}}",
        ("line 1: tls_server_config.client_ca_file: this requires client_auth_type: RequireAndVerifyClientCert"),
    ),
    "names for nothing": (
        f"tls_server_config: {{{GOOD}, client_allowed_sans: [a]}}",
        ("line 1: tls_server_config.client_allowed_sans: this requires client_auth_type: RequireAndVerifyClientCert"),
    ),
    "no names": (
        f"tls_server_config: {{{GOOD}, {CLIENTS}, client_allowed_sans: []}}",
        "line 1: tls_server_config.client_allowed_sans: this list is empty; write an entry, or remove the key",
    ),
    "a number for a name": (
        f"tls_server_config: {{{GOOD}, {CLIENTS}, client_allowed_sans: [1]}}",
        "line 1: tls_server_config.client_allowed_sans[0]: must be text; put the value in quotes",
    ),
    "HTTP/2": (
        "http_server_config: {http2: true}",
        "line 1: http_server_config.http2: HTTP/2 is not supported; use false, or remove the key",
    ),
    "a header of one's own": (
        "http_server_config:\n  headers:\n    X-Mine: a",
        (
            "line 3: http_server_config.headers.X-Mine: this header cannot be configured; use one of "
            "Content-Security-Policy, Strict-Transport-Security, X-Content-Type-Options, X-Frame-Options, "
            "X-XSS-Protection"
        ),
    ),
    "a header in other letters": (
        "http_server_config: {headers: {X-frame-options: deny}}",
        (
            "line 1: http_server_config.headers.X-frame-options: this header cannot be configured; did you mean "
            "'X-Frame-Options'?"
        ),
    ),
    "a value that a header does not have": (
        "http_server_config: {headers: {X-Frame-Options: allow}}",
        "line 1: http_server_config.headers.X-Frame-Options: write deny or sameorigin",
    ),
    "two lines in a header": (
        'http_server_config: {headers: {X-XSS-Protection: "1\\r\\nSet-Cookie: a"}}',
        "line 1: http_server_config.headers.X-XSS-Protection: a header has printable ASCII characters only",
    ),
    "a number in a header": (
        "http_server_config: {headers: {X-XSS-Protection: 0}}",
        "line 1: http_server_config.headers.X-XSS-Protection: must be text; put the value in quotes",
    ),
    "a password": (
        f"basic_auth_users: {{a: {CANARY}}}",
        f"line 1: basic_auth_users.a: not a bcrypt hash; {MAKE_ONE}",
    ),
    "no password": ("basic_auth_users: {a: }", f"line 1: basic_auth_users.a: not a bcrypt hash; {MAKE_ONE}"),
    "a number": ("basic_auth_users: {a: 12345}", f"line 1: basic_auth_users.a: not a bcrypt hash; {MAKE_ONE}"),
    "a hash cut short": (
        f"basic_auth_users: {{a: {HASH[:-1]}}}",
        f"line 1: basic_auth_users.a: not a bcrypt hash; {MAKE_ONE}",
    ),
    "a hash with a line after it": (
        f'basic_auth_users: {{a: "{HASH}\\n"}}',
        f"line 1: basic_auth_users.a: not a bcrypt hash; {MAKE_ONE}",
    ),
    "another kind of hash": (
        "basic_auth_users: {a: $6$salt$hash}",
        f"line 1: basic_auth_users.a: not a bcrypt hash; {MAKE_ONE}",
    ),
    "a cost of 3": (
        f"basic_auth_users: {{a: {HASH.replace('$04$', '$03$')}}}",
        f"line 1: basic_auth_users.a: not a bcrypt hash; {MAKE_ONE}",
    ),
    "a cost of 15": (
        f"basic_auth_users: {{a: {HASH.replace('$04$', '$15$')}}}",
        f"line 1: basic_auth_users.a: the cost of this hash is 15, and 14 is the highest; {MAKE_ONE}",
    ),
    "a colon in a name": (
        f'basic_auth_users: {{"a:b": {HASH}}}',
        "line 1: basic_auth_users: a user name has no colon; put a colon and a space before the hash",
    ),
    "no blank before the hash": (
        f"basic_auth_users: {{a:{CANARY}}}",
        "line 1: basic_auth_users: a user name has no colon; put a colon and a space before the hash",
    ),
    "users that are a list": (
        "basic_auth_users: [a]",
        "line 1: basic_auth_users: must be a mapping; for example {NAME: HASH}",
    ),
    **{
        f"{key}, which is not honoured": (f"tls_server_config: {{{GOOD}, {key}: {value}}}", "")
        for key, value in NOT_HONOURED.items()
    },
}


@pytest.mark.parametrize("case", BAD)
def test_a_mistake_is_named_with_its_line_and_what_to_write_instead(folder: Path, case: str) -> None:
    text, expected = BAD[case]
    found = mistakes(folder, text)
    assert CANARY not in "".join(found)
    assert len(found) == 1
    assert found[0] == expected.replace("FOLDER", str(folder)) if expected else "remove the key" in found[0]


def test_all_mistakes_are_told_at_once_in_their_order(folder: Path) -> None:
    text = "rate_limit: {}\nbasic_auth_users:\n  a: b\n  c: d\nhttp_server_config:\n  http2: true\n"
    assert [mistake.split(":")[0] for mistake in mistakes(folder, text)] == ["line 1", "line 3", "line 4", "line 6"]


def test_a_whole_file_is_taken_as_it_is_written(folder: Path) -> None:
    text = f"""
tls_server_config:
  cert_file: web.pem
  key_file: {folder}/web-key.pem
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.pem
  client_allowed_sans: [prometheus.example.com, "2001:DB8::0:1"]
  min_version: TLS13
  max_version: TLS13
  prefer_server_cipher_suites: false
http_server_config:
  http2: false
  headers:
    X-Frame-Options: deny
    X-XSS-Protection: ""
basic_auth_users:
  alice: {HASH}
"""
    assert mistakes(folder, text) == []
    settings = load_web(folder / "web.yml")
    assert settings == WebSettings(
        ServerTls(
            folder / "web.pem",
            folder / "web-key.pem",
            "RequireAndVerifyClientCert",
            folder / "ca.pem",
            frozenset({"prometheus.example.com", "2001:db8::1"}),
            "TLS13",
            "TLS13",
            prefers_own_ciphers=False,
        ),
        {"alice": HASH},
        {"X-Frame-Options": "deny"},
    )
    assert HASH not in repr(settings)


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}", "http_server_config: {}"])
def test_a_file_that_says_nothing_protects_nothing(folder: Path, text: str) -> None:
    assert mistakes(folder, text) == []
    assert load_web(folder / "web.yml") == WebSettings()


@pytest.mark.parametrize("kind", ["2a", "2b", "2y"])
def test_a_hash_of_every_usual_kind_is_taken(folder: Path, kind: str) -> None:
    assert mistakes(folder, f"basic_auth_users: {{a: {HASH.replace('2y', kind)}}}") == []


@pytest.mark.parametrize("command", ["serve", "config check"])
def test_a_broken_file_ends_the_command_with_all_mistakes(folder: Path, command: str) -> None:
    config = written(folder, {"servers": [{"name": "a", "dhcp4": {"url": "http://127.0.0.1:1"}}]})
    (folder / "web.yml").write_text("rate_limit: {}\nbasic_auth_users: {a: b}\n")
    done = run(*command.split(), "--config.file", str(config), "--web.config.file", str(folder / "web.yml"))
    assert done.returncode == 3
    assert "Error: 2 errors\n" in done.stderr
    assert f"{folder}/web.yml: line 2: basic_auth_users.a: not a bcrypt hash" in done.stderr


def test_a_sound_file_is_fine_to_check(folder: Path) -> None:
    config = written(folder, {"servers": [{"name": "a", "dhcp4": {"url": "http://127.0.0.1:1"}}]})
    (folder / "web.yml").write_text(f"tls_server_config: {{{GOOD}}}")
    done = run("config", "check", "--config.file", str(config), "--web.config.file", str(folder / "web.yml"))
    assert (done.returncode, done.stderr) == (0, "")


def test_users_without_tls_are_warned_of_by_a_check(folder: Path) -> None:
    config = written(folder, {"servers": [{"name": "a", "dhcp4": {"url": "http://127.0.0.1:1"}}]})
    (folder / "web.yml").write_text(f"basic_auth_users: {{a: {HASH}}}")
    done = run("config", "check", "--config.file", str(config), "--web.config.file", str(folder / "web.yml"))
    assert done.returncode == 0
    [line] = done.stderr.splitlines()
    assert f"level=warning msg={IN_CLEAR!r}".replace("'", '"') in line


def test_an_encrypted_key_is_refused_and_nobody_is_asked_for_its_password(folder: Path) -> None:
    key = folder / "web-key.pem"
    command = ["openssl", "pkey", "-in", str(key), "-aes128", "-passout", "pass:secret", "-out", f"{key}.new"]
    subprocess.run(command, check=True, capture_output=True)
    Path(f"{key}.new").replace(key)
    assert "its own unencrypted key" in mistakes(folder, f"tls_server_config: {{{GOOD}}}")[0]


def test_what_is_lost_of_the_protection_is_named() -> None:
    weak = ServerTls(Path("a"), Path("b"))
    strong = replace(
        weak,
        client_auth="RequireAndVerifyClientCert",
        client_ca_file=Path("c"),
        allowed_sans=frozenset({"a"}),
        min_version="TLS13",
    )
    before = WebSettings(strong, {"a": HASH})
    assert protections_lost(before, WebSettings()) == ["basic_auth_users", "tls_server_config"]
    assert protections_lost(before, WebSettings(weak, {"b": HASH})) == [
        "client_auth_type",
        "client_allowed_sans",
        "min_version",
    ]
    assert protections_lost(WebSettings(weak), before) == []
    assert protections_lost(before, before) == []


# TLS as it is spoken.


async def healthy(_: Request) -> Response:
    return PlainTextResponse("fine\n")


APP = Starlette(routes=[Route("/-/healthy", healthy)])


@contextmanager
def serving(folder: Path, tls: str = GOOD, rest_of_it: str = "") -> Iterator[int]:
    """Serve by the web configuration file in a folder, which is written first."""
    (folder / "web.yml").write_text(f"tls_server_config: {{{tls}}}\n{rest_of_it}")
    with served(APP, protection=WebConfig(folder / "web.yml").now) as port:
        yield port


def client(folder: Path, own: Pair | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    if own:
        context.load_cert_chain(own.certificate, own.key)
    return context


def asked(port: int, context: ssl.SSLContext) -> list[int]:
    """Return the statuses that come back over TLS; none where the handshake, or what follows it, is refused."""
    try:
        with context.wrap_socket(connected(port), server_hostname="127.0.0.1") as sock:
            sock.sendall(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
            return statuses(rest(sock))
    except OSError:
        return []


def shown(port: int, folder: Path) -> int:
    """Return the serial number of the certificate that new connections see."""
    with client(folder).wrap_socket(connected(port), server_hostname="127.0.0.1") as sock:
        certificate = sock.getpeercert()
    assert certificate is not None
    return int(str(certificate["serialNumber"]), 16)


def serial(file: Path) -> int:
    return x509.load_pem_x509_certificate(file.read_bytes()).serial_number


def test_pages_come_over_tls_and_not_without(folder: Path) -> None:
    with serving(folder) as port:
        assert asked(port, client(folder)) == [200]
        assert statuses(said_to(port, GET)) == []
        assert shown(port, folder) == serial(folder / "web.pem")


@pytest.mark.parametrize(
    ("minimum", "maximum", "spoken", "expected"),
    [
        ("TLS12", "TLS13", ssl.TLSVersion.TLSv1_2, [200]),
        ("TLS12", "TLS13", ssl.TLSVersion.TLSv1_3, [200]),
        ("TLS13", "TLS13", ssl.TLSVersion.TLSv1_2, []),
        ("TLS12", "TLS12", ssl.TLSVersion.TLSv1_3, []),
    ],
)
def test_only_the_versions_that_are_allowed_are_spoken(
    folder: Path, minimum: str, maximum: str, spoken: ssl.TLSVersion, expected: list[int]
) -> None:
    context = client(folder)
    context.minimum_version = context.maximum_version = spoken
    with serving(folder, f"{GOOD}, min_version: {minimum}, max_version: {maximum}") as port:
        assert asked(port, context) == expected


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """A certificate of somebody else's authority."""
    return Authority(tmp_path_factory.mktemp("stranger"), "other").issue("prometheus", dns_names=["prometheus.test"])


@pytest.fixture(scope="module")
def friend(authority: Authority) -> Pair:
    return authority.issue("prometheus", ["127.0.0.9", "2001:db8::9"], ["prometheus.test"])


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("NoClientCert", {"none": [200], "friend": [200], "stranger": [200]}),
        ("VerifyClientCertIfGiven", {"none": [200], "friend": [200], "stranger": []}),
        ("RequireAndVerifyClientCert", {"none": [], "friend": [200], "stranger": []}),
    ],
)
def test_clients_are_let_in_by_their_certificates(
    folder: Path, friend: Pair, stranger: Pair, kind: str, expected: dict[str, list[int]]
) -> None:
    authority = "" if kind == "NoClientCert" else ", client_ca_file: ca.pem"
    with serving(folder, f"{GOOD}, client_auth_type: {kind}{authority}") as port:
        found = {
            name: asked(port, client(folder, own))
            for name, own in (("none", None), ("friend", friend), ("stranger", stranger))
        }
    assert found == expected


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [
        ("prometheus.test", [200]),
        ("127.0.0.9", [200]),
        ('"2001:DB8:0::9"', [200]),
        ("other.test, 127.0.0.9", [200]),
        ("PROMETHEUS.TEST", []),
        ("'*.test'", []),
        ("prometheus", []),
        ("127.0.0.8", []),
    ],
)
def test_of_verified_clients_only_those_that_are_named_are_let_in(
    folder: Path, friend: Pair, allowed: str, expected: list[int]
) -> None:
    with serving(folder, f"{GOOD}, {CLIENTS}, client_allowed_sans: [{allowed}]") as port:
        # Once again, as a client would that resumes its session.
        assert [asked(port, client(folder, friend)) for _ in range(2)] == [expected] * 2


def test_a_session_cannot_be_resumed_past_the_names_that_are_allowed(folder: Path, friend: Pair) -> None:
    context = client(folder, friend)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with serving(folder, f"{GOOD}, {CLIENTS}, client_allowed_sans: [prometheus.test]") as port:
        with context.wrap_socket(connected(port), server_hostname="127.0.0.1") as sock:
            session = sock.session
        resumed = context.wrap_socket(connected(port), server_hostname="127.0.0.1", session=session)
        with resumed as sock:
            sock.sendall(GET)
            assert statuses(sock.recv(65536)) == [200]


@pytest.mark.parametrize(
    ("san", "expected"),
    [
        ((("DNS", "a"),), True),
        ((("email", "a"),), True),
        ((("URI", "a"),), True),
        ((("DNS", "b"), ("DNS", "a")), True),
        ((("IP Address", "0:0:0:0:0:0:0:1"),), True),
        ((("DirName", "a"), ("Registered ID", "a")), False),
        ((), False),
    ],
)
def test_every_kind_of_name_in_a_certificate_counts_exactly(san: tuple[tuple[str, str], ...], expected: bool) -> None:  # noqa: FBT001
    assert has_allowed_san({"subjectAltName": san}, frozenset({"a", "::1"})) is expected
    assert not has_allowed_san({}, frozenset({"a"}))


# What changes on disk.


def put(pair: Pair, folder: Path) -> None:
    """Put a certificate and its key in the place of others, as a renewal does: whole files, one after the other."""
    for source, name in ((pair.certificate, "web.pem"), (pair.key, "web-key.pem")):
        shutil.copy(source, folder / "new")
        (folder / "new").replace(folder / name)


def test_a_renewed_certificate_is_served_without_a_restart(folder: Path, authority: Authority) -> None:
    with serving(folder) as port:
        before = shown(port, folder)
        put(authority.issue("renewed", ["127.0.0.1"]), folder)
        assert shown(port, folder) == serial(folder / "web.pem") != before


def test_it_is_served_when_the_files_were_written_over(folder: Path, authority: Authority) -> None:
    with serving(folder) as port:
        renewed = authority.issue("overwritten", ["127.0.0.1"])
        for source, name in ((renewed.certificate, "web.pem"), (renewed.key, "web-key.pem")):
            (folder / name).write_bytes(source.read_bytes())
        wait_until(lambda: shown(port, folder) == serial(folder / "web.pem"))


def test_it_is_served_when_times_and_sizes_tell_nothing(tmp_path: Path) -> None:
    file, now = tmp_path / "web.yml", [time.time()]
    file.write_text("http_server_config: {headers: {X-Frame-Options: deny, X-XSS-Protection: a}}")
    config = WebConfig(file, lambda: now[0])
    status = file.stat()
    file.write_text("http_server_config: {headers: {X-Frame-Options: deny, X-XSS-Protection: b}}")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    now[0] += 1.5
    assert config.now().settings.headers["X-XSS-Protection"] == "b"


def test_it_is_served_when_a_folder_is_swapped_as_kubernetes_does(folder: Path, authority: Authority) -> None:
    def publish(pair: Pair, version: str) -> None:
        (folder / version).mkdir()
        shutil.copy(pair.certificate, folder / version / "tls.crt")
        shutil.copy(pair.key, folder / version / "tls.key")
        (folder / "..data_tmp").symlink_to(version)
        (folder / "..data_tmp").replace(folder / "..data")

    publish(authority.issue("first", ["127.0.0.1"]), "..1")
    for name in ("tls.crt", "tls.key"):
        (folder / name).symlink_to(f"..data/{name}")
    with serving(folder, "cert_file: tls.crt, key_file: tls.key") as port:
        before = shown(port, folder)
        publish(authority.issue("second", ["127.0.0.1"]), "..2")
        shutil.rmtree(folder / "..1")
        assert shown(port, folder) == serial(folder / "tls.crt") != before


@pytest.mark.parametrize("loading", [1, 2], ids=["at the start", "in a reload"])
@pytest.mark.parametrize("name", ["web.yml", "web.pem"])
def test_a_change_while_the_files_are_loaded_is_not_missed(
    folder: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch, name: str, loading: int
) -> None:
    file, now = folder / "web.yml", [time.time()]
    contexts: list[ssl.SSLContext] = []

    def load_then_change(tls: ServerTls) -> ssl.SSLContext:
        contexts.append(server_context(tls))
        if len(contexts) == loading and name == "web.yml":
            file.write_text(f"tls_server_config: {{{GOOD}, min_version: TLS13}}")
        elif len(contexts) == loading:
            put(authority.issue(f"during-{loading}", ["127.0.0.1"]), folder)
        return contexts[-1]

    monkeypatch.setattr(web_config, "server_context", load_then_change)
    file.write_text(f"tls_server_config: {{{GOOD}}}")
    config = WebConfig(file, lambda: now[0])
    if loading == 2:
        file.write_text(f"# changed\ntls_server_config: {{{GOOD}}}")
        config.now()
    now[0] += 1.5
    assert config.now().context is contexts[loading]
    assert config.now().settings == load_web(file)


def test_an_open_connection_ends_with_its_certificate(folder: Path, authority: Authority) -> None:
    with serving(folder) as port, client(folder).wrap_socket(connected(port), server_hostname="127.0.0.1") as sock:
        sock.sendall(GET)
        assert sock.recv(65536)
        put(authority.issue("later", ["127.0.0.1"]), folder)
        sock.sendall(GET)
        assert b"fine" in rest(sock)


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> Callable[[str], int]:
    """Return how often something has been logged since the last time."""
    structlog.reset_defaults()

    def count(event: str) -> int:
        return capsys.readouterr().out.count(event)

    return count


KEPT, TAKEN = "web configuration reload failed", "web configuration reloaded"


def test_users_without_tls_are_warned_of_once_per_change(folder: Path, logged: Callable[[str], int]) -> None:
    (folder / "web.yml").write_text(f"basic_auth_users: {{a: {HASH}}}")
    config = WebConfig(folder / "web.yml")
    assert [config.now().settings.users for _ in range(3)] == [{"a": HASH}] * 3
    assert logged(IN_CLEAR) == 1
    (folder / "web.yml").write_text(f"basic_auth_users: {{other: {HASH}}}")
    assert config.now().settings.users == {"other": HASH}
    assert logged(IN_CLEAR) == 1
    (folder / "web.yml").write_text(f"basic_auth_users: {{other: {HASH}}}\ntls_server_config: {{{GOOD}}}")
    assert config.now().context is not None
    assert logged(IN_CLEAR) == 0


def test_a_certificate_without_its_key_leaves_the_last_one_in_force(
    folder: Path, authority: Authority, logged: Callable[[str], int]
) -> None:
    with serving(folder) as port:
        before, renewed = shown(port, folder), authority.issue("halfway", ["127.0.0.1"])
        (folder / "web.pem").write_bytes(renewed.certificate.read_bytes())
        assert [shown(port, folder) for _ in range(5)] == [before] * 5
        assert logged(KEPT) == 1
        (folder / "web-key.pem").write_bytes(renewed.key.read_bytes())
        assert shown(port, folder) == serial(folder / "web.pem") != before
        assert logged(TAKEN) == 1


@pytest.mark.parametrize("text", ["nonsense: 1\n", "tls_server_config: {cert_file: gone.pem, key_file: web-key.pem}\n"])
def test_a_broken_file_leaves_the_last_one_in_force_and_is_logged_once(
    folder: Path, logged: Callable[[str], int], text: str
) -> None:
    with serving(folder) as port:
        before = (folder / "web.yml").read_text()
        (folder / "web.yml").write_text(text)
        assert [asked(port, client(folder)) for _ in range(5)] == [[200]] * 5
        assert logged(KEPT) == 1
        (folder / "web.yml").write_text(before)
        assert asked(port, client(folder)) == [200]
        assert logged(TAKEN) == 1


def test_an_unexpected_exception_leaves_the_last_one_in_force(
    folder: Path, logged: Callable[[str], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(folder) as port:
        with monkeypatch.context() as patched:
            patched.setattr(web_config, "load_web", lambda _: int("x"))
            (folder / "web.yml").write_text(f"# changed\ntls_server_config: {{{GOOD}}}\n")
            assert [asked(port, client(folder)) for _ in range(3)] == [[200]] * 3
            assert logged("internal error: ValueError")
        wait_until(lambda: asked(port, client(folder)) == [200] and logged(TAKEN) == 1)


def test_files_that_follow_their_configuration_are_found(
    folder: Path, authority: Authority, logged: Callable[[str], int]
) -> None:
    with serving(folder) as port:
        (folder / "web.yml").write_text("tls_server_config: {cert_file: next.pem, key_file: next-key.pem}\n")
        assert asked(port, client(folder)) == [200]
        renewed = authority.issue("next", ["127.0.0.1"])
        shutil.copy(renewed.key, folder / "next-key.pem")
        shutil.copy(renewed.certificate, folder / "next.pem")
        wait_until(lambda: shown(port, folder) == serial(folder / "next.pem"))
        assert logged(TAKEN) == 1


@pytest.mark.parametrize("text", ["", "\n", f"tls_server_config: {{{GOOD}}}\n", "basic_auth_users: {a: HASH}\n"])
def test_a_file_that_is_only_begun_opens_no_door(folder: Path, logged: Callable[[str], int], text: str) -> None:
    with serving(folder, GOOD, f"basic_auth_users: {{a: {HASH}}}\n") as port:
        (folder / "web.yml").write_text(text.replace("HASH", HASH))
        assert asked(port, client(folder)) == [401]
        assert statuses(said_to(port, GET)) == []
        assert logged("restart it to apply this") == 1
