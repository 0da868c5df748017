"""The HTTP side: metrics, discovery, health, and pages for people."""

from kea_exporter.web.app import create_app
from kea_exporter.web.handlers import WebOptions
from kea_exporter.web.server import ListenError, address_of, end_on_signals, listen, serve

__all__ = ["ListenError", "WebOptions", "address_of", "create_app", "end_on_signals", "listen", "serve"]
