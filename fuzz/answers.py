"""The bytes of one answer, through decoding and through every reader."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from fuzz.trees import mutated
from kea_exporter.facts.snapshot import Daemon, Version
from kea_exporter.kea.configuration import read_configuration
from kea_exporter.kea.large import check
from kea_exporter.kea.lease_pages import AuditTally, read_lease_page
from kea_exporter.kea.protocol import decode
from kea_exporter.kea.reading import MalformedAnswerError
from kea_exporter.kea.statistics import read_all
from kea_exporter.kea.status import read_commands, read_status, read_version
from kea_exporter.kea.subnets import read_stat_lease, read_subnets
from tests.support.recordings import RECORDED, recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kea_exporter.kea.protocol import Answer

__all__ = ["mutated", "seeds", "test"]

OLD, NEW = Version(2, 6, 3), Version(3, 2, 0)


def _tallied(answer: Answer) -> None:
    tally = AuditTally({1: "192.0.2.0/24"})
    tally.add(read_lease_page(answer))
    tally.result(0.0, is_complete=True)


READERS: tuple[Callable[[Answer], object], ...] = (
    read_version,
    read_commands,
    read_status,
    read_configuration,
    read_subnets,
    _tallied,
    *(partial(read_all, daemon=daemon) for daemon in Daemon),
    *(
        partial(read_stat_lease, daemon=daemon, version=version)
        for daemon in (Daemon.DHCP4, Daemon.DHCP6)
        for version in (OLD, NEW)
    ),
)


def seeds() -> Iterator[bytes]:
    for version, daemon in RECORDED:
        for answer in recorded(version, daemon).values():
            yield json.dumps(answer).encode()


def test(data: bytes) -> None:
    with suppress(MalformedAnswerError):
        check(data)
        answer = decode(data)
        for read in READERS:
            with suppress(MalformedAnswerError):
                read(answer)
