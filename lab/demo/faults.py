"""Faults for real servers: each can be injected while all runs, and repaired."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.servers.certificates import Authority
from lab.servers.datagrams import discover, send
from lab.servers.fleet import ADDRESS, PASSWORD, USER, WITH_DATABASE, add_leases4, password_of
from lab.servers.high_availability import PARTNER
from lab.servers.kea import SUCCESS, succeeded
from lab.servers.processes import StartError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lab.servers.fleet import Fleet
    from lab.servers.kea import KeaDaemon, Tree
    from lab.servers.postgresql import Postgresql

V4, V6 = "sound-v4", "sound-v6"
# The server of each fault in the demo.
DEMO_SERVERS: Mapping[str, str] = {
    "stop-daemon": V6,
    "change-password": V6,
    "unload-hook": V6,
    "fill-subnet": V4,
    "reservations": V4,
    "disable-dhcp": V4,
    "failed-reload": V4,
    "lease-database-lost": WITH_DATABASE,
    "age-certificate": V4,
    "expire-certificate": V4,
    "misname-certificate": V4,
    "distrust-certificate": V4,
    "break-ha": PARTNER,
    "change-subnet": PARTNER,
}
# Of the 100 addresses in the pool of the last subnet of a server, which has no leases.
FILLED_HOSTS = range(10, 106)
REFUSED_CLIENTS = 3
OTHER_ID = 1000
UNLOADED = "libdhcp_host_cmds.so"


@dataclass(frozen=True)
class Fault:
    """What can be done to a server, and undone.

    Attributes:
        what: what is done, in a few words.
    """

    name: str
    server: str
    what: str
    inject: Callable[[], None]
    repair: Callable[[], None]


def faults_of(fleet: Fleet, database: Postgresql, servers: Mapping[str, str] = DEMO_SERVERS) -> dict[str, Fault]:
    """Return the faults that can be injected into a fleet.

    Args:
        fleet: the servers.
        database: contains the leases of the server of `lease-database-lost`.
        servers: the server of each fault, by the name of the fault; without `change-subnet`, that fault is left out.
    """
    kea = {name: fleet.daemons[server] for name, server in servers.items()}
    found = (
        _stopped("stop-daemon", servers, kea, "stop the daemon"),
        _password(fleet, servers["change-password"]),
        _hook(servers["unload-hook"], kea["unload-hook"]),
        _subnet(servers["fill-subnet"], kea["fill-subnet"]),
        _reservations(servers["reservations"], kea["reservations"]),
        Fault(
            "disable-dhcp",
            servers["disable-dhcp"],
            "disable DHCP service",
            _sent(kea["disable-dhcp"], "dhcp-disable"),
            _sent(kea["disable-dhcp"], "dhcp-enable"),
        ),
        _failed_reload(fleet, servers["failed-reload"]),
        Fault(
            "lease-database-lost",
            servers["lease-database-lost"],
            "stop the PostgreSQL server of its lease database",
            database.stop,
            database.start_again,
        ),
        *_certificates(fleet, servers),
        _stopped("break-ha", servers, kea, "stop one server of the pair"),
        # It is seen while both servers of the pair run.
        *([_other_id(servers["change-subnet"], kea["change-subnet"])] if "change-subnet" in servers else []),
    )
    return {entry.name: entry for entry in found}


def _stopped(name: str, servers: Mapping[str, str], kea: Mapping[str, KeaDaemon], what: str) -> Fault:
    return Fault(name, servers[name], what, kea[name].stop, kea[name].start_again)


def _sent(kea: KeaDaemon, command: str, **arguments: object) -> Callable[[], None]:
    def send() -> None:
        succeeded(command, kea.command(command, **arguments))

    return send


def _password(fleet: Fleet, server: str) -> Fault:
    def set_to(password: str) -> Callable[[], None]:
        def change() -> None:
            fleet.lab.secret(password_of(server), password)
            fleet.daemons[server].reload()

        return change

    return Fault("change-password", server, f"change the password of {USER}", set_to("changed"), set_to(PASSWORD))


def _hook(server: str, kea: KeaDaemon) -> Fault:
    hooks = [entry for entry in kea.configuration["hooks-libraries"] if entry["library"] != UNLOADED]

    def run_with(configuration: Tree) -> Callable[[], None]:
        def reload() -> None:
            kea.write(configuration)
            kea.reload()

        return reload

    without = run_with({**kea.configuration, "hooks-libraries": hooks})
    return Fault("unload-hook", server, f"unload {UNLOADED}", without, run_with(kea.configuration))


def _subnet(server: str, kea: KeaDaemon) -> Fault:
    subnet = kea.configuration["subnet4"][-1]["id"]
    return Fault(
        "fill-subnet",
        server,
        f"lease {len(FILLED_HOSTS)} of the 100 addresses of subnet {subnet}",
        lambda: add_leases4(kea, subnet, FILLED_HOSTS),
        _sent(kea, "lease4-wipe", **{"subnet-id": subnet}),
    )


def _reservations(server: str, kea: KeaDaemon) -> Fault:
    """Return the fault of a pool whose addresses are all kept for hosts that are not there."""
    *others, crowded = kea.configuration["subnet4"]
    subnet = crowded["id"]
    hosts = [
        {"hw-address": f"02:00:00:01:00:{host:02x}", "ip-address": f"10.0.{subnet}.{host}"} for host in range(10, 110)
    ]
    subnets = [*others, {**crowded, "reservations": hosts}]

    def inject() -> None:
        kea.write({**kea.configuration, "subnet4": subnets})
        kea.reload()
        for client in range(REFUSED_CLIENTS):
            send(kea.dhcp_port, discover(client, relay=f"10.0.{subnet}.1"))

    def repair() -> None:
        kea.write(kea.configuration)
        kea.reload()

    what = f"reserve the pool of subnet {subnet} for absent hosts, and let {REFUSED_CLIENTS} clients ask"
    return Fault("reservations", server, what, inject, repair)


def _other_id(server: str, kea: KeaDaemon) -> Fault:
    """Return the fault of a subnet whose id differs from that on the partner of the server."""
    first, *others = kea.configuration["subnet4"]

    def run_with(subnet_id: int) -> Callable[[], None]:
        def reload() -> None:
            kea.write({**kea.configuration, "subnet4": [{**first, "id": subnet_id}, *others]})
            kea.reload()

        return reload

    what = f"change the id of subnet {first['subnet']} on one server of the pair"
    return Fault("change-subnet", server, what, run_with(OTHER_ID), run_with(first["id"]))


def _failed_reload(fleet: Fleet, server: str) -> Fault:
    lab, kea = fleet.lab, fleet.daemons[server]

    def inject() -> None:
        pair = lab.authority.issue(server, addresses=[ADDRESS])
        pair.key.write_text("not a key\n")
        if kea.command("config-reload")["result"] == SUCCESS:
            raise StartError("config-reload: Kea took a broken key")

    def repair() -> None:
        lab.authority.issue(server, addresses=[ADDRESS])
        kea.reload()

    return Fault("failed-reload", server, "break the key of its certificate, and reload", inject, repair)


def _certificates(fleet: Fleet, servers: Mapping[str, str]) -> list[Fault]:
    lab = fleet.lab
    other = Authority(lab.folder, "other-ca")

    def fault(name: str, what: str, authority: Authority, address: str, last_day: float) -> Fault:
        server = servers[name]

        def issue(by: Authority, address: str, last_day: float) -> None:
            by.issue(server, addresses=[address], days=(-90, last_day))
            fleet.daemons[server].reload()

        return Fault(
            name,
            server,
            f"replace the certificate by {what}",
            lambda: issue(authority, address, last_day),
            lambda: issue(lab.authority, ADDRESS, 60),
        )

    return [
        fault("age-certificate", "one that ends in six days", lab.authority, ADDRESS, 6),
        fault("expire-certificate", "one that ended yesterday", lab.authority, ADDRESS, -1),
        fault("misname-certificate", "one of another address", lab.authority, "192.0.2.1", 60),
        fault("distrust-certificate", "one of another authority", other, ADDRESS, 60),
    ]
