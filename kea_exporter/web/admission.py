"""Which requests are let in: slots for what costs something, and the count of those that were refused."""

from __future__ import annotations

from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

from kea_exporter.httpd.fair_queue import client_of
from kea_exporter.web.parameters import BadRequestError
from kea_exporter.web.slots import FullError, Slots

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request

FULL = "too many requests in flight, try again later"
# Requests for a reload that wait for the same one.
MAX_RELOADS_WAITING = 64


class Admission:
    """Lets requests in.

    Attributes:
        work: slots of the requests that query Kea.
        other_targets: of probes of targets that are not configured, each held until the probe ends, whether or not a
            client still waits for it.
        reloads: of the requests for a reload.
        rejected: how many requests were refused.
    """

    def __init__(self, max_requests: int) -> None:
        self.work = Slots(max_requests)
        self.other_targets = Slots(max(1, max_requests // 2))
        self.reloads = Slots(MAX_RELOADS_WAITING)
        self.rejected = 0

    def take(self, slots: Slots, client: str) -> None:
        """Take a slot for a client, who gives it back.

        Raises:
            BadRequestError: there is none for this client (status 503).
        """
        try:
            slots.take(client)
        except FullError:
            self.rejected += 1
            raise BadRequestError(FULL, HTTPStatus.SERVICE_UNAVAILABLE) from None

    @contextmanager
    def slot(self, slots: Slots, request: Request) -> Iterator[None]:
        """Take a slot while a request is answered; raises as `take` does."""
        client = client_of(request.scope)
        self.take(slots, client)
        try:
            yield
        finally:
            slots.give_back(client)
