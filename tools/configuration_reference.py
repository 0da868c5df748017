"""Generated reference of both configuration files, from their schemas."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kea_exporter.config.schema import ConfigFile, Options
from kea_exporter.config.web_schema import WebConfigFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kea_exporter.config.schema import Section

    Schema = Mapping[str, Any]

ABOUT = """\
All keys of the two configuration files, in the order of the files. A **key in bold** is required. Passwords and
certificates are read on every use; relative paths start at the directory of the configuration file. An unusable file of
one server fails only the probes of that server (`local_file_unreadable`). `kea-exporter config check` lists all errors
with line numbers, and `kea-exporter config schema` prints the JSON schema for editors. `kea-exporter config example`
prints [config.example.yml](../config.example.yml), which has every option."""
INHERITED = "and all of [`defaults`](#defaults); the most specific value wins, whole sections at a time"
# Meanings that replace the descriptions of the schema, which are written for error messages.
MEANINGS = {
    "max_leases": "maximum number of leases that an audit reads",
    "page_size": "leases per page",
    "password": "the password in clear text; better: password_file",
    "series_limit": "of the subnets of one daemon, and of its pools",
    "statistics": "which counters; [what each costs Kea](commands.md)",
    "min_version": "lowest TLS version",
    "max_version": "highest TLS version",
}
SECTIONS = {"DaemonEntry": "dhcp4, dhcp6, d2", "Subnets": "include, exclude"}


def reference() -> str:
    """Return the reference as Markdown, below a heading of its own."""
    web = "The file of `--web.config.file`; [its use and unsupported keys](web-configuration.md)."
    parts = ["# Configuration", "", ABOUT, "", *_file(ConfigFile), "", "## The web configuration file", "", web, ""]
    return "\n".join([*parts, *_file(WebConfigFile), ""])


def _file(root: type[Section]) -> Iterator[str]:
    schema = root.model_json_schema()
    yield from _table(schema)
    written: set[str] = set()
    for key, name in _references(schema, schema["$defs"]):
        if name not in written:
            written.add(name)
            yield from ("", f"## {SECTIONS.get(name, key)}", "", schema["$defs"][name]["description"], "")
            yield from _table(schema["$defs"][name])


def _references(schema: Schema, definitions: Schema) -> Iterator[tuple[str, str]]:
    """Yield the sections below one, each after the key under which it stands, in the order of the file."""
    for key, field in schema["properties"].items():
        if name := _section(field):
            yield key, name
            yield from _references(definitions[name], definitions)


def _table(schema: Schema) -> Iterable[str]:
    own = schema["properties"]
    is_special = schema["title"] != Options.__name__ and Options.model_fields.keys() <= own.keys()
    shown = [key for key in own if not (is_special and key in Options.model_fields) and not _is_refused(own[key])]
    required = set(schema.get("required", ()))
    yield "| key | what it is | default | example |"
    yield "|---|---|---|---|"
    yield from (_row(key, own[key], is_required=key in required) for key in shown)
    if is_special:
        yield f"| … | {INHERITED} | | |"


def _row(key: str, field: Schema, *, is_required: bool) -> str:
    name = f"**`{key}`**" if is_required else f"`{key}`"
    example = _code(field["examples"][0]) if "examples" in field else ""
    return f"| {name} | {_about(key, field)} | {_default(field)} | {example} |"


def _about(key: str, field: Schema) -> str:
    if name := _section(field):
        link = "dhcp4-dhcp6-d2" if name == "DaemonEntry" else "include-exclude" if name == "Subnets" else key
        about = {"array": f"a list of [sections](#{link})", "object": f"[sections](#{link}) by names of your own"}
        return about.get(field.get("type", ""), f"a [section](#{link})") + _remark(field)
    choices = _choices(field)
    values = ": " + ", ".join(map(_code, choices)) if choices and choices[0] not in field["description"] else ""
    meaning = f"{MEANINGS[key]}: " if key in MEANINGS else ""
    return f"{meaning}{field['description']}{values}"


def _remark(field: Schema) -> str:
    return f": {field['description']}" if "description" in field else ""


def _default(field: Schema) -> str:
    value = field.get("default")
    if value is None or _section(field) or value in ([], {}):
        return ""
    if isinstance(value, int | float) and field.get("type") == "string":  # in seconds or bytes: as one would write it
        return _code(field["examples"][0])
    return _code(value if isinstance(value, str) else json.dumps(value))


def _choices(field: Schema) -> list[str]:
    found = next((branch for branch in _branches(field) if "enum" in branch), {})
    return list(found.get("enum", ()))


def _section(field: Schema) -> str | None:
    """Return the name of the section that a key holds, alone, in a list or by names."""
    found = next((branch["$ref"] for branch in _branches(field) if "$ref" in branch), None)
    return found.rpartition("/")[2] if found else None


def _branches(field: Schema) -> Iterator[Schema]:
    for branch in (field, *field.get("anyOf", ())):
        yield branch
        yield from (branch[key] for key in ("items", "additionalProperties") if isinstance(branch.get(key), dict))


def _is_refused(field: Schema) -> bool:
    return field.get("type") == "null"


def _code(text: str) -> str:
    return f"`{text}`"
