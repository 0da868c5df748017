"""The bytes of a certificate, as DER and as PEM."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from kea_exporter.certificates import CertificateError, read_der, read_pem
from tests.support.odd_certificates import CERTIFICATES, as_pem

if TYPE_CHECKING:
    from collections.abc import Iterator

HOSTS = ("127.0.0.1", "::1", "kea1.example.com", "*", "")


def seeds() -> Iterator[bytes]:
    yield from CERTIFICATES.values()
    yield as_pem(CERTIFICATES["plain"])


def test(data: bytes) -> None:
    for read in (read_der, read_pem):
        with suppress(CertificateError):
            certificate = read(data)
            for host in HOSTS:
                certificate.covers(host)
            f"{certificate}".encode()
