"""Prometheus exporter that judges ISC Kea DHCP servers by what an IPAM product demands of them."""

__version__ = "0.1.0"
