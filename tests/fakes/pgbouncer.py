"""A real PgBouncer in transaction mode: as Neon, Supabase and others put it before Postgres."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

CONNECTIONS = 8
"""Connections to Postgres, for however many clients."""
SETTINGS = """[databases]
{name} = host={host} dbname={name} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {connections}
max_client_conn = 300
logfile = {folder}/pgbouncer.log
"""


@contextmanager
def pgbouncer(postgres_url: str) -> Generator[str]:
    """Before that database; the address through it, as operators write it down."""
    parts = urlsplit(postgres_url)
    name, host = parts.path[1:], parse_qs(parts.query)["host"][0]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="devskyy-pgbouncer-"))
    settings = folder / "pgbouncer.ini"
    settings.write_text(
        SETTINGS.format(name=name, host=host, user=parts.username, port=port, folder=folder, connections=CONNECTIONS),
        encoding="utf-8",
    )
    command = ["/usr/sbin/pgbouncer", str(settings)]
    if os.getuid() == 0:  # it refuses to be root, and only Postgres' own user may enter the socket's folder
        folder.chmod(0o777)
        command[1:1] = ["-u", pwd.getpwuid(Path(host).stat().st_uid).pw_name]
    process = subprocess.Popen([*command[:1], "-q", *command[1:]])
    try:
        _until_it_listens(process, port)
        yield f"postgresql://{parts.username}@127.0.0.1:{port}/{name}"
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder)


def _until_it_listens(process: subprocess.Popen[bytes], port: int) -> None:
    give_up = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert process.poll() is None, "PgBouncer does not start"
            assert time.monotonic() < give_up, "PgBouncer does not listen"
            time.sleep(0.02)
