"""A MariaDB of its own in a temporary folder, on a socket only: WooCommerce needs more than the SQLite driver gives."""

from __future__ import annotations

import contextlib
import getpass
import shutil
import subprocess
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

from tests.wordpress.packages import BedUnavailable

USER = getpass.getuser()


@contextlib.contextmanager
def server() -> Generator[Path]:
    """Start a server with an empty database `bed`, owned by this user without a password; yields its socket."""
    daemon, install = shutil.which("mariadbd"), shutil.which("mariadb-install-db")
    if daemon is None or install is None:
        raise BedUnavailable("mariadbd is not on PATH (Debian: mariadb-server)")
    with tempfile.TemporaryDirectory(prefix="devskyy-db-") as work:
        data, socket = Path(work) / "data", Path(work) / "socket"
        _check(
            [
                install,
                "--no-defaults",
                f"--datadir={data}",
                f"--user={USER}",
                "--auth-root-authentication-method=normal",
            ]
        )
        setup = Path(work) / "setup.sql"
        setup.write_text("CREATE DATABASE bed CHARACTER SET utf8mb4;\n")
        process = subprocess.Popen(
            [
                daemon,
                "--no-defaults",
                f"--datadir={data}",
                f"--socket={socket}",
                f"--pid-file={work}/pid",
                f"--user={USER}",
                f"--init-file={setup}",
                "--skip-networking",
                "--skip-grant-tables",  # the socket lies in a folder that only this user can enter
                "--innodb-flush-log-at-trx-commit=0",
                "--innodb-buffer-pool-size=64M",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            _wait(process, socket)
            yield socket
        finally:
            process.kill()
            process.wait()


def _check(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BedUnavailable(f"{command[0]} failed: {done.stderr.strip()[-300:]}")


def _wait(process: subprocess.Popen[bytes], socket: Path) -> None:
    for _ in range(200):
        if socket.exists():
            return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise BedUnavailable("mariadbd does not start")
