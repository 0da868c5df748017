"""A release needs one change of the version: `make docs` writes it to every other place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kea_exporter import __version__
from tools import release

ROOT = Path(__file__).parent.parent.parent
NEXT = "97.98.99"
SECTION = f"## [Unreleased]\n\n## [{NEXT}] - 2027-01-02\n"
SHIPPED = (
    "*",
    *(f"{folder}/**/*" for folder in (".github", "completion", "debian", "deploy", "docs", "kea_exporter", "man")),
)
TEXTS = {"", ".1", ".css", ".html", ".json", ".md", ".py", ".service", ".toml", ".tpl", ".yaml", ".yml"}


def test_every_place_gets_the_next_version() -> None:
    for path, text in release.documents(NEXT, SECTION).items():
        assert NEXT in text, path
        if path != release.DEBIAN_CHANGELOG:
            assert not has_version(text), path
    for path, places in release.PLACES.items():
        text = (ROOT / path).read_text()
        assert all(f"{place}{__version__}" in text for place in places), path


def test_the_debian_package_gets_an_entry_with_the_day_of_the_release() -> None:
    text = release.documents(NEXT, SECTION)[release.DEBIAN_CHANGELOG]
    assert text.startswith(f"kea-exporter ({NEXT}) unstable; urgency=medium\n\n  * https://")
    assert (
        "\n\n -- kea-exporter maintainers <maintainers@kea-exporter.invalid>  Sat, 02 Jan 2027 00:00:00 +0000\n" in text
    )
    assert text.endswith((ROOT / release.DEBIAN_CHANGELOG).read_text())


def test_a_version_without_a_section_in_the_changelog_is_not_written() -> None:
    with pytest.raises(ValueError, match=r"CHANGELOG\.md has no section of 97\.98\.99"):
        release.documents(NEXT, f"## [{NEXT}]\n")


def test_no_other_file_has_the_version() -> None:
    places = {*release.PLACES, release.DEBIAN_CHANGELOG, release.CHANGELOG, "kea_exporter/__init__.py"}
    files = [path for pattern in SHIPPED for path in ROOT.glob(pattern) if path.is_file()]
    others = {path for path in files if str(path.relative_to(ROOT)) not in places and path.suffix in TEXTS}
    assert len(others) > 100
    assert [path for path in sorted(others) if has_version(path.read_text())] == []


def test_the_newest_released_section_is_that_of_the_version() -> None:
    released = re.findall(r"^## \[(\d.*)\]", (ROOT / release.CHANGELOG).read_text(), re.MULTILINE)
    assert released[:1] in ([], [__version__])


def has_version(text: str) -> bool:
    return re.search(rf"(?<![\d.]){re.escape(__version__)}(?![\d.])", text) is not None
