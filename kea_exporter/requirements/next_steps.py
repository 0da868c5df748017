"""What to do next where a probe failed, by the reason of its failure."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

_NEW_CERTIFICATE = (
    "Issue a new certificate, put it at cert-file, check that it belongs to its key, and send config-reload: a reload "
    "that fails stops DHCP service."
)
_AUTHORITY = "Set ca_file under tls_config to the authority that issued Kea's certificate."

NEXT_STEPS: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.NAME_NOT_RESOLVED: "Correct the name in the exporter's url, or add it to DNS.",
        Reason.RESOLVER_TIMED_OUT: "Check the name servers of the exporter's host; or write an address into the url.",
        Reason.REFUSED: "Start the Kea service; check socket-address and socket-port of its control socket.",
        Reason.NO_ROUTE: "Check the address, and the routes and firewalls between exporter and server.",
        Reason.NO_SUCH_SOCKET: "Start the Kea service; check that its socket-name is the path in the exporter's url.",
        Reason.INVALID_ADDRESS: "Correct the address in the exporter's url; write fe80::1%eth0 for a link-local one.",
        Reason.CONNECTION_PROHIBITED: "Allow it on the exporter's host, in its firewall and in IPAddressDeny.",
        Reason.PERMISSION_DENIED: "Let the exporter's user into the group that owns the control socket and its folder.",
        Reason.LOCAL_RESOURCES: "Raise the exporter's limits of open files and memory (LimitNOFILE, MemoryMax).",
        Reason.TIMED_OUT: "Open the port in the firewalls between exporter and server; check that the host is up.",
        Reason.CONNECTION_CLOSED: "Check what listens there, and whether the url should begin with https:// or http://.",
        Reason.CERTIFICATE_EXPIRED: _NEW_CERTIFICATE,
        Reason.CERTIFICATE_NOT_YET_VALID: "Set the clock of the exporter's host; or issue a certificate valid by now.",
        Reason.CERTIFICATE_NAME_MISMATCH: "Issue a certificate whose SAN holds the address and the name in the url.",
        Reason.CERTIFICATE_SELF_SIGNED: _AUTHORITY,
        Reason.CERTIFICATE_UNTRUSTED_ISSUER: _AUTHORITY,
        Reason.CERTIFICATE_STRICT_PROFILE: "Issue a certificate that follows RFC 5280, or set x509_strict to false.",
        Reason.CERTIFICATE_INVALID: _NEW_CERTIFICATE,
        Reason.CLIENT_CERTIFICATE_REQUIRED: "Give the exporter a certificate: cert_file and key_file under tls_config.",
        Reason.CLIENT_CERTIFICATE_REJECTED: "Give the exporter a certificate of the authority at Kea's trust-anchor.",
        Reason.NOT_TLS: "Write http:// in the exporter's url, or set socket-type to https with its three TLS files.",
        Reason.PROTOCOL_VERSION: "Let both sides allow TLS 1.2 or 1.3 (min_version under tls_config).",
        Reason.HANDSHAKE_FAILED: "Look into Kea's log; the exporter may lack a client certificate (cert_file).",
        Reason.LOCAL_FILE_UNREADABLE: "Fix the file that is named; kea-exporter config check names all such files.",
        Reason.REDIRECTED: "Write the address of Kea itself into the exporter's url.",
        Reason.CONNECTION_NOT_KEPT: "Let the proxy in front of Kea keep connections open (nginx: keepalive_timeout).",
        Reason.UNEXPECTED_STATUS: "Check that Kea's control socket listens at the url, and what stands in between.",
        Reason.INVALID_HTTP: "Check that Kea's control socket listens at the url, and nothing else.",
        Reason.ANSWER_TOO_LARGE: "Raise body_size_limit; if that allows more already, Kea is not what answers.",
        Reason.ANSWER_INCOMPLETE: "Look into Kea's log, and at what stands between exporter and server.",
        Reason.UNAUTHORIZED: "Make username and password of basic_auth those of a client in Kea's configuration.",
        Reason.FORBIDDEN: "Allow the exporter's user this command, and use the port of an entry of control-sockets.",
        Reason.REFUSED_BY_PROXY: "Give the proxy what it demands, or write Kea's own address into the exporter's url.",
        Reason.HA_LISTENER: "Write the port of an entry of control-sockets into the exporter's url.",
        Reason.MALFORMED_ANSWER: "Check that Kea's control socket listens at the url, and nothing else.",
        Reason.ERROR_RESULT: "Look into Kea's log.",
        Reason.UNSUPPORTED: "Load the hook library that brings the command.",
        Reason.DAEMON_OFFLINE: "Start the daemon behind the Control Agent; check the agent's control-sockets.",
        Reason.WRONG_DAEMON: "Correct the exporter's url: each daemon has a socket-port of its own.",
        Reason.SOCKET_NOT_IDENTIFIED: "Set socket-address and socket-port of a control socket to those of the url.",
        Reason.UNSUPPORTED_SERVICE: "Remove control_agent from the exporter's configuration, and correct the url.",
        Reason.BEHIND_PROXY: "Look at the proxy's own configuration, or write Kea's address into the exporter's url.",
        Reason.BUDGET_USED_UP: "Raise timeout; check name resolution.",
        Reason.NOT_COLLECTED: "Switch it on under collect.",
        Reason.NO_LEASE_MANAGER: "Find the error of the last reload in Kea's log, fix it, and send config-reload.",
        Reason.LEASE_DATABASE_LOST: "Start the lease database, or restore the network between Kea and the database.",
        Reason.AUDIT_PENDING: "Wait for the lease audit, or run kea-exporter check --audit-leases.",
        Reason.AUDIT_INCOMPLETE: "Raise max_leases of lease_audit; where it took too long, raise page_size.",
    }
)
