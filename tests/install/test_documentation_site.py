"""The documentation as web pages: built from its lock without a warning, and looked at in a real browser."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, sync_playwright

from lab.browser import FLAGS, chromium

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.install, pytest.mark.lab]

ROOT = Path(__file__).parent.parent.parent
DESKTOP, PHONE = 1280, 390
PAGES = ("", "kea/", "configuration/", "metrics/", "migration-stork/", "runbooks/", "runbooks/KeaServerDown/")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documentation")
    environment = folder / "environment"
    _run(sys.executable, "-m", "venv", str(environment))
    lock = str(ROOT / "requirements-docs.lock")
    _run(str(environment / "bin/pip"), "install", "--quiet", "--require-hashes", "-r", lock)
    _run(str(environment / "bin/mkdocs"), "build", "--strict", "--site-dir", str(folder / "site"))
    return folder / "site"


def _run(*command: str) -> None:
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


class Quiet(SimpleHTTPRequestHandler):
    """Serves files, and does not speak of it."""

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        yield browser
        browser.close()


def test_each_alert_has_its_page_where_messages_link_to(site: Path) -> None:
    names = [page.stem for page in (ROOT / "docs/runbooks").glob("Kea*.md")]
    assert names
    assert all((site / f"runbooks/{name}/index.html").exists() for name in names)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_pages_fit_and_load_nothing_from_elsewhere(browser: Browser, address: str, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    for path in PAGES:
        page.goto(address + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    context.close()
    assert said == []
    assert [url for url in asked if not url.startswith((address, "data:"))] == []


def test_what_is_looked_for_is_found(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.goto(address)
    page.get_by_role("textbox", name="Search").press_sequentially("lease_audit")
    page.locator("[data-md-component=search-result] a[href*='configuration/']").first.click()
    page.wait_for_url("**/configuration/**")
    page.close()
