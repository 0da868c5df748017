"""Causes and remedies of the requirements on certificates."""

from __future__ import annotations

from kea_exporter.requirements.model import Cause

_INSTALL = (
    "install it at cert-file, check that it matches its key, and send config-reload (a failed reload stops DHCP "
    "service, and config-test does not read certificates and keys)"
)
# A cause of several requirements: the certificate is not Kea's.
AT_PROXY = Cause(
    "at_proxy",
    "A proxy in front of Kea terminates TLS, and the certificate is the proxy's",
    "Replace the certificate on the proxy, and reload the proxy.",
)
ADDRESS_MISSING = Cause(
    "address_missing",
    "The SAN lacks the IP address of the server",
    f"Issue a certificate whose subjectAltName contains the IP address of the server, {_INSTALL}.",
    "subjectAltName = IP:10.10.10.10, DNS:kea1.example.com   (in the request to the certificate authority)",
)
NAME_MISSING = Cause(
    "name_missing",
    "The SAN lacks the name in the exporter's url",
    "Issue a certificate whose subjectAltName contains the name too; or use the IP address in the exporter's url; or "
    "set server_name of tls_config to a name or address that the certificate contains.",
    "subjectAltName = IP:10.10.10.10, DNS:kea1.example.com   (in the request to the certificate authority)",
)
NO_SAN = Cause(
    "no_san",
    "The certificate has no SAN; its common name does not count",
    f"Issue a certificate with a subjectAltName that contains the IP address of the server, {_INSTALL}.",
    "subjectAltName = IP:10.10.10.10, DNS:kea1.example.com   (in the request to the certificate authority)",
)
EXPIRED = Cause("expired", "The server certificate has expired", f"Issue a new certificate, {_INSTALL}.")
NOT_YET_VALID = Cause(
    "not_yet_valid",
    "The server certificate is not valid yet",
    "Compare the clocks of the exporter and of the certificate authority. If both are right, issue a certificate "
    "that is valid now.",
)
LEAF_EXPIRES = Cause("leaf_expires", "The server certificate expires soon", f"Renew the certificate, {_INSTALL}.")
INTERMEDIATE_EXPIRES = Cause(
    "intermediate_expires",
    "An intermediate CA certificate expires soon",
    "Get the renewed intermediate certificate from the CA, replace it in cert-file behind the server certificate, "
    "and send config-reload.",
)
ROOT_EXPIRES = Cause(
    "root_expires",
    "The root CA certificate expires soon",
    "Plan the change to a new root CA: add it to ca_file of the exporter and of the IPAM beside the old one, then "
    "issue new certificates, then replace trust-anchor.",
)
STALE_CERTIFICATE = Cause(
    "stale_certificate",
    "The server sends an expired CA certificate that is not needed",
    "Remove the expired certificate from cert-file or from the trust-anchor file, and send config-reload. The server "
    "certificate is valid.",
)
SELF_SIGNED = Cause(
    "self_signed",
    "The server certificate is self-signed",
    f"Issue a certificate with your CA, {_INSTALL}. To trust this one instead, add it to ca_file of tls_config.",
    "tls_config: {ca_file: /etc/kea-exporter/ca.pem}   (in the exporter's configuration)",
)
UNKNOWN_CA = Cause(
    "unknown_ca",
    "Another CA than those in ca_file issued the certificate",
    "Set ca_file of tls_config in the exporter's configuration to the CA that issued the certificate. If that CA is "
    "wrong, issue the certificate with the right one.",
    "tls_config: {ca_file: /etc/kea-exporter/ca.pem}   (in the exporter's configuration)",
)
MISSING_INTERMEDIATE = Cause(
    "missing_intermediate",
    "The chain does not lead to a CA in ca_file: an intermediate certificate is missing, or another CA issued it",
    "Append the intermediate certificates behind the server certificate in cert-file, and send config-reload; or set "
    "ca_file of tls_config to the CA that issued the certificate.",
    "tls_config: {ca_file: /etc/kea-exporter/ca.pem}   (in the exporter's configuration)",
)
INTERMEDIATE_EXPIRED = Cause(
    "intermediate_expired",
    "An intermediate CA certificate has expired",
    "Get the renewed intermediate certificate from the CA, replace it in cert-file behind the server certificate, "
    "and send config-reload.",
)
ROOT_EXPIRED = Cause(
    "root_expired",
    "The root CA certificate has expired",
    "Create or obtain the new root CA, set it in ca_file of the exporter and of the IPAM, issue new certificates from "
    "it, and replace cert-file and trust-anchor.",
)
CA_NOT_YET_VALID = Cause(
    "ca_not_yet_valid",
    "A CA certificate of the chain is not valid yet",
    "Compare the clocks of the exporter and of the CA. Correct the one that is wrong.",
)
KEY_USAGE = Cause(
    "key_usage",
    "The certificate is not valid for TLS servers",
    f"Issue a certificate with serverAuth in extendedKeyUsage, {_INSTALL}.",
    "extendedKeyUsage = serverAuth   (in the request to the certificate authority)",
)
STRICT_PROFILE = Cause(
    "strict_profile",
    "The chain breaks RFC 5280, and x509_strict is true",
    "Issue certificates that follow RFC 5280, or set x509_strict of tls_config to false.",
    "tls_config: {x509_strict: false}   (in the exporter's configuration)",
)
INVALID_CHAIN = Cause(
    "invalid",
    "The chain cannot be verified",
    f"Issue a new certificate, {_INSTALL}; the evidence names OpenSSL's reason.",
)
NOT_REQUIRED = Cause(
    "not_required",
    "cert-required is false",
    "Set cert-required to true, and give each client a certificate of the CA at trust-anchor.",
    '"cert-required": true',
)
_HSTS = '"http-headers": [{"name": "Strict-Transport-Security", "value": "max-age=31536000"}]'
NO_HEADER = Cause(
    "no_header", "Answers lack the header", "Add the header to http-headers of the control socket.", _HSTS
)
NO_HEADER_AT_PROXY = Cause(
    "no_header_at_proxy",
    "Answers of the proxy lack the header",
    "Add the header at the proxy where TLS ends, or to http-headers of the control socket behind it.",
    _HSTS,
)
