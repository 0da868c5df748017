"""Kea's http and https control sockets (Kea ARM, "UNIX, HTTP and HTTPS control sockets").

`requests` speaks HTTP over sockets that were connected and verified here beforehand: there is no redirect, no proxy, no
netrc, and credentials leave only over a connection that is already verified. Kea keeps one connection open for all
commands; a proxy in front of Kea may close it after each answer. Then the next command gets another connection, to the
same address and verified in the same way, up to a limit.
"""

from __future__ import annotations

import base64
import io
import re
import ssl
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import HTTPError

from kea_exporter.facts.failure import Failure, Reason, Stage
from kea_exporter.facts.snapshot import Admission, Connection, TransportKind
from kea_exporter.text import bracketed, printable
from kea_exporter.transport.credentials import read_credentials
from kea_exporter.transport.errors import lost_connection, tcp_failure
from kea_exporter.transport.model import TransportError, too_large
from kea_exporter.transport.sockets import TooMuchError, connect_tcp
from kea_exporter.transport.tls import own_authorities, own_certificate, secure, tls_failure_later

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator, Mapping

    from kea_exporter.certificates import Certificate
    from kea_exporter.config import DaemonSettings
    from kea_exporter.facts.snapshot import Tls
    from kea_exporter.transport.deadline import Deadline
    from kea_exporter.transport.sockets import DeadlineSocket, DeadlineTlsSocket

CHUNK = 64 * 1024
# Kea sends no chunks, and proxies send larger ones; each costs some microseconds, whatever its size.
MAX_SMALL_CHUNKS, MIN_CHUNK = 1000, 64
# For one probe, or one page of a lease audit: one for each command of a probe, and a few more.
MAX_CONNECTIONS = 24
# Kea's heads have 200 bytes; with one comes as much of the body as fits into the buffer.
MAX_HEAD = 64 * 1024 + io.DEFAULT_BUFFER_SIZE
# Searching it takes a time that grows with the square of its length.
MAX_CHALLENGE = 1000
JSON = "application/json"
# Kea sends neither of these (measured on 2.6.3 and 3.0.3); nginx, Apache, HAProxy, Envoy and Caddy send some of them.
HEADERS_OF_PROXIES = ("Server", "Via", "Connection")
FAILURES = (requests.RequestException, HTTPError, OSError, ValueError)
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
        self.admission: Admission | None = None

    def open(self) -> Connection:
        """Connect, and verify where it is https; see `Transport.open`."""
        self._socket = self._connect()
        self._adapter = _ReadyAdapter(self._settings, self._socket, self._connect_again)
        # Prepared once for all commands, which are alike but for their bodies.
        headers = {**HEADERS, **_authorization(self._settings)}
        self._prepared = requests.Request("POST", self._url(), headers).prepare()
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
            failure = _http_failure(error, is_tls=self.tls is not None)
        # A server may close a connection after an answer while the next command is on its way. Commands only read.
        if failure.reason is not Reason.CONNECTION_CLOSED or not self._answers:
            raise TransportError(failure)
        try:
            return self._post(self._adapter, request, limit)
        except FAILURES as error:
            raise TransportError(_http_failure(error, is_tls=self.tls is not None)) from None

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
        self._reached, port = _peer(sock)
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

    def _post(self, adapter: HTTPAdapter, request: bytes, limit: int) -> bytearray:
        self._allow(MAX_HEAD)
        prepared = self._prepared.copy()
        prepared.prepare_body(request, files=None)
        # No session: it would look for proxies and a netrc, and read the whole body of a redirect, however large.
        with adapter.send(prepared, stream=True) as response:
            self._allow(MAX_HEAD + limit)
            if self.admission is None:
                self.admission = _admission(response)
            if response.status_code != HTTPStatus.FORBIDDEN:  # another command may be allowed, over this connection
                _check_status(response)
            body = _read_body(response, limit)
            self._answers += 1
            _check_status(response)
            return body

    def _allow(self, size: int) -> None:
        """Let that many bytes come: http.client itself bounds neither heads nor what stands between chunks."""
        if self._socket is not None:
            self._socket.allowance = size

    def _url(self) -> str:
        # Always http to requests: TLS, where there is any, stands beneath already.
        host = bracketed(_without_zone(self._settings.target.host))
        return f"http://{host}:{self._settings.port}{self._settings.path}"


class _ReadyConnection(HTTPConnection):
    """A connection over sockets that *connect* returns, connected and verified."""

    def __init__(
        self,
        *arguments: Any,  # noqa: ANN401 - urllib3's
        connect_socket: Callable[[], socket.socket],
        **options: Any,  # noqa: ANN401 - urllib3's
    ) -> None:
        super().__init__(*arguments, **options)
        self._connect_socket = connect_socket

    def connect(self) -> None:
        self.sock = self._connect_socket()


class _ReadyPool(HTTPConnectionPool):
    ConnectionCls = _ReadyConnection


class _ReadyAdapter(HTTPAdapter):
    """Send every request over a ready socket, and over another one where the server has closed it."""

    def __init__(self, settings: DaemonSettings, first: socket.socket, another: Callable[[], socket.socket]) -> None:
        super().__init__(max_retries=0)
        self._another = another
        self._sock = first
        self._is_used = False
        host = _without_zone(settings.target.host)
        self._pool = _ReadyPool(host, settings.port, maxsize=1, connect_socket=self._next_socket)

    def get_connection_with_tls_context(self, *_: Any, **__: Any) -> HTTPConnectionPool:  # noqa: ANN401 - requests'
        return self._pool

    def close(self) -> None:
        self._pool.close()
        self._sock.close()

    def _next_socket(self) -> socket.socket:
        if self._is_used:
            self._sock.close()
            self._sock = self._another()
        self._is_used = True
        return self._sock


def _peer(sock: socket.socket) -> tuple[str, int]:
    """Return address, with its scope where it has one, and port of the server."""
    try:
        address, port = sock.getpeername()[:2]
    except OSError as error:
        sock.close()
        raise TransportError(tcp_failure(error, "the server")) from None
    return address, port


def _without_zone(host: str) -> str:
    """Return a host without the interface of a link-local address, which is not for the peer (RFC 9844)."""
    return host.partition("%")[0]


def _authorization(settings: DaemonSettings) -> dict[str, str]:
    if settings.credentials is None:
        return {}
    username, password = read_credentials(settings.credentials)
    pair = base64.b64encode(_as_kea_reads(f"{username}:{password}")).decode("ascii")
    return {"Authorization": f"Basic {pair}"}


def _as_kea_reads(text: str) -> bytes:
    """Encode as Kea does: it takes the bytes of its UTF-8 configuration for latin-1 and encodes them once more."""
    return text.encode().decode("latin-1").encode()


def _admission(response: requests.Response) -> Admission:
    headers = response.headers
    return Admission(
        status=response.status_code,
        realm=_realm(headers),
        strict_transport_security="Strict-Transport-Security" in headers,
        is_json=_is_json(headers),
        through_proxy=any(name in headers for name in HEADERS_OF_PROXIES),
    )


def _is_json(headers: Mapping[str, str]) -> bool:
    return headers.get("Content-Type", "").partition(";")[0].strip().lower() == JSON


def _realm(headers: Mapping[str, str]) -> str | None:
    challenge = headers.get("WWW-Authenticate", "")[:MAX_CHALLENGE]
    found = re.search(r'basic\s[^"]*realm="([^"]*)"', challenge, re.IGNORECASE)
    return printable(found[1]) if found else None


def _check_status(response: requests.Response) -> None:
    status = response.status_code
    if status == HTTPStatus.OK:
        return
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.PROXY_AUTHENTICATION_REQUIRED}:
        raise TransportError(_unauthorized(response))
    if status == HTTPStatus.FORBIDDEN:
        detail = "the server answered 403: this socket forbids the command"
        raise TransportError(Failure(Stage.AUTH, Reason.FORBIDDEN, detail))
    if status in range(300, 400):
        detail = f"the server redirects ({status}); Kea never does"
        raise TransportError(Failure(Stage.HTTP, Reason.REDIRECTED, detail))
    detail = f"the server answered with HTTP status {status}"
    raise TransportError(Failure(Stage.HTTP, Reason.UNEXPECTED_STATUS, detail))


def _unauthorized(response: requests.Response) -> Failure:
    if not _is_json(response.headers):
        detail = f"the server answered {response.status_code}, not in Kea's form: a proxy in front of Kea refuses"
        return Failure(Stage.AUTH, Reason.REFUSED_BY_PROXY, detail)
    if _realm(response.headers) == "":
        detail = "the server answered 401 with an empty realm: this is the listener of Kea's high availability hook"
        return Failure(Stage.AUTH, Reason.HA_LISTENER, detail)
    return Failure(Stage.AUTH, Reason.UNAUTHORIZED, "the server answered 401: it did not accept the credentials")


def _read_body(response: requests.Response, limit: int) -> bytearray:
    announced = response.headers.get("Content-Length", "")
    if announced.isdecimal() and int(announced[:20]) > limit:
        raise too_large(Stage.HTTP, limit)
    body = bytearray()
    for number, chunk in enumerate(_chunks(response)):
        body += chunk
        if len(body) > limit:
            raise too_large(Stage.HTTP, limit)
        if number > MAX_SMALL_CHUNKS + len(body) // MIN_CHUNK:
            detail = "the answer comes in chunks of a few bytes"
            raise TransportError(Failure(Stage.HTTP, Reason.INVALID_HTTP, detail))
    return body


def _chunks(response: requests.Response) -> Iterator[bytes]:
    # Undecoded: nothing was asked to be compressed, and a compressed answer could grow without limit.
    chunks: Iterator[bytes] = response.raw.stream(CHUNK, decode_content=False)
    return chunks


def _http_failure(error: Exception, *, is_tls: bool) -> Failure:
    causes = list(_causes(error))
    for cause in causes:
        # A server that demands a client certificate says so only now under TLS 1.3.
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError):
            return tls_failure_later(cause)
        if isinstance(cause, OSError) and (failure := lost_connection(cause, Stage.HTTP)):
            return failure
    if any(isinstance(cause, TooMuchError) for cause in causes):
        return Failure(
            Stage.HTTP, Reason.INVALID_HTTP, "the answer has more beside its body than HTTP as Kea speaks it"
        )
    if any(isinstance(cause, TimeoutError) for cause in causes):
        return Failure(Stage.HTTP, Reason.TIMED_OUT, "connected, but no complete answer came in time")
    if any(isinstance(cause, ConnectionError | ssl.SSLEOFError) for cause in causes):
        guess = "" if is_tls else "; it may speak https"
        reason, detail = Reason.CONNECTION_CLOSED, f"the server closed the connection without an answer{guess}"
    elif any("IncompleteRead" in type(cause).__name__ for cause in causes):
        reason, detail = Reason.ANSWER_INCOMPLETE, "the connection ended in the middle of an answer"
    else:
        reason, detail = Reason.INVALID_HTTP, "the answer is not HTTP as Kea speaks it"
    return Failure(Stage.HTTP, reason, detail)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Walk through the errors that requests and urllib3 wrap into one another."""
    pending, seen = [error], set[int]()
    while pending:
        current = pending.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        linked = (*current.args, getattr(current, "reason", None), current.__cause__, current.__context__)
        pending += [cause for cause in linked if isinstance(cause, BaseException)]
