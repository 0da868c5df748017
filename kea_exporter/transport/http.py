"""Kea's http and https control sockets (Kea ARM, "UNIX, HTTP and HTTPS control sockets").

`requests` speaks HTTP over one socket that was connected and verified here beforehand: there is no second
connection, no redirect, no proxy, no netrc, and credentials leave only over a connection that is already verified.
"""

from __future__ import annotations

import base64
import io
import re
import ssl
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import HTTPError

from kea_exporter.facts.failure import Failure, Reason, Stage
from kea_exporter.facts.snapshot import Admission, Connection, TransportKind
from kea_exporter.text import printable
from kea_exporter.transport.credentials import read_credentials
from kea_exporter.transport.errors import lost_connection, tcp_failure
from kea_exporter.transport.model import TransportError, too_large
from kea_exporter.transport.sockets import TooMuchError, connect_tcp
from kea_exporter.transport.tls import own_certificate, secure, tls_failure_later

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Mapping

    from kea_exporter.certificates import Certificate
    from kea_exporter.config import DaemonSettings
    from kea_exporter.facts.snapshot import Tls
    from kea_exporter.transport.deadline import Deadline
    from kea_exporter.transport.sockets import DeadlineSocket, DeadlineTlsSocket

CHUNK = 64 * 1024
# Kea's heads have 200 bytes; with one comes as much of the body as fits into the buffer.
LARGEST_HEAD = 64 * 1024 + io.DEFAULT_BUFFER_SIZE
# Searching it takes a time that grows with the square of its length.
LONGEST_CHALLENGE = 1000
HEADERS = {
    # Kea answers 400 to any other type, and to this one with a charset.
    "Content-Type": "application/json",
    "Accept-Encoding": "identity",
    "User-Agent": "kea-exporter",
}


class HttpTransport:
    """One http or https connection for all commands of one scrape."""

    def __init__(self, settings: DaemonSettings, deadline: Deadline) -> None:
        self._settings = settings
        self._deadline = deadline
        self._adapter: _ReadyAdapter | None = None
        self._prepared = requests.PreparedRequest()
        self._socket: DeadlineSocket | DeadlineTlsSocket | None = None
        self.connection: Connection | None = None
        self.tls: Tls | None = None
        self.client_certificate: Certificate | None = None
        self.admission: Admission | None = None

    def open(self) -> Connection:
        """Connect, and verify where it is https; see `Transport.open`."""
        settings = self._settings
        is_https = settings.target.kind is TransportKind.HTTPS
        self._socket = self._secure() if is_https else self._dial()
        self._adapter = _ReadyAdapter(settings, self._socket)
        # Prepared once for all commands, which are alike but for their bodies.
        headers = {**HEADERS, **_authorization(settings)}
        self._prepared = requests.Request("POST", self._url(), headers).prepare()
        return self.connection or _peer(self._socket)

    def look_again(self) -> None:
        """Read anew what TLS shows; see `Transport.look_again`."""
        if self.tls is not None:
            self._secure().close()

    def renew(self, deadline: Deadline) -> None:
        """Go on under another deadline."""
        self._deadline = deadline
        if self._socket is not None:
            self._socket.deadline = deadline

    def exchange(self, request: bytes, limit: int) -> bytes:
        """Post one command; see `Transport.exchange`."""
        if self._adapter is None:
            raise RuntimeError("the transport is not open")
        try:
            return self._post(self._adapter, request, min(limit, self._settings.body_size_limit))
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            raise TransportError(_http_failure(error, is_tls=self.tls is not None)) from None

    def close(self) -> None:
        """Close the connection."""
        if self._adapter is not None:
            self._adapter.close()

    def _dial(self) -> DeadlineSocket:
        host = self._settings.address or self._settings.target.host
        sock = connect_tcp(host, self._settings.port or 0, self._deadline)
        self.connection = _peer(sock)
        return sock

    def _secure(self) -> DeadlineTlsSocket:
        settings = self._settings
        self.client_certificate = own_certificate(settings.tls)
        secured = secure(self._dial, settings.target.verified_name, settings.tls)
        self.tls = secured.facts
        if secured.refusal is not None:
            secured.socket.close()
            raise TransportError(secured.refusal)
        return secured.socket

    def _post(self, adapter: HTTPAdapter, request: bytes, limit: int) -> bytes:
        self._allow(LARGEST_HEAD)
        prepared = self._prepared.copy()
        prepared.prepare_body(request, files=None)
        # No session: it would look for proxies and a netrc, and read the whole body of a redirect, however large.
        with adapter.send(prepared, stream=True) as response:
            self._allow(LARGEST_HEAD + limit)
            if self.admission is None:
                strict = "Strict-Transport-Security" in response.headers
                self.admission = Admission(response.status_code, _realm(response.headers), strict)
            if response.status_code != requests.codes.forbidden:  # another command may be allowed, over this connection
                _check_status(response.status_code)
            body = _read_body(response, limit)
            _check_status(response.status_code)
            return body

    def _allow(self, size: int) -> None:
        """Let that many bytes come: http.client itself bounds neither heads nor what stands between chunks."""
        if self._socket is not None:
            self._socket.allowance = size

    def _url(self) -> str:
        # Always http to requests: TLS, where there is any, stands beneath already.
        host = _without_zone(self._settings.target.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self._settings.port}{self._settings.path}"


class _ReadyConnection(HTTPConnection):
    """A connection that takes the one socket it was given, and never makes another."""

    def __init__(self, *arguments: Any, ready: list[socket.socket], **options: Any) -> None:  # noqa: ANN401 - urllib3's
        super().__init__(*arguments, **options)
        self._ready = ready

    def connect(self) -> None:
        if not self._ready:
            detail = "the server closed the connection before all commands were answered"
            raise TransportError(Failure(Stage.HTTP, Reason.CONNECTION_CLOSED, detail))
        self.sock = self._ready.pop()


class _ReadyPool(HTTPConnectionPool):
    ConnectionCls = _ReadyConnection


class _ReadyAdapter(HTTPAdapter):
    """Hands every request to the one connection over a ready socket."""

    def __init__(self, settings: DaemonSettings, sock: socket.socket) -> None:
        super().__init__(max_retries=0)
        self._pool = _ReadyPool(_without_zone(settings.target.host), settings.port, maxsize=1, ready=[sock])
        self._sock = sock

    def get_connection_with_tls_context(self, *_: Any, **__: Any) -> HTTPConnectionPool:  # noqa: ANN401 - requests'
        return self._pool

    def close(self) -> None:
        self._pool.close()
        self._sock.close()


def _peer(sock: socket.socket) -> Connection:
    try:
        address, port = sock.getpeername()[:2]
    except OSError as error:
        sock.close()
        raise TransportError(tcp_failure(error, "the server")) from None
    return Connection(_without_zone(address), port)


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


def _realm(headers: Mapping[str, str]) -> str | None:
    challenge = headers.get("WWW-Authenticate", "")[:LONGEST_CHALLENGE]
    found = re.search(r'basic\s[^"]*realm="([^"]*)"', challenge, re.IGNORECASE)
    return printable(found[1]) if found else None


def _check_status(status: int) -> None:
    if status == requests.codes.ok:
        return
    failures = {
        401: Failure(Stage.AUTH, Reason.UNAUTHORIZED, "the server answered 401: it did not accept the credentials"),
        403: Failure(Stage.AUTH, Reason.FORBIDDEN, "the server answered 403: this socket forbids the command"),
    }
    if 300 <= status < 400:  # noqa: PLR2004 - the class of redirections
        failures[status] = Failure(Stage.HTTP, Reason.REDIRECTED, f"the server redirects ({status}); Kea never does")
    unexpected = Failure(Stage.HTTP, Reason.UNEXPECTED_STATUS, f"the server answered with HTTP status {status}")
    raise TransportError(failures.get(status, unexpected))


def _read_body(response: requests.Response, limit: int) -> bytes:
    announced = response.headers.get("Content-Length", "")
    if announced.isdecimal() and int(announced[:20]) > limit:
        raise too_large(Stage.HTTP, limit)
    body = bytearray()
    for chunk in _chunks(response):
        body += chunk
        if len(body) > limit:
            raise too_large(Stage.HTTP, limit)
    return bytes(body)


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
