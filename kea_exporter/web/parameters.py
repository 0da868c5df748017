"""Parameters of requests, each at most once."""

from __future__ import annotations

import re
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from starlette.requests import Request

MAX_FORM = 4096
# As node_exporter and others call it.
PART = "collect[]"
NOT_OWN = "unknown host name; allow it with --web.own-host"
TWICE = "a parameter is repeated; use each parameter once"


class Part(StrEnum):
    """A part of the page of metrics."""

    EXPORTER = "exporter"
    SERVERS = "servers"


class BadRequestError(Exception):
    """An invalid request; the message has the correction.

    Attributes:
        status: the HTTP status to answer with.
    """

    def __init__(self, message: str, status: int = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(message)
        self.status = status


def parameters(request: Request) -> Mapping[str, str]:
    """Return the parameters of a request; unknown ones are ignored by the handlers.

    Raises:
        BadRequestError: a parameter is repeated.
    """
    found = dict(request.query_params.multi_items())
    if len(found) != len(request.query_params.multi_items()):
        raise BadRequestError(TWICE)
    return found


def metrics_part(asked: Mapping[str, str]) -> Part | None:
    """Return which part of the page of metrics is wanted; None for the whole.

    Raises:
        BadRequestError: there is no such part.
    """
    name = asked.get(PART)
    if name is not None and name not in list(Part):
        raise BadRequestError(f"{PART} may be {' or '.join(Part)}; without it the page has both")
    return None if name is None else Part(name)


def refuse_other_sites(request: Request, own_hosts: Collection[str]) -> None:
    """Refuse what another site makes a browser send (Fetch Metadata, `Sec-Fetch-Site`; over plain http, `Origin`).

    A name of another site may resolve to our address (DNS rebinding): its pages are then of the same site to a browser.
    Only our own names are accepted therefore, and what no other site can have: addresses and names without a dot.

    Raises:
        BadRequestError: it comes from another site, or was sent to a name that is not ours.
    """
    if not _is_own(request.headers.get("Host", ""), own_hosts):
        raise BadRequestError(NOT_OWN, HTTPStatus.FORBIDDEN)
    host, origin = request.headers.get("Host"), request.headers.get("Origin")
    is_own = origin is None or origin.partition("://")[2] == host
    if request.headers.get("Sec-Fetch-Site", "same-origin" if is_own else "") not in {"none", "same-origin"}:
        raise BadRequestError("cross-site request rejected", HTTPStatus.FORBIDDEN)


def _is_own(host: str, own_hosts: Collection[str]) -> bool:
    name = re.sub(r":\d*$", "", host).lower().removesuffix(".")
    if name.startswith("["):
        return name.endswith("]")
    return "." not in name or name in own_hosts or re.fullmatch(r"\d{1,3}(\.\d{1,3}){3}", name) is not None


async def form_value(request: Request, name: str) -> str:
    """Return a value of the form that a page sent; empty where it has none.

    Raises:
        BadRequestError: the form is larger than any page of ours sends, or has the value twice.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM:
            raise BadRequestError("the form is too large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    values = parse_qs(body.decode("utf-8", "replace")).get(name, [""])
    if len(values) > 1:
        raise BadRequestError(TWICE)
    return values[0]
