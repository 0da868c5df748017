"""The web configuration file in force: read anew whenever it, or a file that it names, has changed."""

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

# So long after a change the times of a file may not tell of another one.
SETTLED_SECONDS = 2.0
RETRY_SECONDS = 1.0

IN_CLEAR = "users without tls_server_config: whoever is on the way reads passwords, unless a proxy here ends TLS"

log = structlog.get_logger("web")


@dataclass(frozen=True)
class Protection:
    """How the pages are protected at a moment.

    Attributes:
        context: for new connections; None for plain HTTP.
    """

    settings: WebSettings = WebSettings()  # noqa: RUF009 - it is frozen
    context: ssl.SSLContext | None = None


def unprotected() -> Protection:
    """Return what holds without a web configuration file."""
    return Protection()


class WebConfig:
    """What a web configuration file says now. A file that cannot be used leaves the last one in force.

    Raises:
        ConfigError: it cannot be used at the start.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._in_force = _load(path)
        self._failure = ""
        self._content = [digest(file) for file in self._files()]
        self._remember(_look(self._files()))
        self._warn()

    def now(self) -> Protection:
        """Return what is in force; asking costs a `stat` of each file where nothing has changed."""
        seen = _look(self._files())
        if seen != self._seen or (not self._is_settled and self._clock() >= self._look_again_at):
            self._follow()
            self._remember(seen)
        return self._in_force

    def _files(self) -> tuple[Path, ...]:
        return (self._path, *self._in_force.settings.files)

    def _remember(self, seen: tuple[object, ...]) -> None:
        """Remember how the files looked before they were read: whatever comes later will differ."""
        self._seen = seen
        now = self._clock()
        # While the new one cannot be used, files that it names may still be on their way.
        self._is_settled = not self._failure and all(abs(now - at) > SETTLED_SECONDS for at in _times(self._files()))
        self._look_again_at = now + RETRY_SECONDS

    def _follow(self) -> None:
        content = [digest(file) for file in self._files()]
        if content == self._content and not self._failure:
            return
        try:
            found = _load(self._path)
            self._refuse_less(found.settings)
        except ConfigError as error:
            self._keep("; ".join(map(str, error.errors)))
            return
        self._in_force, self._failure = found, ""
        self._content = [digest(file) for file in self._files()]
        log.info("web configuration read anew", file=str(self._path))
        self._warn()

    def _warn(self) -> None:
        if self._in_force.settings.takes_passwords_in_clear:
            log.warning(IN_CLEAR, file=str(self._path))

    def _refuse_less(self, settings: WebSettings) -> None:
        # A file of which only the beginning is written yet looks as if it left something out.
        if lost := protections_lost(self._in_force.settings, settings):
            text = f"without {', '.join(lost)} less would be protected than before; restart to have it so"
            raise ConfigError((FieldError((), text),))

    def _keep(self, failure: str) -> None:
        if failure != self._failure:
            log.error("web configuration cannot be used, the one in force stays", file=str(self._path), detail=failure)
        self._failure = failure


def _load(path: Path) -> Protection:
    settings = load_web(path)
    return Protection(settings, server_context(settings.tls) if settings.tls else None)


def _look(files: Iterable[Path]) -> tuple[object, ...]:
    """Return what changes with a file's content or place, also where a folder is replaced through a symbolic link."""
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
