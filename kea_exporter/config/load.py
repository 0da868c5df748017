"""From the text of a configuration file to settings, or to the list of all its mistakes."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from kea_exporter.config import schema
from kea_exporter.config.profiles import BUILT_IN
from kea_exporter.config.settings import Credentials, DaemonSettings, Settings, TlsSettings
from kea_exporter.config.tree import TreeError, line_of, read_tree
from kea_exporter.snapshot import Daemon, Target, TransportKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from urllib.parse import SplitResult

    import yaml
    from pydantic_core import ErrorDetails

Place = tuple[str | int, ...]
LARGEST_FILE = 4 * 1024**2
DEFAULT_PORTS = {"http": 80, "https": 443}
# Which section a key opens; a server is opened by its number.
SECTION_AT: dict[str | int, type[BaseModel]] = {
    "": schema.ConfigFile,
    "defaults": schema.Options,
    "basic_auth": schema.BasicAuth,
    "tls_config": schema.TlsConfig,
    **dict.fromkeys(map(str, Daemon), schema.DaemonEntry),
}
SECTIONS: tuple[type[BaseModel], ...] = (*SECTION_AT.values(), schema.ServerEntry)
FIELDS = {name: field for section in SECTIONS for name, field in section.model_fields.items()}

# What pydantic found, in words for people.
SAID = {
    "model_type": "this must be a mapping of keys and values",
    "model_attributes_type": "this must be a mapping of keys and values",
    "list_type": "this must be a list",
    "too_short": "this list is empty; write at least one entry",
    "string_type": "this must be text; put it in quotes",
    "bool_type": "this must be true or false",
}


@dataclass(frozen=True)
class Mistake:
    """One mistake in a configuration: where it is, and what to write instead."""

    place: Place
    text: str
    line: int | None = None

    def __str__(self) -> str:
        """Return the mistake as one line, such as `line 7: servers[0].dhcp4.url: ...`."""
        line = f"line {self.line}: " if self.line else ""
        path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.place).lstrip(".")
        return f"{line}{path}: {self.text}" if path else f"{line}{self.text}"


class ConfigError(Exception):
    """The configuration cannot be used; `mistakes` has all that is wrong with it."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = mistakes


def load(path: Path) -> Settings:
    """Return the settings of the configuration file at *path*.

    Raises:
        ConfigError: the file cannot be read, or has mistakes.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise ConfigError((Mistake((), f"cannot read the file: {error.strerror}"),)) from None
    if len(content) > LARGEST_FILE:
        raise ConfigError((Mistake((), "the file is larger than 4 MiB"),))
    try:
        tree, node = read_tree(content.decode("utf-8"))
    except UnicodeDecodeError:
        raise ConfigError((Mistake((), "the file is not text in UTF-8"),)) from None
    except TreeError as error:
        raise ConfigError((Mistake((), str(error), error.line),)) from None
    return settings_from_tree(tree, path.parent, node)


def settings_from_tree(tree: object, directory: Path, node: yaml.Node | None = None) -> Settings:
    """Return the settings of an already parsed configuration.

    Args:
        tree: the mappings and lists of the file.
        directory: where relative paths start.
        node: the same as YAML nodes, which know their lines.

    Raises:
        ConfigError: it has mistakes.
    """
    mistakes = list(_cross_mistakes(tree))
    try:
        written = schema.ConfigFile.model_validate(tree, context=directory)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        mistakes += map(_mistake, details)
    if mistakes:
        located = [Mistake(it.place, it.text, line_of(node, it.place)) for it in mistakes]
        raise ConfigError(tuple(sorted(located, key=lambda it: it.line or 0)))
    return Settings(tuple(_resolve(written)))


def _mistake(detail: ErrorDetails) -> Mistake:
    place = detail["loc"]
    if detail["type"] == "extra_forbidden" and "basic_auth" in place and not _looks_like_a_key(place):
        # Without a blank after the colon, the password is part of the key.
        return Mistake(place[:-1], f"a key here is unknown; the keys are {', '.join(schema.BasicAuth.model_fields)}")
    return Mistake(place, _explain(detail, place))


def _looks_like_a_key(place: Place) -> bool:
    key = str(place[-1])
    return ":" not in key and bool(difflib.get_close_matches(key, schema.BasicAuth.model_fields, n=1, cutoff=0.8))


def _explain(detail: ErrorDetails, place: Place) -> str:
    key = str(place[-1]) if place else ""
    if detail["type"] == "extra_forbidden":
        close = difflib.get_close_matches(key, _keys_around(place), n=1)
        return f"this key is unknown; did you mean '{close[0]}'?" if close else "this key is unknown; remove it"
    if detail["type"] == "value_error":
        return detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "missing":
        return f"this key is missing; write{_advice(key).lstrip(';') or ' it'}"
    if detail["type"] in SAID:
        return SAID[detail["type"]] + _advice(key)
    wanted = FIELDS[key].description if key in FIELDS else None
    return f"write {wanted or 'another value'}{_advice(key)}"


def _advice(key: str) -> str:
    examples = FIELDS[key].examples if key in FIELDS else None
    return f"; for example {examples[0]}" if examples else ""


def _keys_around(place: Place) -> list[str]:
    """Return the keys that may stand beside the one at *place*."""
    section = SECTION_AT.get(place[-2] if len(place) > 1 else "", schema.ServerEntry)
    return list(section.model_fields)


def _cross_mistakes(tree: object) -> Iterator[Mistake]:
    """Find what concerns several keys; done on the tree, so that it is found beside any other mistake."""
    if not isinstance(tree, dict):
        return
    yield from _option_mistakes(tree.get("defaults"), ("defaults",))
    names: dict[object, int] = {}
    servers = tree.get("servers")
    for index, server in enumerate(servers if isinstance(servers, list) else []):
        if isinstance(server, dict):
            yield from _server_mistakes(server, ("servers", index), names)


def _server_mistakes(server: dict[str, Any], place: Place, names: dict[object, int]) -> Iterator[Mistake]:
    name = server.get("name")
    if isinstance(name, str) and name in names:
        yield Mistake((*place, "name"), f"servers[{names[name]}] has this name already; give each server its own")
    elif isinstance(name, str):
        names[name] = int(place[-1])
    if not any(server.get(daemon) is not None for daemon in Daemon):
        yield Mistake(place, "this server has no daemon; add dhcp4, dhcp6 or d2 with its url")
    yield from _option_mistakes(server, place)
    for daemon in Daemon:
        entry = server.get(daemon)
        yield from _option_mistakes(entry, (*place, str(daemon)))
        if isinstance(entry, dict) and entry.get("control_agent") is True and str(entry.get("url")).startswith("unix:"):
            yield Mistake((*place, str(daemon), "control_agent"), "a Control Agent is reached by http or https only")


def _option_mistakes(options: object, place: Place) -> Iterator[Mistake]:
    if not isinstance(options, dict):
        return
    if isinstance(auth := options.get("basic_auth"), dict):
        here = (*place, "basic_auth")
        for key in ("username", "password"):
            given = [name for name in (key, f"{key}_file") if auth.get(name) is not None]
            if len(given) != 1:
                yield Mistake(here, f"write either {key} or {key}_file, {'not both' if given else 'one is needed'}")
    if isinstance(tls := options.get("tls_config"), dict):
        given = [name for name in ("cert_file", "key_file") if tls.get(name) is not None]
        if len(given) == 1:
            other = "key_file" if given == ["cert_file"] else "cert_file"
            yield Mistake((*place, "tls_config"), f"{given[0]} is of no use without {other}; write both")


def _resolve(written: schema.ConfigFile) -> Iterator[DaemonSettings]:
    for server in written.servers:
        for daemon in Daemon:
            entry: schema.DaemonEntry | None = getattr(server, daemon)
            if entry is not None:
                yield _daemon_settings(server.name, daemon, entry, (entry, server, written.defaults))


def _daemon_settings(
    server: str, daemon: Daemon, entry: schema.DaemonEntry, levels: tuple[schema.Options, ...]
) -> DaemonSettings:
    url = entry.url
    kind = TransportKind(url.scheme)
    reached_by_http = kind is not TransportKind.UNIX
    credentials = _credentials(_nearest("basic_auth", levels)) if reached_by_http else None
    tls: schema.TlsConfig | None = _nearest("tls_config", levels) if kind is TransportKind.HTTPS else None
    return DaemonSettings(
        target=Target(server, daemon, kind, _shown(url), entry.control_agent, credentials is not None),
        host=url.hostname or "",
        port=_port(url) if reached_by_http else None,
        path=url.path or "/",
        timeout_seconds=_nearest("timeout", levels),
        body_size_limit=_nearest("body_size_limit", levels),
        credentials=credentials,
        tls=TlsSettings(**dict(tls)) if tls else TlsSettings(),
        profile=BUILT_IN[_nearest("profile", levels)],
    )


def _nearest(option: str, levels: tuple[schema.Options, ...]) -> Any:  # noqa: ANN401 - any option of any type
    """Return the option from the nearest level that sets it, else its default; null sets it to nothing."""
    setting = next((level for level in levels if option in level.model_fields_set), levels[-1])
    return getattr(setting, option)


def _credentials(auth: schema.BasicAuth | None) -> Credentials | None:
    if auth is None:
        return None
    username = auth.username_file or auth.username
    password = auth.password_file or auth.password
    if username is None or password is None:  # _option_mistakes has seen to it
        raise AssertionError("basic_auth without username or password")
    return Credentials(username, password)


def _shown(url: SplitResult) -> str:
    return url.geturl() if url.netloc else f"{url.scheme}://{url.path}"


def _port(url: SplitResult) -> int:
    return url.port or DEFAULT_PORTS[url.scheme]
