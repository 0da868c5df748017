"""Prometheus exporter that checks ISC Kea DHCP servers against the requirements of an IPAM product."""

__version__ = "1.0.0"
