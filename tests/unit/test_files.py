"""Files read at run time: a FIFO, a device or an endless file in their place blocks nothing."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kea_exporter.config.errors import ConfigError
from kea_exporter.config.settings import Credentials, TlsSettings
from kea_exporter.config.web import ServerTls, load_web
from kea_exporter.files import MAX_FILE_BYTES, check_file, digest, read_file
from kea_exporter.httpd.tls import server_context
from kea_exporter.transport.context import build_context
from kea_exporter.transport.credentials import read_credentials
from kea_exporter.transport.model import TransportError
from kea_exporter.transport.tls import own_certificate
from tests.support.exporter import exporter, written
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

NOT_REGULAR = "not a regular file"


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    return path


def test_a_regular_file_is_read_up_to_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_file(path, 5) == b"12345"
    with pytest.raises(OSError, match="larger than 4 bytes"):
        read_file(path, 4)


def test_a_symbolic_link_to_a_regular_file_is_followed(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"1")
    (tmp_path / "link").symlink_to("file")
    assert read_file(tmp_path / "link") == b"1"


@pytest.mark.parametrize("use", [read_file, check_file])
@pytest.mark.parametrize("place", ["fifo", "device", "folder", "link to a device", "nothing"])
def test_what_is_not_a_regular_file_is_an_error_at_once(
    use: Callable[[Path], object], fifo: Path, place: str, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to("/dev/zero")
    places = {
        "fifo": fifo,
        "device": Path("/dev/zero"),
        "folder": tmp_path,
        "link to a device": tmp_path / "link",
        "nothing": tmp_path / "nothing",
    }
    with pytest.raises(OSError, match=r"not a regular file|Is a directory|No such file"):
        use(places[place])


def _tls(path: Path) -> TlsSettings:
    return TlsSettings(cert_file=path, key_file=path)


READERS: dict[str, Callable[[Path], object]] = {
    "the configuration": load_web,
    "a password": lambda path: read_credentials(Credentials("user", path)),
    "the CA of Kea": lambda path: build_context(TlsSettings(ca_file=path)),
    "the certificate towards Kea": lambda path: build_context(_tls(path)),
    "the exporter's certificate": lambda path: server_context(ServerTls(path, path)),
}


@pytest.mark.parametrize("reader", READERS)
def test_every_reader_reports_a_fifo(reader: str, fifo: Path) -> None:
    with pytest.raises((ConfigError, TransportError), match=NOT_REGULAR):
        READERS[reader](fifo)


def test_a_client_certificate_that_is_a_fifo_is_unknown(fifo: Path) -> None:
    assert own_certificate(_tls(fifo)) is None


def test_the_watcher_treats_a_fifo_as_a_file_that_cannot_be_read(fifo: Path) -> None:
    assert digest(fifo) is None


def test_a_password_file_that_is_too_large_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_bytes(b"x" * 5000)
    with pytest.raises(TransportError, match="larger than 4,096 bytes"):
        read_credentials(Credentials("user", path))


def replace_by_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def replace_by_endless(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def replace_by_large(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(1024 * MAX_FILE_BYTES)


REPLACEMENTS = {"fifo": replace_by_fifo, "endless": replace_by_endless, "4 GiB": replace_by_large}


@pytest.mark.parametrize("replacement", REPLACEMENTS)
def test_replaced_files_stop_neither_health_nor_scrapes_nor_signals(tmp_path: Path, replacement: str) -> None:
    """Case 42: a FIFO as `web.yml` blocked the whole process."""
    config = written(tmp_path, {"servers": [{"name": "gone", "dhcp4": {"url": "http://127.0.0.1:1"}}]})
    web = tmp_path / "web.yml"
    web.write_text("http_server_config: {headers: {X-Frame-Options: deny}}\n")
    options = ("--web.config.file", str(web), "--config.enable-auto-reload", "--config.auto-reload-interval", "1")
    with exporter(config, *options) as running:
        assert running.get("/-/healthy").status_code == 200
        for path in (web, config):
            REPLACEMENTS[replacement](path)
        wait_until(lambda: "configuration reload failed" in running.log())
        running.signal(signal.SIGHUP)
        for place in ("/-/healthy", "/metrics", "/"):
            page = running.get(place)
            assert page.status_code == 200
            assert page.headers["X-Frame-Options"] == "deny"
        assert "web configuration reload failed" in running.log()
        running.signal(signal.SIGTERM)
        assert running.wait() == 0
