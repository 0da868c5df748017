"""The HTTP side: metrics, discovery, health, and pages for people."""

from kea_exporter.web.addresses import ListenError, address_of, inherited, listen
from kea_exporter.web.app import create_app
from kea_exporter.web.connections import connection_limit
from kea_exporter.web.handlers import WebOptions
from kea_exporter.web.notify import Notifier
from kea_exporter.web.server import Entrance, end_on_signals, entrances, serve
from kea_exporter.web.web_config import Protection, WebConfig, unprotected

__all__ = [
    "Entrance",
    "ListenError",
    "Notifier",
    "Protection",
    "WebConfig",
    "WebOptions",
    "address_of",
    "connection_limit",
    "create_app",
    "end_on_signals",
    "entrances",
    "inherited",
    "listen",
    "serve",
    "unprotected",
]
