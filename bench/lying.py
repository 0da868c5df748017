"""Memory and time that lying daemons cost at the default `body_size_limit`: they send 32 MiB of small JSON values."""

from __future__ import annotations

import re
import time
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

from bench.exporters import ours
from bench.table import Row
from tests.support.hostile_peers import answering
from tests.support.hostile_table import DENSE, PARSED, READ
from tests.support.peers import SimulatedKea, peer
from tests.support.recordings import recorded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MAX_PEAK_OF_ONE, MAX_PEAK_OF_FOUR = 300, 500
SCRAPES = 3
# Of a sound server beside them that answers each command after 50 ms; its timeout.
DELAY_SECONDS, TIMEOUT_SECONDS = 0.05, 5
LYING_COMMANDS = ("config-get", "statistic-get-all")
# Refused while its values are counted; and the densest that are parsed.
LIES = ("nested lists", "as many lists as are parsed", "as many texts as are parsed", "as many samples as are parsed")


def lying_daemons(folder: Path) -> list[Row]:
    """Return the peak of the exporter beside each lying daemon, and beside all of them at once."""
    rows = [Row(f"one lying daemon, {lie}: peak, MiB", _measured(folder, [lie])[0], 0, MAX_PEAK_OF_ONE) for lie in LIES]
    peak, up = _measured(folder, LIES)
    return [
        *rows,
        Row("four lying daemons: peak, MiB", peak, 0, MAX_PEAK_OF_FOUR),
        Row("four lying daemons: a sound server is not up, of 3 scrapes", SCRAPES - up, 0, 0),
    ]


def _measured(folder: Path, lies: Sequence[str]) -> tuple[float, int]:
    """Return the peak, and in how many scrapes the sound server beside the lying ones was up."""
    bodies = {**DENSE, **PARSED, **READ}
    with ExitStack() as stack:
        sound = {name: partial(_late, answer) for name, answer in recorded("kea-3.2.0", "dhcp4").items()}
        urls = [stack.enter_context(SimulatedKea(sound)).url]
        for lie in lies:
            body = bodies[lie]()
            port = stack.enter_context(peer(answering(dict.fromkeys(LYING_COMMANDS, body))))
            urls.append(f"http://127.0.0.1:{port}")
        options = {"timeout": f"{TIMEOUT_SECONDS}s", "collect": {"statistics": "all", "pools": True}}
        exporter = stack.enter_context(ours(folder, urls, **options))
        pages = [exporter.scraper.scrape("identity", 60).page for _ in range(SCRAPES)]
        up = sum(re.search(r'^kea_up\{.*server="bench-0".*\} 1', page, re.MULTILINE) is not None for page in pages)
        return exporter.peak_mebibytes(), up


def _late(answer: dict[str, Any], _: dict[str, Any]) -> dict[str, Any]:
    time.sleep(DELAY_SECONDS)
    return answer
