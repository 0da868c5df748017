"""The web application: metrics, discovery, health, and pages for people."""

from kea_exporter.web.app import create_app
from kea_exporter.web.options import WebOptions

__all__ = ["WebOptions", "create_app"]
