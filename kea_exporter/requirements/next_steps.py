"""Next steps after a failed probe, by the reason of the failure."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

_NEW_CERTIFICATE = (
    "Issue a new certificate, install it at cert-file, check that it matches its key, and send config-reload: a "
    "failed reload stops DHCP service."
)
_ISSUER = "Set ca_file under tls_config to the CA that issued Kea's certificate."

NEXT_STEPS: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.NAME_NOT_RESOLVED: "Correct the name in the exporter's url, or add it to DNS.",
        Reason.RESOLVER_TIMED_OUT: "Check the name servers of the exporter's host, or use an IP address in the url.",
        Reason.REFUSED: "Start the Kea service; check socket-address and socket-port of its control socket.",
        Reason.NO_ROUTE: "Check the address, and the routes and firewalls between exporter and server.",
        Reason.NO_SUCH_SOCKET: "Start the Kea service; check that its socket-name is the path in the exporter's url.",
        Reason.INVALID_ADDRESS: "Correct the address in the exporter's url; use fe80::1%eth0 for a link-local one.",
        Reason.CONNECTION_PROHIBITED: "Allow it on the exporter's host: in its firewall and in IPAddressDeny.",
        Reason.PERMISSION_DENIED: "Add the exporter's user to the group of the control socket and of its directory.",
        Reason.LOCAL_RESOURCES: "Raise the exporter's limits of open files and memory (LimitNOFILE, MemoryMax).",
        # At each stage from connect on.
        Reason.TIMED_OUT: (
            "Check that the host is up, and open the port in the firewalls. If it connects, read Kea's log, or raise "
            "timeout."
        ),
        Reason.CONNECTION_CLOSED: "Check what listens on the port, and whether the url needs https:// or http://.",
        Reason.CERTIFICATE_EXPIRED: _NEW_CERTIFICATE,
        Reason.CERTIFICATE_NOT_YET_VALID: "Correct the exporter's clock, or issue a certificate that is valid now.",
        Reason.CERTIFICATE_NAME_MISMATCH: "Issue a certificate whose SAN contains the address and the name in the url.",
        Reason.CERTIFICATE_SELF_SIGNED: _ISSUER,
        Reason.CERTIFICATE_UNTRUSTED_ISSUER: _ISSUER,
        Reason.CERTIFICATE_STRICT_PROFILE: "Issue a certificate that follows RFC 5280, or set x509_strict to false.",
        Reason.CERTIFICATE_INVALID: _NEW_CERTIFICATE,
        Reason.CLIENT_CERTIFICATE_REQUIRED: "Give the exporter a certificate: cert_file and key_file under tls_config.",
        Reason.CLIENT_CERTIFICATE_REJECTED: "Give the exporter a certificate issued by the CA at Kea's trust-anchor.",
        Reason.NOT_TLS: "Use http:// in the exporter's url, or set socket-type to https with its three TLS files.",
        Reason.PROTOCOL_VERSION: "Allow TLS 1.2 or 1.3 on both sides (min_version under tls_config).",
        Reason.HANDSHAKE_FAILED: "Read Kea's log; the exporter may lack a client certificate (cert_file).",
        Reason.LOCAL_FILE_UNREADABLE: "Fix the file in the message; kea-exporter config check lists all such files.",
        Reason.REDIRECTED: "Set the exporter's url to the address of Kea itself.",
        Reason.CONNECTION_NOT_KEPT: "Enable keep-alive on the proxy in front of Kea (nginx: keepalive_timeout).",
        Reason.UNEXPECTED_STATUS: "Check that Kea's control socket listens at the url, and check proxies in between.",
        Reason.INVALID_HTTP: "Check that Kea's control socket listens at the url, and nothing else.",
        Reason.ANSWER_TOO_LARGE: "Raise body_size_limit; if Kea's answers are smaller, another service answers.",
        Reason.ANSWER_INCOMPLETE: "Read Kea's log, and check proxies and firewalls between exporter and server.",
        Reason.UNAUTHORIZED: "Set username and password of basic_auth to those of a client in Kea's configuration.",
        Reason.FORBIDDEN: "Allow the exporter's user this command, and use the port of an entry of control-sockets.",
        Reason.REFUSED_BY_PROXY: "Allow the exporter on the proxy, or set the exporter's url to Kea's own address.",
        Reason.HA_LISTENER: "Set the port in the exporter's url to that of an entry of control-sockets.",
        Reason.MALFORMED_ANSWER: "Check that Kea's control socket listens at the url, and nothing else.",
        Reason.ERROR_RESULT: "Read Kea's log.",
        Reason.UNSUPPORTED: "Load the hook library that provides the command.",
        Reason.DAEMON_OFFLINE: "Start the daemon behind the Control Agent; check the agent's control-sockets.",
        Reason.WRONG_DAEMON: "Correct the exporter's url: each daemon has a socket-port of its own.",
        Reason.SOCKET_NOT_IDENTIFIED: "Set socket-address and socket-port of a control socket to those of the url.",
        Reason.UNSUPPORTED_SERVICE: "Remove control_agent from the exporter's configuration, and correct the url.",
        Reason.BEHIND_PROXY: "Check the proxy's configuration, or set the exporter's url to Kea's own address.",
        Reason.BUDGET_USED_UP: "Raise timeout; check name resolution.",
        Reason.NOT_COLLECTED: "Enable the collector under collect.",
        Reason.NO_LEASE_MANAGER: "Find the error of the last reload in Kea's log, fix it, and send config-reload.",
        Reason.LEASE_DATABASE_LOST: "Start the lease database, or restore the network between Kea and the database.",
        Reason.AUDIT_PENDING: "Wait for the lease audit, or run kea-exporter check --audit-leases.",
        Reason.AUDIT_INCOMPLETE: "Raise max_leases of lease_audit; if the audit took too long, raise page_size.",
    }
)
