"""Whole conversations: a map of answers by command, through everything up to the pages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from fuzz.trees import mutated
from tests.support.conversations import assert_exported, assert_shown, conversation, settings_of
from tests.support.recordings import RECORDED, recorded

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["mutated", "seeds", "test"]

SETTINGS = {
    daemon: [settings_of(daemon), settings_of(daemon, statistics="all", pools=True)]
    for daemon in ("dhcp4", "dhcp6", "d2")
}


def seeds() -> Iterator[bytes]:
    for version, daemon in RECORDED:
        yield json.dumps({"daemon": daemon, "answers": recorded(version, daemon)}).encode()


def test(data: bytes) -> None:
    try:
        said = json.loads(data)
        answers = {name: json.dumps(answer).encode() for name, answer in said["answers"].items()}
        settings = SETTINGS[said["daemon"]]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return
    before = None
    for asked in (*settings, settings[0]):
        report = conversation(answers, asked, before)
        assert_exported(report)
        assert_shown(report)
        before = report.snapshot
