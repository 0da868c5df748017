"""X.509 certificates: DER to facts, and whether a certificate covers an address or a name.

The only module that imports `cryptography`. Names are matched as RFC 9525 says: an address needs an iPAddress entry, a
name a dNSName entry, and a common name never counts.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from kea_exporter.text import printable

Address = IPv4Address | IPv6Address

MAX_NAME = 256
MAX_SAN_ENTRIES = 1000
MAX_BUNDLE_CERTIFICATES = 16
# Servers show the same certificates with each connection. Larger ones are seldom, and are parsed each time.
MAX_KEPT_BYTES, MAX_KEPT = 4096, 2048

# What cryptography raises on bytes that are no certificate, or none that RFC 5280 knows.
UNREADABLE = (
    ValueError,
    KeyError,  # cryptography 43, of Debian 13
    TypeError,
    OverflowError,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    UnsupportedAlgorithm,
)

# What cryptography finds odd in certificates of others is no news: it repeats what a peer chose, as often as it likes.
warnings.filterwarnings("ignore", module=re.escape(__name__))


class CertificateError(Exception):
    """Bytes that are no certificate."""


@dataclass(frozen=True)
class Certificate:
    """What is kept of one certificate.

    Attributes:
        subject: RFC 4514 text, cut after 256 characters; so is *issuer*.
        serial_number: lowercase hexadecimal, whole bytes.
        fingerprint_sha256: lowercase hexadecimal, of the DER bytes.
        key_type: such as `rsa-2048`, `ec-secp256r1`, `ed25519`.
        not_before: seconds since the epoch; so is *not_after*.
        addresses: the iPAddress entries of the SAN; at most 1000 entries of each kind are kept.
        names: its dNSName entries.
        is_for_servers: whether extendedKeyUsage, if there is one, contains serverAuth (RFC 5280 section 4.2.1.12).
    """

    subject: str
    issuer: str
    serial_number: str
    fingerprint_sha256: str
    key_type: str
    not_before: float
    not_after: float
    is_self_issued: bool
    addresses: frozenset[Address]
    names: frozenset[str]
    is_for_servers: bool = True

    def has_expired(self, at: float) -> bool:
        """Return whether its validity has ended at a moment, in seconds since the epoch."""
        return at >= self.not_after

    def has_not_begun(self, at: float) -> bool:
        """Return whether its validity has yet to begin at a moment, in seconds since the epoch."""
        return at < self.not_before

    def covers(self, host: str) -> bool:
        """Return whether the SAN has an entry for *host*, an IP address or a name."""
        address = parse_address(host)
        if address is not None:
            return address in self.addresses
        return any(_matches(pattern, host) for pattern in self.names)


def read_der(der: bytes) -> Certificate:
    """Return the facts of a certificate.

    Raises:
        CertificateError: the bytes are none.
    """
    try:
        return _kept_facts(der) if len(der) <= MAX_KEPT_BYTES else _facts(x509.load_der_x509_certificate(der))
    except UNREADABLE as error:
        raise CertificateError("the certificate cannot be read") from error


def read_pem(pem: bytes) -> Certificate:
    """Return the facts of the first certificate of a PEM file.

    Raises:
        CertificateError: it holds none.
    """
    try:
        return _facts(x509.load_pem_x509_certificate(pem))
    except UNREADABLE as error:
        raise CertificateError("the certificate cannot be read") from error


def read_bundle(pem: bytes) -> tuple[Certificate, ...]:
    """Return the facts of all certificates of a PEM file, those that expire first in front; at most 16 are kept.

    Raises:
        CertificateError: it holds none, or one that cannot be read.
    """
    try:
        found = [_facts(certificate) for certificate in x509.load_pem_x509_certificates(pem)]
    except UNREADABLE as error:
        raise CertificateError("the certificates cannot be read") from error
    return tuple(sorted(found, key=lambda certificate: certificate.not_after)[:MAX_BUNDLE_CERTIFICATES])


def parse_address(text: str) -> Address | None:
    """Return the address that *text* stands for, an IPv4-mapped one as IPv4; None where it is a name."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return _unmapped(address)


@lru_cache(maxsize=MAX_KEPT)
def _kept_facts(der: bytes) -> Certificate:
    return _facts(x509.load_der_x509_certificate(der))


def _facts(certificate: x509.Certificate) -> Certificate:
    addresses, names = _san(certificate)
    number = f"{certificate.serial_number:x}"
    return Certificate(
        subject=_shown(certificate.subject),
        issuer=_shown(certificate.issuer),
        serial_number=number.zfill(len(number) + len(number) % 2),
        fingerprint_sha256=certificate.fingerprint(hashes.SHA256()).hex(),
        key_type=_key_type(certificate),
        not_before=certificate.not_valid_before_utc.timestamp(),
        not_after=certificate.not_valid_after_utc.timestamp(),
        is_self_issued=certificate.subject == certificate.issuer,
        addresses=addresses,
        names=names,
        is_for_servers=_is_for_servers(certificate),
    )


def _is_for_servers(certificate: x509.Certificate) -> bool:
    try:
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return bool({ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE} & set(usages))


def _san(certificate: x509.Certificate) -> tuple[frozenset[Address], frozenset[str]]:
    try:
        san = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return frozenset(), frozenset()
    hosts = {_unmapped(entry) for entry in san.get_values_for_type(x509.IPAddress)[:MAX_SAN_ENTRIES]}
    names = san.get_values_for_type(x509.DNSName)[:MAX_SAN_ENTRIES]
    return frozenset(hosts), frozenset(printable(name, MAX_NAME) for name in names)


def _unmapped(address: Address | IPv4Network | IPv6Network) -> Address:
    if isinstance(address, IPv4Network | IPv6Network):  # legal in name constraints only
        raise TypeError("a SAN holds addresses, not networks")
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _matches(pattern: str, host: str) -> bool:
    """Compare as RFC 9525 section 6.3: case does not count, `*` stands for one whole left-most label."""
    wanted, found = _labels(host), _labels(pattern)
    if not wanted or len(wanted) != len(found) or not all(wanted):
        return False
    if found[0] == "*" and len(found) > 2:  # noqa: PLR2004 - never for all names of a top-level domain
        return wanted[1:] == found[1:]
    return "*" not in pattern and wanted == found


def _labels(name: str) -> list[str]:
    try:
        ascii_name = name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        return []
    return ascii_name.lower().removesuffix(".").split(".")


def _shown(name: x509.Name) -> str:
    return printable(name.rfc4514_string(), MAX_NAME)


def _key_type(certificate: x509.Certificate) -> str:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):  # an unknown curve or algorithm
        return "other"
    if isinstance(key, rsa.RSAPublicKey):
        return f"rsa-{key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"ec-{key.curve.name}"
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "ed25519"
    return "ed448" if isinstance(key, ed448.Ed448PublicKey) else "other"
