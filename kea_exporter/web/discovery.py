"""Discovery of all configured servers by Prometheus, ready for /probe.

Source: Prometheus documentation, "HTTP SD".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.requests import Request

ADDRESS = re.compile(r"[A-Za-z0-9.\-_]{1,253}(?::\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](?::\d{1,5})?")


def target_groups(servers: Iterable[str], request: Request) -> list[dict[str, object]]:
    """Return one group of targets for each server: this exporter, asked at /probe for that server.

    The `instance` of each is the server, so that Prometheus can tell them apart.
    """
    host = request.headers.get("Host", "")
    address = host if ADDRESS.fullmatch(host) else "localhost"
    return [
        {
            "targets": [address],
            "labels": {
                "__scheme__": request.url.scheme,
                "__metrics_path__": "/probe",
                "__param_target": server,
                "instance": server,
            },
        }
        for server in servers
    ]
