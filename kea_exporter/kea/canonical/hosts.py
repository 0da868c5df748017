"""Host reservations in one spelling (Kea ARM, "Host Reservations in DHCPv4")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kea_exporter.kea.addresses import NO_ADDRESS, prefix_range_from, reserved_addresses
from kea_exporter.kea.canonical.options import OPTION_DATA, options
from kea_exporter.kea.canonical.values import REMARKS, address_or_text, bare_hex, grouped, guards
from kea_exporter.kea.reading import address_text, as_list, as_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kea_exporter.kea.canonical.values import Items

IDENTIFIERS = ("hw-address", "duid", "client-id", "circuit-id", "flex-id")
ADDRESSES = ("ip-address", "ip-addresses", "prefixes")
SEPARATE = REMARKS | {*IDENTIFIERS, *ADDRESSES, "client-class", "client-classes", "hostname", OPTION_DATA}
# What config-get shows where nothing is configured.
NOTHING = ("", NO_ADDRESS, None)


def reservations(hosts: Iterable[Mapping[str, Any]], space: str) -> Items:
    """Return host reservations by identifier."""
    return grouped((_identifier(host), _reserved(host, space)) for host in hosts)


def _identifier(host: Mapping[str, Any]) -> str:
    for kind in IDENTIFIERS:
        if kind in host:
            return f"{kind} {bare_hex(as_text(host[kind], kind))}"
    return ""


def _reserved(host: Mapping[str, Any], space: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if addresses := reserved_addresses(host):
        found["addresses"] = sorted(map(address_or_text, addresses))
    if prefixes := as_list(host.get("prefixes") or [], "prefixes"):
        found["prefixes"] = sorted(_prefix(as_text(prefix, "prefixes")) for prefix in prefixes)
    if hostname := host.get("hostname"):
        found["hostname"] = as_text(hostname, "hostname").lower()
    if host.get("client-classes") or host.get("client-class"):
        found |= guards(host)
    if host.get(OPTION_DATA):
        found |= options(host, space)
    if not host.keys() <= SEPARATE:
        found |= {key: host[key] for key in host.keys() - SEPARATE if host[key] not in NOTHING}
    return found


def _prefix(text: str) -> str:
    _, first, _ = prefix_range_from(text)
    return f"{address_text(first, is_v6=':' in text)}/{int(text.rpartition('/')[2])}"
