"""Requirement that a DHCP daemon and the D2 of the same server agree on dynamic DNS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kea_exporter.certificates import parse_address
from kea_exporter.facts.dns import ANY_DOMAIN
from kea_exporter.facts.failure import known
from kea_exporter.requirements.model import (
    Cause,
    Finding,
    Requirement,
    Severity,
    Subject,
    met,
    not_applicable,
    problem,
    unmet_for,
)
from kea_exporter.requirements.reaching import require_expected_daemon

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kea_exporter.config import Profile
    from kea_exporter.facts.dns import DnsServer, DnsUpdates
    from kea_exporter.facts.snapshot import Snapshot
    from kea_exporter.requirements.model import Problem

OTHER_ADDRESS = Cause(
    "other_address",
    "Updates are sent to an address or port where D2 does not listen",
    "Set server-ip and server-port of dhcp-ddns to ip-address and port of D2.",
    '"dhcp-ddns": {"enable-updates": true, "server-ip": "127.0.0.1", "server-port": 53001}',
)
NO_FORWARD_DOMAIN = Cause(
    "no_forward_domain",
    "D2 has no forward domain for a suffix",
    "Add a domain for the suffix to ddns-domains of forward-ddns of D2, or correct ddns-qualifying-suffix.",
    '"forward-ddns": {"ddns-domains": [{"name": "example.com.", "dns-servers": [{"ip-address": "192.0.2.53"}]}]}',
)
NO_REVERSE_DOMAIN = Cause(
    "no_reverse_domain",
    "D2 has reverse domains, but none for a subnet: its updates are dropped",
    "Add a domain for the subnet to ddns-domains of reverse-ddns of D2.",
    '"reverse-ddns": {"ddns-domains": [{"name": "10.in-addr.arpa.", "dns-servers": [{"ip-address": "192.0.2.53"}]}]}',
)


def _matches(snapshot: Snapshot, _: Profile) -> Finding:
    require_expected_daemon(snapshot)
    updates = known(snapshot.configuration).dns_updates
    if updates is None:
        return not_applicable("the daemon sends no DNS updates")
    if snapshot.dns_server is None:
        return not_applicable("D2 of this server is not checked")
    server = known(snapshot.dns_server)
    if not _is_meant(updates.address, server.address):
        return not_applicable(f"updates are sent to another server, {updates.address}")
    problems = [*_problems(updates, server)]
    return unmet_for(problems) if problems else met(f"D2 takes the updates at {_place(server.address, server.port)}")


def _is_meant(expected: str, listening: str) -> bool:
    """Return whether updates are meant for the D2 of the same server: they are sent to the server itself, or to it."""
    address = parse_address(expected)
    return address is None or address.is_loopback or address.is_unspecified or expected == listening


def _problems(updates: DnsUpdates, server: DnsServer) -> Iterator[Problem]:
    listening = parse_address(server.address)
    is_everywhere = listening is not None and listening.is_unspecified
    if updates.port != server.port or not (is_everywhere or parse_address(updates.address) == listening):
        sent, taken = _place(updates.address, updates.port), _place(server.address, server.port)
        yield problem(OTHER_ADDRESS, [f"updates are sent to {sent}, and D2 listens on {taken}"])
    without = [suffix for suffix in updates.suffixes if not _is_covered(suffix, server.forward)]
    if without:
        yield problem(NO_FORWARD_DOMAIN, [f"no forward domain of D2 covers the suffix {suffix}" for suffix in without])
    # Without any reverse domain, D2 leaves reverse names alone and still adds the others (measured).
    uncovered = (
        [name for name in updates.reverse_names if not _is_covered(name, server.reverse)] if server.reverse else []
    )
    if uncovered:
        yield problem(NO_REVERSE_DOMAIN, [f"no reverse domain of D2 covers {name}" for name in uncovered])


def _is_covered(name: str, domains: frozenset[str]) -> bool:
    """Return whether one of the domains is the name, or above it."""
    labels = name.split(".")
    above = (".".join(labels[number:]) for number in range(len(labels)))
    return not domains.isdisjoint({ANY_DOMAIN, *above})


def _place(address: str, port: int) -> str:
    return f"{address} port {port}"


REQUIREMENTS = (
    Requirement(
        id="ddns-matches-d2",
        subject=Subject.CONFIGURATION,
        short="D2 matches",
        severity=Severity.RECOMMENDED,
        title="DNS updates must reach D2 and match its domains",
        clause="",
        rule="server-ip and server-port of dhcp-ddns are those of D2 of the same server, a forward domain covers every "
        "ddns-qualifying-suffix, and, if D2 has reverse domains, one covers every subnet. See Kea ARM, “The DHCP-DDNS "
        "Server”.",
        causes=(OTHER_ADDRESS, NO_FORWARD_DOMAIN, NO_REVERSE_DOMAIN),
        judge=_matches,
    ),
)
