"""The servers of the demo: what each is like, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass

from kea_simulator.dhcp_daemon import Outage

STANDARD = ("subnet_cmds", "host_cmds", "lease_cmds", "stat_cmds")
OLD, CURRENT, LATER, NEWEST = "2.6.3", "3.0.3", "3.2.0", "3.3.1"
# Of daemons that have control sockets of their own.
VERSIONS = (CURRENT, LATER, NEWEST)
# Not ASCII, as names in the field are not.
OFFICE = "Büro"


@dataclass(frozen=True)
class Server:
    """One server of the fleet.

    Attributes:
        about: what is special about it, for people.
        daemons: which it runs, by the names that the exporter's configuration has for them.
        uses: of each subnet, which part of its pool is in use on average.
        networks: of the subnets, the shared networks that they belong to.
        lost_its_last: whether the last subnet was removed at run time, and its leases were not.
        failures: how many clients a second find no free address.
        days: since and for how many days its certificate is valid.
        addresses: those in the SAN of its certificate.
        tls: whether its control sockets are https, and demand a certificate of their clients.
        in_files: whether user and password stand in files, and not in the configuration.
        password_is_right: whether the exporter's configuration has the right one.
        role: in the high availability relationship, of which there is one; empty for none.
        listens: whether anything is there at all.
        interfaces: whether it listens to DHCP clients on an interface.
        outage: why it answers commands and serves nobody; None where it serves.
    """

    name: str
    about: str
    daemons: tuple[str, ...] = ("dhcp4",)
    version: str = CURRENT
    hooks: tuple[str, ...] = STANDARD
    uses: tuple[float, ...] = (0.5,)
    networks: tuple[str, ...] = ("", "", "")
    lost_its_last: bool = False
    failures: float = 0.0
    days: tuple[float, float] = (-1, 60)
    addresses: tuple[str, ...] = ("127.0.0.1",)
    tls: bool = True
    in_files: bool = True
    password_is_right: bool = True
    role: str = ""
    listens: bool = True
    interfaces: bool = True
    outage: Outage | None = None


SERVERS = (
    Server("kea-a", "sound", ("dhcp4", "dhcp6"), uses=(0.4, 0.7, 0.2), networks=("", OFFICE, OFFICE)),
    Server("kea-b", "sound", ("dhcp4", "dhcp6"), uses=(0.6, 0.3)),
    Server("ddns", "sound, updates DNS", ("d2",)),
    Server("ha-1", "sound, the primary of a pair", hooks=(*STANDARD, "ha"), uses=(0.5, 0.8), role="primary"),
    Server("ha-2", "sound, its standby", hooks=(*STANDARD, "ha"), uses=(0.5, 0.8), role="standby"),
    Server("newest", "Kea 3.2, newer than what the IPAM was tested with", ("dhcp4", "dhcp6"), LATER),
    Server("nearly-full", "nearly all addresses are assigned", uses=(0.96, 0.5), failures=0.2),
    Server("left-over", "leases of a subnet that was removed", uses=(0.5, 0.3), lost_its_last=True),
    Server("hooks-missing", "no hook library is loaded", hooks=()),
    Server("wrong-password", "the exporter has another password", password_is_right=False),
    Server("clear-text", "plain http, and a clear-text password", tls=False, in_files=False),
    Server("ends-soon", "the certificate expires in 5 days", days=(-85, 5)),
    Server("expired", "the certificate expired 2 days ago", days=(-92, -2)),
    Server("wrong-san", "the certificate is for another address", addresses=("192.0.2.10",)),
    Server("too-old", "Kea 2.6 behind a Control Agent", version=OLD, hooks=("lease_cmds", "stat_cmds"), tls=False),
    Server("reload-failed", "the last reload failed: no client is served", outage=Outage.RELOAD_FAILED),
    Server(
        "database-lost",
        "the lease database is lost: no client is served",
        hooks=(*STANDARD, "pgsql"),
        outage=Outage.DATABASE_LOST,
    ),
    Server("no-interface", "no interface is configured: no client is served", interfaces=False),
    Server("refusing", "the port is closed", listens=False),
)
