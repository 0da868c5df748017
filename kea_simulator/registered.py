"""Which commands a daemon has registered, by its version and hook libraries (measured on 2.6.3 to 3.3.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

COMMON = (
    "build-report config-get config-hash-get config-reload config-set config-test config-write list-commands shutdown "
    "status-get version-get"
)
D2 = "statistic-get statistic-get-all statistic-reset statistic-reset-all"
DHCP = (
    f"{D2} config-backend-pull dhcp-disable dhcp-enable leases-reclaim server-tag-get statistic-remove "
    "statistic-remove-all statistic-sample-age-set statistic-sample-age-set-all statistic-sample-count-set "
    "statistic-sample-count-set-all"
)
# What came with which version; the second entry is what a hook library has more since.
SINCE_3_0 = {"Dhcp4": "subnet4-select-test subnet4o6-select-test", "Dhcp6": "subnet6-select-test", "DhcpDdns": ""}
SINCE_3_2 = "interface-add interface-list interface-redetect kea-lfc-start statistic-global-get-all"
HOOKS = {
    "subnet_cmds": " ".join(
        f"network{ip}-add network{ip}-del network{ip}-get network{ip}-list network{ip}-subnet-add "
        f"network{ip}-subnet-del subnet{ip}-add subnet{ip}-del subnet{ip}-delta-add subnet{ip}-delta-del "
        f"subnet{ip}-get subnet{ip}-list subnet{ip}-update"
        for ip in (4, 6)
    ),
    "host_cmds": "reservation-add reservation-del reservation-get reservation-get-all reservation-get-by-address "
    "reservation-get-by-hostname reservation-get-by-id reservation-get-page reservation-update",
    "lease_cmds": "lease4-add lease4-del lease4-get lease4-get-all lease4-get-by-client-id lease4-get-by-hostname "
    "lease4-get-by-hw-address lease4-get-page lease4-resend-ddns lease4-update lease4-wipe lease4-write lease6-add "
    "lease6-bulk-apply lease6-del lease6-get lease6-get-all lease6-get-by-duid lease6-get-by-hostname lease6-get-page "
    "lease6-resend-ddns lease6-update lease6-wipe lease6-write",
    "stat_cmds": "stat-lease4-get stat-lease6-get",
    "pgsql": "",
    "ha": "ha-continue ha-heartbeat ha-maintenance-cancel ha-maintenance-notify ha-maintenance-start ha-reset "
    "ha-scopes ha-sync ha-sync-complete-notify",
}
HOOKS_SINCE_3_2 = {
    "lease_cmds": "lease4-get-by-state lease6-get-by-hw-address lease6-get-by-state "
    + " ".join(
        f"sflq-pool{ip}-del sflq-pool{ip}-get-all sflq-pool{ip}-get-by-range sflq-pool{ip}-get-by-subnet "
        f"sflq-pool{ip}-rebuild"
        for ip in (4, 6)
    )
}


def registered(root: str, version: tuple[int, int, int], hooks: Iterable[str]) -> list[str]:
    """Return the names of a daemon's commands, in their order.

    Args:
        root: the root key of its configuration.
        version: of the daemon.
        hooks: short names of its hook libraries, such as `lease_cmds`.
    """
    return sorted(name for names in _groups(root, version, hooks) for name in names.split())


def _groups(root: str, version: tuple[int, int, int], hooks: Iterable[str]) -> Iterator[str]:
    yield COMMON
    if root in SINCE_3_0:
        yield D2 if root == "DhcpDdns" else DHCP
    if version >= (3, 0, 0):
        yield SINCE_3_0[root]
    if version >= (3, 2, 0) and root != "DhcpDdns":
        yield SINCE_3_2
    for hook in hooks:
        yield HOOKS[hook]
        if version >= (3, 2, 0):
            yield HOOKS_SINCE_3_2.get(hook, "")
