"""A throw-away certificate authority, and certificates with every fault that the field has."""

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


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as PEM files."""

    certificate: Path
    key: Path


class Authority:
    """A certificate authority whose files live in one folder.

    Args:
        name: its common name, and the name of its file.
        issuer: the authority above it; None for a root.
        with_key_identifiers: without them its certificates fail the strict profile of X.509.
    """

    def __init__(
        self,
        folder: Path,
        name: str = "ca",
        issuer: Authority | None = None,
        *,
        with_key_identifiers: bool = True,
    ) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        self._with_key_identifiers = with_key_identifiers
        above = issuer or self
        builder = _builder(self._name, above._name, self._key, days=(-1, 3650))
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        builder = builder.add_extension(_CA_USAGE, critical=True)
        self._certificate = self._identified(builder, self._key, above).sign(above._key, hashes.SHA256())
        self.certificate = folder / f"{name}.pem"
        self.certificate.write_bytes(self._certificate.public_bytes(Encoding.PEM))

    def issue(
        self,
        name: str,
        addresses: Iterable[str] = (),
        dns_names: Iterable[str] = (),
        days: tuple[float, float] = (-1, 60),
    ) -> Pair:
        """Return a new certificate with *addresses* and *dns_names* in its SAN, valid from and until days from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _with_san(_builder(_name(name), self._name, key, days), addresses, dns_names)
        certificate = self._identified(builder, key, self).sign(self._key, hashes.SHA256())
        return _write(self._folder, name, certificate, key)

    def append_to(self, pair: Pair) -> None:
        """Send the authority's own certificate along with that of *pair*."""
        with pair.certificate.open("ab") as file:
            file.write(self.certificate.read_bytes())

    def _identified(
        self, builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey, issuer: Authority
    ) -> x509.CertificateBuilder:
        if not self._with_key_identifiers:
            return builder
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        above = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer._key.public_key())
        return builder.add_extension(own, critical=False).add_extension(above, critical=False)


def self_signed(folder: Path, name: str, addresses: Iterable[str]) -> Pair:
    """Return a certificate that is its own issuer."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _with_san(_builder(_name(name), _name(name), key, (-1, 60)), addresses, ())
    return _write(folder, name, builder.sign(key, hashes.SHA256()), key)


_CA_USAGE = x509.KeyUsage(
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


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _with_san(
    builder: x509.CertificateBuilder, addresses: Iterable[str], dns_names: Iterable[str]
) -> x509.CertificateBuilder:
    names = [*(x509.IPAddress(ip_address(it)) for it in addresses), *(x509.DNSName(it) for it in dns_names)]
    return builder.add_extension(x509.SubjectAlternativeName(names), critical=False) if names else builder


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: tuple[float, float]
) -> x509.CertificateBuilder:
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


def _write(folder: Path, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Pair:
    pair = Pair(folder / f"{name}.pem", folder / f"{name}-key.pem")
    pair.certificate.write_bytes(certificate.public_bytes(Encoding.PEM))
    pair.key.touch(mode=0o600)
    pair.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return pair
