"""`kea-exporter healthcheck`: health check of the exporter, for container runtimes."""

from __future__ import annotations

import re
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

import click

from kea_exporter.commands.output import print_text
from kea_exporter.facts.failure import Reason
from kea_exporter.text import host_and_port, printable
from kea_exporter.transport.deadline import Deadline
from kea_exporter.transport.model import TransportError
from kea_exporter.transport.sockets import connect_tcp, connect_unix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kea_exporter.transport.sockets import DeadlineSocket

SECONDS = 3.0
HEALTHY, UNHEALTHY = 0, 1
PATH = "/-/healthy"
UNIX = "unix:"


class Place(NamedTuple):
    """Address to query: host and port, or a unix socket without port."""

    host: str
    port: int | None
    path: str = PATH


# The listener for health checks alone, where there is one, and that of everything.
DEFAULT_PLACES = (Place("127.0.0.1", 9548), Place("127.0.0.1", 9547))


def _place(_context: click.Context, _parameter: click.Parameter, url: str | None) -> Place | None:
    if url is None:
        return None
    if re.fullmatch(r"unix:/[^\0]+", url):
        return Place(url.removeprefix(UNIX), None)
    # Printable ASCII only: the path is sent as it stands here.
    if re.fullmatch(r"http://[!-~]+", url) and (place := _over_tcp(url)):
        return place
    # Not shown: somebody may have written a password into it.
    raise click.BadParameter(f"invalid address; use http://127.0.0.1:9548{PATH}, or unix:/run/health.sock")


def _over_tcp(url: str) -> Place | None:
    try:
        parts = urlsplit(url)
        port = parts.port or 80
    except ValueError:
        return None
    if not parts.hostname or parts.username is not None:
        return None
    query = f"?{parts.query}" if parts.query else ""
    return Place(parts.hostname, port, (parts.path or PATH) + query)


@click.command("healthcheck")
@click.option(
    "--url",
    "place",
    callback=_place,
    help="Address to query [the listener of --web.health-listen-address at port 9548, or else port 9547].",
)
def healthcheck_command(place: Place | None) -> int:
    """Query the health of a running exporter; exit with 0 if it answers within 3 s, else with 1.

    Kea is not asked, and proxies of the environment are not used.
    """
    try:
        status = _status_of(place) if place is not None else _status_of_any(DEFAULT_PLACES)
    except TimeoutError:
        return _unhealthy(f"no answer within {SECONDS:g} s")
    except (TransportError, OSError, HTTPException) as error:
        return _unhealthy(printable(str(error)) or "the connection was closed without an answer")
    return HEALTHY if status == HTTPStatus.OK else _unhealthy(f"answered with status {status}")


def _status_of_any(places: Sequence[Place]) -> int:
    """Return the status at the first of some places where something listens."""
    *others, last = places
    for place in others:
        try:
            return _status_of(place)
        except TransportError as error:
            if error.failure.reason is not Reason.REFUSED:
                raise
    return _status_of(last)


def _status_of(place: Place) -> int:
    deadline = Deadline.after(SECONDS)
    with _connected(place, deadline) as sock:
        sock.sendall(f"GET {place.path} HTTP/1.1\r\nHost: {_host(place)}\r\nConnection: close\r\n\r\n".encode())
        answer = HTTPResponse(sock)
        answer.begin()
        return answer.status


def _connected(place: Place, deadline: Deadline) -> DeadlineSocket:
    return connect_unix(place.host, deadline) if place.port is None else connect_tcp(place.host, place.port, deadline)


def _host(place: Place) -> str:
    if place.port is None:
        return "localhost"
    return host_and_port(place.host, place.port)


def _unhealthy(why: str) -> int:
    print_text(f"unhealthy: {why}")
    return UNHEALTHY
