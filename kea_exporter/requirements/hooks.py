"""Are the hook libraries loaded? A hook is there when its commands are registered."""

from __future__ import annotations

from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from kea_exporter.config import hook_requirement
from kea_exporter.facts.failure import Failure, known
from kea_exporter.facts.snapshot import ROOT_KEYS, Daemon
from kea_exporter.requirements.model import Finding, Requirement, Severity, Subject, met, not_applicable, unmet
from kea_exporter.requirements.reaching import require_expected_daemon

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kea_exporter.config import Profile
    from kea_exporter.facts.snapshot import Snapshot

# Hook, by the short name of its library, to a command that it registers in both DHCP daemons (measured).
SIGNS: Mapping[str, str] = MappingProxyType(
    {
        "subnet_cmds": "subnet4-list",
        "host_cmds": "reservation-get",
        "lease_cmds": "lease4-get",
        "stat_cmds": "stat-lease4-get",
        "class_cmds": "class-list",
        "cb_cmds": "remote-server4-get-all",
        "host_cache": "cache-size",
        "ha": "ha-heartbeat",
    }
)


def library_of(hook: str) -> str:
    """Return the file name of a hook library, from its short name."""
    return f"libdhcp_{hook}.so"


def _loaded(snapshot: Snapshot, _: Profile, hook: str) -> Finding:
    daemon, library = snapshot.target.daemon, library_of(hook)
    if daemon is Daemon.D2:
        return not_applicable("D2 has no such hooks")
    require_expected_daemon(snapshot)
    if SIGNS[hook] in known(snapshot.commands):
        return met(f"{library} is loaded: its command {SIGNS[hook]} is registered")
    if not isinstance(snapshot.configuration, Failure) and library in snapshot.configuration.hooks:
        evidence = f"{library} stands in hooks-libraries, but its command {SIGNS[hook]} is not registered"
        return unmet(evidence, "Look for the reason in the daemon's log (HOOKS_LIBRARY_... messages), and restart it.")
    evidence = f"{library} is not loaded: its command {SIGNS[hook]} is not registered"
    return unmet(evidence, f'Add {{"library": "{library}"}} to hooks-libraries of {ROOT_KEYS[daemon]}, and restart it.')


def _requirement(hook: str, severity: Severity | None, clause: str = "") -> Requirement:
    return Requirement(
        id=hook_requirement(hook),
        subject=Subject.HOOKS,
        short=hook,
        severity=severity,
        title=f"The hook library {library_of(hook)} is loaded",
        clause=clause,
        rule=f"its command {SIGNS[hook]} is registered.",
        remedy=f'Add {{"library": "{library_of(hook)}"}} to hooks-libraries, and restart the service.',
        judge=partial(_loaded, hook=hook),
        example=f'"hooks-libraries": [{{"library": "{library_of(hook)}"}}]',
    )


_CLAUSE = "Required libraries: libdhcp_subnet_cmds.so, libdhcp_host_cmds.so, libdhcp_lease_cmds.so"

REQUIREMENTS = (
    _requirement("subnet_cmds", Severity.REQUIRED, _CLAUSE),
    _requirement("host_cmds", Severity.REQUIRED, _CLAUSE),
    _requirement("lease_cmds", Severity.REQUIRED, _CLAUSE),
    _requirement("stat_cmds", Severity.ADVISORY),
    # Only where a profile asks for them.
    *(_requirement(hook, None) for hook in ("class_cmds", "cb_cmds", "host_cache", "ha")),
)
