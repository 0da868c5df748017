"""Requirements on host reservations of the configuration."""

from __future__ import annotations

from kea_exporter.requirements.configuration.judged import reviewed
from kea_exporter.requirements.model import Cause, Severity

REQUIREMENTS = (
    reviewed(
        "reservations-are-unique",
        Severity.RECOMMENDED,
        "An address must be reserved for one host only",
        short="unique",
        rule="no address is reserved for several hosts of one subnet.",
        arm="Multiple Reservations for the Same IP",
        causes=(
            Cause(
                "duplicate_address",
                "An address is reserved for several hosts",
                "Remove all reservations of the address but one: only one host gets it at a time.",
            ),
        ),
    ),
    reviewed(
        "reservations-apply",
        Severity.RECOMMENDED,
        "Kea must be configured to use every reservation",
        short="in use",
        rule="the reservations-… flags, host-reservation-identifiers and pools let Kea use every reservation.",
        arm="Fine-Tuning DHCPv4 Host Reservation",
        causes=(
            Cause(
                "in_pool",
                "A reserved address lies in a pool that Kea takes for free of reservations",
                "Set reservations-out-of-pool to false, or move the address out of the pools. Until then Kea leases "
                "it to "
                "other clients.",
                '"reservations-out-of-pool": false',
            ),
            Cause(
                "outside_subnet",
                "A reserved address lies outside its subnet",
                "Correct the address, or move the reservation to the subnet of the address.",
            ),
            Cause(
                "subnet_disabled",
                "Kea ignores the reservations of a subnet",
                "Set reservations-in-subnet to true.",
                '"reservations-in-subnet": true',
            ),
            Cause(
                "global_disabled",
                "Kea ignores the global reservations",
                "Set reservations-global to true, or move the reservations to their subnets.",
                '"reservations-global": true',
            ),
            Cause(
                "identifier_unused",
                "Kea does not look for reservations by this identifier",
                "Add the identifier to host-reservation-identifiers.",
                '"host-reservation-identifiers": ["hw-address", "duid", "client-id"]',
            ),
            Cause(
                "flex_id_missing",
                "Reservations use flex-id without its hook library",
                "Add libdhcp_flex_id.so with its identifier-expression to hooks-libraries.",
            ),
        ),
    ),
    reviewed(
        "pools-are-not-fully-reserved",
        Severity.RECOMMENDED,
        "Pools must have addresses that are not reserved",
        short="not reserved",
        rule="the pools of every subnet contain an address without a reservation.",
        arm="Reserving an IPv4 Address for a Host",
        causes=(
            Cause(
                "all_reserved",
                "All addresses of the pools are reserved",
                "Enlarge the pool if other clients are to be served. Otherwise remove the pool and set "
                "reservations-out-of-pool to true.",
            ),
        ),
    ),
)
