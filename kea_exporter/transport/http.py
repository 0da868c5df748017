"""Kea's http and https control sockets (Kea ARM, "UNIX, HTTP and HTTPS control sockets").

`requests` speaks HTTP over sockets that were connected and verified here beforehand: there is no redirect, no proxy, no
netrc, and credentials leave only over a connection that is already verified. Kea keeps one connection open for all
commands; a proxy in front of Kea may close it after each answer. Then the next command gets another connection, to the
same address and verified in the same way, up to a limit.
"""

from __future__ import annotations

import base64
import io
from functools import lru_cache
from http import HTTPStatus
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import BaseAdapter
from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError

from kea_exporter.facts.failure import Failure, Reason, Stage
from kea_exporter.facts.snapshot import AuthenticationResult, Connection, TransportKind
from kea_exporter.text import bracketed
from kea_exporter.transport.credentials import read_credentials
from kea_exporter.transport.errors import tcp_failure
from kea_exporter.transport.http_answer import JSON, admission_of, check_status, http_failure, read_body
from kea_exporter.transport.model import TransportError
from kea_exporter.transport.sockets import connect_tcp
from kea_exporter.transport.tls import own_authorities, own_certificate, secure

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from kea_exporter.certificates import Certificate
    from kea_exporter.config import DaemonSettings
    from kea_exporter.facts.snapshot import Tls
    from kea_exporter.transport.deadline import Deadline
    from kea_exporter.transport.sockets import DeadlineSocket, DeadlineTlsSocket

# For one probe, or one page of a lease audit: one for each command of a probe, and a few more.
MAX_CONNECTIONS = 24
# Kea's heads have 200 bytes; with one comes as much of the body as fits into the buffer.
MAX_HEAD = 64 * 1024 + io.DEFAULT_BUFFER_SIZE
FAILURES = (HTTPException, HTTPError, OSError, ValueError)
HEADERS = {
    # Kea answers 400 to any other type, and to this one with a charset.
    "Content-Type": JSON,
    "Accept-Encoding": "identity",
    "User-Agent": "kea-exporter",
}


class HttpTransport:
    """An http or https connection for all commands of one scrape, replaced where the server closes it in between."""

    def __init__(self, settings: DaemonSettings, deadline: Deadline) -> None:
        self._settings = settings
        self._deadline = deadline
        self._adapter: _ReadyAdapter | None = None
        self._prepared = requests.PreparedRequest()
        self._socket: DeadlineSocket | DeadlineTlsSocket | None = None
        # The address that the first connection reached: a name may stand for several servers.
        self._reached: str | None = None
        self._connections = 0
        self._answers = 0
        self.connection: Connection | None = None
        self.tls: Tls | None = None
        self.client_certificate: Certificate | None = None
        self.authorities: tuple[Certificate, ...] = ()
        self.authentication_result: AuthenticationResult | None = None

    def open(self) -> Connection:
        """Connect, and verify where it is https; see `Transport.open`."""
        self._socket = self._connect()
        self._adapter = _ReadyAdapter(self._settings, self._socket, self._connect_again)
        # Always http to requests: TLS, where there is any, stands beneath already.
        host = bracketed(_without_zone(self._settings.target.host))
        self._prepared = _prepared(f"http://{host}:{self._settings.port}{self._settings.path}").copy()
        self._prepared.headers.update(_authorization(self._settings))
        if self.connection is None:
            raise RuntimeError("connected to no address")
        return self.connection

    def look_again(self) -> None:
        """Read anew what TLS shows; see `Transport.look_again`."""
        if self.tls is not None:
            self._secure().close()

    def renew(self, deadline: Deadline) -> None:
        """Go on under another deadline, with as many connections as before."""
        self._deadline = deadline
        self._connections = 0
        if self._socket is not None:
            self._socket.deadline = deadline

    def remaining(self) -> float:
        """Return the seconds until the deadline."""
        return self._deadline.remaining()

    def exchange(self, request: bytes, limit: int) -> bytearray:
        """Post one command; see `Transport.exchange`."""
        if self._adapter is None:
            raise RuntimeError("the transport is not open")
        limit = min(limit, self._settings.body_size_limit)
        try:
            return self._post(self._adapter, request, limit)
        except FAILURES as error:
            failure = http_failure(error, is_tls=self.tls is not None)
        # A server may close a connection after an answer while the next command is on its way. Commands only read.
        if failure.reason is not Reason.CONNECTION_CLOSED or not self._answers:
            raise TransportError(failure)
        try:
            return self._post(self._adapter, request, limit)
        except FAILURES as error:
            raise TransportError(http_failure(error, is_tls=self.tls is not None)) from None

    def close(self) -> None:
        """Close the connection."""
        if self._adapter is not None:
            self._adapter.close()

    def _connect(self) -> DeadlineSocket | DeadlineTlsSocket:
        self._connections += 1
        self._answers = 0
        return self._secure() if self._settings.target.kind is TransportKind.HTTPS else self._dial()

    def _connect_again(self) -> socket.socket:
        """Return the connection that takes the place of one that the server has closed."""
        if self._connections >= MAX_CONNECTIONS:
            detail = f"the server closed {self._connections} connections before all commands were answered"
            raise TransportError(Failure(Stage.HTTP, Reason.CONNECTION_NOT_KEPT, detail))
        self._socket = self._connect()
        self._allow(MAX_HEAD)
        return self._socket

    def _dial(self) -> DeadlineSocket:
        if self._settings.unresolved is not None:
            raise TransportError(self._settings.unresolved)
        host = self._reached or self._settings.address or self._settings.target.host
        sock = connect_tcp(host, self._settings.port or 0, self._deadline)
        try:
            self._reached, port = sock.getpeername()[:2]
        except OSError as error:
            sock.close()
            raise TransportError(tcp_failure(error, "the server")) from None
        self.connection = Connection(_without_zone(self._reached), port)
        return sock

    def _secure(self) -> DeadlineTlsSocket:
        settings = self._settings
        self.client_certificate = own_certificate(settings.tls)
        self.authorities = own_authorities(settings.tls)
        secured = secure(self._dial, settings.target.verified_name, settings.tls)
        self.tls = secured.facts
        if secured.refusal is not None:
            secured.socket.close()
            raise TransportError(secured.refusal)
        return secured.socket

    def _post(self, adapter: _ReadyAdapter, request: bytes, limit: int) -> bytearray:
        self._allow(MAX_HEAD)
        self._prepared.body = request
        try:
            response = adapter.send(self._prepared)
            self._allow(MAX_HEAD + limit)
            if self.authentication_result is None:
                self.authentication_result = admission_of(response)
            if response.status_code != HTTPStatus.FORBIDDEN:  # another command may be allowed, over this connection
                check_status(response)
            body = read_body(response, limit)
        except BaseException:
            # What is left of an answer must not be read as the next one.
            adapter.close()
            raise
        self._answers += 1
        check_status(response)
        return body

    def _allow(self, size: int) -> None:
        """Let that many bytes come: http.client itself bounds neither heads nor what stands between chunks."""
        if self._socket is not None:
            self._socket.allowance = size


# All commands to a daemon are alike but for their bodies, and preparing takes as long as a command.
@lru_cache(maxsize=4096)
def _prepared(url: str) -> requests.PreparedRequest:
    prepared = requests.Request("POST", url, HEADERS).prepare()
    # urllib3 writes the length of each body.
    del prepared.headers["Content-Length"]
    return prepared


class _ReadyConnection(HTTPConnection):
    """A connection over sockets that *connect* returns, connected and verified."""

    def __init__(self, host: str, port: int | None, connect_socket: Callable[[], socket.socket]) -> None:
        super().__init__(host, port)
        self._connect_socket = connect_socket

    def connect(self) -> None:
        self.sock = self._connect_socket()


class _ReadyAdapter(BaseAdapter):
    """Send every request over a ready socket, and over another one where the server has closed it.

    Nothing else: the adapter of requests would look for a pool, retries, timeouts and cookies with each command.
    """

    def __init__(self, settings: DaemonSettings, first: socket.socket, another: Callable[[], socket.socket]) -> None:
        super().__init__()
        self._another = another
        self._sock = first
        self._is_used = False
        self._connection = _ReadyConnection(
            _without_zone(settings.target.host), settings.port, connect_socket=self._next_socket
        )

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:  # noqa: ANN401 - requests'
        """Send a request, and return its response with the body still to be read."""
        connection = self._connection
        if connection.sock is not None and not connection.is_connected:
            connection.close()
        headers = dict(request.headers)
        connection.request(request.method or "", request.path_url, request.body, headers, preload_content=False)
        response = requests.Response()
        response.raw = raw = connection.getresponse()
        response.status_code = raw.status
        response.headers = raw.headers  # type: ignore[assignment]  # without regard to case too
        return response

    def close(self) -> None:
        """Close the connection; another request gets another one."""
        self._connection.close()
        self._sock.close()

    def _next_socket(self) -> socket.socket:
        if self._is_used:
            self._sock.close()
            self._sock = self._another()
        self._is_used = True
        return self._sock


def _without_zone(host: str) -> str:
    """Return a host without the interface of a link-local address, which is not for the peer (RFC 9844)."""
    return host.partition("%")[0]


def _authorization(settings: DaemonSettings) -> dict[str, str]:
    if settings.credentials is None:
        return {}
    username, password = read_credentials(settings.credentials)
    # As Kea does: it takes the bytes of its UTF-8 configuration for latin-1 and encodes them once more.
    pair = f"{username}:{password}".encode().decode("latin-1").encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode('ascii')}"}
