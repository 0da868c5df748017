"""HTML read strictly: what is not well-formed, or not accessible, is an error."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

VOID = {"input", "link", "meta", "rect"}
HEADINGS = ("h1", "h2", "h3", "h4")
# What may run or load something; none of it is on a page of ours.
ACTIVE = {"script", "style", "iframe", "object", "embed", "base", "img"}


@dataclass
class Element:
    """An element: its attributes, and in order its texts and elements."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Return all text in it, with single blanks."""
        return " ".join(self.raw().split())

    @property
    def classes(self) -> set[str]:
        return set(self.attributes.get("class", "").split())

    def all(self, tag: str = "", **attributes: str) -> list[Element]:
        """Return the elements below it, in order, of this name and with these attributes."""
        wanted = {name.strip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [
            element
            for element in self.below()
            if tag in {"", element.tag} and wanted.items() <= element.attributes.items()
        ]

    def of_class(self, name: str) -> list[Element]:
        return [element for element in self.below() if name in element.classes]

    def one(self, tag: str = "", **attributes: str) -> Element:
        [found] = self.all(tag, **attributes)
        return found

    def raw(self) -> str:
        return "".join(child if isinstance(child, str) else f" {child.raw()} " for child in self.children)

    def below(self) -> Iterator[Element]:
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child.below()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(attrs) == len(dict(attrs)), f"an attribute stands twice in <{tag}>"
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in VOID, f"<{tag}/>"
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


def read(page: str) -> Element:
    """Return the tree of a page; a page that is not well-formed fails the test."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert [element.tag for element in reader.open] == [""], "an element is not closed"
    [root] = [child for child in reader.open[0].children if isinstance(child, Element)]
    return root


def assert_sound(page: str) -> Element:
    """Return the tree of a page that nothing runs in, and that people without eyes or mouse can use."""
    root = read(page)
    assert page.startswith("<!doctype html>")
    assert root.attributes["lang"] == "en"
    _assert_passive(root)
    _assert_landmarks(root)
    _assert_references(root)
    for table in root.all("table"):
        assert len(table.all("caption")) == 1
        assert all(cell.attributes.get("scope") for cell in table.all("th"))
    for form in root.all("form"):
        assert form.one("button").text
        assert all(field.attributes["type"] == "hidden" for field in form.all("input"))
    assert all(meter.attributes["aria-label"] for meter in root.all("meter"))
    assert all(link.text and link.attributes["href"] for link in root.all("a"))
    assert all(summary.text for summary in root.all("summary"))
    return root


def _assert_passive(root: Element) -> None:
    assert not [element.tag for element in root.all() if element.tag in ACTIVE]
    names = {name for element in root.all() for name in element.attributes}
    assert not [name for name in names if name == "style" or name.startswith("on")]
    links = [
        element.attributes[name]
        for element in root.all()
        for name in ("href", "src", "action")
        if name in element.attributes
    ]
    assert all(link.startswith(("/", "#", "data:image/svg+xml,")) and not link.startswith("//") for link in links)


def _assert_landmarks(root: Element) -> None:
    body = root.one("body")
    main = body.one("main")
    assert body.all("a")[0].attributes["href"] == f"#{main.attributes['id']}", "the first link skips to the content"
    assert body.all("header")
    assert body.all("footer")
    names = [nav.attributes["aria-label"] for nav in body.all("nav")]
    assert len(names) == len(set(names)) > 0
    levels = [HEADINGS.index(element.tag) for element in body.all() if element.tag in HEADINGS]
    assert levels.count(0) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels)), "a level is left out"
    assert all(element.text for element in body.all() if element.tag in HEADINGS)


def _assert_references(root: Element) -> None:
    ids = Counter(element.attributes["id"] for element in root.all() if "id" in element.attributes)
    assert [anchor for anchor, number in ids.items() if number > 1] == []
    named = [element.attributes["aria-labelledby"] for element in root.all() if "aria-labelledby" in element.attributes]
    linked = [link.attributes["href"][1:] for link in root.all("a") if link.attributes["href"].startswith("#")]
    assert {*named, *linked} <= set(ids)
