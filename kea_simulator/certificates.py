"""A throw-away certificate authority."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

DAY = dt.timedelta(days=1)
CA_USAGE = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as PEM files."""

    certificate: Path
    key: Path


class Authority:
    """A certificate authority whose files live in one folder.

    Args:
        folder: where its certificate, and those that it issues, are written.
        name: its common name, and the name of its file.
        issuer: the authority above it; None for a root.

    Attributes:
        certificate: its own, as a PEM file.
    """

    def __init__(self, folder: Path, name: str = "ca", issuer: Authority | None = None) -> None:
        self.folder = folder
        self.name = named(name)
        self.key = ec.generate_private_key(ec.SECP256R1())
        above = issuer or self
        builder = builder_for(self.name, above.name, self.key, days=(-1, 3650))
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        certificate = above.signed(builder.add_extension(CA_USAGE, critical=True), self.key)
        self.certificate = folder / f"{name}.pem"
        self.certificate.write_bytes(certificate.public_bytes(Encoding.PEM))

    def issue(
        self,
        name: str,
        addresses: Iterable[str] = (),
        dns_names: Iterable[str] = (),
        days: tuple[float, float] = (-1, 60),
    ) -> Pair:
        """Return a new certificate with *addresses* and *dns_names* in its SAN, valid from and until days from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = with_san(builder_for(named(name), self.name, key, days), addresses, dns_names)
        return write(self.folder, name, self.signed(builder, key), key)

    def signed(self, builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
        """Sign the certificate of a *key*, with the identifiers that the strict profile of X.509 demands."""
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        above = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        identified = builder.add_extension(own, critical=False).add_extension(above, critical=False)
        return identified.sign(self.key, hashes.SHA256())


def named(common_name: str) -> x509.Name:
    """Return the name of a subject that has only a common name."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def with_san(
    builder: x509.CertificateBuilder, addresses: Iterable[str], dns_names: Iterable[str] = ()
) -> x509.CertificateBuilder:
    """Add a subjectAltName, unless there is nothing to put into it."""
    names = [
        *(x509.IPAddress(ip_address(address)) for address in addresses),
        *(x509.DNSName(name) for name in dns_names),
    ]
    return builder.add_extension(x509.SubjectAlternativeName(names), critical=False) if names else builder


def builder_for(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: tuple[float, float]
) -> x509.CertificateBuilder:
    """Return the builder of a certificate that is valid from and until *days* from now."""
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + days[0] * DAY)
        .not_valid_after(now + days[1] * DAY)
    )


def write(folder: Path, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Pair:
    """Write a certificate, and its key for nobody else to read."""
    pair = Pair(folder / f"{name}.pem", folder / f"{name}-key.pem")
    pair.certificate.write_bytes(certificate.public_bytes(Encoding.PEM))
    pair.key.touch(mode=0o600)
    pair.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return pair
