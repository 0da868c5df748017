"""Run one fuzz target in this process; `python -m fuzz.target TARGET [OPTION OF LIBFUZZER ...] [CORPUS ...]`."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import atheris  # type: ignore[import-untyped,import-not-found,unused-ignore]


def main(target: str, arguments: list[str]) -> None:
    with atheris.instrument_imports(include=["kea_exporter", "http", "requests", "urllib3", "yaml"]):
        module = importlib.import_module(f"fuzz.{target}")
    for corpus in filter(Path.is_dir, map(Path, arguments)):
        for number, seed in enumerate(module.seeds()):
            (corpus / f"seed-{number}").write_bytes(seed)
    mutators = {"custom_mutator": module.mutated} if hasattr(module, "mutated") else {}
    atheris.Setup([sys.argv[0], *arguments], module.test, **mutators)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
