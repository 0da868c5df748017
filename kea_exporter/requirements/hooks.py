"""Requirements on hook libraries: a library is loaded if its commands are registered."""

from __future__ import annotations

from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from kea_exporter.config import hook_requirement
from kea_exporter.facts.failure import Failure, known
from kea_exporter.facts.snapshot import ROOT_KEYS, Daemon
from kea_exporter.requirements.model import Cause, Finding, Requirement, Severity, Subject, met, not_applicable, unmet
from kea_exporter.requirements.reaching import require_expected_daemon

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kea_exporter.config import Profile
    from kea_exporter.facts.snapshot import Snapshot

# Hook, by the short name of its library, to a command that it registers in both DHCP daemons (measured).
COMMAND_OF_HOOK: Mapping[str, str] = MappingProxyType(
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
# ISC sold these to subscribers before (Kea 2.7.7 release notes).
SINCE_KEA_3_0 = frozenset({"subnet_cmds", "host_cmds", "class_cmds", "host_cache"})
FIRST_OPEN_SOURCE = (2, 7, 7)


def library_of(hook: str) -> str:
    """Return the file name of a hook library, from its short name."""
    return f"libdhcp_{hook}.so"


def _loaded(snapshot: Snapshot, _: Profile, hook: str) -> Finding:
    daemon, library = snapshot.target.daemon, library_of(hook)
    if daemon is Daemon.D2:
        return not_applicable("D2 has no such hook libraries")
    require_expected_daemon(snapshot)
    if COMMAND_OF_HOOK[hook] in known(snapshot.commands):
        return met(f"{library} is loaded: its command {COMMAND_OF_HOOK[hook]} is registered")
    not_configured, not_registered, *needs_upgrade = causes_of(hook)
    if not isinstance(snapshot.configuration, Failure) and library in snapshot.configuration.hooks:
        return unmet(
            not_registered, f"{library} is configured, but its command {COMMAND_OF_HOOK[hook]} is not registered"
        )
    evidence = f"{library} is not loaded: its command {COMMAND_OF_HOOK[hook]} is not registered"
    version = snapshot.version
    if needs_upgrade and not isinstance(version, Failure) and version.numbers < FIRST_OPEN_SOURCE:
        return unmet(needs_upgrade[0], f"{evidence}; Kea {version.text} does not contain it")
    root = ROOT_KEYS[daemon]
    remedy = (
        f'Add {{"library": "{library}"}} to hooks-libraries of {root}, check the file with -t, and restart the daemon.'
    )
    return unmet(not_configured, evidence, remedy)


def causes_of(hook: str) -> tuple[Cause, ...]:
    """Return the causes for which a hook library can be missing: not configured, not registered, not in this Kea."""
    library = library_of(hook)
    causes = (
        Cause(
            "not_configured",
            f"{library} is not listed in hooks-libraries",
            f'Add {{"library": "{library}"}} to hooks-libraries, check the file with -t, and restart the daemon.',
            f'"hooks-libraries": [{{"library": "{library}"}}]',
        ),
        Cause(
            "configured_not_registered",
            f"{library} is listed in hooks-libraries, but did not register its commands",
            "Restart the daemon, and read its log for HOOKS_ messages if the commands are still missing.",
        ),
    )
    if hook not in SINCE_KEA_3_0:
        return causes
    needs_upgrade = Cause(
        "needs_kea_3_0",
        f"The open source packages contain {library} from Kea 3.0 on",
        f"Upgrade Kea to 3.0 or later first (docs/upgrading-kea.md), then add {library} to hooks-libraries.",
    )
    return (*causes, needs_upgrade)


def _requirement(hook: str, severity: Severity | None, clause: str = "") -> Requirement:
    return Requirement(
        id=hook_requirement(hook),
        subject=Subject.HOOKS,
        short=hook,
        severity=severity,
        title=f"The hook library {library_of(hook)} must be loaded",
        clause=clause,
        rule=f"its command {COMMAND_OF_HOOK[hook]} is registered.",
        causes=causes_of(hook),
        judge=partial(_loaded, hook=hook),
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
