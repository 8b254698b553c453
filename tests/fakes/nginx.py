"""A real nginx with the project's own ``deploy/nginx.conf``, on ports that are free."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

SITE = Path(__file__).parents[2] / "deploy" / "nginx.conf"
PORT, SERVERS = 8080, (8001, 8002, 8003)
"""What the file says."""
MAIN = """{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/devskyy.conf;
}}
"""


@contextmanager
def nginx(folder: Path, port: int, servers: Sequence[int]) -> Generator[None]:
    """Serve on the port, by the project's own file, for as many servers as it names."""
    site = SITE.read_text(encoding="utf-8").replace(f":{PORT}", f":{port}")
    for written, real in zip(SERVERS, servers, strict=True):
        assert site.count(f":{written} ") == 2
        site = site.replace(f":{written} ", f":{real} ")
    with serving(folder, port, site):
        yield


@contextmanager
def serving(folder: Path, port: int, site: str) -> Generator[None]:
    """Serve on the port what ``site`` says, in nginx' own words."""
    folder.mkdir(parents=True)
    (folder / "devskyy.conf").write_text(site, encoding="utf-8")
    user = "user root;" if os.getuid() == 0 else ""
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder, user=user), encoding="utf-8")
    log = folder / "error.log"
    process = subprocess.Popen(["/usr/sbin/nginx", "-e", str(log), "-p", str(folder), "-c", str(folder / "nginx.conf")])
    try:
        _until_it_listens(process, port, log)
        yield
    finally:
        process.terminate()
        process.wait(10)


def _until_it_listens(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    give_up = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert process.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < give_up, "nginx does not listen"
            time.sleep(0.02)
