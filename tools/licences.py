"""What the exporter is made of, and under which licences: docs/licences.md.

Licences are those that the packages themselves declare, each as its SPDX expression.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LOCK = Path("requirements.lock")
DOCUMENT = "docs/licences.md"
LOCKED = re.compile(r"^([a-z0-9._-]+)==([^\s;]+)", re.MULTILINE)
# What may be distributed along with the exporter, on the terms that it has itself.
ALLOWED = {
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "PSF-2.0",
}
# Of packages that declare none by its SPDX name, as their licence files say.
READ = {"jinja2": "BSD-3-Clause"}
ADDRESSES = ("source", "source code", "repository", "code", "github", "homepage")
ABOUT = f"""\
# Licences

kea-exporter is under the Apache License 2.0 ([LICENSE](../LICENSE)). It depends on the packages below, in the versions
that `{LOCK}` and the image have; Debian's package takes Debian's own. Licences are those that the packages
declare, by their SPDX names. A test refuses any other than {", ".join(sorted(ALLOWED))}.

`make sbom` writes the same as a bill of materials (CycloneDX), and every release has it. This page is generated
(`make docs`).
"""


class LicenceError(Exception):
    """A package declares no licence, or is not installed in the version that is locked."""


@dataclass(frozen=True)
class Package:
    """A package that the exporter runs on."""

    name: str
    version: str
    licence: str
    address: str

    @property
    def is_allowed(self) -> bool:
        """Return whether it can be distributed along: all of its parts, each by one of its licences."""
        parts = re.split(r"\s+AND\s+", self.licence)
        return all(ALLOWED & set(re.split(r"\s+OR\s+", part.strip("()"))) for part in parts)


def documents() -> Mapping[str, str]:
    """Return the generated document by its path in the project."""
    rows = "".join(
        f"| [{package.name}]({package.address}) | {package.version} | {package.licence} |\n" for package in packages()
    )
    return {DOCUMENT: f"{ABOUT}\n| package | version | licence |\n|---|---|---|\n{rows}"}


def packages(lock: str | None = None) -> Iterator[Package]:
    """Yield the packages of a lock file, as they are installed here.

    Raises:
        LicenceError: one of them is not, or declares no licence.
    """
    for name, version in LOCKED.findall(LOCK.read_text() if lock is None else lock):
        installed = distribution(name)
        if installed.version != version:
            raise LicenceError(f"{name} {version} is locked, {installed.version} is installed: make .venv/.ready")
        yield Package(name, version, _licence(name, installed), _address(name, installed))


def _licence(name: str, installed: Distribution) -> str:
    found = _field(installed, "License-Expression") or _field(installed, "License") or READ.get(name)
    if not found or "\n" in found:
        raise LicenceError(f"{name} declares no licence by its SPDX name: read its licence file, and add it to READ")
    return found


def _address(name: str, installed: Distribution) -> str:
    """Return where its source is."""
    pairs = (entry.partition(", ") for entry in installed.metadata.get_all("Project-URL") or ())
    addresses = {label.lower(): address for label, _, address in pairs}
    found = next((addresses[address] for address in ADDRESSES if address in addresses), _field(installed, "Home-page"))
    if not found:
        raise LicenceError(f"{name} says nowhere where its source is")
    return found


def _field(installed: Distribution, name: str) -> str | None:
    found: list[str] | None = installed.metadata.get_all(name)
    return found[0] if found else None
