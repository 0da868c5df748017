"""Handlers of all requests."""

from __future__ import annotations

import asyncio
import platform
import ssl
import time
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from anyio import CapacityLimiter
from starlette.datastructures import MutableHeaders
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response

from kea_exporter import __version__
from kea_exporter.facts.failure import Failure
from kea_exporter.httpd.fair_queue import FairQueue, client_of, on_thread
from kea_exporter.metrics import ExporterState
from kea_exporter.requirements import PAIR_REQUIREMENTS, judge_pair
from kea_exporter.transport.deadline import Deadline
from kea_exporter.web.admission import Admission
from kea_exporter.web.debug import debug_text
from kea_exporter.web.options import PAGE_HEADERS, TIMEOUT_HEADER, scrape_seconds
from kea_exporter.web.pages import fleet_page, page_of, pair_page, server_page, style
from kea_exporter.web.parameters import (
    BadRequestError,
    Part,
    form_value,
    metrics_part,
    parameters,
    refuse_other_sites,
)
from kea_exporter.web.shown import Shown
from kea_exporter.web.targets import is_address, target_groups, wanted
from kea_exporter.web.waiting import Sharing, until_done, when_done
from kea_exporter.web.writer import PageWriter, variant

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from starlette.requests import Request

    from kea_exporter.config import DaemonSettings
    from kea_exporter.reloader import Reloader
    from kea_exporter.service import Collection, Service
    from kea_exporter.under_way import UnderWay
    from kea_exporter.web.options import WebOptions
    from kea_exporter.web.writer import EncodedPage

T = TypeVar("T")
P = ParamSpec("P")

TRUE = "true"
RELOAD_SECONDS = 60.0
MAX_BEGUN_AT_ONCE = 3
MAX_PAGES_WAITING, MAX_PAGES_WAITING_OF_CLIENT = 64, 16


class Handlers:
    """Handles requests; slow work runs on threads, so that health checks are answered at any time."""

    def __init__(self, service: Service, options: WebOptions, reloader: Reloader) -> None:
        self._service = service
        self._options = options
        self._writer = PageWriter()
        self._build = (__version__, platform.python_version(), ssl.OPENSSL_VERSION)
        self._reloader = reloader
        self._admission = Admission(options.max_requests)
        self._limiter = CapacityLimiter(options.max_requests)
        # Encoding several pages at a time would be no faster, and would take the memory of all of them.
        self._encoding = FairQueue(options.max_requests, options.max_requests)
        self._rendering = FairQueue(MAX_PAGES_WAITING, MAX_PAGES_WAITING_OF_CLIENT)
        self._shared = Sharing()

    async def metrics(self, request: Request) -> Response:
        """Collect from all daemons; the page is about the exporter too, or only about one of both."""
        part = metrics_part(parameters(request))
        if part is Part.EXPORTER:
            write = partial(self._writer.write, (), request.headers, self._state())
            body, headers = await self._rendering.run(client_of(request.scope), write)
            return Response(body, headers=headers)
        with self._admission.slot(self._admission.work, request):
            under_way = await self._begun(self._service.settings.daemons, self._deadline(request))
            await until_done(under_way.futures, under_way.until.remaining(), request.receive)

            def write_all() -> EncodedPage:
                reports = self._all(under_way).reports
                return self._writer.write(reports, request.headers, None if part is Part.SERVERS else self._state())

            body, headers = await self._encoded(part or "all", under_way, request, write_all)
        return Response(body, headers=headers)

    async def probe(self, request: Request) -> Response:
        """Collect from one server or daemon; the page has the same shape, and nothing about the exporter."""
        asked, deadline = parameters(request), self._deadline(request)
        with self._admission.slot(self._admission.work, request):
            under_way = await self._begun_at_target(asked, deadline, request)
            await until_done(under_way.futures, under_way.until.remaining(), request.receive)

            def write() -> EncodedPage:
                return self._writer.write(self._service.end(under_way).reports, request.headers)

            def write_debugged() -> str:
                reports = self._service.end(under_way).reports
                body, _ = self._writer.write(reports, MutableHeaders())
                return debug_text(reports, body.decode())

            if asked.get("debug") == TRUE:
                text = await self._encoding.run(client_of(request.scope), write_debugged)
                return PlainTextResponse(text, headers=PAGE_HEADERS)
            body, headers = await self._encoded("probe", under_way, request, write)
        return Response(body, headers=headers)

    async def discovery(self, request: Request) -> Response:
        """List all servers for Prometheus, each to be asked for at /probe."""
        parameters(request)
        return JSONResponse(target_groups(self._service.settings.servers, request), headers=PAGE_HEADERS)

    async def api(self, request: Request) -> Response:
        """Return the last check report of all servers; collect if there is none yet."""
        parameters(request)
        shown = await self._reports(request)
        body = await self._rendered(request, shown.as_json)
        return Response(body, headers={**PAGE_HEADERS, "Content-Type": "application/json"})

    async def fleet(self, request: Request) -> Response:
        """Show the last collection of all servers."""
        parameters(request)
        reports, collected_at = await self._to_show(request)
        path = self._options.telemetry_path
        return _page(await self._rendered(request, fleet_page, reports, collected_at, time.time(), metrics_path=path))

    async def server(self, request: Request) -> Response:
        """Show the last collection of one server."""
        name = self._asked_server(request)
        shown = await self._to_show(request)
        reports = shown.reports or ()
        return _page(await self._rendered(request, server_page, name, reports, shown.collected_at, time.time()))

    async def pair(self, request: Request) -> Response:
        """Show the last collection of one pair; its configurations are read again if they differ."""
        parameters(request)
        daemon, place = request.path_params["daemon"], request.path_params["place"]
        shown = await self._to_show(request)
        report = await on_thread(partial(shown.pair, place, daemon), self._limiter)
        is_free = self._admission.work.are_free_for(client_of(request.scope))
        if report is not None and report.pair.unequal_parts and is_free:
            with self._admission.slot(self._admission.work, request):
                compared = await on_thread(partial(self._service.compared, report.pair), self._limiter)
            if not isinstance(compared.differences, Failure):  # else hashes still tell where they differ
                report = judge_pair(PAIR_REQUIREMENTS, compared, shown.reports or ())
        page = await self._rendered(request, pair_page, report, place, shown.collected_at, time.time())
        return HTMLResponse(page, HTTPStatus.OK if report else HTTPStatus.NOT_FOUND, PAGE_HEADERS)

    async def report(self, request: Request) -> Response:
        """Send the check report of one server as an HTML file to keep or to pass on."""
        name = self._asked_server(request)
        shown = await self._reports(request)
        own = shown.of_server(name)
        if not own or shown.collected_at is None:
            raise BadRequestError("the server was not collected yet, try again later", HTTPStatus.SERVICE_UNAVAILABLE)
        text = await self._rendered(request, shown.as_html, name)
        headers = {**PAGE_HEADERS, "Content-Disposition": 'attachment; filename="kea-report.html"'}
        return HTMLResponse(text, headers=headers)

    async def style(self, request: Request) -> Response:
        """Serve the style sheet of the pages."""
        parameters(request)
        return Response(style(), media_type="text/css", headers={**PAGE_HEADERS, "Cache-Control": "max-age=300"})

    async def collect(self, request: Request) -> Response:
        """Collect anew from all servers, and go back to the page that asked for it."""
        parameters(request)
        refuse_other_sites(request, self._options.own_hosts)
        server = await form_value(request, "server")
        await self._collect_all(request)
        is_known = server in self._service.settings.servers
        return RedirectResponse(page_of(server) if is_known else "/", HTTPStatus.SEE_OTHER, PAGE_HEADERS)

    async def reload(self, request: Request) -> Response:
        """Reload the configuration, if that was allowed at the start."""
        parameters(request)
        refuse_other_sites(request, self._options.own_hosts)
        if not self._options.enable_lifecycle:
            raise BadRequestError(
                "the lifecycle API is disabled; enable it with --web.enable-lifecycle", HTTPStatus.FORBIDDEN
            )
        with self._admission.slot(self._admission.reloads, request):
            reload = self._reloader.request()
            await until_done([reload], RELOAD_SECONDS, request.receive)
        if not reload.done():
            raise BadRequestError(
                "the configuration is still being loaded, try again later", HTTPStatus.SERVICE_UNAVAILABLE
            )
        if (error := reload.exception()) is not None:
            return PlainTextResponse(
                f"reload failed, the previous configuration stays active: {error}\n",
                HTTPStatus.INTERNAL_SERVER_ERROR,
                PAGE_HEADERS,
            )
        return PlainTextResponse("the configuration was reloaded\n", headers=PAGE_HEADERS)

    async def healthy(self, request: Request) -> Response:
        """Report that the process answers; does not query Kea."""
        parameters(request)
        return PlainTextResponse("kea-exporter is healthy.\n")

    async def ready(self, request: Request) -> Response:
        """Report that the configuration is loaded; does not query Kea."""
        parameters(request)
        return PlainTextResponse("kea-exporter is ready.\n")

    def _asked_server(self, request: Request) -> str:
        """Return the name of the configured server that a request is about."""
        parameters(request)
        name: str = request.path_params["server"]
        if name not in self._service.settings.servers:
            raise BadRequestError("no configured server has this name", HTTPStatus.NOT_FOUND)
        return name

    async def _to_show(self, request: Request) -> Shown:
        """Return what a page shows: with no free slot it says that there is no collection yet, and is not refused."""
        if self._service.last is None and not self._admission.work.are_free_for(client_of(request.scope)):
            return Shown(None, None)
        return await self._reports(request)

    async def _reports(self, request: Request) -> Shown:
        """Return the last reports on the daemons that are still configured; collect first where there are none yet."""
        if self._service.last is None:
            await self._collect_all(request)
        last = self._service.last
        if last is None:
            return Shown(None, None)
        daemons = {(daemon.target.server, daemon.target.daemon) for daemon in self._service.settings.daemons}
        targets = ((report.snapshot.target, report) for report in last.reports)
        kept = tuple(report for target, report in targets if (target.server, target.daemon) in daemons)
        return Shown(kept, last.collected_at)

    async def _collect_all(self, request: Request) -> None:
        with self._admission.slot(self._admission.work, request):
            under_way = await self._begun(self._service.settings.daemons, self._deadline(request))
            await until_done(under_way.futures, under_way.until.remaining(), request.receive)
            await self._encoding.run(client_of(request.scope), partial(self._all, under_way))

    async def _begun(self, daemons: Sequence[DaemonSettings], deadline: Deadline) -> UnderWay:
        """Return a collection that has begun: starting a thread for each of many daemons takes a while."""
        if len(daemons) <= MAX_BEGUN_AT_ONCE:
            return self._service.begin(daemons, deadline)
        return await on_thread(partial(self._service.begin, daemons, deadline), self._limiter)

    async def _begun_at_target(self, asked: Mapping[str, str], deadline: Deadline, request: Request) -> UnderWay:
        """Return the collection that a request to /probe is about.

        Of configured daemons one probe each is under way at a time, however many clients leave early. Of other targets
        there is any number: each is paid for by a slot until its probe ends.
        """
        if not is_address(asked):
            return await self._begun(wanted(self._service.settings, asked, deadline), deadline)
        client, loop = client_of(request.scope), asyncio.get_running_loop()
        self._admission.take(self._admission.other_targets, client)
        give_back = partial(self._admission.other_targets.give_back, client)
        try:
            daemons = await on_thread(partial(wanted, self._service.settings, asked, deadline), self._limiter)
            under_way = await self._begun(daemons, deadline)
        except BaseException:
            give_back()
            raise
        when_done(under_way.futures, loop, give_back)
        return under_way

    async def _encoded(
        self, kind: str, under_way: UnderWay, request: Request, write: Callable[[], EncodedPage]
    ) -> EncodedPage:
        """Return an encoded page, the same one to all requests that joined the same probes and accept the same."""
        key: Hashable = object()
        if all(future.done() for future in under_way.futures):
            key = (kind, tuple(under_way.futures), *variant(request.headers))
        return await self._shared.get(key, lambda: self._encoding.run(client_of(request.scope), write))

    async def _rendered(self, request: Request, make: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Return a page for people, or a report: the same one to all requests for it until it is made."""
        key = (request.scope["path"], id(self._service.last), id(self._service.settings))
        work = partial(make, *arguments, **named)
        return await self._shared.get(key, lambda: self._rendering.run(client_of(request.scope), work))

    def _all(self, under_way: UnderWay) -> Collection:
        return self._service.keep(self._service.end(under_way))

    def _deadline(self, request: Request) -> Deadline:
        return Deadline.after(scrape_seconds(request.headers.get(TIMEOUT_HEADER), self._options.timeout_offset))

    def _state(self) -> ExporterState:
        loaded = self._service.load_state
        return ExporterState(
            build=self._build,
            reload_succeeded=loaded.succeeded,
            reload_time=loaded.succeeded_at,
            requests_in_flight=len(self._admission.work),
            requests_rejected=self._admission.rejected,
            samples_dropped=self._writer.samples_dropped,
        )


def _page(text: str) -> Response:
    return HTMLResponse(text, headers=PAGE_HEADERS)
