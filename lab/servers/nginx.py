"""A real nginx on loopback, as a proxy in front of Kea."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from lab.servers.debian import unpacked
from lab.servers.processes import ENDS_WITH_US, Running, accepts, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lab.servers.certificates import Pair

PACKAGE = "nginx"

CONFIGURATION = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port}{ssl};
        {directives}
    }}
}}
"""


def program() -> Path:
    """Return the path of nginx, from Debian's package.

    Raises:
        LabBuildError: the package cannot be downloaded.
    """
    return unpacked(PACKAGE, PACKAGE) / "usr/sbin/nginx"


@contextmanager
def nginx(folder: Path, directives: str, pair: Pair | None = None) -> Iterator[int]:
    """Run an nginx with one server, and give its port.

    Args:
        folder: for its files; it is made.
        directives: what the server does.
        pair: its certificate and key; without it, it speaks no TLS.
    """
    folder.mkdir()
    port = free_port()
    if pair is not None:
        directives = (
            f"ssl_certificate {pair.certificate};\n        ssl_certificate_key {pair.key};\n        {directives}"
        )
    file = folder / "nginx.conf"
    ssl = " ssl" if pair else ""
    file.write_text(CONFIGURATION.format(folder=folder, port=port, ssl=ssl, directives=directives))
    running = Running([*ENDS_WITH_US, str(program()), "-e", "stderr", "-c", str(file)], folder / "log")
    try:
        running.wait_until(lambda: accepts("127.0.0.1", port))
        yield port
    finally:
        running.stop()
