"""Errors in a configuration, with the correction."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from kea_exporter.config import schema
from kea_exporter.config.profiles import BUILT_IN, MAX_DEPTH, hook_requirement
from kea_exporter.config.sections import field_at, keys_beside
from kea_exporter.config.values import DEFAULT_PROFILE, NAME_PATTERN, parse_socket_url
from kea_exporter.facts.snapshot import Daemon
from kea_exporter.text import printable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from pydantic import BaseModel
    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

Place = tuple[str | int, ...]
# Messages for the error types of pydantic.
MESSAGES = {
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
    "dict_type": "must be a mapping",
    "list_type": "must be a list",
    "too_short": "the list is empty; add at least one entry",
    "string_type": "must be text; put the value in quotes",
    "bool_type": "must be true or false",
}


@dataclass(frozen=True)
class FieldError:
    """One error in a configuration: its place, and the correction."""

    place: Place
    text: str
    line: int | None = None

    def __str__(self) -> str:
        """Return the error as one line, such as `line 7: servers[0].dhcp4.url: ...`."""
        line = f"line {self.line}: " if self.line else ""
        path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.place).lstrip(".")
        text = f"{line}{path}: {self.text}" if path else f"{line}{self.text}"
        return printable(text, len(text))


class ConfigError(Exception):
    """The configuration is invalid; `errors` has all errors."""

    def __init__(self, errors: tuple[FieldError, ...]) -> None:
        super().__init__("\n".join(map(str, errors)))
        self.errors = errors


def field_error(detail: ErrorDetails, root: type[BaseModel] = schema.ConfigFile) -> FieldError:
    """Return an error of pydantic with a readable message; the message never repeats a value.

    Args:
        detail: the error.
        root: the schema of the whole file.
    """
    # pydantic marks the key of a mapping
    place = tuple(step for step in detail["loc"] if step != "[key]")
    if detail["type"] == "extra_forbidden" and "basic_auth" in place and not _looks_like_a_key(place):
        # Without a space after the colon, the password is part of the key.
        return FieldError(place[:-1], f"unknown key; the keys are {', '.join(schema.BasicAuth.model_fields)}")
    return FieldError(place, _explain(detail, place, root))


def _looks_like_a_key(place: Place) -> bool:
    key = str(place[-1])
    return ":" not in key and bool(difflib.get_close_matches(key, schema.BasicAuth.model_fields, n=1, cutoff=0.8))


def _explain(detail: ErrorDetails, place: Place, root: type[BaseModel]) -> str:
    field = field_at(root, place)
    if detail["type"] == "extra_forbidden":
        close = difflib.get_close_matches(str(place[-1]).lower(), keys_beside(root, place), n=1)
        return f"unknown key; did you mean '{close[0]}'?" if close else "unknown key; remove it"
    if detail["type"] == "value_error":
        return detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "missing":
        return f"the key is missing; set{_advice(field).lstrip(';') or ' it'}"
    if detail["type"] == "literal_error":
        return f"write one of {detail['ctx']['expected']}"
    if detail["type"] in MESSAGES:
        return MESSAGES[detail["type"]] + _advice(field)
    if field is None and place and isinstance(place[-1], int):  # an entry of a list is explained by the list
        field = field_at(root, place[:-1])
    return f"write {(field and field.description) or 'another value'}{_advice(field)}"


def _advice(field: FieldInfo | None) -> str:
    return f"; for example {field.examples[0]}" if field and field.examples else ""


def cross_field_errors(tree: object) -> Iterator[FieldError]:
    """Yield errors that concern several keys; works on the tree, to report them together with schema errors."""
    if not isinstance(tree, dict):
        return
    written = tree.get("profiles")
    own = {name: entry for name, entry in written.items() if isinstance(name, str)} if isinstance(written, dict) else {}
    profiles = BUILT_IN.keys() | own.keys()
    yield from _profile_errors(own, profiles)
    yield from _option_errors(tree.get("defaults"), ("defaults",), profiles)
    yield from _probe_errors(tree)
    names: dict[object, int] = {}
    servers = tree.get("servers")
    for index, server in enumerate(servers if isinstance(servers, list) else []):
        if isinstance(server, dict):
            yield from _server_errors(server, ("servers", index), names, profiles)
    yield from _same_url_errors(servers if isinstance(servers, list) else [])


class _Entry(NamedTuple):
    name: str
    daemon: Daemon
    is_behind_agent: bool

    def may_share_a_url_with(self, other: _Entry) -> bool:
        """Return whether one Control Agent may pass commands on to both."""
        return self.is_behind_agent and other.is_behind_agent and self.daemon != other.daemon


def _same_url_errors(servers: list[object]) -> Iterator[FieldError]:
    above: dict[tuple[object, ...], list[_Entry]] = {}
    for index, server in enumerate(servers):
        for daemon in Daemon:
            entry = server.get(daemon) if isinstance(server, dict) else None
            if not isinstance(entry, dict) or (socket := _socket_of(entry.get("url"))) is None:
                continue
            own = _Entry(f"servers[{index}].{daemon}", daemon, entry.get("control_agent") is True)
            others = above.setdefault(socket, [])
            if same := next((other for other in others if not own.may_share_a_url_with(other)), None):
                is_twice = own.is_behind_agent and same.is_behind_agent
                advice = "remove one" if is_twice else "each daemon has its own, unless control_agent is set for both"
                yield FieldError(("servers", index, str(daemon), "url"), f"{same.name} has the same url; {advice}")
            others.append(own)


def _socket_of(url: object) -> tuple[object, ...] | None:
    """Return what identifies a control socket; None where the url is an error of its own."""
    try:
        parts = parse_socket_url(url)
    except ValueError:
        return None
    return parts.scheme, parts.hostname, parts.port, parts.path.rstrip("/")


def _profile_errors(own: Mapping[str, object], profiles: Collection[str]) -> Iterator[FieldError]:
    extended: dict[str, str] = {}
    for name, entry in own.items():
        place = ("profiles", name)
        if name in BUILT_IN:
            yield FieldError(place, f"this profile is built in; use another name, with extends: {name}")
        elif not re.fullmatch(NAME_PATTERN, name):
            yield FieldError(place, "a name of a profile has at most 100 characters, without spaces and slashes")
        if not isinstance(entry, dict):
            continue
        yield from _contradictions(entry, place)
        extends = entry.get("extends")
        yield from _unknown_profile(extends, profiles, (*place, "extends"))
        if isinstance(extends, str) and extends in own and extends not in BUILT_IN:
            extended[name] = extends
    yield from _inheritance_errors(extended)


def _contradictions(entry: dict[str, Any], place: Place) -> Iterator[FieldError]:
    """Yield an error for each requirement that a profile leaves out and enables."""
    hooks, severities, left_out = entry.get("hooks"), entry.get("severities"), entry.get("leave_out")
    enabled = {hook_requirement(str(hook)) for hook in hooks} if isinstance(hooks, list) else set()
    enabled |= severities.keys() if isinstance(severities, dict) else set()
    for index, name in enumerate(left_out if isinstance(left_out, list) else []):
        if isinstance(name, str) and name in enabled:
            yield FieldError(
                (*place, "leave_out", index), "hooks or severities enable this requirement; remove one of the two"
            )


def _unknown_profile(name: object, profiles: Collection[str], place: Place) -> Iterator[FieldError]:
    if isinstance(name, str) and name not in profiles:
        close = difflib.get_close_matches(name.lower(), profiles, n=1)
        text = f"did you mean '{close[0]}'?" if close else f"use one of: {', '.join(sorted(profiles))}"
        yield FieldError(place, f"unknown profile; {text}")


def _inheritance_errors(extended: Mapping[str, str]) -> Iterator[FieldError]:
    """Yield an error for each cycle, and for each profile that extends too many others, one after the other.

    Args:
        extended: a profile of the file to the one that it extends, if that is of the file too.
    """
    in_cycles: set[str] = set()
    for name in extended:
        chain = [name]
        while chain[-1] in extended and extended[chain[-1]] not in chain and len(chain) <= MAX_DEPTH:
            chain.append(extended[chain[-1]])
        place = ("profiles", name, "extends")
        if len(chain) > MAX_DEPTH:
            names = ", ".join(chain)
            yield FieldError(
                place, f"more than {MAX_DEPTH} profiles extend one another ({names}); extend an earlier one"
            )
        elif extended.get(chain[-1]) == name and name not in in_cycles:
            in_cycles |= set(chain)
            others = (
                f"{', '.join(chain)} and {name} extend each other" if chain[1:] else "a profile cannot extend itself"
            )
            yield FieldError(place, f"{others}; extend {DEFAULT_PROFILE} or another profile")


def _probe_errors(tree: dict[str, Any]) -> Iterator[FieldError]:
    written = tree.get("auths")
    auths = written if isinstance(written, dict) else {}
    for name, auth in auths.items():
        yield from _option_errors(auth, ("auths", name), set())
    probe = tree.get("probe")
    entries = probe.get("allowed_targets") if isinstance(probe, dict) else None
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        name = entry.get("auth") if isinstance(entry, dict) else None
        if isinstance(name, str) and name not in auths:
            place = ("probe", "allowed_targets", index, "auth")
            known = ", ".join(map(str, auths)) or "none yet"
            yield FieldError(place, f"unknown name; names under auths: {known}")


def _server_errors(
    server: dict[str, Any], place: Place, names: dict[object, int], profiles: Collection[str]
) -> Iterator[FieldError]:
    name = server.get("name")
    if isinstance(name, str) and name in names:
        yield FieldError((*place, "name"), f"servers[{names[name]}] already has this name; names must be unique")
    elif isinstance(name, str):
        names[name] = int(place[-1])
    if not any(server.get(daemon) is not None for daemon in Daemon):
        yield FieldError(place, "the server has no daemon; add dhcp4, dhcp6 or d2 with its url")
    yield from _option_errors(server, place, profiles)
    for daemon in Daemon:
        entry = server.get(daemon)
        yield from _option_errors(entry, (*place, str(daemon)), profiles)
        if isinstance(entry, dict) and entry.get("control_agent") is True and str(entry.get("url")).startswith("unix:"):
            yield FieldError((*place, str(daemon), "control_agent"), "a Control Agent requires an http or https url")


def _option_errors(options: object, place: Place, profiles: Collection[str]) -> Iterator[FieldError]:
    if not isinstance(options, dict):
        return
    yield from _unknown_profile(options.get("profile"), profiles, (*place, "profile"))
    if isinstance(auth := options.get("basic_auth"), dict):
        here = (*place, "basic_auth")
        for key in ("username", "password"):
            given = [name for name in (key, f"{key}_file") if auth.get(name) is not None]
            if len(given) != 1:
                yield FieldError(
                    here, f"write either {key} or {key}_file, {'not both' if given else 'one is required'}"
                )
    if isinstance(tls := options.get("tls_config"), dict):
        given = [name for name in ("cert_file", "key_file") if tls.get(name) is not None]
        if len(given) == 1:
            other = "key_file" if given == ["cert_file"] else "cert_file"
            yield FieldError((*place, "tls_config"), f"{given[0]} requires {other}; set both")
