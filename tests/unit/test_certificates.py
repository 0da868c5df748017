"""Facts read from certificates, and the hosts they cover; OpenSSL agrees on the same certificates."""

from __future__ import annotations

import datetime as dt
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kea_exporter.certificates import MAX_NAME, Certificate, CertificateError, parse_address, read_der, read_pem
from lab.servers.certificates import Authority, Pair, self_signed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

BEGIN, END = dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.datetime(2027, 1, 1, 12, 30, tzinfo=dt.UTC)
KEY = ec.generate_private_key(ec.SECP256R1())
NAME = "kea1.example.com"


@dataclass(frozen=True)
class Made:
    """A certificate that the laboratory cannot issue, by its parameters."""

    subject: str = "kea1"
    issuer: str | x509.Name = "office-ca"
    sans: tuple[x509.GeneralName, ...] = ()
    serial_number: int = 0x0F1E2D
    key: CertificatePublicKeyTypes = field(default_factory=KEY.public_key)

    def der(self) -> bytes:
        """Return the certificate, signed by the same key whatever its issuer."""
        builder = (
            x509.CertificateBuilder()
            .subject_name(named(self.subject))
            .issuer_name(named(self.issuer) if isinstance(self.issuer, str) else self.issuer)
            .public_key(self.key)
            .serial_number(self.serial_number)
            .not_valid_before(BEGIN)
            .not_valid_after(END)
        )
        if self.sans:
            builder = builder.add_extension(x509.SubjectAlternativeName(self.sans), critical=False)
        return builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.DER)

    def facts(self) -> Certificate:
        return read_der(self.der())


def named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name, _validate=False)])


def with_san(*hosts: str) -> Certificate:
    """Return the facts of a certificate with these addresses and names in its SAN."""
    return Made(sans=tuple(san_entry(host) for host in hosts)).facts()


def san_entry(host: str) -> x509.GeneralName:
    return x509.IPAddress(ip_address(host)) if parse_address(host) else x509.DNSName(host)


# What is read


def test_the_facts_of_a_certificate() -> None:
    der = Made(sans=(san_entry("192.0.2.1"), san_entry(NAME))).der()
    assert read_der(der) == Certificate(
        subject="CN=kea1",
        issuer="CN=office-ca",
        serial_number="0f1e2d",
        fingerprint_sha256=x509.load_der_x509_certificate(der).fingerprint(hashes.SHA256()).hex(),
        key_type="ec-secp256r1",
        not_before=BEGIN.timestamp(),
        not_after=END.timestamp(),
        is_self_issued=False,
        addresses=frozenset({ip_address("192.0.2.1")}),
        names=frozenset({NAME}),
    )


def test_pem_and_der_say_the_same(tmp_path: Path) -> None:
    pair = Authority(tmp_path).issue("kea1", ["192.0.2.1"])
    pem = pair.certificate.read_bytes()
    assert read_pem(pem) == read_der(ssl.PEM_cert_to_DER_cert(pem.decode()))


def test_of_a_file_with_a_chain_the_first_certificate_is_read(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "office-ca")
    pair = authority.issue("kea1", ["192.0.2.1"])
    authority.append_to(pair)
    assert read_pem(pair.certificate.read_bytes()).subject == "CN=kea1"


def test_who_issued_its_own_certificate(tmp_path: Path) -> None:
    root = Authority(tmp_path, "root-ca")
    between = Authority(tmp_path, "office-ca", root)
    files = {"leaf": between.issue("kea1").certificate, "between": between.certificate, "root": root.certificate}
    files["alone"] = self_signed(tmp_path, "kea2", ["192.0.2.2"]).certificate
    assert {name: read_pem(file.read_bytes()).is_self_issued for name, file in files.items()} == {
        "leaf": False,
        "between": False,
        "root": True,
        "alone": True,
    }


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "01"), (0x10, "10"), (0xABC, "0abc"), (0x80, "80"), (2**159 - 1, "7f" + "ff" * 19)],
)
def test_a_serial_number_is_whole_bytes_in_hexadecimal(number: int, text: str) -> None:
    assert Made(serial_number=number).facts().serial_number == text


@pytest.mark.parametrize(
    ("key", "key_type"),
    [
        (rsa.generate_private_key(65537, 2048).public_key(), "rsa-2048"),
        (ec.generate_private_key(ec.SECP256R1()).public_key(), "ec-secp256r1"),
        (ec.generate_private_key(ec.SECP384R1()).public_key(), "ec-secp384r1"),
        (ed25519.Ed25519PrivateKey.generate().public_key(), "ed25519"),
        (ed448.Ed448PrivateKey.generate().public_key(), "ed448"),
        (x25519.X25519PrivateKey.generate().public_key(), "other"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_type_of_a_key(key: CertificatePublicKeyTypes, key_type: str) -> None:
    assert Made(key=key).facts().key_type == key_type


def test_a_long_name_is_cut() -> None:
    units = [x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "x" * 60) for _ in range(20)]
    facts = Made(issuer=x509.Name(units)).facts()
    assert facts.issuer == f"OU={'x' * 60}," * 4 + "..."
    assert len(facts.issuer) == MAX_NAME + len("...")


@pytest.mark.parametrize("name", ["two\nlines", "a\x00b", "\u202eright to left", "\x1b[31mred"])
def test_a_name_is_one_printable_line(name: str) -> None:
    facts = Made(subject=name, issuer=name).facts()
    assert facts.subject.isprintable()
    assert facts.issuer.isprintable()


def test_other_entries_of_the_san_do_not_count() -> None:
    others = (x509.RFC822Name("192.0.2.1"), x509.UniformResourceIdentifier(f"https://{NAME}"))
    facts = Made(sans=(*others, x509.RegisteredID(x509.ObjectIdentifier("1.2.3")))).facts()
    assert (facts.addresses, facts.names) == (frozenset(), frozenset())


def test_of_a_san_without_end_not_all_is_kept() -> None:
    addresses = tuple(san_entry(f"10.0.{number // 256}.{number % 256}") for number in range(1500))
    names = tuple(san_entry(f"{number}.example.com") for number in range(1500))
    facts = Made(sans=(*addresses, *names)).facts()
    assert (len(facts.addresses), len(facts.names)) == (1000, 1000)


# What is no certificate


def with_bytes(old: bytes, new: bytes) -> bytes:
    """Return a certificate of which some bytes are replaced, in all places."""
    der = Made().der()
    assert old in der
    assert len(old) == len(new)
    return der.replace(old, new)


NETWORK = Made(sans=(x509.IPAddress(ip_network("192.0.2.0/24")),))
VERSION_3, VERSION_9 = bytes.fromhex("a003020102"), bytes.fromhex("a003020108")
P_256, NO_CURVE = bytes.fromhex("2a8648ce3d030107"), bytes.fromhex("2a8648ce3d03017f")
ECDSA, NO_KEY = bytes.fromhex("2a8648ce3d0201"), bytes.fromhex("2a8648ce3d027f")


def twice_the_same_extension() -> bytes:
    first, second = x509.ObjectIdentifier("1.2.3.4"), x509.ObjectIdentifier("1.2.3.5")
    builder = (
        x509.CertificateBuilder().subject_name(named("kea1")).issuer_name(named("ca")).public_key(KEY.public_key())
    )
    builder = builder.serial_number(1).not_valid_before(BEGIN).not_valid_after(END)
    for number in (first, second):
        builder = builder.add_extension(x509.UnrecognizedExtension(number, b"\x05\x00"), critical=False)
    der = builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.DER)
    return der.replace(bytes.fromhex("06032a0305"), bytes.fromhex("06032a0304"))


@pytest.mark.parametrize(
    "der",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x30\x03\x02\x01\x01", id="another structure"),
        pytest.param(Made().der()[:-1], id="cut off"),
        pytest.param(Made().der() + b"\x00", id="something behind"),
        pytest.param(NETWORK.der(), id="a network in the SAN"),
        pytest.param(with_bytes(VERSION_3, VERSION_9), id="an unknown version"),
        pytest.param(with_bytes(b"\x0c\x04kea1", b"\x0c\x04\xff\xff\xff\xff"), id="a name that is no text"),
        pytest.param(twice_the_same_extension(), id="an extension twice"),
    ],
)
def test_what_cannot_be_read_is_no_certificate(der: bytes) -> None:
    with pytest.raises(CertificateError):
        read_der(der)


@pytest.mark.parametrize(
    "der",
    [
        pytest.param(with_bytes(P_256, NO_CURVE), id="an unknown curve"),
        pytest.param(with_bytes(ECDSA, NO_KEY), id="an unknown kind of key"),
    ],
)
def test_a_key_that_is_not_known_hides_nothing_else(der: bytes) -> None:
    facts = read_der(der)
    assert (facts.key_type, facts.subject) == ("other", "CN=kea1")


def read_or_no_certificate(read: Callable[[bytes], Certificate], content: bytes) -> None:
    with suppress(CertificateError):
        assert read(content) is not None


# Not an error, but nothing that the exporter should do silently either: `cryptography` warns of odd serial numbers.
FORGIVING = pytest.mark.filterwarnings("ignore::UserWarning")
QUICK = settings(max_examples=200, deadline=None)
DER = Made(sans=(san_entry("192.0.2.1"), san_entry("2001:db8::1"), san_entry(NAME))).der()
PEM = ssl.DER_cert_to_PEM_cert(DER).encode()


@QUICK
@given(st.binary(max_size=200))
def test_any_bytes_are_a_certificate_or_none(content: bytes) -> None:
    read_or_no_certificate(read_der, content)
    read_or_no_certificate(read_pem, content)
    read_or_no_certificate(read_pem, ssl.DER_cert_to_PEM_cert(content).encode())


@FORGIVING
@QUICK
@given(place=st.integers(0, len(DER) - 1), put=st.binary(min_size=1, max_size=4))
@example(place=39, put=b"\0\0")
def test_changed_bytes_are_a_certificate_or_none(place: int, put: bytes) -> None:
    read_or_no_certificate(read_der, DER[:place] + put + DER[place + len(put) :])


@FORGIVING
@QUICK
@given(place=st.integers(0, len(PEM) - 1), put=st.binary(max_size=4))
def test_a_pem_file_with_any_bytes_in_any_place_is_a_certificate_or_none(place: int, put: bytes) -> None:
    read_or_no_certificate(read_pem, PEM[:place] + put + PEM[place + len(put) :])


# Which hosts are covered


@pytest.mark.parametrize(
    ("san", "host"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1", "::ffff:192.0.2.1"),
        ("192.0.2.1", "::FFFF:C000:0201"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("2001:db8::1", "2001:0DB8:0:0:0:0:0:1"),
        ("fe80::1", "fe80::1%eth0"),
        (NAME, NAME),
        (NAME, "KEA1.Example.COM"),
        ("KEA1.Example.COM", NAME),
        (NAME, f"{NAME}."),
        ("kea1", "kea1"),
        ("xn--bro-hoa.example.com", "büro.example.com"),
        ("xn--bro-hoa.example.com", "BÜRO.example.com"),
        ("XN--BRO-HOA.example.com", "xn--bro-hoa.example.com"),
        ("*.example.com", NAME),
        ("*.EXAMPLE.com", NAME),
        ("*.example.com", "büro.example.com"),
        ("*.example.com", f"{NAME}."),
        ("*.xn--bro-hoa.example", "kea1.büro.example"),
    ],
)
def test_a_host_is_covered_by_its_entry(san: str, host: str) -> None:
    assert with_san("198.51.100.1", "other.example.org", san).covers(host)


@pytest.mark.parametrize(
    ("san", "host"),
    [
        ("192.0.2.1", "192.0.2.10"),
        ("192.0.2.1", "::192.0.2.1"),
        ("2001:db8::1", "2001:db8::2"),
        (NAME, "kea2.example.com"),
        (NAME, "example.com"),
        (NAME, f"www.{NAME}"),
        (NAME, f"x{NAME}"),
        (NAME, "kea1"),
        (NAME, f"{NAME}.."),
        (NAME, f".{NAME}"),
        ("*.example.com", "example.com"),
        ("*.example.com", ".example.com"),
        ("*.example.com", f"www.{NAME}"),
        ("*.example.com", "kea1.example.org"),
        ("*.com", "example.com"),
        ("*", "kea1"),
        ("*.", "kea1"),
        ("*.com.", "example.com"),
        ("k*.example.com", NAME),
        ("*1.example.com", NAME),
        ("k*1.example.com", NAME),
        ("**.example.com", NAME),
        ("kea1.*.com", NAME),
        ("*.*.com", NAME),
        ("kea1.example.*", NAME),
        ("xn--*.example.com", "xn--bro-hoa.example.com"),
        ("*.2.1", "192.0.2.1"),
        ("*.0.2.1", "192.0.2.1"),
    ],
)
def test_a_host_is_not_covered_by_another_entry(san: str, host: str) -> None:
    assert not with_san(san).covers(host)


def test_an_address_as_a_name_covers_no_address() -> None:
    assert not Made(sans=(x509.DNSName("192.0.2.1"), x509.DNSName("2001:db8::1"))).facts().covers("192.0.2.1")


def test_a_common_name_never_counts() -> None:
    assert not Made(subject=NAME).facts().covers(NAME)
    assert not Made(subject="192.0.2.1").facts().covers("192.0.2.1")
    assert not Made(subject=NAME, sans=(san_entry("192.0.2.1"),)).facts().covers(NAME)


@pytest.mark.parametrize(
    "host", ["", ".", "..", "a..b", "büro..example.com", "x" * 64 + "ü", "\ud800", "*.example.com"]
)
def test_what_is_no_host_is_not_covered(host: str) -> None:
    assert not with_san(NAME, "192.0.2.1").covers(host)


@pytest.mark.parametrize("host", ["", "."])
def test_an_empty_name_covers_nothing(host: str) -> None:
    assert not Made(sans=(x509.DNSName(""), x509.DNSName("."))).facts().covers(host)


NAMES_AND_PATTERNS = st.lists(st.sampled_from(["*", "kea1", "KEA1", "example", "com", "", "ü"]), max_size=4)


@given(pattern=NAMES_AND_PATTERNS.map(".".join), host=NAMES_AND_PATTERNS.map(".".join))
def test_a_wildcard_stands_for_one_whole_label_of_at_least_three(pattern: str, host: str) -> None:
    facts = Made().facts()
    covered = Certificate(**{**vars(facts), "names": frozenset({pattern})}).covers(host)
    wanted, found = host.lower().split("."), pattern.lower().split(".")
    if covered:
        assert wanted[1:] == found[1:] or pattern.endswith(".") or host.endswith(".")
        assert "*" not in pattern or pattern.startswith("*.")
        assert "*" not in pattern or len(pattern.removesuffix(".").split(".")) >= 3


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::", "::"),
    ],
)
def test_a_text_may_be_an_address(text: str, address: str) -> None:
    assert parse_address(text) == ip_address(address)


@pytest.mark.parametrize(
    "text", ["", "kea1", "192.0.2", "192.0.2.1.", "192.0.2.256", "[::1]", "192.0.2.1/32", "0x7f.1"]
)
def test_another_text_is_a_name(text: str) -> None:
    assert parse_address(text) is None


# OpenSSL as an oracle

# X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH of x509_vfy.h.
NAME_MISMATCHES = {62, 64}


def openssl_accepts(authority: Authority, pair: Pair, host: str) -> bool:
    """Return whether a real handshake with *host* as the expected name succeeds."""
    client_context = ssl.create_default_context(cafile=authority.certificate)
    client_context.hostname_checks_common_name = False
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(pair.certificate, pair.key)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(back, there, server_hostname=host)
    server = server_context.wrap_bio(there, back, server_side=True)
    try:
        shakes_hands(client)
        shakes_hands(server)
        return shakes_hands(client)
    except ssl.SSLCertVerificationError as error:
        if error.verify_code not in NAME_MISMATCHES:
            raise
        return False


def shakes_hands(side: ssl.SSLObject) -> bool:
    """Return whether one side is done; raises where it does not accept the other."""
    try:
        side.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


SANS = {
    "nothing": (),
    "192.0.2.1": ("192.0.2.1",),
    "2001:db8::1": ("2001:db8::1",),
    "both": ("192.0.2.1", "2001:db8::1", NAME),
    "the name": (NAME,),
    "the name in capitals": ("KEA1.EXAMPLE.COM",),
    "a wildcard": ("*.example.com",),
    "a wildcard for .com": ("*.com",),
    "a wildcard below": ("*.kea1.example.com",),
    "a partial wildcard": ("k*.example.com",),
    "a wildcard in the middle": ("kea1.*.com",),
    "two wildcards": ("*.*.com",),
    "IDNA": ("xn--bro-hoa.example.com",),
}
HOSTS = (
    "192.0.2.1",
    "192.0.2.2",
    "2001:db8::1",
    "2001:db8:0:0::1",
    "2001:db8::2",
    NAME,
    "Kea1.Example.Com",
    "kea2.example.com",
    "example.com",
    f"www.{NAME}",
    "kea1",
    "büro.example.com",
    "xn--bro-hoa.example.com",
)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.mark.parametrize("hosts", SANS.values(), ids=SANS)
def test_openssl_accepts_exactly_what_is_covered(hosts: tuple[str, ...], authority: Authority) -> None:
    addresses = [host for host in hosts if parse_address(host)]
    pair = authority.issue(NAME, addresses, [host for host in hosts if host not in addresses])
    facts = read_pem(pair.certificate.read_bytes())
    accepted = {host for host in HOSTS if openssl_accepts(authority, pair, host)}
    assert accepted == {host for host in HOSTS if facts.covers(host)}


def test_openssl_accepts_something(authority: Authority) -> None:
    pair = authority.issue("kea2", ["192.0.2.1"], [NAME])
    assert openssl_accepts(authority, pair, "192.0.2.1")
    assert openssl_accepts(authority, pair, NAME)
    assert not openssl_accepts(authority, pair, "192.0.2.2")
