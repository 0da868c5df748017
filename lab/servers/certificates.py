"""Certificates with every fault that the field has, beside those of the demo's throw-away authority."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from kea_simulator import certificates
from kea_simulator.certificates import Pair, builder_for, named, with_san, write

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from cryptography import x509

__all__ = ["Authority", "Pair", "self_signed"]


class Authority(certificates.Authority):
    """An authority that can be made to do it wrong.

    Args:
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
        self._with_key_identifiers = with_key_identifiers
        super().__init__(folder, name, issuer)

    def signed(self, builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
        """Sign the certificate of a *key*."""
        if self._with_key_identifiers:
            return super().signed(builder, key)
        return builder.sign(self.key, hashes.SHA256())

    def append_to(self, pair: Pair) -> None:
        """Send the authority's own certificate along with that of *pair*."""
        with pair.certificate.open("ab") as file:
            file.write(self.certificate.read_bytes())


def self_signed(folder: Path, name: str, addresses: Iterable[str]) -> Pair:
    """Return a certificate that is its own issuer."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = with_san(builder_for(named(name), named(name), key, (-1, 60)), addresses)
    return write(folder, name, builder.sign(key, hashes.SHA256()), key)
