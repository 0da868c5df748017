"""Families about what HA partners must configure alike, for rules that compare the two servers of a pair."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import known
from kea_exporter.facts.pairs import FORM_VERSION, PARTS
from kea_exporter.metrics.model import Sample, per_daemon
from kea_exporter.metrics.subnets import max_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kea_exporter.facts.pairs import PairConfiguration
    from kea_exporter.requirements import Report

# Hashes have 48 bits: a float holds them exactly.
MODULUS = 2**48


def _by_pair(report: Report) -> dict[str, list[PairConfiguration]]:
    """Return what is known of each pair; a faulty configuration has several relationships of one."""
    found: dict[str, list[PairConfiguration]] = {}
    for entry in known(report.snapshot.configuration).pair_configurations:
        found.setdefault(entry.pair, []).append(entry)
    return found


def _hashes(report: Report) -> Iterator[Sample]:
    for pair, entries in _by_pair(report).items():
        for part in PARTS:
            yield Sample((pair, part), sum(entry.hashes[part] for entry in entries) % MODULUS)


def _version(report: Report) -> Iterator[Sample]:
    if known(report.snapshot.configuration).pair_configurations:
        yield Sample((FORM_VERSION,), 1)


def _subnets(report: Report) -> Iterator[Sample]:
    if report.snapshot.has_relationship_series:
        for pair, entries in _by_pair(report).items():
            yield Sample((pair,), sum(len(entry.ids) for entry in entries))


def _subnets_of_hub(report: Report) -> Iterator[Sample]:
    entries = known(report.snapshot.configuration).pair_configurations
    if len(entries) > 1 and report.snapshot.has_relationship_series:
        series = known(report.snapshot.subnet_series)
        pairs = {number: entry.pair for entry in entries for number in entry.ids}
        shown = zip(series.shown.ids, series.shown.rows, strict=True)
        for number, (subnet_id, subnet, _) in islice(shown, max_rows(series.limit, series.counts)):
            if number in pairs:
                yield Sample((subnet_id, subnet, pairs[number]), 1)


FAMILIES = (
    per_daemon(
        "kea_config_hash",
        "Hash of a part of the configuration that HA partners must share; pair as in kea_ha_info, empty without HA.",
        _hashes,
        ("pair", "part"),
        source="config-get",
    ),
    per_daemon(
        "kea_config_hash_info",
        "Version of the canonical form that kea_config_hash is of; hashes of different versions differ; always 1.",
        _version,
        ("version",),
        source="the exporter",
    ),
    per_daemon(
        "kea_ha_subnets",
        "Subnets of the pair, in the configuration that kea_config_hash is of; pair is empty without HA.",
        _subnets,
        ("pair",),
        source="config-get",
    ),
    per_daemon(
        "kea_ha_subnet_info",
        "Pair of the subnet by its ha-server-name; only on servers with several relationships; always 1.",
        _subnets_of_hub,
        ("subnet_id", "subnet", "pair"),
        source="config-get",
    ),
)
