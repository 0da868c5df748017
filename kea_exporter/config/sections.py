"""What stands where in a configuration file, read from the types of its schema."""

from __future__ import annotations

from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic.fields import FieldInfo


def keys_beside(root: type[BaseModel], place: Sequence[str | int]) -> list[str]:
    """Return the keys that may stand beside the one at *place*, in a file whose schema is *root*."""
    section = _at(root, place[:-1])
    return list(section.model_fields) if _is_section(section) else []


def field_at(root: type[BaseModel], place: Sequence[str | int]) -> FieldInfo | None:
    """Return the field of the schema that stands at *place*; None where a user chose the key, or there is none."""
    section = _at(root, place[:-1])
    return section.model_fields.get(str(place[-1])) if place and _is_section(section) else None


def _at(kind: Any, place: Sequence[str | int]) -> Any:  # noqa: ANN401 - types as values
    for step in place:
        kind = _inside(kind, step)
    return _bare(kind)


def _inside(kind: Any, step: str | int) -> Any:  # noqa: ANN401
    kind = _bare(kind)
    if _is_section(kind):
        field = kind.model_fields.get(step)
        return field.annotation if field else None
    return get_args(kind)[-1] if get_origin(kind) in {list, dict} else None


def _bare(kind: Any) -> Any:  # noqa: ANN401
    """Return a type without its annotations, and without None where it may be None."""
    if get_origin(kind) is Annotated:
        return _bare(get_args(kind)[0])
    if get_origin(kind) in {Union, UnionType}:
        return _bare(next(arg for arg in get_args(kind) if arg is not type(None)))
    return kind


def _is_section(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
