"""Bring up a WordPress on loopback: `with wordpress_bed() as bed`, or `python -m tests.wordpress.bed [--companion]`.

WordPress comes from npm (packages.json), or from the folder WORDPRESS_FOLDER; with WOOCOMMERCE_PLUGIN (the plugin's
folder) it is a WooCommerce shop with a small catalogue. PHP is Debian's `php8.2-cli` with sqlite3, curl, gd, mbstring,
xml, zip and intl; nothing is installed here. BedUnavailable says what is missing.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Generator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from devskyy_tools.wordpress.companion import build as companion_plugin
from tests.wordpress import mariadb
from tests.wordpress.balance import balanced
from tests.wordpress.packages import BedUnavailable, unpacked

PHP = Path(__file__).parent / "php"
EXTENSIONS = {"curl", "dom", "fileinfo", "gd", "intl", "mbstring", "mysqli", "pdo_sqlite", "zip"}
SERVERS = 4
IDLE = ("akismet", "skyy-gallery")
"""Plugins that are there, switched off, as on the demo shop; these do nothing."""

CONFIG = """<?php
define('DB_NAME', 'bed'); define('DB_USER', '%(db_user)s'); define('DB_PASSWORD', ''); define('DB_HOST', '%(db_host)s');
define('DB_CHARSET', 'utf8mb4'); define('DB_COLLATE', '');
foreach (['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'] as $name) {
    define($name . '_KEY', 'bed-key-' . $name); define($name . '_SALT', 'bed-salt-' . $name);
}
define('WP_ENVIRONMENT_TYPE', '%(environment)s');
define('DISABLE_WP_CRON', true); define('AUTOMATIC_UPDATER_DISABLED', true); define('WP_HTTP_BLOCK_EXTERNAL', true);
define('WP_DEBUG', false);
$table_prefix = 'wp_';
if (!defined('ABSPATH')) define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
"""


@dataclass(frozen=True)
class Bed:
    """A running WordPress: its address, the administrator, the users by role and, with WooCommerce, two key pairs."""

    url: str
    user: str
    app_password: str
    users: dict[str, dict[str, str]]
    wordpress: str
    woocommerce: str | None
    pid: int
    folder: str = field(repr=False)
    consumer_key: str = ""
    consumer_secret: str = ""
    read_consumer_key: str = ""
    read_consumer_secret: str = ""


@contextlib.contextmanager
def wordpress_bed(*, woocommerce: bool = False, environment: str = "local", companion: bool = False) -> Generator[Bed]:
    """Bring a WordPress up, and take it away at the end.

    `woocommerce` needs WOOCOMMERCE_PLUGIN; `environment` is WP_ENVIRONMENT_TYPE; with `companion` DevSkyy's own plugin
    is unpacked from its zip and activated. Raises BedUnavailable.
    """
    php = _php()
    plugin = _folder("WOOCOMMERCE_PLUGIN", required=True) if woocommerce else None
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="devskyy-bed-"))) / "wordpress"
        _lay_out(folder, plugin)
        if companion:
            _unpack_companion(folder / "wp-content" / "plugins")
        database = stack.enter_context(mariadb.server()) if plugin else None
        _database(folder, database, environment)
        url = f"http://127.0.0.1:{free_ports(1)[0]}"
        settings = {"url": url, "folder": str(folder), "woocommerce": plugin is not None, "companion": companion}
        _run(php, "install.php", settings)
        made: dict[str, Any] = json.loads(_run(php, "provision.php", settings).splitlines()[-1])
        if plugin:
            _run(php, "catalogue.php", settings)
        stack.enter_context(_web(php, folder, url))
        yield Bed(url=url, pid=os.getpid(), folder=str(folder), **made["users"]["administrator"], **made)


def _php() -> list[str]:
    """PHP's command line, with what a web server's configuration would have set."""
    php = shutil.which("php")
    if php is None:
        raise BedUnavailable("php is not installed (Debian: php8.2-cli and its extensions)")
    listed = subprocess.run([php, "-m"], capture_output=True, text=True, check=True).stdout.lower().split()
    if missing := EXTENSIONS - set(listed):
        raise BedUnavailable(f"php lacks the extensions {', '.join(sorted(missing))} (Debian: php8.2-…)")
    settings = {
        "memory_limit": "512M",
        "upload_max_filesize": "64M",
        "post_max_size": "64M",
        "max_execution_time": "60",
        "display_errors": "0",
        "opcache.enable": "1",
        "opcache.memory_consumption": "192",
        "opcache.max_accelerated_files": "20000",
    }
    return [php, *(part for name, value in settings.items() for part in ("-d", f"{name}={value}"))]


def _folder(variable: str, *, required: bool = False) -> Path | None:
    given = os.environ.get(variable, "")
    if given and not Path(given).is_dir():
        raise BedUnavailable(f"{variable} names no folder")
    if required and not given:
        raise BedUnavailable(f"{variable} is not set")
    return Path(given) if given else None


def _lay_out(folder: Path, plugin: Path | None) -> None:
    """Copy WordPress, a theme and the bed's own must-use plugin into `folder`."""
    packaged = unpacked("wordpress")
    # WooCommerce asks for a newer WordPress than the package has; without it the packaged one is the reference.
    source = (_folder("WORDPRESS_FOLDER") or packaged) if plugin else packaged
    shutil.copytree(source, folder, ignore=lambda at, _names: {"wp-content"} if Path(at) == source else set())
    shutil.copytree(packaged / "wp-content" / "themes", folder / "wp-content" / "themes")
    (folder / "wp-content" / "plugins").mkdir()
    (folder / "wp-content" / "uploads").mkdir()
    (folder / "wp-content" / "mu-plugins").mkdir()
    shutil.copy(PHP / "bed.php", folder / "wp-content" / "mu-plugins")
    for name in IDLE:
        (folder / "wp-content" / "plugins" / name).mkdir()
        (folder / "wp-content" / "plugins" / name / f"{name}.php").write_text(f"<?php\n/* Plugin Name: {name} */\n")
    if plugin:
        shutil.copytree(plugin, folder / "wp-content" / "plugins" / "woocommerce")


def _unpack_companion(folder: Path) -> None:
    _name, content = companion_plugin()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)


def _database(folder: Path, socket_path: Path | None, environment: str) -> None:
    """Write wp-config.php; without a database server the SQLite drop-in takes the place of the MySQL driver."""
    if socket_path is None:
        plugin = folder / "wp-content" / "plugins" / "sqlite-database-integration"
        shutil.copytree(next(path for path in unpacked("sqlite").iterdir() if path.is_dir()), plugin)
        dropin = (plugin / "db.copy").read_text()
        dropin = dropin.replace("{SQLITE_IMPLEMENTATION_FOLDER_PATH}", str(plugin))
        dropin = dropin.replace("{SQLITE_PLUGIN}", "sqlite-database-integration/load.php")
        (folder / "wp-content" / "db.php").write_text(dropin)
    values = {"environment": environment, "db_user": mariadb.USER, "db_host": f"localhost:{socket_path or ''}"}
    (folder / "wp-config.php").write_text(CONFIG % values)


def _run(php: list[str], script: str, settings: dict[str, Any]) -> str:
    done = subprocess.run(
        [*php, str(PHP / script)],
        env={**os.environ, "BED": json.dumps(settings)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if done.returncode:
        raise BedUnavailable(f"{script} failed: {(done.stderr or done.stdout).strip()[-1000:]}")
    return done.stdout


def free_ports(number: int) -> list[int]:
    with contextlib.ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(number)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


@contextlib.contextmanager
def _web(php: list[str], folder: Path, url: str) -> Generator[None]:
    """Serve the folder at ``url`` until the block ends."""
    servers = [("127.0.0.1", port) for port in free_ports(SERVERS)]
    host, _, port = url.removeprefix("http://").partition(":")
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for name, number in servers:
            command = [*php, "-S", f"{name}:{number}", "-t", str(folder), str(PHP / "router.php")]
            processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        for process, (name, number) in zip(processes, servers, strict=True):
            _wait(process, f"http://{name}:{number}")
        with balanced((host, int(port)), servers):
            yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], url: str) -> None:
    """Return when the REST index answers; the first answer also fills PHP's code cache."""
    for _ in range(200):
        if process.poll() is not None:
            raise BedUnavailable("php -S ended at once")
        try:
            with urllib.request.urlopen(f"{url}/wp-json/?_fields=name", timeout=60) as answer:
                json.load(answer)
                return
        except urllib.error.HTTPError as error:
            raise BedUnavailable(f"the REST index answers {error.code}: {error.read()[:300]!r}") from error
        except OSError:
            time.sleep(0.05)
    raise BedUnavailable("php -S does not answer")


def main() -> None:
    """Print the bed's address and credentials as one line of JSON and keep it up until this process is ended."""
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    companion = "--companion" in sys.argv[1:]
    with wordpress_bed(woocommerce=bool(os.environ.get("WOOCOMMERCE_PLUGIN")), companion=companion) as bed:
        print(json.dumps(asdict(bed)), flush=True)  # noqa: T201  the command's answer
        signal.pause()


if __name__ == "__main__":
    main()
