"""The documentation is whole: generated files are as the code says, pages are in the navigation, examples are read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from kea_exporter.catalogue import documents
from kea_exporter.config.reference import MEANINGS, reference
from kea_exporter.config.schema import ConfigFile
from kea_exporter.config.web_schema import WebConfigFile
from kea_exporter.facts.failure import Reason, Stage
from lab import manual, migration
from lab.site import expanded

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
GENERATED = {**documents(), **manual.documents(), **migration.documents()}


@pytest.mark.parametrize("path", GENERATED)
def test_a_generated_file_is_as_the_code_says(path: str) -> None:
    assert (ROOT / path).read_text() == GENERATED[path], "run `make docs`"
