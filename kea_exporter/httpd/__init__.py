"""The HTTP server: sockets, connections, TLS, passwords. What is served is an ASGI application."""

from kea_exporter.httpd.addresses import ListenError, address_of, inherited, listen
from kea_exporter.httpd.connections import connection_limit
from kea_exporter.httpd.notify import Notifier
from kea_exporter.httpd.server import Endpoint, end_on_signals, endpoints, serve
from kea_exporter.httpd.web_config import Protection, WebConfig, unprotected

__all__ = [
    "Endpoint",
    "ListenError",
    "Notifier",
    "Protection",
    "WebConfig",
    "address_of",
    "connection_limit",
    "end_on_signals",
    "endpoints",
    "inherited",
    "listen",
    "serve",
    "unprotected",
]
