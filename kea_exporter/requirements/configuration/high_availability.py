"""Requirements on the high availability settings of the configuration."""

from __future__ import annotations

from kea_exporter.requirements.configuration.judged import reviewed
from kea_exporter.requirements.model import Cause, Severity

_ARM = "libdhcp_ha.so: High Availability Outage Resilience for Kea Servers"
_CLIENT_CERTIFICATES = (
    '"trust-anchor": "/etc/kea/ca.pem", "cert-file": "/etc/kea/kea.pem", "key-file": "/etc/kea/kea.key", '
    '"require-client-certs": true'
)

REQUIREMENTS = (
    reviewed(
        "partners-can-serve",
        Severity.REQUIRED,
        "The settings of high availability must let the pair serve clients",
        short="HA serves",
        rule="lease_cmds is loaded, heartbeats are sent, the partner can connect, and every subnet of a hub has a "
        "partner.",
        arm=_ARM,
        causes=(
            Cause(
                "no_lease_cmds",
                "High availability runs without the hook library lease_cmds",
                "Add libdhcp_lease_cmds.so to hooks-libraries on both servers, and restart them.",
                '"hooks-libraries": [{"library": "libdhcp_lease_cmds.so"}, {"library": "libdhcp_ha.so", ...}]',
            ),
            Cause(
                "heartbeat_off",
                "heartbeat-delay is 0",
                "Set heartbeat-delay to 10000 (milliseconds) on both servers, and restart them.",
                '"heartbeat-delay": 10000',
            ),
            Cause(
                "no_listener",
                "Nothing listens for the partner",
                "Set multi-threading with enable-multi-threading and http-dedicated-listener to true in the "
                "relationship, and enable-multi-threading to true in the daemon.",
                '"multi-threading": {"enable-multi-threading": true, "http-dedicated-listener": true}',
            ),
            Cause(
                "subnet_unassigned",
                "A subnet of a hub belongs to no relationship",
                "Set ha-server-name in the user-context of the subnet to a peer of its relationship.",
                '"user-context": {"ha-server-name": "spoke-1"}',
            ),
            Cause(
                "server_unknown",
                "The ha-server-name of a subnet is no peer",
                "Set ha-server-name in the user-context of the subnet to the name of a peer.",
            ),
        ),
    ),
    reviewed(
        "partners-can-fail-over",
        Severity.RECOMMENDED,
        "The settings of high availability must allow a failover",
        short="failover",
        rule="heartbeat-delay is below max-response-delay, lease updates are sent, and no setting makes clients "
        "wait for a backup.",
        arm=_ARM,
        causes=(
            Cause(
                "heartbeat_too_slow",
                "heartbeat-delay is not below max-response-delay",
                "Lower heartbeat-delay, or raise max-response-delay; the defaults are 10000 and 60000.",
            ),
            Cause(
                "rejections_unlimited",
                "max-rejected-lease-updates is 0",
                "Set max-rejected-lease-updates to 10, so that a pair with different subnets serves clients again.",
            ),
            Cause(
                "waits_for_backups",
                "wait-backup-ack is true",
                "Set wait-backup-ack to false: with true nobody is served while a backup is down.",
            ),
            Cause(
                "no_lease_updates",
                "send-lease-updates is false",
                "Set send-lease-updates to true, unless both servers share one lease database.",
            ),
        ),
    ),
    reviewed(
        "partner-listener-is-protected",
        Severity.RECOMMENDED,
        "The listener of high availability must demand client certificates or credentials",
        short="HA protected",
        rule="the url of this server under peers is on loopback, or its listener has TLS files with "
        "require-client-certs true (the default) or, from Kea 3.3.1 on, basic authentication.",
        arm=_ARM,
        causes=(
            Cause(
                "open_listener",
                "The listener of high availability takes commands from everybody",
                "Set trust-anchor, cert-file and key-file of the relationship and https in the urls of the peers, and "
                "leave require-client-certs at true, its default. From Kea 3.3.1 on, basic-auth-user and "
                "basic-auth-password-file of each peer do as well. Allow only the partner to the port.",
                _CLIENT_CERTIFICATES,
            ),
            Cause(
                "credentials_ignored",
                "The listener of high availability ignores credentials before Kea 3.3.1",
                "Set trust-anchor, cert-file and key-file of the relationship and https in the urls of the peers, and "
                "leave require-client-certs at true, its default; or upgrade Kea to 3.3.1 or later. Allow only the "
                "partner to the port.",
                _CLIENT_CERTIFICATES,
            ),
        ),
        fixed_in={"credentials_ignored": (3, 3, 1)},
    ),
)
