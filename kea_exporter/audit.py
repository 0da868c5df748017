"""The lease audit: page through all leases of a daemon, with pauses, in the background and never during a scrape."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, Any, TypeVar

from kea_exporter.facts.failure import Failure, Reason, Stage
from kea_exporter.facts.snapshot import ROOT_KEYS, Daemon
from kea_exporter.kea.client import KeaClient
from kea_exporter.kea.configuration import read_configuration
from kea_exporter.kea.lease_pages import AuditTally, read_lease_page
from kea_exporter.kea.protocol import Command
from kea_exporter.transport.choice import transport_to
from kea_exporter.transport.deadline import Deadline
from kea_exporter.transport.model import TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from kea_exporter.config import DaemonSettings
    from kea_exporter.config.settings import AuditSettings
    from kea_exporter.facts.failure import Fact
    from kea_exporter.facts.leases import LeaseAudit
    from kea_exporter.transport.model import Transport

    Progress = Callable[[int], None]
    Pause = Callable[[float], bool | None]
    Pages = Generator[None, None, Fact[LeaseAudit]]

T = TypeVar("T")

PAGES = {Daemon.DHCP4: Command.LEASE4_GET_PAGE, Daemon.DHCP6: Command.LEASE6_GET_PAGE}
FIRST_PAGE = "start"

# Kea serves no DHCP packet while it puts a page together; this leaves it the thread in between.
PAUSE_SECONDS = 0.05
# Pages may be shorter than asked for; a daemon that sends ever shorter ones would never come to an end.
MAX_PAGES = 10
# Kea closes a connection that is idle for 30 s (http-connection idle timeout); audits that take turns may wait longer.
MAX_IDLE_SECONDS = 10.0


def audit_leases(
    daemon: DaemonSettings,
    audit: AuditSettings,
    progress: Progress = lambda _: None,
    pause: Pause = time.sleep,
) -> Fact[LeaseAudit]:
    """Return what paging through all leases of one daemon finds; each page has the daemon's timeout for itself.

    Args:
        daemon: the daemon.
        audit: page size and where to stop.
        progress: called with the number of leases looked at after each page.
        pause: waits between two pages; what it returns says whether to end.
    """
    pages = audit_pages(daemon, audit, progress)
    while True:
        try:
            next(pages)
        except StopIteration as end:
            found: Fact[LeaseAudit] = end.value
            return found
        if pause(PAUSE_SECONDS):
            pages.close()
            return STOPPED


def audit_pages(daemon: DaemonSettings, audit: AuditSettings, progress: Progress) -> Pages:
    """Page through all leases of one daemon, and return what was found; stop after each page but the last.

    Args:
        daemon: the daemon.
        audit: page size and where to stop.
        progress: called with the number of leases looked at after each page.
    """
    with closing(_Connection(daemon)) as connection:
        configuration = connection.ask(Command.CONFIG_GET, read_configuration)
        if isinstance(configuration, Failure):
            return configuration
        if configuration.root != ROOT_KEYS[daemon.target.daemon]:
            return Failure(Stage.COMMAND, Reason.WRONG_DAEMON, f"{configuration.root} answers")
        tally, start, pages = AuditTally(configuration.subnets.by_id), FIRST_PAGE, 0
        last = -1
        while True:
            arguments = {"from": start, "limit": audit.page_size}
            page = connection.ask(PAGES[daemon.target.daemon], read_lease_page, arguments)
            if isinstance(page, Failure):
                return page
            tally.add(page)
            progress(tally.leases)
            if not page or tally.leases >= audit.max_leases:
                return tally.result(time.time(), is_complete=not page)
            pages += 1
            if int(page[-1].address) <= last or pages > MAX_PAGES * (1 + audit.max_leases / audit.page_size):
                return ENDLESS
            start, last = str(page[-1].address), int(page[-1].address)
            yield


class _Connection:
    """The connection of an audit: made anew where it has been idle, before Kea closes it."""

    def __init__(self, daemon: DaemonSettings) -> None:
        self._daemon = daemon
        self._transport: Transport | None = None
        self._client: KeaClient | None = None
        self._used_at = 0.0

    def ask(self, command: Command, read: Callable[[Any], T], arguments: Mapping[str, object] | None = None) -> Fact[T]:
        """Return what the daemon answers, within its timeout."""
        deadline = Deadline.after(self._daemon.timeout_seconds)
        if time.monotonic() - self._used_at > MAX_IDLE_SECONDS:
            self.close()
        try:
            if self._transport is None or self._client is None:
                self._transport = transport_to(self._daemon, deadline)
                self._transport.open()
                self._client = KeaClient(self._transport, self._daemon.target)
            self._transport.renew(deadline)
        except TransportError as error:
            return error.failure
        found = self._client.ask(command, read, arguments=arguments)
        self._used_at = time.monotonic()
        return found

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._transport is not None:
            self._transport.close()
        self._transport = self._client = None


ENDLESS = Failure(Stage.COMMAND, Reason.MALFORMED_ANSWER, "the pages of leases do not come to an end")
STOPPED = Failure(Stage.COMMAND, Reason.AUDIT_PENDING, "the lease audit was stopped")
TOO_SLOW = Failure(Stage.COMMAND, Reason.AUDIT_INCOMPLETE, "the lease audit was given up after an hour of work")
PENDING = Failure(Stage.COMMAND, Reason.AUDIT_PENDING, "no lease audit has finished yet")
