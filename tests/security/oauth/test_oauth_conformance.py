"""The official suite's authorization scenarios against a real uvicorn; a script is the person with the browser."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import anyio
import pytest

from tests.conformance.suite import SUITE, install, node
from tests.fakes.oauth import Host, listening
from tests.fakes.people import Visit, person

CALLBACK = "http://127.0.0.1:3000/callback"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.mark.requirement("oauth:conformance")
async def test_the_official_authorization_scenarios_pass(tmp_path: Path) -> None:
    await anyio.to_thread.run_sync(install)
    async with listening(tmp_path) as server:
        await person(server.app)
        await Visit(server.http).sign_in()
        host = Host(server.http, redirect_uri=CALLBACK)
        await host.register(client_name="Conformance")
        out = tmp_path / "out"
        words = ["authorization", "--url", server.url, "--client-id", host.client_id]
        words += ["--resource", f"{server.url}/mcp", "-o", str(out)]
        command = [str(node()), str(SUITE), *words]
        said, visited = "", set[str]()
        async with await anyio.open_process(command, stderr=subprocess.STDOUT) as process:
            assert process.stdout
            async for chunk in process.stdout:
                said += chunk.decode()
                for url in re.findall(rf"{re.escape(server.url)}/oauth/authorize\?\S+", said):
                    if url not in visited:
                        visited.add(url)
                        await _visit(host, url)
            status = await process.wait()
        assert status == 0, said
        checks = [check for found in sorted(out.rglob("checks.json")) for check in json.loads(found.read_text())]
        assert checks, said
        assert [check for check in checks if check["status"] in {"FAILURE", "WARNING"}] == []
        assert visited


async def _visit(host: Host, url: str) -> None:
    """Say yes, and follow the answer to the suite's own callback."""
    page = await host.http.get(url)
    back = await host.allow(page) if page.status_code == 200 else page
    location = back.headers["location"]
    assert location.startswith(CALLBACK), location
    await host.http.get(location)
