"""Anything at all, and anything in the place of something sound: strategies for hypothesis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from tests.support.answers import paths, put

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy


def nested(depth: int) -> object:
    value: object = []
    for _ in range(depth):
        value = [value]
    return value


ODD_TEXTS = st.sampled_from(
    [
        "",
        " ",
        "\0",
        "\x1b[2J",
        "\ud800",
        "<script>alert(1)</script>",
        "é" * 300,
        '"',
        "\\",
        "\n",
        "1" * 400,
        "__class__",
    ]
)
ODD_NUMBERS = st.sampled_from([0, -1, 2**31, 2**32, 2**63, -(2**63) - 1, 2**64, 2**128, 10**400, -(10**400)])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | ODD_NUMBERS
    | st.floats()
    | st.text(max_size=8)
    | ODD_TEXTS
    | st.sampled_from(["10.0.0.0/8", "10.0.0.1-10.0.0.9", "2001:db8::/32", "3.0.3", "ready", "0.0.0.0/0", "::/0"])
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8) | ODD_TEXTS, inner, max_size=4),
    max_leaves=8,
) | st.integers(1, 500).map(nested)


@st.composite
def changed(draw: DrawFn, tree: object) -> object:
    """Return a tree with a few parts replaced, left out, doubled, or put in another's place."""
    for _ in range(draw(st.integers(1, 3))):
        every = list(paths(tree))
        path = draw(st.sampled_from(every))
        change = draw(st.sampled_from(["replace", "replace", "leave out", "double", "move"]))
        if change == "replace" or not path:
            tree = put(tree, path, draw(ANYTHING))
        elif change == "move":
            tree = put(tree, path, at(tree, draw(st.sampled_from(every))))
        else:
            tree = put(tree, path[:-1], without_or_twice(at(tree, path[:-1]), path[-1], twice=change == "double"))
    return tree


def at(tree: Any, path: tuple[str | int, ...]) -> Any:  # noqa: ANN401 - JSON
    for step in path:
        tree = tree[step]
    return tree


def without_or_twice(holder: Any, key: str | int, *, twice: bool) -> object:  # noqa: ANN401 - JSON
    if isinstance(holder, dict):
        return {name: value for name, value in holder.items() if twice or name != key}
    index = int(key)
    return [*holder[:index], *([holder[index]] * 2 if twice else []), *holder[index + 1 :]]


BYTES = st.binary(max_size=8)


@st.composite
def spliced(draw: DrawFn, text: bytes, pieces: SearchStrategy[bytes] = BYTES) -> bytes:
    """Return bytes of which a few parts are left out, repeated or replaced."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 16)))
        text = text[:start] + draw(st.just(b"") | st.just(text[start:end] * 2) | pieces) + text[end:]
    return text


@st.composite
def overwritten(draw: DrawFn, der: bytes) -> bytes:
    """Return bytes of which a few are others, so that what is around them keeps its length."""
    changed_bytes = bytearray(der)
    for _ in range(draw(st.integers(1, 6))):
        changed_bytes[draw(st.integers(0, len(der) - 1))] = draw(st.integers(0, 255))
    return bytes(changed_bytes)
