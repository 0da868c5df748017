"""ARCHITECTURE.md names the packages and modules that exist, and what they import."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "kea_exporter"
# In backticks, but no modules.
OTHER_NAMES = {"kea_dhcp_serving", "cryptography"}


class Row(NamedTuple):
    """A row of the table of packages: what it is about, the names in its content, and what it may import."""

    subjects: list[str]
    names: list[str]
    may_import: list[str]

    def __str__(self) -> str:
        return self.subjects[0]

    @property
    def modules(self) -> set[str]:
        """Return the packages and modules of the exporter that it is about."""
        own = {name.removesuffix(".py") for name in (*self.subjects, *self.names) if (PACKAGE / name).is_file()}
        own |= {name for name in self.names if (PACKAGE / f"{name}.py").is_file() and self.subjects[0].endswith(".py")}
        return own | {name.rstrip("/") for name in self.subjects if (PACKAGE / name).is_dir()}


def rows() -> list[Row]:
    lines = (ROOT / "ARCHITECTURE.md").read_text().splitlines()
    cells = [line.strip("| ").split(" | ") for line in lines if line.startswith("| `")]
    return [Row(quoted(subjects), quoted(names), others.split(", ")) for subjects, names, others in cells]


def quoted(cell: str) -> list[str]:
    return re.findall("`([^`]+)`", cell)


ROWS = rows()


def imports(name: str) -> Iterator[str]:
    """Return the packages and modules of the exporter that one of them imports."""
    files = (PACKAGE / name).rglob("*.py") if (PACKAGE / name).is_dir() else [PACKAGE / f"{name}.py"]
    for node in (node for file in files for node in ast.walk(ast.parse(file.read_text()))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == PACKAGE.name:
            names = [alias.name for alias in node.names] if node.module == PACKAGE.name else [node.module.split(".")[1]]
            yield from (found for found in names if found != "__version__")


def allowed(modules: set[str]) -> set[str]:
    """Return all that modules may import: each other, what their rows name, and what those may import."""
    found: set[str] = set()
    while modules - found:
        found |= modules
        modules = modules | {name for row in ROWS if row.modules & modules for name in (*row.may_import, *row.modules)}
    return found


def test_every_package_is_in_the_table() -> None:
    found = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert found - {"__init__", "__main__"} - {name for row in ROWS for name in row.modules} == set()


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_what_the_table_names_exists(row: Row) -> None:
    folders = [ROOT / name for name in row.subjects if (ROOT / name).is_dir()]
    folders += [PACKAGE / name if name.endswith("/") else PACKAGE for name in row.subjects]
    present = {path.stem for folder in folders for path in folder.rglob("*") if "node_modules" not in path.parts}
    named = {
        name.removesuffix("/").removesuffix(".py") for name in row.names if re.fullmatch(r"[a-z_]+(/|\.py)?", name)
    }
    assert named - present - OTHER_NAMES == set()
    assert all((ROOT / name).exists() or (PACKAGE / name).exists() for name in row.subjects)


@pytest.mark.parametrize("row", [row for row in ROWS if row.modules and row.may_import != ["all"]], ids=str)
def test_a_package_imports_what_the_table_says(row: Row) -> None:
    found = {name for module in row.modules for name in imports(module)}
    assert found - allowed(row.modules) == set()
