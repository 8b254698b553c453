from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from devskyy_mcp.app import build
from devskyy_mcp.config import Settings
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.surfaces.hosts import stdio_command, welcome
from devskyy_mcp.surfaces.http import create_http
from tests.fakes.served import settings_for

ROOT = Path(__file__).parent.parent.parent.parent

pytestmark = pytest.mark.requirement("cli:serve")


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "DEVSKYY_DATA_DIR": str(tmp_path / "data"), **more}


@pytest.mark.parametrize(
    "command", [[sys.executable, str(ROOT / "server.py")], [sys.executable, "-m", "devskyy_mcp", "serve"]]
)
def test_it_says_where_it_is_and_is_there(command: list[str], tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*command, "--port", "0"], cwd=tmp_path, env=environment(tmp_path), stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("Cursor"):
                break
        address = next(line.split()[1] for line in lines if line.strip().startswith("Health"))
        with urllib.request.urlopen(address, timeout=30) as answer:
            assert json.load(answer)["services"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) in {0, -signal.SIGTERM}
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def test_a_busy_port_is_told_with_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "devskyy_mcp", "serve", "--port", str(port)],
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode != 0
    assert f"127.0.0.1:{port} is in use already" in done.stderr
    assert f"DEVSKYY_PORT={port + 1}" in done.stderr
    assert "Traceback" not in done.stderr


def _blocks(text: str) -> list[Any]:
    """The JSON blocks of the welcome."""
    found: list[Any] = []
    lines: list[str] = []
    for line in text.splitlines():
        if line == "  {":
            lines = []
        lines.append(line)
        if line == "  }":
            found.append(json.loads("\n".join(lines)))
    return found


def test_the_configurations_can_be_pasted(app_settings: Settings) -> None:
    text = welcome(app_settings.model_copy(update={"port": 8123}))
    desktop, code, cursor = _blocks(text)
    command = desktop["mcpServers"]["devskyy"]
    assert Path(command["command"]).is_absolute()
    assert command["args"] == ["-m", "devskyy_mcp", "stdio"]
    assert code["servers"]["devskyy"] == {"type": "http", "url": "http://127.0.0.1:8123/mcp"}
    assert cursor["mcpServers"]["devskyy"] == {"url": "http://127.0.0.1:8123/mcp"}
    assert "demo shop" in text


def test_with_a_real_shop_the_key_is_pointed_to_and_never_printed(app_settings: Settings) -> None:
    settings = app_settings.model_copy(update={"wordpress_url": "https://shop.example.com"})
    text = welcome(settings)
    assert "https://shop.example.com" in text
    assert "devskyy local-key" in text
    assert "dsk_local_" not in text


def test_hosts_are_told_where_the_settings_are() -> None:
    words = stdio_command(".env")
    assert Path(words[words.index("--env-file") + 1]).is_absolute()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"host": "192.0.2.1", "auth_mode": "none"}, "DEVSKYY_HOST=127.0.0.1"),
        ({"host": "192.0.2.1", "auth_mode": "external"}, "AUTH_ISSUER"),
        ({"host": "0.0.0.0", "auth_mode": "embedded"}, "DEVSKYY_PUBLIC_URL"),
    ],
)
def test_what_others_could_misuse_or_not_reach_does_not_start_and_says_what_to_set(
    app_settings: Settings, given: dict[str, Any], told: str
) -> None:
    settings = settings_for(app_settings.data_dir, **given)
    with pytest.raises(Refused) as refused:
        create_http(build(settings, []))
    assert refused.value.code is Code.NOT_CONFIGURED
    assert told in refused.value.hint
