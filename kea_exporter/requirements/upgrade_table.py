"""What each version of Kea refuses: one entry for each setting that the review finds.

Source: real daemons of 2.6.3, 3.0.4 and a build of 3.3.1, and Kea's ChangeLog. Further entries go here; the function
that finds them goes to `kea_exporter.kea.review`.
"""

from __future__ import annotations

from dataclasses import dataclass

from kea_exporter.requirements.model import Cause

Numbers = tuple[int, int, int]


@dataclass(frozen=True)
class Blocker:
    """A setting that a version of Kea refuses, or with which it does not serve.

    Attributes:
        since: the versions that refuse it; several where each needs a step of its own.
        is_of_data: whether it is about stored data, of which a configuration file says nothing.
        unless: how a daemon of such a version is started that has it nevertheless; empty where none can.
    """

    cause: Cause
    since: tuple[Numbers, ...]
    is_of_data: bool = False
    unless: str = ""


WITH_X = "with -X"
WITH_X_OR_VARIABLE = "with -X or with an environment variable for the folder"
AGENT_REMOVED = Blocker(
    Cause(
        "control_agent",
        "The Control Agent no longer exists",
        "Add an https entry to control-sockets of each daemon, and use its address and port in the exporter and the "
        "IPAM. Then remove the Control Agent.",
        '"control-sockets": [{"socket-type": "https", "socket-address": "10.10.10.10", "socket-port": 8001, '
        '"trust-anchor": "/etc/kea/ca.pem", "cert-file": "/etc/kea/cert.pem", "key-file": "/etc/kea/key.pem"}]',
    ),
    ((3, 1, 8),),
)

# In the order of the report: what stops the daemon at any size of installation first.
BLOCKERS = (
    Blocker(
        Cause(
            "removed_keys",
            "The configuration has keys that no longer exist",
            "Replace reservation-mode by the reservations-… flags, ip-address of relay by ip-addresses, the keys of "
            "dhcp-ddns by the ddns-… keys of the daemon, and a cql database by another one.",
            '"reservations-in-subnet": true, "relay": {"ip-addresses": ["10.0.1.1"]}, '
            '"ddns-qualifying-suffix": "example.com."',
        ),
        ((2, 6, 0),),
    ),
    Blocker(
        Cause(
            "both_spellings",
            "A key is there in its old and its new spelling",
            "Remove the old key.",
        ),
        ((2, 6, 0),),
    ),
    Blocker(
        Cause(
            "path_not_allowed",
            "A path lies outside Kea's own folders",
            "Write the bare file name of hook libraries, unix sockets, lease files and log files, and move the files "
            "to Kea's folders for them.",
            '"library": "libdhcp_lease_cmds.so", "socket-name": "kea4-ctrl-socket", "name": "kea-leases4.csv", '
            '"output": "kea-dhcp4.log"',
        ),
        ((2, 6, 3),),
        unless=WITH_X_OR_VARIABLE,
    ),
    Blocker(
        Cause(
            "hook_path_not_allowed",
            "A path of a hook library lies outside Kea's own folders",
            "Move the script of run_script to Kea's folder for scripts, and write its whole path. Remove path of "
            "legal_log: the forensic log then goes to Kea's folder for logs.",
            '"library": "libdhcp_run_script.so", "parameters": {"name": "/usr/share/kea/scripts/script.sh"}',
        ),
        ((3, 0, 0),),
        unless=WITH_X_OR_VARIABLE,
    ),
    Blocker(
        Cause(
            "database_hook_missing",
            "A database needs a hook library of its own",
            "Install the package with libdhcp_mysql.so or libdhcp_pgsql.so, and add the library to hooks-libraries "
            "when the daemon is upgraded.",
            '"hooks-libraries": [{"library": "libdhcp_pgsql.so"}]',
        ),
        ((2, 7, 4),),
    ),
    Blocker(
        Cause(
            "removed_hook",
            "A hook library no longer exists",
            "Replace libdhcp_mysql_cb.so by libdhcp_mysql.so, and libdhcp_pgsql_cb.so by libdhcp_pgsql.so.",
            '"hooks-libraries": [{"library": "libdhcp_pgsql.so"}]',
        ),
        ((2, 7, 4),),
    ),
    Blocker(
        Cause(
            "database_schema",
            "The schema of a database has to be upgraded with Kea",
            "Back up the database, and stop all servers that use it: the old version does not start with the new "
            "schema. Run kea-admin db-upgrade of the new version, then start the servers.",
            "kea-admin db-upgrade pgsql -u kea -n kea -h 10.10.10.20",
        ),
        ((3, 0, 0), (3, 2, 0)),
        is_of_data=True,
    ),
    Blocker(
        Cause(
            "default_password",
            "A password is one that Kea refuses",
            "Choose a password of your own; Kea refuses 1234, keatest and a row of asterisks.",
        ),
        ((2, 7, 6),),
        unless=WITH_X,
    ),
    Blocker(
        Cause(
            "listeners_collide",
            "Two listeners share an address and a port",
            "Give each entry of control-sockets, and the url of this server in the high availability hook, a port of "
            "its own; the default of every control socket is 8000.",
            '"socket-port": 8001',
        ),
        ((2, 7, 2),),
    ),
    Blocker(
        Cause(
            "open_http_socket",
            "An http control socket has neither authentication nor TLS",
            "Add authentication to the entry of control-sockets, or set socket-type to https with its three TLS files. "
            "Remove the entry if nobody uses it.",
            '"socket-type": "http", "authentication": {"type": "basic", "directory": "/etc/kea", '
            '"clients": [{"user-file": "kea-user", "password-file": "kea-password"}]}',
        ),
        ((3, 1, 0),),
        unless=WITH_X,
    ),
    Blocker(
        Cause(
            "clear_credentials",
            "Credentials of a control socket are in clear text",
            "Replace user and password of each client by user-file and password-file.",
            '"clients": [{"user-file": "kea-user", "password-file": "kea-password"}]',
        ),
        ((3, 1, 0),),
        unless=WITH_X,
    ),
    Blocker(
        Cause(
            "clear_tsig_secret",
            "The secret of a TSIG key is in clear text",
            "Replace secret of each entry of tsig-keys by secret-file.",
            '"tsig-keys": [{"name": "key", "algorithm": "HMAC-SHA256", "secret-file": "/etc/kea/tsig-key"}]',
        ),
        ((3, 1, 0),),
        unless=WITH_X,
    ),
    AGENT_REMOVED,
    Blocker(
        Cause(
            "partners_through_agent",
            "The partner is reached through the Control Agent, which no longer exists",
            "Set enable-multi-threading and http-dedicated-listener to true in multi-threading of the high "
            "availability hook, and enable-multi-threading of the daemon; on both partners.",
            '"multi-threading": {"enable-multi-threading": true, "http-dedicated-listener": true}',
        ),
        ((3, 1, 8),),
    ),
    Blocker(
        Cause(
            "keys_on_unix_socket",
            "A unix control socket has keys of http sockets",
            "Remove the keys from the entry: a unix socket has socket-type and socket-name only.",
            '"control-sockets": [{"socket-type": "unix", "socket-name": "kea4-ctrl-socket"}]',
        ),
        ((3, 1, 8),),
    ),
    Blocker(
        Cause(
            "negative_lifetime",
            "A lifetime is negative",
            "Set the lifetime to the number of seconds that is meant; 4294967295 means for ever.",
            '"valid-lifetime": 7200',
        ),
        ((3, 2, 0),),
    ),
    Blocker(
        Cause(
            "hosts_database_twice",
            "hosts-database and hosts-databases are both set",
            "Move the entry of hosts-database into hosts-databases.",
            '"hosts-databases": [{"type": "postgresql", "name": "kea"}]',
        ),
        ((3, 3, 0),),
    ),
    Blocker(
        Cause(
            "singular_control_socket",
            "The key control-socket no longer exists",
            "Replace control-socket by the list control-sockets, which Kea has from 3.0 on; config-write of 3.0 "
            "does it, but drops comments and includes.",
            '"control-sockets": [{"socket-type": "unix", "socket-name": "kea4-ctrl-socket"}]',
        ),
        ((3, 3, 1),),
    ),
    Blocker(
        Cause(
            "lease_file_without_name",
            "The lease file has no name",
            "Set name of lease-database to a file name.",
            '"lease-database": {"type": "memfile", "name": "kea-leases4.csv"}',
        ),
        ((3, 3, 1),),
    ),
)


def written(numbers: tuple[int, ...]) -> str:
    """Return a version as it is written, such as `3.1.8`."""
    return ".".join(map(str, numbers))
