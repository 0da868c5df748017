"""A fleet that has something to show in every panel: the demo's, a pair, and a site with all that Kea offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from lab.servers.configurations import ddns, dhcp, http, subnet4, subnet6
from lab.servers.datagrams import LOOPBACK, send, update_request
from lab.servers.dhcp_clients import free_dhcp_ports, wait_until_serving
from lab.servers.fleet import Fleet, add_leases4, start_fleet
from lab.servers.processes import free_port

if TYPE_CHECKING:
    from lab.servers.kea import KeaDaemon, Lab, Tree

SITE, UNTRUSTED = "site", "untrusted"
KEY = "key.example."
SITE4: Tree = {
    "subnet4": [subnet4(11)],
    "shared-networks": [{"name": "office", "subnet4": [subnet4(12), subnet4(13)]}],
    "interfaces-config": {"interfaces": [f"lo/{LOOPBACK}"], "dhcp-socket-type": "udp"},
}
SITE6: Tree = {"subnet6": [subnet6(3)], "shared-networks": [{"name": "office", "subnet6": [subnet6(5), subnet6(6)]}]}
# From a client on Ethernet that no subnet is meant for (RFC 2131, RFC 2132).
DISCOVER = bytes([1, 1, 6]).ljust(28, b"\0") + bytes([2] * 6).ljust(208, b"\0") + b"\x63\x82\x53\x63\x35\x01\x01\xff"


@dataclass(frozen=True)
class Site:
    """The fleet, and what makes its numbers move.

    Attributes:
        dhcp_port: where the site's DHCPv4 daemon takes packets of clients.
        ddns_port: where its D2 daemon takes requests.
    """

    fleet: Fleet
    daemons: dict[str, KeaDaemon]
    dhcp_port: int
    ddns_port: int

    def move(self, step: int) -> None:
        """Let a little happen: leases of addresses and of a prefix, a packet that is dropped, a DNS update."""
        add_leases4(self.daemons["Dhcp4"], 11, (20 + 2 * step, 21 + 2 * step))
        prefix = {"ip-address": f"2001:db8:3:8{step:x}00::", "prefix-len": 56, "type": "IA_PD"}
        client = {"duid": f"01:02:03:04:{step:02x}", "iaid": step, "subnet-id": 3}
        self.daemons["Dhcp6"].command("lease6-add", **prefix, **client)
        send(self.dhcp_port, DISCOVER.ljust(300, b"\0"))
        send(self.ddns_port, update_request(f"client{step}.example."))


def start_site(lab: Lab) -> Site:
    """Start everything and write the exporter's configuration."""
    fleet = start_fleet(lab, with_pair=True)
    dhcp_ports, ddns_port = free_dhcp_ports("Dhcp4"), free_port()
    control = {root: free_port() for root in ("Dhcp4", "Dhcp6", "DhcpDdns")}
    daemons = {
        "Dhcp4": _start_dhcp4(lab, control["Dhcp4"], dhcp_ports),
        "Dhcp6": lab.start("Dhcp6", dhcp("Dhcp6", [http(control["Dhcp6"])], **SITE6)),
        "DhcpDdns": lab.start("DhcpDdns", _ddns(control["DhcpDdns"], ddns_port)),
    }
    _extend(lab, fleet, dict(zip(("dhcp4", "dhcp6", "d2"), control.values(), strict=True)))
    return Site(fleet, daemons, dhcp_ports[0], ddns_port)


def _start_dhcp4(lab: Lab, control: int, ports: tuple[int, int]) -> KeaDaemon:
    arguments = ("-p", str(ports[0]), "-P", str(ports[1]))
    daemon = lab.start("Dhcp4", dhcp("Dhcp4", [http(control)], **SITE4), arguments)
    wait_until_serving(daemon)
    return daemon


def _ddns(control: int, port: int) -> Tree:
    """Return a D2 whose DNS server never answers."""
    servers = [{"ip-address": LOOPBACK, "port": free_port()}]
    domain = {"name": "example.", "key-name": KEY, "dns-servers": servers}
    return {
        **ddns([http(control)], port),
        "dns-server-timeout": 50,
        "tsig-keys": [{"name": KEY, "algorithm": "HMAC-SHA256", "secret": "LSWXnfkKZjdPJI5QxlpnfQ=="}],
        "forward-ddns": {"ddns-domains": [domain]},
    }


def _extend(lab: Lab, fleet: Fleet, ports: dict[str, int]) -> None:
    """Add the site, and a server whose certificate comes from an authority that is not trusted."""
    tree = yaml.safe_load(fleet.config_file.read_text())
    urls = {entry["name"]: item["url"] for entry in tree["servers"] for item in entry.values() if "url" in item}
    stranger = lab.authority.issue("stranger")
    tls = {**tree["defaults"]["tls_config"], "ca_file": str(stranger.certificate)}
    site = {daemon: {"url": f"http://{LOOPBACK}:{port}", "basic_auth": None} for daemon, port in ports.items()}
    tree["servers"] += [
        {"name": SITE, **site},
        {"name": UNTRUSTED, "dhcp4": {"url": f"{urls['sound-v4']}/untrusted", "tls_config": tls}},
    ]
    tree["defaults"] |= {"lease_audit": {"interval": "1h"}, "collect": {"pools": True}}
    fleet.config_file.write_text(yaml.safe_dump(tree, sort_keys=False))
