"""Facts about dynamic DNS in the configurations of DHCP daemons and of D2 (Kea ARM, "The DHCP-DDNS Server")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kea_exporter.facts.dns import ANY_DOMAIN, MAX_NAMES, DnsServer, DnsUpdates
from kea_exporter.kea.reading import as_int, as_list, as_map, as_text
from kea_exporter.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kea_exporter.kea.prepared import Prepared, PreparedSubnet

# Kea's defaults, of both ends.
ADDRESS, PORT = "127.0.0.1", 53001
# By the root of the configuration: bits of an address and of a label of a reverse name, and the last labels.
REVERSE = {"Dhcp4": (32, 8, "in-addr.arpa"), "Dhcp6": (128, 4, "ip6.arpa")}


def read_updates(configuration: Prepared) -> DnsUpdates | None:
    """Return the updates that a DHCP daemon sends; None if it sends none.

    Raises:
        MalformedAnswerError: the configuration is not as Kea writes it.
    """
    settings = as_map(configuration.tree.get("dhcp-ddns") or {}, "dhcp-ddns")
    if not settings.get("enable-updates"):
        return None
    sending = [subnet for subnet in configuration.subnets if subnet.effective("ddns-send-updates", default=True)]
    suffixes = (as_text(subnet.effective("ddns-qualifying-suffix", default=""), "suffix") for subnet in sending)
    return DnsUpdates(
        address=printable(as_text(settings.get("server-ip", ADDRESS), "server-ip")),
        port=as_int(settings.get("server-port", PORT), "server-port"),
        suffixes=_distinct(_domain(suffix) for suffix in suffixes),
        reverse_names=_distinct(_reverse_name(subnet, configuration.root) for subnet in sending),
    )


def read_dns_server(tree: Mapping[str, Any]) -> DnsServer:
    """Return what D2 takes.

    Raises:
        MalformedAnswerError: the configuration is not as Kea writes it.
    """
    return DnsServer(
        address=printable(as_text(tree.get("ip-address", ADDRESS), "ip-address")),
        port=as_int(tree.get("port", PORT), "port"),
        forward=frozenset(_domains(tree, "forward-ddns")),
        reverse=frozenset(_domains(tree, "reverse-ddns")),
    )


def _domains(tree: Mapping[str, Any], section: str) -> Iterator[str]:
    domains = as_list(as_map(tree.get(section) or {}, section).get("ddns-domains", []), "ddns-domains")
    for value in domains[:MAX_NAMES]:
        yield _domain(as_text(as_map(value, "ddns-domains").get("name"), "name"))
    if len(domains) > MAX_NAMES:
        # Not known in full: then nothing is reported as missing.
        yield ANY_DOMAIN


def _domain(name: str) -> str:
    return printable(name).lower().removesuffix(".")


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))[:MAX_NAMES]


def _reverse_name(subnet: PreparedSubnet, root: str) -> str:
    """Return the reverse name of a prefix, with the labels that all its addresses share."""
    bits, width, zone = REVERSE[root]
    shared = bits - (subnet.first ^ subnet.last).bit_length()
    labels = [
        f"{(subnet.first >> (bits - width * number)) & (1 << width) - 1:{'d' if width == 8 else 'x'}}"  # noqa: PLR2004
        for number in range(1, shared // width + 1)
    ]
    return ".".join((*reversed(labels), zone))
