"""What a table of old names is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    Labels = Mapping[str, str]

BY_SUBNET = ("subnet", "subnet_id")
TOTALS = "totals"


@dataclass(frozen=True)
class Recipe:
    """How a series is recorded under an old name, and the labels that it is given."""

    expression: str
    labels: Labels = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Old:
    """A name of another exporter.

    Attributes:
        name: with its labels where these tell apart what it counts.
        here: what takes its place, or why nothing does.
    """

    name: str
    here: str
    recipes: tuple[Recipe, ...] = ()

    @property
    def series(self) -> str:
        """Return the name without labels."""
        return self.name.partition("{")[0]


def summed(selector: str, *labels: str, given: Labels | None = None, renamed: Labels | None = None) -> Recipe:
    """Return a recipe that keeps *labels*, among them those *renamed* from others, and is *given* more of its own."""
    inner = selector
    for new, old in {**(renamed or {}), "instance": "server"}.items():
        inner = f'label_replace({inner}, "{new}", "$1", "{old}", "(.+)")'
    kept = ", ".join(("job", "instance", *labels))
    return Recipe(f"sum by ({kept}) ({inner})", MappingProxyType(dict(given or {})))


def replaced(name: str, selector: str, *labels: str, remark: str = "", renamed: Labels | None = None) -> Old:
    """Return an old name for what a *selector* selects here."""
    here = f"`{selector}`" + (f" ({remark})" if remark else "")
    return Old(name, here, (summed(selector, *labels, renamed=renamed),))


def missing(name: str, why: str) -> Old:
    """Return an old name that nothing takes the place of."""
    return Old(name, f"not exported: {why}")


def packets(number: int) -> tuple[Old, ...]:
    """Return the names of packets that both exporters have."""
    prefix, daemon = f"kea_dhcp{number}", f'daemon="dhcp{number}"'
    received, sent = (f"{prefix}_packets_{way}_total" for way in ("received", "sent"))
    dropped = f"kea_packets_dropped_total{{{daemon}}}"
    parse_failed = f'kea_packets_dropped_total{{{daemon}, reason="parse_failed"}}'
    names = [
        _messages(received, "received", daemon, RECEIVED[number]),
        Old(f'{received}{{operation="drop"}}', f"`sum without (reason) ({dropped})`", (_operation(dropped, "drop"),)),
        Old(
            f'{received}{{operation="parse-failed"}}', f"`{parse_failed}`", (_operation(parse_failed, "parse-failed"),)
        ),
        _messages(sent, "sent", daemon, SENT[number]),
    ]
    return tuple(names) if number == 4 else (*names, *_dhcpv4_over_dhcpv6())  # noqa: PLR2004 - the version of IP


RECEIVED = {
    4: "ack|decline|discover|inform|nak|offer|release|request|unknown",
    6: "advertise|decline|infrequest|rebind|release|renew|reply|request|solicit|unknown",
}
SENT = {4: "ack|nak|offer", 6: "advertise|reply"}


def _messages(name: str, way: str, daemon: str, messages: str) -> Old:
    selector = f'kea_messages_{way}_total{{{daemon}, message=~"{messages}"}}'
    here = f"`kea_messages_{way}_total{{{daemon}}}`, by `message` instead of `operation`"
    return Old(f"{name}{{operation}}", here, (summed(selector, "operation", renamed={"operation": "message"}),))


def _operation(selector: str, operation: str) -> Recipe:
    return summed(selector, given={"operation": operation})


def _dhcpv4_over_dhcpv6() -> tuple[Old, ...]:
    found = []
    for way, operation in (("received", "query"), ("received", "response"), ("sent", "response")):
        selector = f'kea_messages_{way}_total{{daemon="dhcp6", message="dhcpv4_{operation}"}}'
        name = f'kea_dhcp6_packets_{way}_dhcp4_total{{operation="{operation}"}}'
        found.append(Old(name, f"`{selector}`", (_operation(selector, operation),)))
    return tuple(found)
