"""Answers that real Kea gave, by version and daemon; a command's file holds the answer's map."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "recorded"
# Version and daemon of each.
RECORDED_DHCP = sorted((folder.parent.name, folder.name) for folder in FOLDER.glob("kea-*/dhcp?"))
RECORDED = sorted([*RECORDED_DHCP, *((folder.parent.name, folder.name) for folder in FOLDER.glob("kea-*/d2"))])


def recorded(version: str, daemon: str) -> dict[str, Any]:
    """Return the answers of one daemon by command; those of a pair in high availability by its state."""
    files = sorted((FOLDER / version / daemon).glob("*.json"))
    answers = {file.stem: json.loads(file.read_text()) for file in files}
    return {name: answer[0] if isinstance(answer, list) else answer for name, answer in answers.items()}
