"""The HTTP side: metrics, health and a landing page."""

from kea_exporter.web.app import WebOptions, create_app
from kea_exporter.web.server import ListenError, address_of, end_on_signals, listen, serve

__all__ = ["ListenError", "WebOptions", "address_of", "create_app", "end_on_signals", "listen", "serve"]
