"""The active web configuration: reloaded when the file or a file that it names changes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from kea_exporter.config.errors import ConfigError, FieldError
from kea_exporter.config.web import WebSettings, load_web, protections_lost
from kea_exporter.files import digest
from kea_exporter.httpd.tls import server_context

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable
    from pathlib import Path

# For this long after a change, the modification time of a file may not show another one.
SETTLED_SECONDS = 2.0
RETRY_SECONDS = 1.0

IN_CLEAR = "users without tls_server_config: passwords are sent in clear text unless a local proxy terminates TLS"

log = structlog.get_logger("web")


@dataclass(frozen=True)
class Protection:
    """Protection of the pages at one moment.

    Attributes:
        context: for new connections; None for plain HTTP.
    """

    settings: WebSettings = WebSettings()  # noqa: RUF009 - it is frozen
    context: ssl.SSLContext | None = None


def unprotected() -> Protection:
    """Return the protection without a web configuration file."""
    return Protection()


class WebConfig:
    """The active web configuration. If the file becomes invalid, the last valid one stays active.

    Raises:
        ConfigError: the file is invalid at start.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._active, self._content = _load(path)
        self._failure = ""
        # States from before the loading are not known: the first look compares the content.
        self._remember(())
        self._warn()

    def now(self) -> Protection:
        """Return the active protection; costs a `stat` of each file if nothing has changed."""
        seen = _file_states(self._content)
        if seen != self._seen or (not self._is_settled and self._clock() >= self._look_again_at):
            self._follow()
            self._remember(seen)
        return self._active

    def _remember(self, seen: tuple[object, ...]) -> None:
        """Remember the state of the files before reading them, so that later changes are detected."""
        self._seen = seen
        now = self._clock()
        # While the new file is invalid, files that it names may still be written.
        self._is_settled = not self._failure and all(abs(now - at) > SETTLED_SECONDS for at in _times(self._content))
        self._look_again_at = now + RETRY_SECONDS

    def _follow(self) -> None:
        if not self._failure and all(digest(file) == content for file, content in self._content.items()):
            return
        try:
            found, content = _load(self._path)
            self._require_no_less_protection(found.settings)
        except ConfigError as error:
            self._keep("; ".join(map(str, error.errors)))
            return
        except Exception as error:  # noqa: BLE001 - every new connection comes through here
            self._keep(f"internal error: {type(error).__name__}", error)
            return
        self._active, self._content, self._failure = found, content, ""
        log.info("web configuration reloaded", file=str(self._path))
        self._warn()

    def _warn(self) -> None:
        if self._active.settings.takes_passwords_in_clear:
            log.warning(IN_CLEAR, file=str(self._path))

    def _require_no_less_protection(self, settings: WebSettings) -> None:
        # A file that is only partly written lacks keys.
        if lost := protections_lost(self._active.settings, settings):
            text = (
                f"without {', '.join(lost)} the exporter would be less protected than before; restart it to apply this"
            )
            raise ConfigError((FieldError((), text),))

    def _keep(self, failure: str, unexpected: Exception | None = None) -> None:
        if failure != self._failure:
            log.error("web configuration reload failed", file=str(self._path), detail=failure, exc_info=unexpected)
        self._failure = failure


def _load(path: Path) -> tuple[Protection, dict[Path, bytes | None]]:
    """Return the protection, and digests of its files from before each was read: a later change is not missed.

    Raises:
        ConfigError: a file cannot be read, or has errors.
    """
    content = {path: digest(path)}
    settings = load_web(path)
    content |= {file: digest(file) for file in settings.files}
    return Protection(settings, server_context(settings.tls) if settings.tls else None), content


def _file_states(files: Iterable[Path]) -> tuple[object, ...]:
    """Return identity, size and time of each file, also through a replaced symbolic link."""
    found: list[object] = []
    for file in files:
        try:
            status = file.stat()
            found.append((file, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns))
        except OSError as error:
            found.append((file, error.errno))
    return tuple(found)


def _times(files: Iterable[Path]) -> list[float]:
    times = []
    for file in files:
        try:
            times.append(file.stat().st_mtime)
        except OSError:
            continue
    return times
