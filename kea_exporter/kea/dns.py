"""Facts about dynamic DNS in the configurations of DHCP daemons and of D2 (Kea ARM, "The DHCP-DDNS Server")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kea_exporter.facts.dns import ANY_DOMAIN, MAX_NAMES, DnsServer, DnsUpdates
from kea_exporter.kea.pools import prefix_range_from
from kea_exporter.kea.reading import as_int, as_list, as_map, as_text
from kea_exporter.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# Kea's defaults, of both ends.
ADDRESS, PORT = "127.0.0.1", 53001
# By the key of the subnets: bits of an address, and of a label of a reverse name.
BITS = {"subnet4": (32, 8), "subnet6": (128, 4)}
ROOTS = {"subnet4": "in-addr.arpa", "subnet6": "ip6.arpa"}

Tree = dict[str, Any]


def read_updates(tree: Mapping[str, Any], key: str) -> DnsUpdates | None:
    """Return the updates that a DHCP daemon sends; None if it sends none.

    Args:
        tree: its configuration.
        key: that of its subnets, `subnet4` or `subnet6`.

    Raises:
        MalformedAnswerError: the configuration is not as Kea writes it.
    """
    settings = as_map(tree.get("dhcp-ddns") or {}, "dhcp-ddns")
    if not settings.get("enable-updates"):
        return None
    sending = [levels for levels in _subnets(tree, key) if _effective(levels, "ddns-send-updates", default=True)]
    suffixes = (as_text(_effective(levels, "ddns-qualifying-suffix", default=""), "suffix") for levels in sending)
    return DnsUpdates(
        address=printable(as_text(settings.get("server-ip", ADDRESS), "server-ip")),
        port=as_int(settings.get("server-port", PORT), "server-port"),
        suffixes=_distinct(_domain(suffix) for suffix in suffixes),
        reverse_names=_distinct(_reverse_name(as_text(levels[0].get("subnet"), "subnet"), key) for levels in sending),
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


def _subnets(tree: Mapping[str, Any], key: str) -> Iterator[tuple[Mapping[str, Any], ...]]:
    """Yield each subnet with what it inherits from: its shared network, and the daemon."""
    for value in as_list(tree.get(key, []), key):
        yield as_map(value, key), tree
    for network in as_list(tree.get("shared-networks", []), "shared-networks"):
        holder = as_map(network, "shared-networks")
        for value in as_list(holder.get(key, []), key):
            yield as_map(value, key), holder, tree


def _effective(levels: Iterable[Mapping[str, Any]], key: str, *, default: object) -> object:
    return next((level[key] for level in levels if key in level), default)


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


def _reverse_name(prefix: str, key: str) -> str:
    """Return the reverse name of a prefix, with the labels that all its addresses share."""
    _, first, last = prefix_range_from(prefix)
    bits, width = BITS[key]
    shared = bits - (first ^ last).bit_length()
    labels = [
        f"{(first >> (bits - width * number)) & (1 << width) - 1:{'d' if width == 8 else 'x'}}"  # noqa: PLR2004
        for number in range(1, shared // width + 1)
    ]
    return ".".join((*reversed(labels), ROOTS[key]))
