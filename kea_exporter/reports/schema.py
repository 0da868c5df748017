"""The JSON schema of the check report (`kea-exporter check --schema`)."""

from __future__ import annotations

from typing import Any

from kea_exporter.facts.failure import Reason, Stage
from kea_exporter.facts.snapshot import Daemon
from kea_exporter.reports.json_document import JSON_SHAPE_VERSION, MAX_SUBNETS, STATUSES
from kea_exporter.requirements import Severity, Status
from kea_exporter.requirements.model import MAX_SHOWN

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
COUNT: Schema = {"type": "integer", "minimum": 0}
SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}


def report_schema() -> Schema:
    """Return the schema of the JSON report; further keys may be added, therefore unknown ones are allowed."""
    document = _keys(
        version={"const": JSON_SHAPE_VERSION},
        exporter_version=TEXT,
        status={"enum": [*STATUSES.values()]},
        exit_code={"enum": [*STATUSES]},
        profile=TEXT_OR_NULL,
        daemons={"type": "array", "items": _daemon()},
        pairs={"type": "array", "items": _pair()},
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Report of kea-exporter check",
        **document,
    }


def _keys(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": [*properties]}


def _daemon() -> Schema:
    return _keys(
        server=TEXT,
        daemon={"enum": [*map(str, Daemon)]},
        url=TEXT,
        kea_version=TEXT_OR_NULL,
        profile=TEXT,
        taken_at={"type": "number"},
        fullest_subnets={"type": "array", "maxItems": 2 * MAX_SUBNETS, "items": _subnet()},
        fragment=TEXT_OR_NULL,
        requirements={"type": "array", "items": _requirement()},
    )


def _pair() -> Schema:
    side = _keys(server=TEXT, server_name=TEXT, role=TEXT_OR_NULL, state=TEXT_OR_NULL)
    unknown = _keys(server_name=TEXT, role=TEXT_OR_NULL, evidence=TEXT)
    return _keys(
        pair=TEXT,
        daemon={"enum": [*map(str, Daemon)]},
        mode=TEXT_OR_NULL,
        servers={"type": "array", "minItems": 1, "items": side},
        unknown_servers={"type": "array", "items": unknown},
        profile=TEXT,
        requirements={"type": "array", "items": _requirement()},
    )


def _subnet() -> Schema:
    return _keys(
        subnet_id=COUNT,
        subnet=TEXT_OR_NULL,
        shared_network=TEXT_OR_NULL,
        kind={"enum": ["address", "prefix"]},
        capacity=COUNT,
        assigned=COUNT,
        utilisation=SHARE,
        utilisation_with_reserved=SHARE,
    )


def _requirement() -> Schema:
    failure = _keys(stage={"enum": [*map(str, Stage)]}, reason={"enum": [*map(str, Reason)]})
    return _keys(
        id=TEXT,
        severity={"enum": [*map(str, Severity)]},
        status={"enum": [*map(str, Status)]},
        title=TEXT,
        evidence=TEXT,
        cause=TEXT_OR_NULL,
        remedy=TEXT_OR_NULL,
        example=TEXT_OR_NULL,
        problems={"type": "array", "items": _problem()},
        failure={"anyOf": [failure, {"type": "null"}]},
        notes={"type": "array", "items": TEXT},
    )


def _problem() -> Schema:
    return _keys(
        cause=TEXT,
        title=TEXT,
        count=COUNT,
        evidence={"type": "array", "maxItems": MAX_SHOWN, "items": TEXT},
        remedy=TEXT,
        example=TEXT_OR_NULL,
    )
