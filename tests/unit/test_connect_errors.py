"""Each error that connecting meets in practice has a reason with a next step; `internal_error` means a bug."""

from __future__ import annotations

import errno
import os
import socket
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from kea_exporter.config import settings_from_tree
from kea_exporter.facts.failure import Failure, Reason, Stage
from kea_exporter.requirements.next_steps import NEXT_STEPS
from kea_exporter.transport.choice import transport_to
from kea_exporter.transport.deadline import Deadline
from kea_exporter.transport.errors import lost_connection, tcp_failure, unix_failure
from kea_exporter.transport.http_answer import http_failure
from kea_exporter.transport.model import TransportError
from kea_exporter.transport.tls import tls_failure
from tests.support.serving import needs_ipv6

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kea_exporter.config import DaemonSettings

# connect(2), socket(2), unix(7), ip(7), ipv6(7), tcp(7), icmp(7) and path_resolution(7).
OF_CONNECTING = (errno.EACCES, errno.EPERM, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT, errno.EAGAIN, errno.EINVAL)
OF_THIS_HOST = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
OF_THE_NETWORK = (
    errno.EHOSTUNREACH,
    errno.EHOSTDOWN,
    errno.ENETUNREACH,
    errno.ENETDOWN,
    errno.ENONET,
    errno.ENOPROTOOPT,
)
OF_THE_PEER = (errno.ECONNREFUSED, errno.ECONNRESET, errno.ECONNABORTED, errno.ENETRESET, errno.EPROTO, errno.EPIPE)
OF_ADDRESSES = (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EOPNOTSUPP, errno.ENODEV, errno.ENOTCONN, errno.ETIMEDOUT)
OF_PATHS = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOTSOCK, errno.EPROTOTYPE)
OF_FILE_SYSTEMS = (errno.ENXIO, errno.ENODEV, errno.ESTALE, errno.EIO)
OF_TCP = (*OF_CONNECTING, *OF_THIS_HOST, *OF_THE_NETWORK, *OF_THE_PEER, *OF_ADDRESSES)
OF_UNIX = (*OF_CONNECTING, *OF_THIS_HOST, *OF_PATHS, *OF_FILE_SYSTEMS, errno.ECONNREFUSED, errno.ECONNRESET)
OF_A_BUG = (errno.EBADF, errno.EFAULT, errno.EISCONN, errno.EALREADY, errno.ENOSYS)
BREAKING = (*OF_THE_NETWORK[:4], errno.ENOBUFS, errno.ENOMEM, errno.EPERM)
CLOSING = (errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED)


def error(number: int) -> OSError:
    """Return the error as Python raises it."""
    return OSError(number, os.strerror(number))


def daemon_at(url: str) -> DaemonSettings:
    return settings_from_tree({"servers": [{"name": "a", "dhcp4": {"url": url}}]}, Path()).daemons[0]


def failure_of(url: str) -> Failure:
    with (
        closing(transport_to(daemon_at(url), Deadline.after(20))) as transport,
        pytest.raises(TransportError) as caught,
    ):
        transport.open()
    return caught.value.failure


@contextmanager
def unix_socket(path: Path, kind: socket.SocketKind) -> Iterator[None]:
    with socket.socket(socket.AF_UNIX, kind) as listener:
        listener.bind(str(path))
        yield


@pytest.mark.parametrize("number", OF_TCP, ids=errno.errorcode.get)
def test_each_error_of_tcp_has_a_reason_with_a_next_step(number: int) -> None:
    failure = tcp_failure(error(number), "192.0.2.1 port 8001")
    assert (failure.stage, failure.reason in NEXT_STEPS) == (Stage.CONNECT, True)
    assert "192.0.2.1 port 8001" in failure.detail


@pytest.mark.parametrize("number", OF_UNIX, ids=errno.errorcode.get)
def test_each_error_of_a_unix_socket_has_a_reason_with_a_next_step(number: int) -> None:
    failure = unix_failure(error(number), "/run/kea/a", is_socket=True)
    assert (failure.stage, failure.reason in NEXT_STEPS) == (Stage.CONNECT, True)
    assert failure.reason is not Reason.NO_ROUTE
    assert "/run/kea/a" in failure.detail


@pytest.mark.parametrize("number", OF_A_BUG, ids=errno.errorcode.get)
def test_an_error_that_only_a_bug_causes_is_an_internal_error(number: int) -> None:
    assert tcp_failure(error(number), "a").reason is Reason.INTERNAL_ERROR
    assert unix_failure(error(number), "a", is_socket=True).reason is Reason.INTERNAL_ERROR


def test_a_link_local_address_without_its_interface_is_invalid() -> None:
    failure = failure_of("http://[fe80::1]:8001")
    assert failure.reason is Reason.INVALID_ADDRESS
    assert failure.detail == "cannot connect to fe80::1 port 8001: Invalid argument"


@needs_ipv6
def test_the_interface_of_an_address_is_used_and_not_sent() -> None:
    requests: list[bytes] = []

    def answer() -> None:
        accepted, _ = listener.accept()
        with accepted:
            requests.append(accepted.recv(9999))
            accepted.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")

    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        thread = Thread(target=answer)
        thread.start()
        # Of interface 1, which is lo.
        daemon = daemon_at(f"http://[::1%1]:{listener.getsockname()[1]}")
        with closing(transport_to(daemon, Deadline.after(20))) as transport:
            transport.open()
            assert transport.exchange(b"{}", 99) == b"[]"
        thread.join()
    assert b"\r\nHost: [::1]:" in requests[0]
    assert daemon_at("https://[fe80::1%eth0]:8001").target.verified_name == "fe80::1"


@pytest.mark.parametrize("path", ["file/x", "file", "loop", "pipe", "datagrams", "packets", "absent", "", "n" * 70])
def test_a_path_without_a_listening_socket_is_no_such_socket(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    os.mkfifo(tmp_path / "pipe")
    with (
        unix_socket(tmp_path / "datagrams", socket.SOCK_DGRAM),
        unix_socket(tmp_path / "packets", socket.SOCK_SEQPACKET),
    ):
        # Relative, because the folder of a test may be longer than a unix path can be.
        monkeypatch.chdir(tmp_path)
        failure = failure_of(f"unix:///proc/self/cwd/{path}")
    assert (failure.stage, failure.reason) == (Stage.CONNECT, Reason.NO_SUCH_SOCKET)
    assert path in failure.detail


def test_a_unix_path_that_python_refuses_is_no_such_socket() -> None:
    failure = unix_failure(OSError("AF_UNIX path too long"), "/run/a", is_socket=True)
    assert failure == Failure(Stage.CONNECT, Reason.NO_SUCH_SOCKET, "cannot connect to /run/a: AF_UNIX path too long")


@pytest.mark.parametrize("number", BREAKING, ids=errno.errorcode.get)
@pytest.mark.parametrize("stage", [Stage.TLS, Stage.HTTP, Stage.COMMAND])
def test_a_connection_that_the_network_breaks_keeps_the_reason(number: int, stage: Stage) -> None:
    by_stage: dict[Stage, Callable[[OSError], Failure | None]] = {
        Stage.TLS: tls_failure,
        Stage.HTTP: lambda exception: http_failure(exception, is_tls=False),
        Stage.COMMAND: lambda exception: lost_connection(exception, Stage.COMMAND),
    }
    expected = tcp_failure(error(number), "a").reason
    failure = by_stage[stage](error(number))
    assert failure is not None
    assert (failure.stage, failure.reason) == (stage, expected)


@pytest.mark.parametrize("number", CLOSING, ids=errno.errorcode.get)
def test_a_connection_that_the_peer_closes_is_closed(number: int) -> None:
    assert lost_connection(error(number), Stage.COMMAND) is None
    assert tls_failure(error(number)).reason is Reason.CONNECTION_CLOSED
    assert http_failure(error(number), is_tls=False).reason is Reason.CONNECTION_CLOSED
