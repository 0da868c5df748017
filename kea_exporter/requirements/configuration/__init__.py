"""The review of a configuration as requirements; `kea_exporter.kea.review` finds what they judge."""

from kea_exporter.requirements.configuration import dns, high_availability, hosts, operation, subnets

REQUIREMENTS = (
    *subnets.REQUIREMENTS,
    *hosts.REQUIREMENTS,
    *high_availability.REQUIREMENTS,
    *operation.REQUIREMENTS,
    *dns.REQUIREMENTS,
)

__all__ = ["REQUIREMENTS"]
