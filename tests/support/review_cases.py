"""Configurations for the review: an example of each cause of each requirement, and of each one met."""

from __future__ import annotations

from dataclasses import dataclass

from tests.support.configurations import (
    STANDBY_URL,
    Tree,
    ddns,
    dhcp4,
    dhcp6,
    host,
    hub,
    pair,
    passive_backup,
    subnet,
    subnet6,
)

FOUND_NOTHING = "the review of the configuration found no violation"
ROUTERS = {"name": "routers", "data": "10.0.1.1"}
ROUTER_POOL = [{"pool": "10.0.1.0/28"}]
SMALL_POOL = [{"pool": "10.0.1.10 - 10.0.1.11"}]
OPEN_SOCKET = {"socket-type": "http", "socket-address": "0.0.0.0", "socket-port": 18003}
CLIENTS = {"type": "basic", "clients": [{"user": "monitor", "password": "no secret"}]}
OPEN_URL = "http://192.0.2.1:18001/"
TLS_FILES = {"trust-anchor": "/etc/kea/ca.pem", "cert-file": "/etc/kea/kea.pem", "key-file": "/etc/kea/kea.key"}
PEERS_WITH_CREDENTIALS = {
    "peers": [
        {"name": name, "url": url, "role": role, "basic-auth-user": "ha", "basic-auth-password": "no secret"}
        for name, url, role in (("server1", OPEN_URL, "primary"), ("server2", STANDBY_URL, "standby"))
    ]
}
PEERS_AT_CONTROL_SOCKETS = {**PEERS_WITH_CREDENTIALS, "multi-threading": {"http-dedicated-listener": False}}
LOGGER = {"name": "kea-dhcp4", "severity": "DEBUG", "debuglevel": 99, "output-options": [{"output": "stdout"}]}
KEYED = {"name": "example.com.", "key-name": "key", "dns-servers": [{"ip-address": "127.0.0.1"}]}
FILE = {"output": "/var/log/kea/kea-dhcp4.log", "maxsize": 0}


@dataclass(frozen=True)
class Case:
    """A configuration, and what is found in it.

    Attributes:
        cause: the cause found; empty where the requirement is met.
        evidence: part of the evidence.
        starts: whether Kea 3.0 starts with it; otherwise it can only be a file.
    """

    requirement: str
    cause: str
    tree: Tree
    evidence: str = FOUND_NOTHING
    root: str = "Dhcp4"
    starts: bool = True

    def __str__(self) -> str:
        return f"{self.requirement}: {self.cause or 'met'}"


SUBNET_CASES = (
    Case("interfaces-are-configured", "", dhcp4()),
    Case("interfaces-are-configured", "no_interfaces", dhcp4(**{"interfaces-config": {"interfaces": []}}), "is empty"),
    Case("subnets-do-not-overlap", "", dhcp4(subnet(1), subnet(2))),
    Case(
        "subnets-do-not-overlap",
        "",
        dhcp4(subnet(1), subnet(2, subnet="10.0.0.0/16", pools=[], **{"client-classes": ["voip"]})),
    ),
    Case(
        "subnets-do-not-overlap",
        "overlap",
        dhcp4(subnet(1), subnet(2, subnet="10.0.0.0/16")),
        "subnet 10.0.1.0/24 (id 1) lies in subnet 10.0.0.0/16 (id 2)",
    ),
    Case(
        "subnets-do-not-overlap",
        "same_prefix",
        dhcp4(subnet(1), subnet(2, subnet="10.0.1.9/24", pools=[{"pool": "10.0.1.210 - 10.0.1.220"}])),
        "subnet 10.0.1.0/24 (id 1) and subnet 10.0.1.9/24 (id 2) are the same prefix",
    ),
    Case(
        "subnets-do-not-overlap",
        "overlap",
        dhcp6(subnet6(1), subnet6(2, subnet="2001:db8::/32", pools=[])),
        "subnet 2001:db8:1::/64 (id 1) lies in subnet 2001:db8::/32 (id 2)",
        root="Dhcp6",
    ),
    Case("subnet-prefixes-are-canonical", "", dhcp4()),
    Case(
        "subnet-prefixes-are-canonical",
        "host_bits",
        dhcp4(subnet(1, subnet="10.0.1.9/24")),
        "subnet 10.0.1.9/24 (id 1) is written with host bits: the prefix is 10.0.1.0/24",
    ),
    Case("subnets-have-pools", "", dhcp4()),
    Case("subnets-have-pools", "", dhcp4(subnet(1, pools=[], reservations=[host()]))),
    Case(
        "subnets-have-pools",
        "",
        dhcp6(subnet6(1, pools=[], **{"option-data": [{"name": "dns-servers", "data": "2001:db8::1"}]})),
        root="Dhcp6",
    ),
    Case(
        "subnets-have-pools",
        "no_pool",
        dhcp4(subnet(1, pools=[])),
        "subnet 10.0.1.0/24 (id 1) has neither pools nor reservations",
    ),
    Case(
        "subnets-have-pools",
        "no_pool",
        dhcp4(subnet(1, pools=[], reservations=[host()], **{"reservations-in-subnet": False})),
        "subnet 10.0.1.0/24 (id 1) has no pools, and its reservations are ignored",
    ),
    Case(
        "subnets-have-pools",
        "",
        dhcp4(subnet(1, pools=[]), reservations=[host()], **{"reservations-global": True}),
    ),
    Case("pools-are-inside-their-subnet", "", dhcp4()),
    Case(
        "pools-are-inside-their-subnet",
        "outside",
        dhcp4(subnet(1, pools=[{"pool": "10.0.2.0/28"}])),
        "pool 10.0.2.0/28 of subnet 10.0.1.0/24 (id 1) lies outside the subnet",
        starts=False,
    ),
    Case(
        "pools-are-inside-their-subnet",
        "overlapping",
        dhcp4(subnet(1, pools=[{"pool": "10.0.1.10 - 10.0.1.20"}, {"pool": "10.0.1.20 - 10.0.1.30"}])),
        "pool 10.0.1.20 - 10.0.1.30 of subnet 10.0.1.0/24 (id 1) overlaps the pool 10.0.1.10 - 10.0.1.20",
        starts=False,
    ),
    Case(
        "pools-are-inside-their-subnet",
        "reversed",
        dhcp4(subnet(1, pools=[{"pool": "10.0.1.20 - 10.0.1.10"}])),
        "ends before it begins",
        starts=False,
    ),
    Case("pools-serve-all-clients", "", dhcp4()),
    Case(
        "pools-serve-all-clients",
        "",
        dhcp4(
            subnet(
                1,
                pools=[
                    {"pool": "10.0.1.0/28", "client-classes": ["KNOWN"]},
                    {"pool": "10.0.1.16/28", "client-classes": ["UNKNOWN"]},
                ],
            )
        ),
    ),
    Case(
        "pools-serve-all-clients",
        "all_guarded",
        dhcp4(subnet(1, pools=[{"pool": "10.0.1.0/28", "client-classes": ["KNOWN"]}])),
        "every pool of subnet 10.0.1.0/24 (id 1) has client-classes",
    ),
    Case("shared-networks-have-subnets", "", dhcp4(**{"shared-networks": [{"name": "a", "subnet4": [subnet(2)]}]})),
    Case(
        "shared-networks-have-subnets",
        "no_subnets",
        dhcp4(**{"shared-networks": [{"name": "office", "subnet4": []}]}),
        "shared network office contains no subnet",
    ),
    Case("routers-are-in-their-subnet", "", dhcp4()),
    Case(
        "routers-are-in-their-subnet",
        "",
        dhcp4(subnet(1, **{"option-data": [{"space": "vendor-1", "code": 3, "csv-format": False, "data": "00"}]})),
    ),
    Case(
        "routers-are-in-their-subnet",
        "outside_subnet",
        dhcp4(subnet(2, **{"option-data": [ROUTERS]})),
        "subnet 10.0.2.0/24 (id 2): the router 10.0.1.1 lies outside the subnet",
    ),
    Case(
        "routers-are-in-their-subnet",
        "in_pool",
        dhcp4(subnet(1, pools=ROUTER_POOL)),
        "subnet 10.0.1.0/24 (id 1): the router 10.0.1.1 lies in a pool",
    ),
    Case("routers-are-in-their-subnet", "", dhcp4(subnet(1, pools=ROUTER_POOL, reservations=[host(1)]))),
    Case(
        "routers-are-in-their-subnet",
        "in_pool",
        dhcp4(subnet(1, pools=ROUTER_POOL, reservations=[host(1)], **{"reservations-in-subnet": False})),
        "subnet 10.0.1.0/24 (id 1): the router 10.0.1.1 lies in a pool",
    ),
    Case(
        "routers-are-in-their-subnet",
        "in_pool",
        dhcp4(subnet(1, pools=ROUTER_POOL, reservations=[host(1)]), **{"reservations-out-of-pool": True}),
        "subnet 10.0.1.0/24 (id 1): the router 10.0.1.1 lies in a pool",
    ),
    Case("subnets-have-routers", "", dhcp4(subnet(1, **{"option-data": []}), **{"option-data": [ROUTERS]})),
    Case(
        "subnets-have-routers",
        "no_router",
        dhcp4(subnet(1, **{"option-data": []})),
        "subnet 10.0.1.0/24 (id 1) has no option routers",
    ),
    Case("timers-are-ordered", "", dhcp4(**{"renew-timer": 900, "rebind-timer": 1800, "valid-lifetime": 3600})),
    Case(
        "timers-are-ordered",
        "renew_after_rebind",
        dhcp4(**{"renew-timer": 1800, "rebind-timer": 900, "valid-lifetime": 3600}),
        "renew-timer 1800 is not below rebind-timer 900",
    ),
    Case(
        "timers-are-ordered",
        "timer_after_expiry",
        dhcp4(subnet(1, **{"renew-timer": 900, "rebind-timer": 7200, "valid-lifetime": 3600})),
        "renew-timer 900 or rebind-timer 7200 is not below valid-lifetime 3600",
    ),
    Case("leases-are-long-enough", "", dhcp4(**{"valid-lifetime": 60})),
    Case("leases-are-long-enough", "too_short", dhcp4(**{"valid-lifetime": 30}), "valid-lifetime is 30 s"),
)

HOST_CASES = (
    Case("reservations-are-unique", "", dhcp4(subnet(1, reservations=[host(20), host(21)]))),
    Case(
        "reservations-are-unique",
        "duplicate_address",
        dhcp4(
            subnet(1, reservations=[host(20), host(21, **{"ip-address": "10.0.1.20"})]),
            **{"ip-reservations-unique": False},
        ),
        "subnet 10.0.1.0/24 (id 1): 10.0.1.20 is reserved for 2 hosts",
    ),
    Case("reservations-apply", "", dhcp4(subnet(1, reservations=[host()]))),
    Case(
        "reservations-apply",
        "in_pool",
        dhcp4(subnet(1, reservations=[host()], **{"reservations-out-of-pool": True})),
        "the reserved address 10.0.1.20 lies in a pool while reservations-out-of-pool is true",
    ),
    Case(
        "reservations-apply",
        "outside_subnet",
        dhcp4(subnet(1, reservations=[host(20, **{"ip-address": "10.0.2.20"})])),
        "the reserved address 10.0.2.20 lies outside the subnet",
        starts=False,
    ),
    Case(
        "reservations-apply",
        "subnet_disabled",
        dhcp4(subnet(1, reservations=[host()], **{"reservations-in-subnet": False})),
        "reservations-in-subnet is false, so 1 reservation cannot apply",
    ),
    Case(
        "reservations-apply",
        "global_disabled",
        dhcp4(reservations=[{"hw-address": "02:00:00:00:00:01", "hostname": "one"}]),
        "reservations-global is false, so 1 global reservation cannot apply",
    ),
    Case(
        "reservations-apply",
        "identifier_unused",
        dhcp4(
            subnet(1, reservations=[host()]),
            **{"host-reservation-identifiers": ["duid"]},
        ),
        "1 reservation by hw-address, which host-reservation-identifiers lacks",
    ),
    Case(
        "reservations-apply",
        "flex_id_missing",
        dhcp4(subnet(1, reservations=[{"flex-id": "'s0mEVaLue'", "ip-address": "10.0.1.20"}])),
        "1 reservation by flex-id, but libdhcp_flex_id.so is not loaded",
    ),
    Case("pools-are-not-fully-reserved", "", dhcp4(subnet(1, pools=SMALL_POOL, reservations=[host(10)]))),
    *(
        Case(
            "pools-are-not-fully-reserved",
            "",
            dhcp4(subnet(1, pools=SMALL_POOL, reservations=[host(10), host(11)], **{key: value})),
        )
        for key, value in (("reservations-in-subnet", False), ("reservations-out-of-pool", True))
    ),
    Case(
        "pools-are-not-fully-reserved",
        "all_reserved",
        dhcp4(subnet(1, pools=SMALL_POOL, reservations=[host(10), host(11)])),
        "subnet 10.0.1.0/24 (id 1): all 2 addresses of the pools are reserved",
    ),
    Case("client-classes-exist", "", dhcp4(subnet(1, **{"client-classes": ["KNOWN"]}))),
    Case(
        "client-classes-exist",
        "",
        dhcp4(
            subnet(1, **{"client-classes": ["voip"]}),
            **{"client-classes": [{"name": "voip", "test": "not member('KNOWN')"}]},
        ),
    ),
    Case(
        "client-classes-exist",
        "undefined_class",
        dhcp4(subnet(1, pools=[{"pool": "10.0.1.0/28", "client-classes": ["viop"]}])),
        "pool 10.0.1.0/28 of subnet 10.0.1.0/24 (id 1) names the client class viop",
    ),
)

PAIR_CASES = (
    Case("partners-can-serve", "", pair()),
    Case("partners-can-serve", "no_lease_cmds", pair(hooks=()), "the relationship with server2 needs"),
    Case("partners-can-serve", "heartbeat_off", pair({"heartbeat-delay": 0}), "has heartbeat-delay 0"),
    Case(
        "partners-can-serve",
        "no_listener",
        pair({"multi-threading": {"enable-multi-threading": False}}),
        "has no listener for its partner",
    ),
    Case("partners-can-serve", "", hub({"ha-server-name": "spoke1"}, {"ha-server-name": "hub2"})),
    Case(
        "partners-can-serve",
        "subnet_unassigned",
        hub({"ha-server-name": "spoke1"}, {}),
        "subnet 10.0.2.0/24 (id 2) has no ha-server-name",
    ),
    Case(
        "partners-can-serve",
        "server_unknown",
        hub({"ha-server-name": "spoke1"}, {"ha-server-name": "spoke3"}),
        "subnet 10.0.2.0/24 (id 2) has the ha-server-name spoke3, which is no peer",
    ),
    Case("partners-can-fail-over", "", pair()),
    Case(
        "partners-can-fail-over",
        "heartbeat_too_slow",
        pair({"heartbeat-delay": 60000}),
        "heartbeat-delay 60000 is not below max-response-delay 60000",
    ),
    Case(
        "partners-can-fail-over",
        "rejections_unlimited",
        pair({"max-rejected-lease-updates": 0}),
        "max-rejected-lease-updates is 0",
    ),
    Case("partners-can-fail-over", "waits_for_backups", passive_backup(), "wait-backup-ack is true"),
    Case(
        "partners-can-fail-over",
        "no_lease_updates",
        pair({"send-lease-updates": False}),
        "send-lease-updates is false",
    ),
    Case("partner-listener-is-protected", "", pair()),
    Case("partner-listener-is-protected", "", pair(TLS_FILES, url=OPEN_URL), starts=False),
    Case(
        "partner-listener-is-protected",
        "open_listener",
        pair({**TLS_FILES, "require-client-certs": False}, url=OPEN_URL),
        "from everybody who reaches it, because require-client-certs is false",
        starts=False,
    ),
    Case(
        "partner-listener-is-protected",
        "credentials_ignored",
        pair(PEERS_WITH_CREDENTIALS),
        "from everybody who reaches it, whatever its credentials",
        starts=False,
    ),
    Case("partner-listener-is-protected", "", pair(PEERS_AT_CONTROL_SOCKETS), starts=False),
    Case(
        "partner-listener-is-protected",
        "open_listener",
        pair(url=OPEN_URL),
        "http://192.0.2.1:18001/ takes dhcp-disable and lease4-del from everybody",
        starts=False,
    ),
)

STAT_CMDS = {"library": "libdhcp_stat_cmds.so"}
SAMPLES = {"statistic-default-sample-count": 20}


def many_subnets(number: int) -> list[Tree]:
    """Return subnets of DHCPv4."""
    return [subnet(identifier) for identifier in range(1, number + 1)]


OPERATION_CASES = (
    Case("lease-database-is-persistent", "", dhcp4()),
    Case(
        "lease-database-is-persistent",
        "not_persistent",
        dhcp4(**{"lease-database": {"type": "memfile", "persist": False}}),
        "memfile with persist false",
    ),
    Case(
        "lease-database-is-persistent",
        "no_cleanup",
        dhcp4(**{"lease-database": {"type": "memfile", "lfc-interval": 0}}),
        "lfc-interval is 0",
    ),
    Case("expired-leases-are-reclaimed", "", dhcp4()),
    Case(
        "expired-leases-are-reclaimed",
        "not_reclaimed",
        dhcp4(**{"expired-leases-processing": {"reclaim-timer-wait-time": 0}}),
        "reclaim-timer-wait-time is 0",
    ),
    Case("subnet-changes-are-kept", "", dhcp4(**{"hooks-libraries": [{"library": "libdhcp_subnet_cmds.so"}]})),
    Case(
        "subnet-changes-are-kept",
        "configuration_database",
        dhcp4(
            **{
                "hooks-libraries": [{"library": "libdhcp_subnet_cmds.so"}, {"library": "libdhcp_pgsql.so"}],
                "config-control": {"config-databases": [{"type": "postgresql", "name": "kea"}]},
            }
        ),
        "libdhcp_subnet_cmds.so is loaded beside config-databases",
        starts=False,
    ),
    Case(
        "ddns-names-have-a-domain",
        "",
        dhcp4(**{"dhcp-ddns": {"enable-updates": True}, "ddns-qualifying-suffix": "example.com."}),
    ),
    Case(
        "ddns-names-have-a-domain",
        "no_suffix",
        dhcp4(**{"dhcp-ddns": {"enable-updates": True}}),
        "subnet 10.0.1.0/24 (id 1) has no ddns-qualifying-suffix",
    ),
    Case("ddns-domains-are-complete", "", ddns(), root="DhcpDdns"),
    Case(
        "ddns-domains-are-complete",
        "no_servers",
        ddns(**{"forward-ddns": {"ddns-domains": [{"name": "example.com.", "dns-servers": []}]}}),
        "forward domain example.com. has no dns-servers",
        root="DhcpDdns",
        starts=False,
    ),
    Case(
        "ddns-domains-are-complete",
        "key_undefined",
        ddns(**{"forward-ddns": {"ddns-domains": [KEYED]}}),
        "forward domain example.com. uses the key key, which tsig-keys lacks",
        root="DhcpDdns",
        starts=False,
    ),
    Case("ddns-requests-are-local", "", ddns(), root="DhcpDdns"),
    Case(
        "ddns-requests-are-local",
        "any_address",
        ddns(**{"ip-address": "0.0.0.0"}),
        "D2 listens on 0.0.0.0",
        root="DhcpDdns",
    ),
    Case(
        "control-sockets-are-protected",
        "",
        dhcp4(**{"control-sockets": [{**OPEN_SOCKET, "authentication": CLIENTS}]}),
    ),
    Case(
        "control-sockets-are-protected",
        "open_socket",
        dhcp4(**{"control-sockets": [OPEN_SOCKET]}),
        "the control socket http on 0.0.0.0 port 18003 has no authentication",
    ),
    Case("logging-is-not-debug", "", dhcp4()),
    Case("logging-is-not-debug", "debug", dhcp4(loggers=[LOGGER]), "severity DEBUG with debuglevel 99"),
    Case(
        "logging-is-not-debug",
        "no_rotation",
        dhcp4(loggers=[{**LOGGER, "severity": "INFO", "output-options": [FILE]}]),
        "/var/log/kea/kea-dhcp4.log with maxsize 0",
    ),
    Case("statistic-samples-are-few", "", dhcp4()),
    Case("statistic-samples-are-few", "", dhcp4(*many_subnets(101), **SAMPLES, **{"hooks-libraries": [STAT_CMDS]})),
    Case(
        "statistic-samples-are-few",
        "many_samples",
        dhcp4(*many_subnets(100), **SAMPLES, **{"hooks-libraries": [STAT_CMDS]}),
        "statistic-default-sample-count is 20, and scrapes of 100 subnets send statistic-get-all",
    ),
    Case(
        "statistic-samples-are-few",
        "many_samples",
        dhcp4(*many_subnets(101), **SAMPLES),
        "statistic-default-sample-count is 20, and scrapes of 101 subnets send statistic-get-all",
    ),
)

CASES = (*SUBNET_CASES, *HOST_CASES, *PAIR_CASES, *OPERATION_CASES)
# Requirements that concern every daemon.
OF_ALL = {"logging-is-not-debug"}
