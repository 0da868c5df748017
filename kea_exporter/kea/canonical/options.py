"""DHCP options in one spelling (Kea ARM, "Standard DHCPv4 Options")."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kea_exporter.kea.canonical.values import REMARKS, address_or_text, bare_hex, grouped, guards
from kea_exporter.kea.reading import as_list, as_map, as_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kea_exporter.kea.canonical.values import Items

OPTION_DATA = "option-data"
# Names of DNS, which case does not matter in, by space and code.
DNS_NAMES = {("dhcp4", 15), ("dhcp4", 119), ("dhcp6", 21), ("dhcp6", 24), ("dhcp6", 64)}
COMMA = re.compile(r"(?<!\\),")
IGNORED = REMARKS | {"code", "name", "space", "data", "csv-format", "always-send", "never-send", "client-classes"}


def options(holder: Mapping[str, Any], space: str, prefix: str = "") -> Items:
    """Return the options of a subnet, pool or another holder, by space and code.

    Args:
        holder: its map.
        space: the one of options without any, `dhcp4` or `dhcp6`.
        prefix: of the labels.
    """
    values = as_list(holder.get(OPTION_DATA) or [], OPTION_DATA)
    return grouped(_labelled(values, space, prefix)) if values else {}


def _labelled(values: list[Any], default_space: str, prefix: str) -> Iterator[tuple[str, object]]:
    for value in values:
        entry = as_map(value, OPTION_DATA)
        space = as_text(entry.get("space") or default_space, "space")
        # config-get has the code and the name of every option. A file may have the name alone, which stands as it is:
        # there is no table of the names of standard options here.
        code = entry.get("code")
        yield f"{prefix}{space}:{entry.get('name') if code is None else code}", _option(entry, space, code)


def _option(entry: Mapping[str, Any], space: str, code: object) -> dict[str, Any]:
    data = as_text(entry.get("data") or "", "data")
    found: dict[str, Any] = {}
    if entry.get("csv-format", True):
        is_name = isinstance(code, int) and (space, code) in DNS_NAMES
        words = [address_or_text(word.strip()) for word in COMMA.split(data)] if data else []
        found["data"] = [word.lower().removesuffix(".") for word in words] if is_name else words
    else:
        found["hex"] = bare_hex(data)
    for key in ("always-send", "never-send"):
        if entry.get(key):
            found[key] = True
    found |= guards(entry)
    if not entry.keys() <= IGNORED:
        found |= {key: entry[key] for key in entry.keys() - IGNORED}
    return found
