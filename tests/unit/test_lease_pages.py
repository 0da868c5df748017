"""Pages of leases, and what a lease audit finds in them."""

from __future__ import annotations

from ipaddress import ip_address
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from kea_exporter.facts.leases import LeaseAudit, Misplaced
from kea_exporter.kea.lease_pages import AuditTally, Lease, read_lease_page
from kea_exporter.kea.protocol import Answer, decode
from kea_exporter.kea.reading import MalformedAnswerError
from tests.support.answers import CANARY, said

if TYPE_CHECKING:
    from collections.abc import Mapping

ONE = {1: "192.0.2.0/24"}
ONE_OF_SIX = {1: "2001:db8:1::/64"}


def lease4(address: str = "192.0.2.10", subnet_id: int = 1, **others: object) -> dict[str, object]:
    """Return a lease as lease4-get-page shows it, with what must not be kept."""
    return {
        "client-id": CANARY,
        "cltt": 1795450000,
        "fqdn-fwd": False,
        "fqdn-rev": False,
        "hostname": CANARY,
        "hw-address": "08:00:2b:02:3f:4e",
        "ip-address": address,
        "pool-id": 0,
        "state": 0,
        "subnet-id": subnet_id,
        "user-context": {"secret": CANARY},
        "valid-lft": 3600,
        **others,
    }


def lease6(address: str = "2001:db8:1::10", subnet_id: int = 1, **others: object) -> dict[str, object]:
    """Return a lease as lease6-get-page shows it."""
    return {**lease4(address, subnet_id), "duid": "42:42", "iaid": 7, "type": "IA_NA", **others}


def page(*leases: object) -> Answer:
    return said({"count": len(leases), "leases": list(leases)}, f"{len(leases)} IPv4 lease(s) found.")


def audit(*leases: object, subnets: Mapping[int, str] = MappingProxyType(ONE)) -> LeaseAudit:
    """Return what an audit finds that gets each lease on a page of its own."""
    tally = AuditTally(subnets)
    for lease in leases:
        tally.add(read_lease_page(page(lease)))
    return tally.result(1_800_000_000.0, is_complete=True)


def test_of_a_lease_only_address_subnet_state_and_type_are_kept() -> None:
    prefix = lease6("2001:db8:ff::", 2, type="IA_PD", state=1)
    assert read_lease_page(page(lease4(), prefix)) == (
        Lease(ip_address("192.0.2.10"), subnet_id=1, state=0, is_prefix=False),
        Lease(ip_address("2001:db8:ff::"), subnet_id=2, state=1, is_prefix=True),
    )


@pytest.mark.parametrize("body", [b'[{"result": 3, "text": "0 IPv4 lease(s) found."}]', b'{"result": 3}'])
def test_after_the_last_page_there_are_no_leases(body: bytes) -> None:
    assert read_lease_page(decode(body)) == ()
    assert read_lease_page(page()) == ()


def test_a_lease_without_state_is_in_use() -> None:
    [lease] = read_lease_page(page({"ip-address": "192.0.2.10", "subnet-id": 1}))
    assert lease.state == 0


@pytest.mark.parametrize(
    "leases",
    [
        None,
        {},
        "192.0.2.10",
        [None],
        ["192.0.2.10"],
        [{}],
        [{"ip-address": "192.0.2.10"}],
        [{"subnet-id": 1}],
        [{**lease4(), "ip-address": 1}],
        [{**lease4(), "ip-address": None}],
        [lease4(CANARY)],
        [{**lease4(), "subnet-id": "1"}],
        [{**lease4(), "subnet-id": True}],
        [lease4(state="0")],
        [lease4(state=None)],
    ],
)
def test_leases_of_another_shape_are_malformed(leases: object) -> None:
    with pytest.raises(MalformedAnswerError):
        read_lease_page(said({"leases": leases}))


def test_success_without_leases_does_not_mean_no_leases() -> None:
    with pytest.raises(MalformedAnswerError):
        read_lease_page(said(None))


def test_an_audit_without_leases_finds_nothing() -> None:
    nothing = Misplaced({}, ())
    assert audit() == LeaseAudit(1_800_000_000.0, 0, True, ONE, nothing, nothing)  # noqa: FBT003


def test_leases_in_their_subnets_are_not_misplaced() -> None:
    found = audit(lease4("192.0.2.0"), lease4("192.0.2.255", state=1))
    assert (found.leases, found.orphaned.total, found.outside.total) == (2, 0, 0)
    six = audit(lease6("2001:db8:1::"), lease6("2001:db8:1::ffff:ffff:ffff:ffff"), subnets=ONE_OF_SIX)
    assert (six.leases, six.orphaned.total, six.outside.total) == (2, 0, 0)


def test_a_lease_of_a_subnet_that_is_not_configured_is_orphaned() -> None:
    found = audit(lease4("198.51.100.10", 9), lease4("10.0.0.1", 7), lease4("10.0.0.2", 7, state=1), lease4())
    assert found.orphaned == Misplaced({7: 2, 9: 1}, ("198.51.100.10", "10.0.0.1", "10.0.0.2"))
    assert list(found.orphaned.in_no_subnet) == [7, 9]
    assert found.outside.total == 0
    assert found.leases == 4


RENUMBERED = {1: "10.0.0.0/8", 2: "10.0.2.0/24", 3: "10.0.3.0/24"}


def test_leases_in_a_subnet_that_has_another_id_are_told_apart() -> None:
    """The narrowest subnet counts that contains the address (kea-facts: renumbering after a subnet was removed)."""
    leases = (lease4("10.0.2.9", 9), lease4("10.0.2.8", 3), lease4("10.0.3.1", 2), lease4("192.0.2.1", 8))
    found = audit(*leases, subnets=RENUMBERED)
    assert found.orphaned == Misplaced({8: 1}, ("192.0.2.1",), moved={(9, 2): 1})
    assert found.outside == Misplaced({}, (), moved={(2, 3): 1, (3, 2): 1})
    assert (found.orphaned.under_another_id, found.outside.total) == (1, 2)


@pytest.mark.parametrize("kind", ["IA_NA", "IA_PD"])
def test_addresses_and_prefixes_of_dhcpv6_are_orphaned_alike(kind: str) -> None:
    found = audit(lease6("2001:db8:9::1", 9, type=kind), subnets=ONE_OF_SIX)
    assert found.orphaned == Misplaced({9: 1}, ("2001:db8:9::1",))


def test_a_lease_that_does_not_lie_in_its_subnet_is_outside() -> None:
    found = audit(lease4("192.0.1.255"), lease4("192.0.3.0", state=1), lease4())
    assert found.outside == Misplaced({1: 2}, ("192.0.1.255", "192.0.3.0"))
    assert found.orphaned.total == 0
    six = audit(lease6("2001:db8:2::1"), lease6(), subnets=ONE_OF_SIX)
    assert six.outside == Misplaced({1: 1}, ("2001:db8:2::1",))


def test_a_lease_of_the_other_protocol_is_outside() -> None:
    assert audit(lease6("::ffff:192.0.2.10")).outside.total == 1


@pytest.mark.parametrize("prefix", ["2001:db8:1::/64", "::/16"])
def test_a_lease_is_in_no_subnet_of_the_other_protocol(prefix: str) -> None:
    """Found by fuzzing: a prefix longer than the address ended the audit; one of the same bits contained it."""
    assert audit(lease4("0.0.0.1", 9), subnets={1: prefix}).orphaned == Misplaced({9: 1}, ("0.0.0.1",))


def test_a_subnet_may_be_written_with_the_address_of_a_host() -> None:
    assert audit(lease4(), subnets={1: "192.0.2.1/24"}).outside.total == 0


@pytest.mark.parametrize("prefix", ["", "office", "192.0.2.0/33"])
def test_a_subnet_whose_prefix_cannot_be_read_is_not_compared(prefix: str) -> None:
    found = audit(lease4("10.0.0.1"), subnets={1: prefix})
    assert (found.outside.total, found.orphaned.total) == (0, 0)


def test_a_delegated_prefix_need_not_lie_in_its_subnet() -> None:
    assert audit(lease6("2001:db8:ff00::", type="IA_PD"), subnets=ONE_OF_SIX).outside.total == 0


def test_a_reclaimed_lease_is_looked_at_and_not_counted() -> None:
    found = audit(lease4("10.0.0.1", state=2), lease4("192.0.2.1", 9, state=2))
    assert (found.leases, found.outside.total, found.orphaned.total) == (2, 0, 0)


@pytest.mark.parametrize("address", ["", "192.0.2", "192.0.2.256", "kea1", "192.0.2.1\nall is well", "192.0.2.0/24"])
def test_an_address_that_is_none_is_malformed_and_not_repeated(address: str) -> None:
    with pytest.raises(MalformedAnswerError) as error:
        read_lease_page(page(lease4(), lease4(address)))
    assert str(error.value) == "'ip-address' is not an address"


def test_only_a_few_addresses_are_kept_as_examples() -> None:
    orphans = [lease4(f"10.0.0.{number}", 9) for number in range(1, 101)]
    outside = [lease4(f"10.0.1.{number}") for number in range(1, 101)]
    found = audit(*orphans, *outside)
    first_five = range(1, 6)
    assert found.orphaned == Misplaced({9: 100}, tuple(f"10.0.0.{number}" for number in first_five))
    assert found.outside == Misplaced({1: 100}, tuple(f"10.0.1.{number}" for number in first_five))


def test_of_many_subnets_not_all_are_kept_but_all_leases_are_counted() -> None:
    found = audit(*(lease4("10.0.0.1", number) for number in range(2, 2002))).orphaned
    assert len(found.in_no_subnet) <= 1001
    assert found.total == 2000


def of_moved(count: int) -> tuple[dict[int, str], list[dict[str, object]]]:
    """Return subnets, and one lease in each of them that carries another id."""
    addresses = {number: f"10.{number >> 8}.{number & 255}." for number in range(count)}
    subnets = {number: f"{address}0/24" for number, address in addresses.items()}
    return subnets, [lease4(f"{address}9", 100_000 + number) for number, address in addresses.items()]


def test_further_leases_of_renumbered_subnets_are_in_a_subnet() -> None:
    """Of 1,200 renumbered subnets the leases of 200 were reported as those of deleted subnets."""
    subnets, leases = of_moved(1200)
    found = audit(*leases, subnets=subnets).orphaned
    assert (len(found.moved), found.others_moved, found.under_another_id) == (1000, 200, 1200)
    assert (found.in_no_subnet, found.examples, found.others, found.total) == ({}, (), 0, 1200)


def test_leases_in_no_subnet_beside_a_full_list_of_renumbered_ones() -> None:
    subnets, leases = of_moved(1001)
    found = audit(lease4("192.0.2.9", 99_999), *leases, subnets=subnets).orphaned
    assert (found.in_no_subnet, found.examples, found.others_moved) == ({}, (), 2)


def test_a_delegated_prefix_of_a_renumbered_subnet_is_counted_as_moved() -> None:
    prefixes = [lease6(f"2001:db8:ff:{number}::", number, type="IA_PD") for number in (9, 9, 7)]
    for leases in ([*prefixes, lease6(subnet_id=9)], [lease6(subnet_id=9), *prefixes]):
        found = audit(*leases, subnets=ONE_OF_SIX).orphaned
        assert found == Misplaced({7: 1}, ("2001:db8:ff:7::",), moved={(9, 1): 1}, others_moved=2)


def test_ids_that_are_not_listed_may_be_those_of_renumbered_subnets() -> None:
    deleted = [lease4("192.0.2.200", number) for number in range(2000, 3100)]
    found = audit(*deleted, lease4("10.0.0.9", 3099), subnets={1: "10.0.0.0/24"}).orphaned
    assert (len(found.in_no_subnet), found.others, found.others_moved, found.total) == (1000, 0, 100, 1101)


def test_an_audit_keeps_the_subnets_that_it_compared_with() -> None:
    subnets = dict(ONE)
    tally = AuditTally(subnets)
    subnets[2] = "198.51.100.0/24"
    found = tally.result(1.0, is_complete=False)
    assert (found.subnets, found.is_complete, found.finished_at) == (ONE, False, 1.0)


def test_no_secret_of_a_lease_is_kept() -> None:
    assert CANARY not in repr(read_lease_page(page(lease4(), lease6())))
    assert CANARY not in repr(audit(lease4("10.0.0.1"), lease4("10.0.0.1", 9)))
