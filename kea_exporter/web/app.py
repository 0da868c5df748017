"""The ASGI application: routes and error responses."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from kea_exporter.httpd.fair_queue import QueueFullError
from kea_exporter.process import NoThreadError
from kea_exporter.rate_limit import RateLimitedWarning
from kea_exporter.under_way import StoppedError
from kea_exporter.web.handlers import Handlers
from kea_exporter.web.options import PAGE_HEADERS
from kea_exporter.web.parameters import BadRequestError
from kea_exporter.web.waiting import DisconnectedError

if TYPE_CHECKING:
    from starlette.requests import Request

    from kea_exporter.reloader import Reloader
    from kea_exporter.service import Service
    from kea_exporter.web.options import WebOptions

RETRY_LATER = {**PAGE_HEADERS, "Retry-After": "5"}
NO_THREAD = RateLimitedWarning("request rejected: no thread available")


def create_app(service: Service, options: WebOptions, reloader: Reloader) -> Starlette:
    """Return the application that serves what *service* collects."""
    handlers = Handlers(service, options, reloader)
    app = Starlette(
        routes=[
            Route("/", handlers.fleet),
            Route("/servers/{server}", handlers.server),
            Route("/servers/{server}/report", handlers.report),
            Route("/pairs/{daemon}/{place}", handlers.pair),
            Route("/static/style.css", handlers.style),
            Route("/collect", handlers.collect, methods=["POST"]),
            Route("/api/v1/servers", handlers.api),
            Route(options.telemetry_path, handlers.metrics),
            Route("/probe", handlers.probe),
            Route("/sd", handlers.discovery),
            Route("/-/healthy", handlers.healthy),
            Route("/-/ready", handlers.ready),
            Route("/-/reload", handlers.reload, methods=["POST", "PUT"]),
        ],
        exception_handlers={
            BadRequestError: _bad_request,
            DisconnectedError: _disconnected,
            StoppedError: _shutting_down,
            QueueFullError: _queue_full,
            NoThreadError: _no_thread,
            HTTPException: _http_error,
        },
    )
    # A redirect would repeat the Host header of the client.
    app.router.redirect_slashes = False
    return app


async def _bad_request(_: Request, error: Exception) -> Response:
    status = error.status if isinstance(error, BadRequestError) else HTTPStatus.BAD_REQUEST
    return PlainTextResponse(
        f"{error}\n", status, RETRY_LATER if status == HTTPStatus.SERVICE_UNAVAILABLE else PAGE_HEADERS
    )


async def _shutting_down(*_: object) -> Response:
    return PlainTextResponse("the exporter is shutting down\n", HTTPStatus.SERVICE_UNAVAILABLE, PAGE_HEADERS)


async def _queue_full(*_: object) -> Response:
    return PlainTextResponse(
        "too many requests are queued, try again later\n", HTTPStatus.SERVICE_UNAVAILABLE, RETRY_LATER
    )


async def _no_thread(_: Request, error: Exception) -> Response:
    NO_THREAD.warn(advice="raise TasksMax= of the unit, or the limit on processes")
    return PlainTextResponse(f"{error}\n", HTTPStatus.SERVICE_UNAVAILABLE, RETRY_LATER)


async def _disconnected(*_: object) -> Response:
    # The client has disconnected.
    return Response(status_code=HTTPStatus.SERVICE_UNAVAILABLE)


async def _http_error(_: Request, error: Exception) -> Response:
    """Answer 404 and 405 with the headers of every other page."""
    known = error if isinstance(error, HTTPException) else HTTPException(HTTPStatus.INTERNAL_SERVER_ERROR)
    return PlainTextResponse(f"{known.detail}\n", known.status_code, {**PAGE_HEADERS, **(known.headers or {})})
