"""The version of the exporter in the files that cannot read it from `kea_exporter/__init__.py`."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from kea_exporter import __version__
from tools import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = re.compile(r"\d+\.\d+\.\d+")
IMAGE = "ghcr.io/kea-exporter/kea-exporter:"
# What stands in front of the version, by file.
PLACES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "compose.yaml": (IMAGE, "args: {VERSION: "),
        "deploy/helm/kea-exporter/Chart.yaml": ("\nversion: ", '\nappVersion: "'),
        "docs/check-report.md": ('"exporter_version": "',),
        "docs/installing/image.md": (IMAGE, "--build-arg VERSION="),
    }
)
CHANGELOG, DEBIAN_CHANGELOG = "CHANGELOG.md", "debian/changelog"
ENTRY = """\
kea-exporter ({version}) unstable; urgency=medium

  * https://github.com/kea-exporter/kea-exporter/blob/v{version}/CHANGELOG.md

 -- kea-exporter maintainers <maintainers@kea-exporter.invalid>  {time}

"""


def documents(version: str = __version__, changelog: str = "") -> Mapping[str, str]:
    """Return the files with a version in them.

    Args:
        version: of the exporter.
        changelog: what CHANGELOG.md has; empty for the file's own text.

    Raises:
        ValueError: CHANGELOG.md has no section of a version that is new in debian/changelog.
    """
    found = {path: _with_version((ROOT / path).read_text(), before, version) for path, before in PLACES.items()}
    changes = (ROOT / DEBIAN_CHANGELOG).read_text()
    if not changes.startswith(f"kea-exporter ({version}) "):
        time = format_datetime(_released(version, changelog or (ROOT / CHANGELOG).read_text()))
        changes = ENTRY.format(version=version, time=time) + changes
    return {**found, DEBIAN_CHANGELOG: changes}


def _with_version(text: str, places: tuple[str, ...], version: str) -> str:
    for place in places:
        text = re.sub(rf"({re.escape(place)}){VERSION.pattern}", rf"\g<1>{version}", text)
    return text


def _released(version: str, changelog: str) -> datetime:
    section = re.search(rf"^## \[{re.escape(version)}\] - (\d{{4}}-\d\d-\d\d)$", changelog, re.MULTILINE)
    if section is None:
        raise ValueError(f"{CHANGELOG} has no section of {version}, such as `## [{version}] - 2026-12-31`")
    return datetime.fromisoformat(section[1]).replace(tzinfo=UTC)
