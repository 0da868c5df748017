"""Programs of others that read check reports: xmllint, jsonschema and negate, from Debian's packages."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

from lab.servers.debian import unpacked

JUNIT_SCHEMA = Path(__file__).with_name("junit-10.xsd")
PACKAGES = (
    "libxml2-utils",
    "libxml2",
    "libicu72",
    "monitoring-plugins-common",
    "python3-jsonschema",
    "python3-pyrsistent",
    "python3-attr",
)
VALIDATE = """
import json, sys
from jsonschema import Draft202012Validator
schema, document = json.load(sys.stdin)
Draft202012Validator.check_schema(schema)
for error in Draft202012Validator(schema).iter_errors(document):
    print(error.json_path, error.message)
"""


def _folder() -> Path:
    return unpacked("report-tools", *PACKAGES)


def junit_errors(document: str) -> str:
    """Return what xmllint finds wrong with a JUnit report, by the schema of Jenkins' xUnit plugin; empty if nothing."""
    libraries = _folder() / "usr/lib" / f"{platform.machine()}-linux-gnu"
    command = [str(_folder() / "usr/bin/xmllint"), "--noout", "--schema", str(JUNIT_SCHEMA), "-"]
    environment = {**os.environ, "LD_LIBRARY_PATH": str(libraries)}
    ended = subprocess.run(command, input=document, env=environment, capture_output=True, text=True, check=False)
    return "" if ended.returncode == 0 else ended.stderr


def schema_errors(schema: str, document: str) -> str:
    """Return what jsonschema finds wrong with a document or with its schema; empty if nothing."""
    environment = {**os.environ, "PYTHONPATH": str(_folder() / "usr/lib/python3/dist-packages")}
    command = [sys.executable, "-W", "ignore", "-c", VALIDATE]
    ended = subprocess.run(
        command, input=f"[{schema}, {document}]", env=environment, capture_output=True, text=True, check=False
    )
    return (ended.stdout + ended.stderr).strip()


def negate() -> str:
    """Return the path of the program that runs a monitoring plugin and changes its state."""
    return str(_folder() / "usr/lib/nagios/plugins/negate")
