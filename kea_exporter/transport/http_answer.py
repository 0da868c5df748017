"""What the head and the body of an HTTP answer say, and the failures that errors while reading it stand for."""

from __future__ import annotations

import re
import ssl
from http import HTTPStatus
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure, Reason, Stage
from kea_exporter.facts.snapshot import AuthenticationResult
from kea_exporter.text import printable
from kea_exporter.transport.errors import lost_connection
from kea_exporter.transport.model import TransportError, too_large
from kea_exporter.transport.sockets import TooMuchError
from kea_exporter.transport.tls import tls_failure_later

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import requests

CHUNK = 64 * 1024
# Kea sends no chunks, and proxies send larger ones; each costs some microseconds, whatever its size.
MAX_SMALL_CHUNKS, MIN_CHUNK = 1000, 64
# Searching it takes a time that grows with the square of its length.
MAX_CHALLENGE = 1000
JSON = "application/json"
# Kea sends neither of these (measured on 2.6.3 and 3.0.3); nginx, Apache, HAProxy, Envoy and Caddy send some of them.
HEADERS_OF_PROXIES = ("Server", "Via", "Connection")


def admission_of(response: requests.Response) -> AuthenticationResult:
    """Return what an answer says about credentials, and about who gave it."""
    headers = response.headers
    return AuthenticationResult(
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


def check_status(response: requests.Response) -> None:
    """Raise TransportError unless the status is 200."""
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


def read_body(response: requests.Response, limit: int) -> bytearray:
    """Return the body of an answer.

    Raises:
        TransportError: it is larger than *limit*, or comes in tiny chunks.
    """
    announced = response.headers.get("Content-Length", "")
    if announced.isdecimal() and int(announced[:20]) > limit:
        raise too_large(Stage.HTTP, limit)
    # Undecoded: nothing was asked to be compressed, and a compressed answer could grow without limit.
    chunks: Iterator[bytes] = response.raw.stream(CHUNK, decode_content=False)
    body = bytearray()
    for number, chunk in enumerate(chunks):
        body += chunk
        if len(body) > limit:
            raise too_large(Stage.HTTP, limit)
        if number > MAX_SMALL_CHUNKS + len(body) // MIN_CHUNK:
            detail = "the answer comes in chunks of a few bytes"
            raise TransportError(Failure(Stage.HTTP, Reason.INVALID_HTTP, detail))
    return body


def http_failure(error: Exception, *, is_tls: bool) -> Failure:
    """Return the failure that an error during a request stands for."""
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
