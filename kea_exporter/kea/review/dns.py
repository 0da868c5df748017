"""Review of dynamic DNS, of DHCP daemons and of D2 (Kea ARM, "DDNS for DHCPv4", "The DHCP-DDNS Server")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kea_exporter.kea.reading import as_list, as_map
from kea_exporter.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kea_exporter.kea.prepared import Prepared

    Findings = Iterator[tuple[str, str]]


def is_enabled(configuration: Prepared) -> bool:
    """Return whether a DHCP daemon sends requests for DNS updates to D2."""
    return bool(as_map(configuration.tree.get("dhcp-ddns") or {}, "dhcp-ddns").get("enable-updates"))


def without_suffix(configuration: Prepared) -> Findings:
    """Yield subnets whose updates have names without a domain, which match no domain of D2."""
    for subnet in configuration.subnets:
        if subnet.effective("ddns-send-updates", default=True) and not subnet.effective(
            "ddns-qualifying-suffix", default=""
        ):
            yield "no_suffix", f"{subnet} has no ddns-qualifying-suffix: D2 gets names without a domain"


def incomplete_domains(configuration: Prepared) -> Findings:
    """Yield domains of D2 without DNS servers, or with a key that is not configured."""
    keys = {str(key.get("name")) for key in as_list(configuration.tree.get("tsig-keys", []), "tsig-keys")}
    for direction in ("forward-ddns", "reverse-ddns"):
        section = as_map(configuration.tree.get(direction) or {}, direction)
        for domain in as_list(section.get("ddns-domains", []), "ddns-domains"):
            yield from _of_domain(direction, as_map(domain, "ddns-domains"), keys)


def _of_domain(direction: str, domain: Mapping[str, object], keys: set[str]) -> Findings:
    name = f"{direction.removesuffix('-ddns')} domain {printable(str(domain.get('name')))}"
    if not domain.get("dns-servers"):
        yield "no_servers", f"{name} has no dns-servers: its updates are dropped"
    servers = [as_map(server, "dns-servers") for server in as_list(domain.get("dns-servers") or [], "dns-servers")]
    for key in sorted({str(entry["key-name"]) for entry in (domain, *servers) if entry.get("key-name")} - keys):
        yield "key_undefined", f"{name} uses the key {printable(key)}, which tsig-keys lacks"


def listens_everywhere(configuration: Prepared) -> Findings:
    """Yield a D2 that takes requests for updates from the network, where nothing authenticates them."""
    address = configuration.tree.get("ip-address", "127.0.0.1")
    if address in {"0.0.0.0", "::"}:  # noqa: S104 - what is looked for
        yield "any_address", f"D2 listens on {address}: everybody who reaches the port can change DNS"
