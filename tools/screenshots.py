"""`python -m tools.screenshots FOLDER DRAWN` writes the pictures of the README and of docs/dashboards.md.

The status page is that of a simulated fleet; the dashboards are the first screens that `make look` drew into DRAWN.
"""

from __future__ import annotations

import shutil
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
# The dashboards, each in one situation of `make look`.
DASHBOARDS = ("kea-fleet-faults-light", "kea-server-faults-light", "kea-pairs-faults-light", "kea-subnets-many-light")


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


def _draw(browser: Browser, url: str, path: Path) -> None:
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    page.goto(url)
    page.screenshot(path=path)
    page.close()


def main(folder: Path, drawn: Path) -> None:
    """Write all pictures into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as scratch, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        status_page(browser, folder / "status-page.png", Path(scratch) / "demo.log")
        browser.close()
    for name in DASHBOARDS:
        shutil.copyfile(drawn / f"{name}-first.png", folder / f"{name}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
