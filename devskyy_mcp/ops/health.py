"""What /health says: only what is so, and without making anybody wait for a slow outside.

Packs add checks for what they speak to (``services.get(HealthChecks).add("shop", check)``); a check runs at most every
30 seconds, when somebody asks, under a short deadline.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from anyio import to_thread

from .. import __version__
from ..agents.catalogue import Agents
from ..auth.people import People
from ..capability import Registry
from ..config import Settings
from ..context import Services
from ..db.cache import Cache
from ..db.database import Database
from ..errors import Code, Refused
from ..guard.brake import Brake
from ..llm.gateway import Gateway

EVERY = 30.0
LITTLE_SPACE = 200 * 1024 * 1024
"""Bytes: below it a full disk is near, which stops every write, since intents are recorded first."""
DEADLINE = 1.0


@dataclass(frozen=True, slots=True)
class State:
    """How one part is: ``words`` for people, at most a sentence, no secrets; ``ok`` False makes the whole degraded."""

    ok: bool
    words: str


Check = Callable[[], Awaitable[State]]


@dataclass
class _Entry:
    check: Check
    every: float
    state: State = State(ok=False, words="not checked yet")
    until: float = 0.0
    busy: anyio.Lock = field(default_factory=anyio.Lock)


class HealthChecks:
    """Checks by the name of the part. ``clock`` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._entries: dict[str, _Entry] = {}

    def add(self, name: str, check: Check, *, every: float = EVERY) -> None:
        """Add or replace a part's check. Its exceptions count as failure and are never shown."""
        self._entries[name] = _Entry(check, every)

    async def states(self) -> dict[str, State]:
        """Every part's last known state, looked at anew where that is too old."""
        async with anyio.create_task_group() as tasks:
            for entry in self._entries.values():
                tasks.start_soon(self._refresh, entry)
        return {name: entry.state for name, entry in self._entries.items()}

    async def state(self, name: str) -> State:
        entry = self._entries[name]
        await self._refresh(entry)
        return entry.state

    async def _refresh(self, entry: _Entry) -> None:
        async with entry.busy:
            if entry.until > self.clock():
                return
            state = State(ok=False, words=f"no answer within {DEADLINE:g} s")
            with anyio.move_on_after(DEADLINE):
                try:
                    state = await entry.check()
                except Refused as refused:
                    state = State(ok=False, words=f"{refused.code}: {refused.message}")
                except Exception as error:  # a broken check is a state to show, not a reason to fail
                    state = State(ok=False, words=f"the check itself failed ({type(error).__name__})")
            entry.state, entry.until = state, self.clock() + entry.every


def database_check(database: Database) -> Check:
    async def check() -> State:
        async with database.read() as conn:
            await conn.exec_driver_sql("SELECT 1")
        return State(ok=True, words=f"ok, {database.dialect}")

    return check


def encryption_check(database: Database) -> Check:
    async def check() -> State:
        await database.open()
        vault = database.vault
        sample = vault.seal("health", "sample", "1", [1])
        ok = vault.open("health", "sample", "1", sample) == [1]
        return State(ok=ok, words="ok, AES-256-GCM")

    return check


def assets_check(folder: Path) -> Check:
    """Whether files can be kept: the folder, or the one that it will be made in, takes writes and has room."""

    def look() -> State:
        there = folder if folder.exists() else folder.parent
        if not os.access(there, os.W_OK | os.X_OK):
            return State(ok=False, words="the folder can't be written to")
        free = shutil.disk_usage(there).free >> 20
        return State(ok=free >= LITTLE_SPACE >> 20, words=f"ok, {free:,} MiB free" if folder.exists() else "ok, empty")

    async def check() -> State:
        return await to_thread.run_sync(look)

    return check


def cache_check(cache: Cache) -> Check:
    async def check() -> State:
        try:
            return State(ok=True, words=await cache.check())
        except Refused as refused:
            away = refused.code is Code.UPSTREAM_UNREACHABLE
            why = "unreachable" if away else f"{refused.code}: {refused.message.rstrip('.')}"
            return State(ok=False, words=f"redis: {why}; limits are counted per process")

    return check


def sign_in_check(people: People, mode: str) -> Check:
    async def check() -> State:
        owners, bare = await people.owners()
        words = f"{mode}; owners: {owners}, without a second factor: {bare}"
        told = words if owners else f"{words}; the first: devskyy users add --role owner"
        return State(ok=owners > 0 or mode == "external", words=told)

    return check


def provider_check(services: Services) -> Check:
    async def check() -> State:
        from ..auth.external import External

        try:
            return State(ok=True, words=f"ok; {await services.get(External).check()}")
        except Refused as refused:
            return State(ok=False, words=f"{refused.code}: {refused.message} {refused.hint}")

    return check


def models_check(services: Services) -> Check:
    """Which providers of language models are set up, and which of them do not answer. None is asked for it."""

    async def check() -> State:
        from ..llm.checks import state

        ok, words = await state(services.get(Gateway))
        return State(ok=ok, words=words)

    return check


def writes_check(brake: Brake) -> Check:
    """Who stopped them is not said: anybody may read it."""

    async def check() -> State:
        stop = await brake.state()
        if stop is None:
            return State(ok=True, words="on")
        if not stop.at:
            return State(ok=True, words="off, READ_ONLY is set")
        return State(ok=False, words=f"stopped since {stop.since}; `devskyy resume-writes` lets them go on")

    return check


def _agents(services: Services) -> str:
    found = services.get(Agents)
    if not found.agents:
        return "none"
    away = len(found.agents) - len(found.offered)
    return f"ok; {len(found.offered)}" + (f", {away} lack their tools" if away else "")


async def report(services: Services, auth: str) -> dict[str, Any]:
    """The body of /health: {status, version, environment, services: {part: words}}.

    Args:
        services: the running server's.
        auth: how callers are known, in words.
    """
    settings, registry = services.get(Settings), services.get(Registry)
    states = await services.get(HealthChecks).states()
    parts = {
        "api": "ok",
        "auth": auth,
        "cache": "in process",
        "encryption": "not checked",
        "mcp_server": f"ok; tools: {len(registry.tools)}, prompts: {len(registry.prompts)}",
        "agents": _agents(services),
        "shop": "demo shop" if settings.demo else "not checked",
    }
    parts |= {name: state.words for name, state in states.items()}
    return {
        "status": "healthy" if all(state.ok for state in states.values()) else "degraded",
        "version": __version__,
        "environment": settings.environment,
        "services": parts,
    }
