"""Real DHCP clients: perfdhcp of the chroot, over loopback or over a cable between two network namespaces.

A namespace is held by a process that ends with whoever started it: not even a killed test leaves one behind.
"""

from __future__ import annotations

import re
import socket
import subprocess
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lab.servers.chroot import LabUnavailableError, install
from lab.servers.processes import ENDS_WITH_US, Running, StartError, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lab.servers.chroot import Chroot
    from lab.servers.kea import KeaDaemon, Lab

# The network interface of a server in its namespace, and of its clients in theirs.
INTERFACE = "dhcp0"
# The clients of one call are those of the next one: perfdhcp's own DUIDs would hold the time.
VERSIONS = {"Dhcp4": ("-4",), "Dhcp6": ("-6", "-b", "duid=00030001000c01020304")}
LOOPBACK = {"Dhcp4": "127.0.0.1", "Dhcp6": "::1"}
ADDRESSES = {"server": ("10.99.0.1/16", "fd99::1/64"), "clients": ("10.99.0.2/16", "fd99::2/64")}
# New exchanges per second.
RATE = 100
# How long to wait for the answers to the last questions; it ends sooner where all are there.
PATIENCE_SECONDS = 5.0
# The same where there will be none.
NO_PATIENCE_SECONDS = 0.05
# Answers that come late are answers: by default, perfdhcp takes them for lost after a second.
LATE_SECONDS = "10"
SECONDS_TO_COME_UP = 30.0
# What perfdhcp ends with when all was well, and when some exchanges were not completed.
COMPLETED, INCOMPLETE = 0, 3


@dataclass(frozen=True)
class Counted:
    """Packets of one kind of exchange, as the clients counted them."""

    sent: int
    received: int


@dataclass(frozen=True)
class Exchanges:
    """What the clients report: of DISCOVER and OFFER, or SOLICIT and ADVERTISE; and of REQUEST and its answer."""

    first: Counted
    second: Counted


@dataclass(frozen=True)
class DhcpClients:
    """Clients of one server.

    Attributes:
        run_by: the command that runs perfdhcp.
        options: where the server is, and how it is reached.
        server: the last argument of perfdhcp; empty for the DHCPv4 broadcast.
    """

    run_by: tuple[str, ...]
    options: tuple[str, ...]
    server: str = ""

    def ask(self, clients: int, *options: str) -> Exchanges:
        """Let each of some clients ask for a lease, one soon after another; on a busy machine some ask again."""
        return self._ask(clients, options, PATIENCE_SECONDS)

    def ask_in_vain(self, clients: int, *options: str) -> Exchanges:
        """Do the same where the clients will get no lease, without waiting for it."""
        return self._ask(clients, options, NO_PATIENCE_SECONDS)

    def _ask(self, clients: int, options: tuple[str, ...], patience: float) -> Exchanges:
        number = str(clients)
        # Once for each kind of exchange: it ends as soon as so many answers of both kinds are there.
        load = ("-R", number, "-n", number, "-n", number, "-r", str(RATE), "-W", str(int(patience * 1e6)))
        late = ("-d", LATE_SECONDS, "-d", LATE_SECONDS)
        server = [self.server] if self.server else []
        command = [*self.run_by, "perfdhcp", *load, *late, *self.options, *options, *server]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603
        if done.returncode not in {COMPLETED, INCOMPLETE}:
            raise AssertionError(f"perfdhcp ended with status {done.returncode}:\n{done.stdout}{done.stderr}")
        return read_report(done.stdout)


def wait_until_serving(daemon: KeaDaemon) -> None:
    """Return as soon as a server has opened its DHCP sockets, which it does after its control sockets.

    Raises:
        StartError: it did not.
    """
    daemon.running.wait_until(lambda: "_STARTED " in daemon.log())


def read_report(report: str) -> Exchanges:
    """Return what perfdhcp counted."""
    sent, received = (re.findall(rf"^{what} packets: (\d+)", report, re.MULTILINE) for what in ("sent", "received"))
    first, second, *_ = (Counted(int(out), int(back)) for out, back in zip(sent, received, strict=True))
    return Exchanges(first, second)


def over_loopback(chroot: Chroot, root: str, ports: tuple[int, int], *, relayed: bool = True) -> DhcpClients:
    """Return clients of a server on loopback.

    Args:
        chroot: where perfdhcp is.
        root: `Dhcp4` or `Dhcp6`.
        ports: of the server and of its clients (its options -p and -P).
        relayed: whether DHCPv6 clients are behind a relay: Kea drops what comes by unicast and from none.
    """
    address = LOOPBACK[root]
    relay = ("-A", "1") if relayed and root == "Dhcp6" else ()
    options = (*VERSIONS[root], *relay, "-l", address, "-L", str(ports[1]), "-N", str(ports[0]))
    return DhcpClients(tuple(chroot.command()), options, address)


def free_dhcp_ports(root: str) -> tuple[int, int]:
    """Return UDP ports of loopback for a server and its clients."""
    return free_port(LOOPBACK[root], socket.SOCK_DGRAM), free_port(LOOPBACK[root], socket.SOCK_DGRAM)


@dataclass(frozen=True)
class Cable:
    """Two network namespaces with one interface each, joined like a server and its clients by a cable.

    Attributes:
        server: what runs a program on the server's side.
    """

    chroot: Chroot
    server: tuple[str, ...]
    clients: tuple[str, ...]

    @property
    def clients4(self) -> DhcpClients:
        """Return DHCPv4 clients, which broadcast."""
        return DhcpClients((*self.clients, *self.chroot.command()), (*VERSIONS["Dhcp4"], "-l", INTERFACE))

    @property
    def clients6(self) -> DhcpClients:
        """Return DHCPv6 clients, which multicast and want a prefix as well."""
        options = (*VERSIONS["Dhcp6"], "-l", INTERFACE, "-e", "address-and-prefix")
        return DhcpClients((*self.clients, *self.chroot.command()), options, "all")


@contextmanager
def cable(lab: Lab) -> Iterator[Cable]:
    """Lay a cable that is gone afterwards.

    Raises:
        LabUnavailableError: this machine does not allow network namespaces; the message says why.
    """
    install("iproute2", needed=("ip",))
    with ExitStack() as stack:
        server, clients = (stack.enter_context(_namespace(lab, side)) for side in ADDRESSES)
        link = ("link", "add", INTERFACE, "netns", str(server), "type", "veth", "peer", "name", INTERFACE)
        _made("ip", *link, "netns", str(clients))
        for holder, addresses in zip((server, clients), ADDRESSES.values(), strict=True):
            for address in addresses:
                _made(*_within(holder), "ip", "address", "add", address, "dev", INTERFACE)
            for device in ("lo", INTERFACE):
                _made(*_within(holder), "ip", "link", "set", device, "up")
        for holder in (server, clients):
            _wait_until(partial(_is_up, holder))
        yield Cable(lab.chroot, _within(server), _within(clients))


@contextmanager
def _namespace(lab: Lab, side: str) -> Iterator[int]:
    """Hold a network namespace, and return the id of the process that does."""
    holder = Running([*ENDS_WITH_US, "unshare", "--net", "sleep", "infinity"], lab.folder / side)
    try:
        _wait_until_apart(holder)
        # Without this, an address may not be used for its first seconds.
        _made(*_within(holder.pid), "sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad")
        yield holder.pid
    finally:
        holder.stop()


def _wait_until_apart(holder: Running) -> None:
    try:
        holder.wait_until(partial(_is_apart, holder.pid))
    except StartError as error:
        raise LabUnavailableError(f"no network namespace can be made: {error}") from None


def _is_apart(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/ns/net").readlink() != Path("/proc/self/ns/net").readlink()
    except OSError:  # it ended already
        return False


def _within(holder: int) -> tuple[str, ...]:
    return ("nsenter", f"--net=/proc/{holder}/ns/net")


def _made(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise LabUnavailableError(f"'{' '.join(command)}' failed: {done.stderr.strip()}")


def _is_up(holder: int) -> bool:
    """Return whether the interface has a link-local address that may be used, which it gets last."""
    command = [*_within(holder), "ip", "-6", "address", "show", "dev", INTERFACE, "scope", "link"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603
    return "inet6" in shown and "tentative" not in shown


def _wait_until(holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + SECONDS_TO_COME_UP
    while not holds():
        if time.monotonic() > give_up:
            raise LabUnavailableError("a cable between network namespaces does not come up")
        time.sleep(0.02)
