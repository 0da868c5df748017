from __future__ import annotations

import gzip
import socket
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from kea_exporter.config import Credentials, DaemonSettings, TlsSettings, settings_from_tree
from kea_exporter.facts.failure import Failure, Reason, Stage
from kea_exporter.transport.choice import transport_to
from kea_exporter.transport.context import build_context
from kea_exporter.transport.deadline import Deadline
from kea_exporter.transport.http import MAX_CONNECTIONS
from kea_exporter.transport.model import TransportError
from lab.servers.certificates import Authority, Pair
from lab.servers.processes import free_port
from tests.support.hostile_peers import OK, command_from, dripping, repeating, saying, silent
from tests.support.peers import SimulatedKea, blackhole, peer

if TYPE_CHECKING:
    from collections.abc import Callable

COMMAND = b'{"command": "version-get"}'
# Of those that never answer; whoever does may be slow on a busy machine.
SECONDS, GENEROUS = 0.6, 20.0
LIMIT = 2**20


def settings(url: str, **changes: object) -> DaemonSettings:
    tree = {"servers": [{"name": "a", "dhcp4": {"url": url, "body_size_limit": f"{LIMIT}B"}}]}
    return replace(settings_from_tree(tree, Path()).daemons[0], **changes)  # type: ignore[arg-type]


def exchange(daemon: DaemonSettings, times: int = 1, limit: int = sys.maxsize, seconds: float = GENEROUS) -> bytes:
    with closing(transport_to(daemon, Deadline.after(seconds))) as transport:
        transport.open()
        return b"".join(transport.exchange(COMMAND, limit) for _ in range(times))


def failure_of(daemon: DaemonSettings, limit: int = sys.maxsize, seconds: float = GENEROUS) -> Failure:
    with pytest.raises(TransportError) as caught:
        exchange(daemon, limit=limit, seconds=seconds)
    return caught.value.failure


def reading_nothing_until(event: Event) -> Callable[[socket.socket], None]:
    def behave(_: socket.socket) -> None:
        event.wait(10)

    return behave


def test_a_compressed_answer_is_not_unpacked() -> None:
    bomb = gzip.compress(b"x" * 50_000_000)
    head = f"Content-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
    with peer(saying(OK + head + bomb)) as port:
        assert exchange(settings(f"http://127.0.0.1:{port}")) == bomb


def test_a_closed_port_is_refused() -> None:
    failure = failure_of(settings(f"http://127.0.0.1:{free_port()}"))
    assert (failure.stage, failure.reason) == (Stage.CONNECT, Reason.REFUSED)


def test_a_blackholed_address_times_out_while_connecting() -> None:
    with blackhole() as port:
        failure = failure_of(settings(f"http://127.0.0.1:{port}"), seconds=SECONDS)
    assert (failure.stage, failure.reason) == (Stage.CONNECT, Reason.TIMED_OUT)


def test_a_name_that_does_not_exist_fails_to_resolve() -> None:
    failure = failure_of(settings("http://no-such-host.invalid:8000"))
    assert (failure.stage, failure.reason) == (Stage.RESOLVE, Reason.NAME_NOT_RESOLVED)


def test_a_name_that_is_resolved_too_late_is_not_held_against_the_network() -> None:
    daemon = settings("http://localhost:1")
    with closing(transport_to(daemon, Deadline.after(0))) as transport, pytest.raises(TransportError) as caught:
        transport.open()
    assert (caught.value.failure.stage, caught.value.failure.reason) == (Stage.RESOLVE, Reason.RESOLVER_TIMED_OUT)


def test_the_realm_of_a_challenge_is_made_fit_to_be_shown() -> None:
    head = b'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="x\x1b[2Jevil"\r\nContent-Length: 0\r\n\r\n'
    with peer(saying(head)) as port:
        daemon = settings(f"http://127.0.0.1:{port}")
        with closing(transport_to(daemon, Deadline.after(GENEROUS))) as transport:
            transport.open()
            with pytest.raises(TransportError):
                transport.exchange(COMMAND, LIMIT)
            assert transport.authentication_result is not None
            assert transport.authentication_result.realm == "x [2Jevil"


REFUSALS = {
    "Kea": ("application/json", "kea-dhcpv4-server", Reason.UNAUTHORIZED),
    "the high availability hook": ("application/json", "", Reason.HA_LISTENER),
    "a proxy": ("text/html", "proxy", Reason.REFUSED_BY_PROXY),
    "a proxy without a realm": ("text/html", "", Reason.REFUSED_BY_PROXY),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_who_refuses_credentials_is_told_by_the_answer(case: str) -> None:
    content_type, realm, reason = REFUSALS[case]
    head = f'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="{realm}"\r\nContent-Type: {content_type}\r\n'
    with peer(saying(f"{head}Content-Length: 0\r\n\r\n".encode())) as port:
        failure = failure_of(settings(f"http://127.0.0.1:{port}"))
    assert (failure.stage, failure.reason) == (Stage.AUTH, reason)


def test_a_name_is_tried_at_each_of_its_addresses() -> None:
    # localhost stands for ::1 too, where nothing listens.
    with SimulatedKea({"version-get": {"result": 0, "text": "3.0.3"}}) as kea:
        assert b"3.0.3" in exchange(settings(f"http://localhost:{kea.server_address[1]}"))


@pytest.mark.parametrize(("limit", "said"), [(1, 1), (10 * LIMIT, LIMIT)], ids=["its own limit", "the configured one"])
def test_an_answer_has_the_smaller_of_both_limits(limit: int, said: int) -> None:
    with peer(saying(OK + b"Content-Length: %d\r\n\r\n" % (said + 1) + b"x" * (said + 1))) as port:
        failure = failure_of(settings(f"http://127.0.0.1:{port}"), limit)
    assert (failure.reason, failure.detail) == (
        Reason.ANSWER_TOO_LARGE,
        f"the answer is larger than {said} bytes",
    )


def test_all_commands_of_a_scrape_share_one_connection() -> None:
    connections: list[socket.socket] = []

    def behave(sock: socket.socket) -> None:
        connections.append(sock)
        while command_from(sock):
            sock.sendall(OK + b"Content-Length: 2\r\n\r\n{}")

    with peer(behave) as port:
        assert exchange(settings(f"http://127.0.0.1:{port}"), times=3) == b"{}{}{}"
    assert len(connections) == 1


ANNOUNCED = OK + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}"
UNANNOUNCED = OK + b"Content-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize("answer", [ANNOUNCED, UNANNOUNCED], ids=["announced", "unannounced"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_connection_that_is_closed_after_each_answer_is_replaced(tmp_path: Path, answer: bytes, scheme: str) -> None:
    authority = Authority(tmp_path)
    pair = authority.issue("kea", ["127.0.0.1"]) if scheme == "https" else None
    with peer(saying(answer), pair) as port:
        daemon = settings(f"{scheme}://127.0.0.1:{port}", tls=TlsSettings(ca_file=authority.certificate))
        assert exchange(daemon, times=16) == b"{}" * 16


def test_connections_are_replaced_up_to_a_limit_for_each_page() -> None:
    with peer(saying(ANNOUNCED)) as port:
        transport = transport_to(settings(f"http://127.0.0.1:{port}"), Deadline.after(GENEROUS))
        with closing(transport):
            transport.open()
            for _ in range(MAX_CONNECTIONS):
                transport.exchange(COMMAND, LIMIT)
            with pytest.raises(TransportError) as caught:
                transport.exchange(COMMAND, LIMIT)
            transport.renew(Deadline.after(GENEROUS))
            assert transport.exchange(COMMAND, LIMIT) == b"{}"
    assert (caught.value.failure.stage, caught.value.failure.reason) == (Stage.HTTP, Reason.CONNECTION_NOT_KEPT)


def test_a_connection_that_brought_no_answer_is_not_replaced() -> None:
    requests_seen: list[bytes] = []

    def behave(sock: socket.socket) -> None:
        requests_seen.append(sock.recv(65536))
        sock.close()

    with peer(behave) as port:
        failure = failure_of(settings(f"http://127.0.0.1:{port}"))
    assert failure.reason is Reason.CONNECTION_CLOSED
    assert len(requests_seen) == 1


def test_a_replacing_connection_is_verified_before_it_is_used(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    good, other = authority.issue("kea", ["127.0.0.1"]), Authority(tmp_path, "other").issue("kea2", ["127.0.0.1"])
    seen: list[bytes] = []
    certificate, key = tmp_path / "now.crt", tmp_path / "now.key"
    certificate.write_bytes(good.certificate.read_bytes())
    key.write_bytes(good.key.read_bytes())

    def behave(sock: socket.socket) -> None:
        seen.append(sock.recv(65536))
        certificate.write_bytes(other.certificate.read_bytes())
        key.write_bytes(other.key.read_bytes())
        sock.sendall(ANNOUNCED)

    with peer(behave, Pair(certificate, key)) as port:
        daemon = settings(f"https://127.0.0.1:{port}", tls=TlsSettings(ca_file=authority.certificate))
        with pytest.raises(TransportError) as caught:
            exchange(daemon, times=2)
    assert (caught.value.failure.stage, caught.value.failure.reason) == (
        Stage.TLS,
        Reason.CERTIFICATE_UNTRUSTED_ISSUER,
    )
    assert len([request for request in seen if request]) == 1


def test_a_name_of_several_addresses_is_reached_at_the_first_one_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = socket.getaddrinfo

    def resolve(host: str, *arguments: object, **options: object) -> object:
        asked.append(host)
        return real("127.0.0.1" if host == "kea.example" else host, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with peer(saying(ANNOUNCED)) as port:
        assert exchange(settings(f"http://kea.example:{port}"), times=3) == b"{}" * 3
    assert asked == ["kea.example", "127.0.0.1", "127.0.0.1"]


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    with SimulatedKea({"version-get": {"result": 0, "text": "3.0.3"}}) as kea:
        assert b"3.0.3" in exchange(settings(kea.url))


def test_credentials_are_read_anew_each_time_and_without_white_space(tmp_path: Path) -> None:
    file = tmp_path / "password"
    daemon_credentials = Credentials("monitor", file)
    with SimulatedKea({"version-get": {"result": 0, "text": "3.0.3"}}, ("monitor", "pässword")) as kea:
        # Kea takes the bytes of its UTF-8 configuration for latin-1 and encodes them once more.
        kea.credentials = ("monitor", "pässword".encode().decode("latin-1"))
        file.write_text("wrong\n")
        assert failure_of(settings(kea.url, credentials=daemon_credentials)).reason is Reason.UNAUTHORIZED
        file.write_text("  pässword\r\n")
        assert b"3.0.3" in exchange(settings(kea.url, credentials=daemon_credentials))


def test_a_missing_password_file_is_named_by_key_not_by_value(
    tmp_path: Path,
) -> None:
    with SimulatedKea({}) as kea:
        failure = failure_of(settings(kea.url, credentials=Credentials("monitor", tmp_path / "gone")))
        assert kea.received == []
    assert (failure.stage, failure.reason) == (Stage.AUTH, Reason.LOCAL_FILE_UNREADABLE)
    assert failure.detail == "password_file cannot be read: No such file or directory"


class TestTls:
    """The client's side, against servers of Python's own; real Kea is asked in tests/real/test_kea.py."""

    @pytest.fixture
    def authority(self, tmp_path: Path) -> Authority:
        return Authority(tmp_path)

    @staticmethod
    def answer(sock: socket.socket) -> None:
        if sock.recv(65536):
            sock.sendall(OK + b"Content-Length: 2\r\n\r\n{}")

    def test_a_verified_server_is_asked(self, authority: Authority) -> None:
        pair = authority.issue("kea", addresses=["127.0.0.1"])
        with peer(self.answer, pair) as port:
            tls = TlsSettings(ca_file=authority.certificate)
            assert exchange(settings(f"https://127.0.0.1:{port}", tls=tls)) == b"{}"

    @pytest.mark.parametrize(
        ("addresses", "days", "reason"),
        [
            (["127.0.0.1"], (-9, -1), Reason.CERTIFICATE_EXPIRED),
            (["127.0.0.1"], (1, 9), Reason.CERTIFICATE_NOT_YET_VALID),
            (["127.0.0.2"], (-1, 9), Reason.CERTIFICATE_NAME_MISMATCH),
            ([], (-1, 9), Reason.CERTIFICATE_NAME_MISMATCH),
        ],
        ids=["expired", "not yet valid", "another address", "no SAN at all"],
    )
    def test_an_unsound_certificate_gets_no_credentials(
        self, authority: Authority, addresses: list[str], days: tuple[float, float], reason: Reason
    ) -> None:
        received: list[bytes] = []
        pair = authority.issue("127.0.0.1", addresses=addresses, days=days)
        with peer(lambda sock: received.append(sock.recv(65536)), pair) as port:
            tls = TlsSettings(ca_file=authority.certificate)
            credentials = Credentials("monitor", SecretStr("canary"))
            failure = failure_of(settings(f"https://127.0.0.1:{port}", tls=tls, credentials=credentials))
        assert (failure.stage, failure.reason) == (Stage.TLS, reason)
        assert b"".join(received) == b""

    def test_an_unknown_authority_is_not_trusted(self, authority: Authority, tmp_path: Path) -> None:
        other = tmp_path / "other"
        other.mkdir()
        pair = Authority(other).issue("kea", addresses=["127.0.0.1"])
        with peer(self.answer, pair) as port:
            tls = TlsSettings(ca_file=authority.certificate)
            failure = failure_of(settings(f"https://127.0.0.1:{port}", tls=tls))
        assert failure.reason is Reason.CERTIFICATE_UNTRUSTED_ISSUER

    def test_authorities_of_the_system_are_read_once_until_they_change(
        self, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "other").mkdir()
        other, system = Authority(tmp_path / "other"), tmp_path / "system.pem"
        monkeypatch.setenv("SSL_CERT_FILE", str(system))
        with peer(self.answer, authority.issue("kea", addresses=["127.0.0.1"])) as port:
            daemon = settings(f"https://127.0.0.1:{port}")
            system.write_bytes(authority.certificate.read_bytes())
            assert exchange(daemon) == b"{}"
            assert build_context(daemon.tls) is build_context(daemon.tls)
            system.write_bytes(other.certificate.read_bytes())
            assert failure_of(daemon).reason is Reason.CERTIFICATE_UNTRUSTED_ISSUER
            system.write_bytes(authority.certificate.read_bytes())
            assert exchange(daemon) == b"{}"
            system.unlink()
            assert failure_of(daemon).reason is Reason.CERTIFICATE_UNTRUSTED_ISSUER

    def test_a_ca_file_is_parsed_once_until_it_changes(self, authority: Authority, tmp_path: Path) -> None:
        (tmp_path / "other").mkdir()
        other, ca_file = Authority(tmp_path / "other"), tmp_path / "ca.pem"
        with peer(self.answer, authority.issue("kea", addresses=["127.0.0.1"])) as port:
            daemon = settings(f"https://127.0.0.1:{port}", tls=TlsSettings(ca_file=ca_file))
            ca_file.write_bytes(authority.certificate.read_bytes())
            assert exchange(daemon) == b"{}"
            assert build_context(daemon.tls) is build_context(daemon.tls)
            ca_file.write_bytes(other.certificate.read_bytes())
            assert failure_of(daemon).reason is Reason.CERTIFICATE_UNTRUSTED_ISSUER
            ca_file.unlink()
            assert failure_of(daemon).reason is Reason.LOCAL_FILE_UNREADABLE

    def test_a_server_that_closes_over_tls_is_not_said_to_want_tls(self, authority: Authority) -> None:
        pair = authority.issue("kea", addresses=["127.0.0.1"])
        with peer(saying(b""), pair) as port:
            failure = failure_of(settings(f"https://127.0.0.1:{port}", tls=TlsSettings(ca_file=authority.certificate)))
        assert (failure.stage, failure.reason) == (Stage.HTTP, Reason.CONNECTION_CLOSED)
        assert "https" not in failure.detail

    def test_verification_can_be_turned_off(self, authority: Authority) -> None:
        pair = authority.issue("kea", days=(-9, -1))
        with peer(self.answer, pair) as port:
            tls = TlsSettings(insecure_skip_verify=True)
            assert exchange(settings(f"https://127.0.0.1:{port}", tls=tls)) == b"{}"

    def test_another_name_can_be_verified(self, authority: Authority) -> None:
        pair = authority.issue("kea", dns_names=["kea1.example.com"])
        with peer(self.answer, pair) as port:
            daemon = settings(f"https://127.0.0.1:{port}", tls=TlsSettings(ca_file=authority.certificate))
            daemon = replace(daemon, target=replace(daemon.target, verified_name="kea1.example.com"))
            assert exchange(daemon) == b"{}"

    def test_a_server_without_tls_is_told_apart(self) -> None:
        with peer(saying(b"HTTP/1.0 400 Bad Request\r\n\r\n")) as port:
            failure = failure_of(settings(f"https://127.0.0.1:{port}"))
        assert (failure.stage, failure.reason) == (Stage.TLS, Reason.NOT_TLS)

    def test_a_server_that_is_silent_during_the_handshake_times_out(self) -> None:
        with peer(silent) as port:
            failure = failure_of(settings(f"https://127.0.0.1:{port}"), seconds=SECONDS)
        assert (failure.stage, failure.reason) == (Stage.TLS, Reason.TIMED_OUT)

    def test_a_server_that_drips_over_tls_times_out(self, authority: Authority) -> None:
        pair = authority.issue("kea", addresses=["127.0.0.1"])
        with peer(dripping(OK + b"X: "), pair) as port:
            daemon = settings(f"https://127.0.0.1:{port}", tls=TlsSettings(ca_file=authority.certificate))
            # It has to come as far as that.
            failure = failure_of(daemon, seconds=4 * SECONDS)
        assert (failure.stage, failure.reason) == (Stage.HTTP, Reason.TIMED_OUT)

    def test_a_server_that_reads_nothing_is_not_waited_for_twice(self, authority: Authority) -> None:
        has_ended, seconds = Event(), 2.0
        pair = authority.issue("kea", addresses=["127.0.0.1"])
        with peer(reading_nothing_until(has_ended), pair) as port:
            daemon = settings(f"https://127.0.0.1:{port}", tls=TlsSettings(ca_file=authority.certificate))
            with closing(transport_to(daemon, Deadline.after(seconds))) as transport:
                transport.open()
                begun = time.monotonic()
                with pytest.raises(TransportError) as caught:
                    transport.exchange(bytes(64 * 2**20), LIMIT)
                took = time.monotonic() - begun
            has_ended.set()
        assert caught.value.failure.reason is Reason.TIMED_OUT
        assert took < 1.9 * seconds

    def test_a_ca_file_that_holds_none_is_named(self, tmp_path: Path) -> None:
        file = tmp_path / "ca.pem"
        file.write_text("not a certificate")
        with peer(silent) as port:
            failure = failure_of(settings(f"https://127.0.0.1:{port}", tls=TlsSettings(ca_file=file)))
        assert (failure.stage, failure.reason) == (Stage.TLS, Reason.LOCAL_FILE_UNREADABLE)
        assert str(file) in failure.detail


class TestUnixSockets:
    @staticmethod
    def failure(path: Path, seconds: float = GENEROUS) -> tuple[Stage, Reason]:
        failure = failure_of(settings(f"unix://{path}"), seconds=seconds)
        return failure.stage, failure.reason

    def test_an_answer_is_read_to_its_end(self, tmp_path: Path) -> None:
        with peer(saying(b"{}" * 100_000), path=tmp_path / "kea.sock"):
            assert exchange(settings(f"unix://{tmp_path}/kea.sock"), times=2) == b"{}" * 200_000

    def test_an_answer_has_a_limit_of_its_own(self, tmp_path: Path) -> None:
        with peer(saying(b"{}"), path=tmp_path / "kea.sock"):
            failure = failure_of(settings(f"unix://{tmp_path}/kea.sock"), limit=1)
        assert failure.reason is Reason.ANSWER_TOO_LARGE

    def test_a_missing_socket_is_told(self, tmp_path: Path) -> None:
        assert self.failure(tmp_path / "kea.sock") == (Stage.CONNECT, Reason.NO_SUCH_SOCKET)

    def test_a_stale_socket_refuses(self, tmp_path: Path) -> None:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(tmp_path / "kea.sock"))
        assert self.failure(tmp_path / "kea.sock") == (Stage.CONNECT, Reason.REFUSED)

    @pytest.mark.parametrize(
        ("behaviour", "reason"),
        [
            (silent, Reason.TIMED_OUT),
            (dripping(b"{"), Reason.TIMED_OUT),
            (saying(b""), Reason.CONNECTION_CLOSED),
            (repeating(b"{"), Reason.ANSWER_TOO_LARGE),
        ],
        ids=["says nothing", "drips", "closes without a word", "never ends"],
    )
    def test_a_hostile_daemon_becomes_a_failure(
        self, tmp_path: Path, behaviour: Callable[[socket.socket], None], reason: Reason
    ) -> None:
        with peer(behaviour, path=tmp_path / "kea.sock"):
            seconds = SECONDS if reason is Reason.TIMED_OUT else GENEROUS
            assert self.failure(tmp_path / "kea.sock", seconds) == (Stage.COMMAND, reason)
