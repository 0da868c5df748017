"""User name and password, read from their files at the moment of use."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure, Reason, Stage
from kea_exporter.files import read_file
from kea_exporter.transport.model import TransportError

if TYPE_CHECKING:
    from kea_exporter.config import Credentials

MAX_SECRET_BYTES = 4096


def read_credentials(credentials: Credentials) -> tuple[str, str]:
    """Return user name and password; white space around the text of a file is dropped, as Kea and Prometheus do.

    Raises:
        TransportError: a file cannot be read.
    """
    username, password = credentials.username, credentials.password
    return (
        _read("username_file", username) if isinstance(username, Path) else username,
        _read("password_file", password) if isinstance(password, Path) else password.get_secret_value(),
    )


def _read(key: str, path: Path) -> str:
    # What stands at the place of a secret's file, and is none, may be the secret: only a path that exists is shown.
    shown = f"{key} {path}"
    try:
        return read_file(path, MAX_SECRET_BYTES).decode("utf-8").strip()
    except OSError as error:
        text = error.strerror
        if not os.path.lexists(path):
            shown = key
    except UnicodeDecodeError:
        text = "it is not text in UTF-8"
    detail = f"{shown} cannot be read: {text}"
    raise TransportError(Failure(Stage.AUTH, Reason.LOCAL_FILE_UNREADABLE, detail))
