"""A value of another type, at every key of both configuration files: an error with its line, and no other exception."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, get_args, get_origin

import pytest
import yaml
from pydantic import BaseModel

from kea_exporter.config import ConfigError, ConfigFile, load
from kea_exporter.config.web import load_web
from kea_exporter.config.web_schema import WebConfigFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kea_exporter.config import FieldError

Place = tuple[str | int, ...]

NONSENSE: tuple[object, ...] = (5, "x", [], [[]], {}, None, True)
CONFIG: dict[str, Any] = {
    "profiles": {"x": {}},
    "auths": {"x": {}},
    "probe": {"allowed_targets": [{"networks": ["10.0.0.0/8"], "ports": [1], "auth": "x"}]},
    "servers": [{"name": "a", **{daemon: {"url": f"unix:///{daemon}"} for daemon in ("dhcp4", "dhcp6", "d2")}}],
}
HASH = "$2y$04$abcdefghijklmnopqrstuO5S7c/bvXrTJNN2PjvmR8TzBu6V0b1d2"
WEB: dict[str, Any] = {
    "tls_server_config": {"cert_file": "own.pem", "key_file": "own.pem"},
    "http_server_config": {"headers": {"X-Frame-Options": "deny"}},
    "basic_auth_users": {"x": HASH},
}


def places(kind: Any) -> Iterator[Place]:  # noqa: ANN401 - types as values
    """Yield the place of every key of a schema, with one entry in each list and under each key that users choose."""
    steps: dict[str | int, Any] = {}
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        steps = {name: field.annotation for name, field in kind.model_fields.items()}
    elif get_origin(kind) in {list, dict}:
        steps = {0 if get_origin(kind) is list else "x": get_args(kind)[-1]}
    else:
        for part in get_args(kind):
            yield from places(part)
    for step, inner in steps.items():
        yield (step,)
        yield from ((step, *place) for place in places(inner))


def with_value(tree: Any, place: Place, value: object) -> Any:  # noqa: ANN401 - of YAML
    """Return a tree with another value at one place."""
    if not place:
        return value
    step, *rest = place
    changed: Any = deepcopy(tree)
    if isinstance(step, int):
        changed = changed if isinstance(changed, list) else [None]
    elif not isinstance(changed, dict):
        changed = {}
    inner = changed[step] if isinstance(step, int) or step in changed else None
    changed[step] = with_value(inner, tuple(rest), value)
    return changed


def errors_in(read: Callable[[Path], object], path: Path, tree: object) -> tuple[FieldError, ...]:
    path.write_text(yaml.safe_dump(tree, sort_keys=False))
    try:
        read(path)
    except ConfigError as error:
        return error.errors
    return ()


@pytest.mark.parametrize("place", [(), *places(ConfigFile)], ids=lambda place: ".".join(map(str, place)))
def test_a_configuration_value_of_another_type_is_an_error_with_a_line(tmp_path: Path, place: Place) -> None:
    for value in NONSENSE:
        found = errors_in(load, tmp_path / "config.yml", with_value(CONFIG, place, value))
        assert all(error.line for error in found), found


@pytest.mark.parametrize("place", [(), *places(WebConfigFile)], ids=lambda place: ".".join(map(str, place)))
def test_a_web_value_of_another_type_is_an_error_with_a_line(tmp_path: Path, place: Place) -> None:
    (tmp_path / "own.pem").touch()
    for value in NONSENSE:
        found = errors_in(load_web, tmp_path / "web.yml", with_value(WEB, place, value))
        assert all(error.line for error in found), found


def test_every_section_is_among_the_places() -> None:
    found = {".".join(map(str, place)) for place in (*places(ConfigFile), *places(WebConfigFile))}
    assert "servers.0.dhcp4.tls_config.min_version" in found
    assert "profiles.x.severities.x" in found
    assert "probe.allowed_targets.0.networks.0" in found
    assert "tls_server_config.client_allowed_sans.0" in found
