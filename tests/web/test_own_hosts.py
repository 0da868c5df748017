"""Requests that change something are accepted at our own names only, against DNS rebinding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from kea_exporter.web import WebOptions
from tests.support.exporter import run
from tests.support.serving import answer, servers, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.serving import Served

OWN = ["127.0.0.1", "127.0.0.1:9547", "[::1]:9547", "localhost:9547", "kea-exporter", "exporter.example.com"]
OWN += ["EXPORTER.example.com.:9547"]
OTHERS = ["evil.example.com", "evil.example.com:9547", "127.0.0.1.evil.example.com", "1.2.3.4.5", "example.com", "[::1"]


@pytest.fixture(scope="module")
def pages() -> Iterator[Served]:
    options = WebOptions(enable_lifecycle=True, own_hosts=frozenset({"exporter.example.com"}))
    with serving(servers("a"), options, answer) as served:
        yield served


def posted(pages: Served, path: str, host: str) -> tuple[int, str]:
    # As a browser does after rebinding: to it, the page is of the same site.
    headers = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    found = requests.post(pages.url + path, headers=headers, timeout=20, allow_redirects=False)
    return found.status_code, found.text


@pytest.mark.parametrize("host", OWN)
@pytest.mark.parametrize(("path", "status"), [("/-/reload", 200), ("/collect", 303)])
def test_own_hosts_may_post(pages: Served, path: str, status: int, host: str) -> None:
    assert posted(pages, path, host)[0] == status


@pytest.mark.parametrize("host", OTHERS)
@pytest.mark.parametrize("path", ["/-/reload", "/collect"])
def test_other_hosts_are_refused_with_the_option_that_allows_them(pages: Served, path: str, host: str) -> None:
    status, text = posted(pages, path, host)
    assert status == 403
    assert "--web.own-host" in text
    assert host not in text


@pytest.mark.parametrize("host", OTHERS)
def test_reading_is_not_restricted(pages: Served, host: str) -> None:
    assert pages.get("/-/healthy", Host=host).status_code == 200


@pytest.mark.parametrize(
    "name", ["http://exporter.example.com", "exporter.example.com:9547", "", "a b", "*.example.com"]
)
def test_a_name_that_is_none_is_an_error(name: str) -> None:
    done = run("serve", "--web.own-host", name)
    assert done.returncode == 3
    assert "is not a host name; write a name without scheme and port" in " ".join(done.stderr.split())
