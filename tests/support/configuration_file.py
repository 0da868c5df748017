"""A configuration file of the exporter, read; and its errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kea_exporter.config import ConfigError, Settings, load

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

SERVER = """\
servers:
- name: a
  dhcp4:
    url: http://127.0.0.1:8000
"""


def read(folder: Path, text: str | bytes, requirements: Collection[str] | None = None) -> Settings:
    path = folder / "config.yml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(path, requirements)


def error_of(folder: Path, text: str | bytes) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        read(folder, text)
    return caught.value


def mistakes_in(folder: Path, text: str | bytes) -> list[str]:
    return str(error_of(folder, text)).splitlines()


def assert_each_begins(found: list[str], expected: list[str]) -> None:
    assert len(found) == len(expected), found
    for line, beginning in zip(found, expected, strict=True):
        assert line.startswith(beginning)
