"""Certificates with names of every kind, to be changed at random."""

from __future__ import annotations

import datetime as dt
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey

SUBJECT = x509.Name(
    [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, 'Ex\x1b[2J, "ample"'),
        x509.NameAttribute(NameOID.COMMON_NAME, "<script>alert(1)</script>"),
    ]
)
BEGAN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
SERIAL = 2**64


def certificate(key: Key, *names: x509.GeneralName) -> bytes:
    """Return a certificate that is its own issuer."""
    ends = BEGAN + dt.timedelta(4000)
    builder = x509.CertificateBuilder(SUBJECT, SUBJECT, key.public_key(), SERIAL, BEGAN, ends)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    digest = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, digest).public_bytes(Encoding.DER)


def as_pem(der: bytes) -> bytes:
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)


CERTIFICATES = {
    "plain": certificate(
        ec.generate_private_key(ec.SECP256R1()),
        x509.IPAddress(ip_address("127.0.0.1")),
        x509.IPAddress(ip_address("::1")),
        x509.DNSName("*.example.com"),
    ),
    "odd names": certificate(
        ed25519.Ed25519PrivateKey.generate(),
        x509.RFC822Name("a@example.com"),
        x509.UniformResourceIdentifier("https://example.com/"),
        x509.DirectoryName(SUBJECT),
        x509.RegisteredID(x509.ObjectIdentifier("1.2.3.4")),
        x509.OtherName(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"),
    ),
    "no names": certificate(rsa.generate_private_key(65537, 2048)),
}
