"""A listener of its own for those who only ask for health, and have no credentials: orchestrators."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

PATHS = frozenset({"/-/healthy", "/-/ready"})


class HealthOnly:
    """Serves the health pages of an application, and nothing else of it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        is_health = scope["path"] in PATHS
        answer = self._app if is_health else PlainTextResponse("only health is told here\n", HTTPStatus.NOT_FOUND)
        await answer(scope, receive, send)
