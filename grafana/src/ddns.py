"""Panels of DNS updates, as D2 counts them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.src.looks import DDNS_FAILED, PER_SECOND
from grafana.src.panels import Query, Words, lines
from grafana.src.queries import greatest, rate, total
from grafana.src.tables import Column, table_of

if TYPE_CHECKING:
    from grafana.src.document import Built

TOP = 10
DAEMON = "{{server}} {{daemon}}"
NO_D2 = "No D2 daemon answers, or it was scraped only once"
NO_KEYS = "No D2 daemon has sent updates signed by a TSIG key"
UPDATES = total(rate("kea_ddns_updates_total", "result"), "server", "daemon")
UPDATES_FAILED = total(rate("kea_ddns_updates_total", "result", where='result!="success"'), "server", "daemon")
DDNS_FAILURE_RATIO = f"({UPDATES_FAILED} / ({UPDATES} > 0))"


def ddns() -> list[Built]:
    """Return the panels of DNS updates: requests, updates, failures and keys."""
    return [
        lines(
            Words("Requests", "Requests of DHCP servers by result, and requests while the queue was full.", NO_D2),
            [
                Query(total(rate("kea_ddns_requests_total", "result"), "result"), "{{result}}"),
                Query(total(rate("kea_ddns_queue_full_total")), "queue full"),
            ],
            PER_SECOND,
        ),
        lines(
            Words("Updates", "DNS updates sent, and results.", NO_D2),
            [
                Query(total(rate("kea_ddns_updates_sent_total", "signed"), "signed"), "sent, signed: {{signed}}"),
                Query(total(rate("kea_ddns_updates_total", "result"), "result"), "{{result}}"),
            ],
            PER_SECOND,
        ),
        lines(
            Words("Failure ratio", "Share of the DNS updates of a daemon that fail.", "No DNS updates were sent"),
            [Query(greatest(TOP, DDNS_FAILURE_RATIO), DAEMON)],
            DDNS_FAILED,
        ),
        _keys(),
    ]


def _keys() -> Built:
    key = ("server", "daemon", "key")
    return table_of(
        Words("By TSIG key", "Signed updates per second, and failed ones.", NO_KEYS),
        labels=key,
        columns={
            "failed": Column(
                total(rate("kea_ddns_key_updates_total", "key", "result", where='result!="success"'), *key),
                PER_SECOND,
            ),
            "sent": Column(rate("kea_ddns_key_updates_sent_total", "key"), PER_SECOND),
        },
        sort="failed",
        descending=True,
        width=12,
    )
