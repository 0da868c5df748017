"""Configurations that later versions of Kea refuse or read differently: an example of each."""

from __future__ import annotations

from dataclasses import dataclass

from kea_exporter.facts.snapshot import Version
from tests.support.configurations import Tree, ddns, dhcp4, dhcp6, host, pair, subnet

KEA_2_6_1, KEA_2_6_3 = Version(2, 6, 1, "2.6.1"), Version(2, 6, 3, "2.6.3")
KEA_3_0_3, KEA_3_2_0 = Version(3, 0, 3, "3.0.3"), Version(3, 2, 0, "3.2.0")
UNIX = {"socket-type": "unix", "socket-name": "/run/kea/kea4-ctrl-socket"}
HTTP = {"socket-type": "http", "socket-address": "192.0.2.1", "socket-port": 8001}
IN_FILES = {"type": "basic", "clients": [{"user-file": "kea-user", "password-file": "kea-password"}]}
POSTGRESQL = {"type": "postgresql", "name": "kea", "host": "192.0.2.9"}
PGSQL = {"library": "libdhcp_pgsql.so"}
WITHOUT_LISTENER = {"multi-threading": {"enable-multi-threading": True, "http-dedicated-listener": False}}
KEY = {"name": "key", "algorithm": "HMAC-SHA256"}


def with_socket(**changes: object) -> Tree:
    """Return the configuration of a DHCPv4 daemon with one http control socket."""
    return dhcp4(**{"control-sockets": [{**HTTP, **changes}]})


def with_client(**client: object) -> Tree:
    """Return the configuration of a DHCPv4 daemon whose control socket has one client."""
    return with_socket(authentication={"type": "basic", "clients": [client]})


@dataclass(frozen=True)
class Blocked:
    """A configuration that a release refuses.

    Attributes:
        release: the first one, of those that there is a requirement for.
        version: what runs with it; None where only a file has it.
        evidence: part of the evidence.
    """

    cause: str
    release: str
    tree: Tree
    evidence: str
    version: Version | None = KEA_2_6_3
    root: str = "Dhcp4"

    def __str__(self) -> str:
        return f"{self.cause}: {self.evidence}"


BLOCKED = (
    Blocked(
        "removed_keys", "3.0", dhcp4(**{"reservation-mode": "global"}), "the daemon has reservation-mode", version=None
    ),
    Blocked(
        "removed_keys",
        "3.0",
        dhcp4(subnet(1, relay={"ip-address": "10.0.1.1"})),
        "relay of subnet 10.0.1.0/24 (id 1) has ip-address",
        version=None,
    ),
    Blocked(
        "removed_keys",
        "3.0",
        dhcp4(**{"dhcp-ddns": {"qualifying-suffix": "example.com."}}),
        "dhcp-ddns has qualifying-suffix",
        version=None,
    ),
    Blocked(
        "removed_keys",
        "3.0",
        dhcp4(**{"lease-database": {"type": "cql"}}),
        "lease-database is of type cql",
        version=None,
    ),
    Blocked(
        "both_spellings",
        "3.0",
        dhcp4(subnet(1, **{"client-class": "a", "client-classes": ["a"]})),
        "subnet 10.0.1.0/24 (id 1) has client-class and client-classes",
        version=None,
    ),
    Blocked(
        "path_not_allowed",
        "3.0",
        dhcp4(**{"lease-database": {"type": "memfile", "name": "/opt/leases.csv"}}),
        "name of lease-database is /opt/leases.csv",
        version=KEA_2_6_1,
    ),
    Blocked(
        "path_not_allowed",
        "3.0",
        dhcp4(**{"hooks-libraries": [{"library": "/opt/hooks/libdhcp_lease_cmds.so"}]}),
        "library is /opt/hooks/libdhcp_lease_cmds.so",
        version=KEA_2_6_1,
    ),
    Blocked(
        "path_not_allowed",
        "3.0",
        dhcp4(**{"control-socket": {"socket-type": "unix", "socket-name": "/opt/kea"}}),
        "socket-name is /opt/kea",
        version=KEA_2_6_1,
    ),
    Blocked(
        "path_not_allowed",
        "3.0",
        dhcp4(loggers=[{"name": "kea-dhcp4", "output-options": [{"output": "/opt/kea.log"}]}]),
        "output of a logger is /opt/kea.log",
        version=KEA_2_6_1,
    ),
    Blocked(
        "hook_path_not_allowed",
        "3.0",
        dhcp4(**{"hooks-libraries": [{"library": "libdhcp_run_script.so", "parameters": {"name": "/opt/a.sh"}}]}),
        "name of run_script is /opt/a.sh",
    ),
    Blocked(
        "hook_path_not_allowed",
        "3.0",
        dhcp4(**{"hooks-libraries": [{"library": "libdhcp_run_script.so", "parameters": {"name": "a.sh"}}]}),
        "name of run_script is a.sh, without its folder",
    ),
    Blocked(
        "hook_path_not_allowed",
        "3.0",
        dhcp4(**{"hooks-libraries": [{"library": "libdhcp_legal_log.so", "parameters": {"path": "/opt"}}]}),
        "path of legal_log is /opt/",
    ),
    Blocked(
        "database_hook_missing",
        "3.0",
        dhcp4(**{"lease-database": POSTGRESQL}),
        "lease-database is of type postgresql, and libdhcp_pgsql.so is not in hooks-libraries",
    ),
    Blocked(
        "database_hook_missing",
        "3.0",
        dhcp4(**{"hosts-databases": [{"type": "mysql"}]}),
        "hosts-databases is of type mysql, and libdhcp_mysql.so is not in hooks-libraries",
    ),
    Blocked(
        "removed_hook",
        "3.0",
        dhcp4(**{"hooks-libraries": [{"library": "libdhcp_pgsql_cb.so"}]}),
        "libdhcp_pgsql_cb.so is in hooks-libraries",
    ),
    Blocked("database_schema", "3.0", dhcp4(**{"lease-database": POSTGRESQL}), "lease-database is of type postgresql"),
    Blocked(
        "database_schema",
        "3.2",
        dhcp4(**{"lease-database": POSTGRESQL, "hooks-libraries": [PGSQL]}),
        "lease-database is of type postgresql",
        version=KEA_3_0_3,
    ),
    Blocked(
        "default_password",
        "3.0",
        dhcp4(**{"lease-database": {**POSTGRESQL, "password": "keatest"}, "hooks-libraries": [PGSQL]}),
        "lease-database has a password that Kea refuses",
    ),
    Blocked(
        "default_password",
        "3.0",
        with_client(user="monitor", password="1234"),
        "the http socket on 192.0.2.1 port 8001 has a client with a password that Kea refuses",
        version=None,
    ),
    Blocked(
        "listeners_collide",
        "3.0",
        dhcp4(**{"control-sockets": [{**HTTP, "authentication": IN_FILES}, {**HTTP, "socket-address": "0.0.0.0"}]}),
        "two control sockets use 0.0.0.0 port 8001",
        version=None,
    ),
    Blocked(
        "listeners_collide",
        "3.0",
        {**pair(url="http://192.0.2.1:8001/"), "control-sockets": [{**HTTP, "authentication": IN_FILES}]},
        "a control socket and the listener for partners use 192.0.2.1 port 8001",
        version=None,
    ),
    Blocked(
        "open_http_socket",
        "3.2",
        with_socket(),
        "the http socket on 192.0.2.1 port 8001 has neither authentication nor TLS",
        version=KEA_3_0_3,
    ),
    Blocked(
        "clear_credentials",
        "3.2",
        with_client(user="monitor", password="long and secret"),
        "the http socket on 192.0.2.1 port 8001 has a client with user and password in clear text",
        version=KEA_3_0_3,
    ),
    Blocked(
        "clear_tsig_secret",
        "3.2",
        ddns(**{"tsig-keys": [{**KEY, "secret": "bm90IGEgc2VjcmV0"}]}),
        "the TSIG key key has its secret in clear text",
        version=KEA_3_0_3,
        root="DhcpDdns",
    ),
    Blocked(
        "partners_through_agent",
        "3.2",
        pair(WITHOUT_LISTENER),
        "the relationship with server2 has no listener of its own for the partner",
        version=KEA_3_0_3,
    ),
    Blocked(
        "keys_on_unix_socket",
        "3.2",
        dhcp4(**{"control-sockets": [{**UNIX, "socket-port": 8001}]}),
        "the unix socket /run/kea/kea4-ctrl-socket has socket-port",
        version=KEA_3_0_3,
    ),
    Blocked(
        "negative_lifetime",
        "3.2",
        dhcp4(subnet(1, **{"valid-lifetime": -1})),
        "valid-lifetime of subnet 10.0.1.0/24 (id 1) is -1",
        version=KEA_3_0_3,
    ),
    Blocked(
        "hosts_database_twice",
        "3.3",
        dhcp4(**{"hosts-database": POSTGRESQL, "hosts-databases": [POSTGRESQL], "hooks-libraries": [PGSQL]}),
        "hosts-database and hosts-databases are both set",
        version=None,
    ),
    Blocked(
        "singular_control_socket",
        "3.3",
        dhcp4(**{"control-socket": UNIX}),
        "the configuration has the key control-socket",
    ),
    Blocked(
        "lease_file_without_name",
        "3.3",
        dhcp4(**{"lease-database": {"type": "memfile", "persist": False, "name": "/var/lib/kea/.."}}),
        "name of lease-database is /var/lib/kea/..",
        version=KEA_3_2_0,
    ),
)

# What no release refuses: near misses.
UNBLOCKED = (
    Blocked("", "3.3", dhcp4(), ""),
    Blocked("", "3.3", dhcp6(), "", root="Dhcp6"),
    Blocked("", "3.3", ddns(**{"tsig-keys": [{**KEY, "secret-file": "/etc/kea/key"}]}), "", root="DhcpDdns"),
    Blocked("", "3.3", with_socket(authentication=IN_FILES), ""),
    # Measured: the configuration of Kea 3.3 accepts these, though everybody is let in.
    Blocked("", "3.3", with_socket(authentication={"type": "basic", "clients": []}), ""),
    Blocked("", "3.3", with_socket(**{"socket-type": "https"}), ""),
    # Measured: two equal entries are one socket.
    Blocked("", "3.3", dhcp4(**{"control-sockets": [{**HTTP, "authentication": IN_FILES}] * 2}), ""),
    Blocked("", "3.3", with_socket(**{"trust-anchor": "ca.pem", "cert-file": "c.pem", "key-file": "k.pem"}), ""),
    Blocked("", "3.3", dhcp4(**{"lease-database": {"type": "memfile", "persist": False, "name": "/opt/x"}}), ""),
    Blocked("", "3.3", dhcp4(**{"lease-database": {"type": "memfile", "name": "leases.csv"}}), ""),
    Blocked("", "3.3", dhcp4(**{"lease-database": {"type": "memfile", "name": "/usr/local/var/lib/kea/x"}}), ""),
    Blocked("", "3.3", dhcp4(**{"hooks-libraries": [{"library": "/usr/lib/x86_64-linux-gnu/kea/hooks/x.so"}]}), ""),
    Blocked("", "3.3", dhcp4(loggers=[{"name": "kea-dhcp4", "output-options": [{"output": "syslog:local0"}]}]), ""),
    Blocked("", "3.3", pair(), ""),
)


@dataclass(frozen=True)
class Changed:
    """A configuration that a later version takes otherwise.

    Attributes:
        since: the version as the note writes it.
    """

    change: str
    since: str
    tree: Tree
    root: str = "Dhcp4"

    def __str__(self) -> str:
        return self.change


RADIUS, LEGAL_LOG = {"library": "libdhcp_radius.so"}, {"library": "libdhcp_legal_log.so"}
UNTESTED = {"name": "a"}

CHANGED = (
    Changed("released_leases", "2.7.0", pair()),
    Changed(
        "spawned_class_options",
        "2.7.3",
        dhcp4(**{"client-classes": [{"name": "a", "template-test": "x", "option-data": [{"name": "routers"}]}]}),
    ),
    Changed(
        "classes_without_test",
        "2.7.4",
        dhcp4(subnet(1, **{"require-client-classes": ["a"]}), **{"client-classes": [UNTESTED]}),
    ),
    Changed("lease_cache", "3.0.0", dhcp4()),
    Changed("restricted_commands", "3.0.0", pair()),
    Changed("postgresql_tls", "3.1.0", dhcp4(**{"lease-database": {**POSTGRESQL, "trust-anchor": "/ca.pem"}})),
    Changed("partner_user_file", "3.1.2", pair({"peers": [{"name": "server2", "basic-auth-user-file": "user"}]})),
    Changed("standby_drops", "3.1.2", pair()),
    Changed("hostname_characters", "3.1.3", dhcp4(**{"hostname-char-set": "[^a-z]"})),
    Changed("address_registration", "3.1.4", dhcp6(), root="Dhcp6"),
    Changed("socket_mode", "3.1.5", dhcp4(**{"control-sockets": [UNIX]})),
    Changed("radius", "3.1.5", dhcp4(**{"hooks-libraries": [RADIUS]})),
    Changed("class_names", "3.3.0", dhcp4(**{"client-classes": [{"name": "two words", "test": "x"}]})),
    Changed("forensic_log", "3.3.0", dhcp4(**{"hooks-libraries": [LEGAL_LOG]})),
    Changed(
        "own_credentials",
        "3.3.1",
        pair({"peers": [{"name": "server1", "basic-auth-user": "kea"}, {"name": "server2"}]}),
    ),
    Changed(
        "reservation_order",
        "3.3.1",
        dhcp4(
            subnet(1, reservations=[host()]),
            **{"reservations": [{"hw-address": "02:00:00:00:00:01"}], "reservations-global": True},
        ),
    ),
)
