"""Requirements on storage, DNS updates, control sockets, logging and statistics of the configuration."""

from __future__ import annotations

from kea_exporter.requirements.configuration.judged import reviewed
from kea_exporter.requirements.model import Cause, Severity

REQUIREMENTS = (
    reviewed(
        "interfaces-are-configured",
        Severity.REQUIRED,
        "The daemon must listen on at least one interface",
        short="interfaces",
        rule="interfaces of interfaces-config is not empty.",
        arm="Interface Configuration",
        causes=(
            Cause(
                "no_interfaces",
                "The daemon listens on no interface",
                'Set interfaces of interfaces-config to the interfaces of the clients, or to "*" for all.',
                '"interfaces-config": {"interfaces": ["eth0"]}',
            ),
        ),
    ),
    reviewed(
        "lease-database-is-persistent",
        Severity.RECOMMENDED,
        "Leases must survive a restart",
        short="persistent",
        rule="the lease database is memfile with persist and lfc-interval, or an SQL database.",
        arm="Lease Storage",
        causes=(
            Cause(
                "not_persistent",
                "Leases are kept in memory only",
                "Set persist of lease-database to true.",
                '"lease-database": {"type": "memfile", "persist": true, "lfc-interval": 3600}',
            ),
            Cause(
                "no_cleanup",
                "The lease file is never cleaned up",
                "Set lfc-interval of lease-database to 3600.",
                '"lease-database": {"type": "memfile", "lfc-interval": 3600}',
            ),
        ),
    ),
    reviewed(
        "expired-leases-are-reclaimed",
        Severity.RECOMMENDED,
        "Expired leases must be reclaimed",
        short="reclaimed",
        rule="reclaim-timer-wait-time of expired-leases-processing is not 0.",
        arm="Lease Expiration",
        causes=(
            Cause(
                "not_reclaimed",
                "Expired leases are not reclaimed",
                "Remove reclaim-timer-wait-time, or set it to 10 seconds.",
                '"expired-leases-processing": {"reclaim-timer-wait-time": 10}',
            ),
        ),
    ),
    reviewed(
        "subnet-changes-are-kept",
        Severity.RECOMMENDED,
        "Changes by subnet_cmds must not be overwritten",
        short="changes kept",
        rule="subnet_cmds is not loaded together with config-databases.",
        arm="Kea Configuration Backend",
        causes=(
            Cause(
                "configuration_database",
                "A configuration database overwrites the changes of the IPAM",
                "Remove config-databases, or let the IPAM change the database instead of the running configuration.",
            ),
        ),
    ),
    reviewed(
        "ddns-names-have-a-domain",
        Severity.RECOMMENDED,
        "DNS updates must have names with a domain",
        short="DDNS suffix",
        rule="every subnet with DNS updates has a ddns-qualifying-suffix.",
        arm="DDNS for DHCPv4",
        causes=(
            Cause(
                "no_suffix",
                "A subnet with DNS updates has no ddns-qualifying-suffix",
                "Set ddns-qualifying-suffix of the subnet or the daemon, or ddns-send-updates to false.",
                '"ddns-qualifying-suffix": "example.com."',
            ),
        ),
    ),
    reviewed(
        "ddns-domains-are-complete",
        Severity.RECOMMENDED,
        "Domains of D2 must have servers and known keys",
        short="domains",
        rule="every entry of ddns-domains has dns-servers, and its key-name is in tsig-keys.",
        arm="The DHCP-DDNS Server",
        causes=(
            Cause("no_servers", "A domain has no DNS servers", "Add dns-servers to the domain, or remove the domain."),
            Cause(
                "key_undefined",
                "A domain uses a key that is not configured",
                "Add the key to tsig-keys, or correct key-name.",
            ),
        ),
    ),
    reviewed(
        "ddns-requests-are-local",
        Severity.RECOMMENDED,
        "D2 must not take requests from the network",
        short="D2 local",
        rule="ip-address of D2 is not a wildcard address.",
        arm="The DHCP-DDNS Server",
        causes=(
            Cause(
                "any_address",
                "D2 listens on all addresses",
                "Set ip-address to 127.0.0.1, or to an address that only the DHCP servers reach.",
                '"ip-address": "127.0.0.1"',
            ),
        ),
    ),
    reviewed(
        "control-sockets-are-protected",
        Severity.RECOMMENDED,
        "Every control socket must demand credentials or a client certificate",
        short="all sockets",
        rule="each http or https control socket that is not on loopback has authentication with clients, or "
        "cert-required.",
        arm="Management API",
        causes=(
            Cause(
                "open_socket",
                "A control socket takes commands from everybody",
                "Add authentication to the entry of control-sockets, or remove the entry if nobody uses it.",
                '"authentication": {"type": "basic", "directory": "/etc/kea", '
                '"clients": [{"user-file": "kea-user", "password-file": "kea-password"}]}',
            ),
        ),
    ),
    reviewed(
        "logging-is-not-debug",
        Severity.ADVISORY,
        "Debug logging should be off, and log files should rotate",
        short="logging",
        rule="no logger has severity DEBUG with a debuglevel, and no log file has maxsize 0.",
        arm="Logging",
        causes=(
            Cause(
                "debug", "A logger writes debug messages", "Set severity of the logger to INFO.", '"severity": "INFO"'
            ),
            Cause(
                "no_rotation", "A log file is never rotated", "Set maxsize of the output to 10240000, and maxver to 8."
            ),
        ),
    ),
    reviewed(
        "statistic-samples-are-few",
        Severity.ADVISORY,
        "Kea should keep one sample of each statistic",
        short="samples",
        rule="statistic-default-sample-count is 1, or scrapes do not send statistic-get-all: there are more than 100 "
        "subnets, and stat_cmds is loaded.",
        arm="Statistics",
        causes=(
            Cause(
                "many_samples",
                "Kea keeps samples that are sent in each scrape and not read",
                "Set statistic-default-sample-count to 1, check the file with -t, and reload the daemon: each scrape "
                "sends statistic-get-all, which gets up to five times cheaper. With more than 100 subnets, load "
                "libdhcp_stat_cmds.so as well: then it is not sent.",
                '"statistic-default-sample-count": 1',
            ),
        ),
    ),
)
