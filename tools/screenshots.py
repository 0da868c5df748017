"""`python -m tools.screenshots FOLDER DASHBOARD.png` writes the pictures of the README.

The status page is that of a simulated fleet; the dashboard is what `make look` drew, cut to its first screen.
"""

from __future__ import annotations

import base64
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import requests
from playwright.sync_api import sync_playwright

from lab.browser import FLAGS, chromium
from lab.servers.processes import Running, accepts, free_port

if TYPE_CHECKING:
    from playwright.sync_api import Browser

WIDTH, HEIGHT = 1366, 900


def status_page(browser: Browser, path: Path, output: Path) -> None:
    """Write the picture of the status page of a simulated fleet; what the demo prints goes to *output*."""
    port = free_port()
    demo = Running([sys.executable, "-m", "kea_exporter", "demo", "--web.listen-address", f"127.0.0.1:{port}"], output)
    try:
        demo.wait_until(lambda: accepts("127.0.0.1", port))
        # The page shows the last collection.
        requests.get(f"http://127.0.0.1:{port}/metrics", timeout=60).raise_for_status()
        _draw(browser, f"http://127.0.0.1:{port}/", path)
    finally:
        demo.stop()


def dashboard(browser: Browser, drawn: Path, path: Path) -> None:
    """Write the first screen of a dashboard that was drawn in full."""
    picture = base64.b64encode(drawn.read_bytes()).decode()
    page = f'<body style="margin:0"><img src="data:image/png;base64,{picture}" width="{WIDTH}"></body>'
    _draw(browser, f"data:text/html;base64,{base64.b64encode(page.encode()).decode()}", path)


def _draw(browser: Browser, url: str, path: Path) -> None:
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    page.goto(url)
    page.screenshot(path=path)
    page.close()


def main(folder: Path, drawn: Path) -> None:
    """Write both pictures into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as scratch, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        status_page(browser, folder / "status-page.png", Path(scratch) / "demo.log")
        dashboard(browser, drawn, folder / "fleet-dashboard.png")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
