"""The text of a configuration file, and of a web configuration file."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from kea_exporter.config import ConfigError, load
from kea_exporter.config.web import load_web
from kea_exporter.requirements import REQUIREMENTS
from tests.support.odd_configurations import WEB_YAML, YAML

if TYPE_CHECKING:
    from collections.abc import Iterator

PATH = Path(tempfile.mkdtemp()) / "config.yml"
IDS = tuple(requirement.id for requirement in REQUIREMENTS)


def seeds() -> Iterator[bytes]:
    yield YAML
    yield WEB_YAML
    yield b"servers: [{name: a, dhcp4: {url: http://127.0.0.1:8000}}]"
    yield b"defaults: &a {timeout: 5s}\nservers:\n- {name: a, <<: *a, d2: {url: unix:///a}}\n"


def test(data: bytes) -> None:
    PATH.write_bytes(data)
    with suppress(ConfigError):
        load(PATH, IDS)
    with suppress(ConfigError):
        load_web(PATH)
