"""What benchmarks run against: a real nginx on loopback, and the two supported versions of k6."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.parts import locate, why_missing

START_S = 10.0
CONF = """\
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log crit;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_max_body_size 0;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location / {{ return 200 "ok\\n"; }}
    location /write {{ return 204; }}
    location /query {{ return 204; }}
    location /status {{ stub_status; }}
  }}
}}
"""


class PartMissingError(Exception):
    """A program that a benchmark needs is not here; the message says how to get it."""


def program(part: str) -> Path:
    """Return a real program.

    Raises
    ------
    PartMissingError
        This machine does not have it.
    """
    found = locate(part)
    if found is None:
        raise PartMissingError(f"{part}: {why_missing(part)}")
    return found


@contextmanager
def nginx() -> Iterator[int]:
    """Serve on a free port of 127.0.0.1: 200, or 204 to writes of InfluxDB; gives the port."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="stallwatch-bench-") as folder:
        conf = Path(folder) / "nginx.conf"
        conf.write_text(CONF.format(folder=folder, port=port), encoding="utf-8")
        argv = [str(program("nginx")), "-p", folder, "-c", str(conf)]
        with subprocess.Popen(argv, stderr=subprocess.DEVNULL) as process:
            try:
                _wait_for(port, process)
                yield port
            finally:
                process.terminate()


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise PartMissingError("nginx did not start")
