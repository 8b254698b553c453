"""Random kill -9 of servers, workers or both, while jobs that pay go on: ``python -m tests.durability.paid.kills``.

Prints what came of it as JSON. What must hold: no job lost or stuck, none paid twice, none stored twice, and a person
is asked only about a provider that can't be looked into.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import anyio
import httpx2

from devskyy_mcp.app import App, local_principal
from devskyy_mcp.db.database import Database
from devskyy_mcp.guard.audit_check import verify
from devskyy_mcp.guard.local_key import local_key
from devskyy_mcp.jobs.model import ENDED, JobView
from devskyy_mcp.jobs.service import Jobs
from tests.durability.processes import free_port

from .processes import Place, ProviderServer, Running, desk, place
from .renders import KINDS, Kind

STUCK = 60.0
"""Seconds after the last kill in which every job must have come to its end."""
ME = local_principal()


@dataclass
class Tally:
    """What came of a run. ``wrong`` must be empty."""

    kills: int = 0
    jobs: int = 0
    succeeded: int = 0
    needs_review: int = 0
    paid: int = 0
    seconds_to_finish: float = 0.0
    wrong: list[str] = field(default_factory=list[str])


class Crash:
    """One run over a database. Postgres: a server and two workers; SQLite: two servers that are the worker by turns."""

    def __init__(self, here: Place, provider: ProviderServer, kills: int, seed: int, kinds: tuple[Kind, ...]) -> None:
        self.here = here
        self.provider = provider
        self.kills = kills
        self.random = random.Random(seed)
        self.kinds = kinds
        self.sqlite = here.settings["database_url"].startswith("sqlite")
        self.ports = [free_port(), free_port()]
        self.jobs: dict[str, tuple[str, Kind]] = {}
        self.tally = Tally(kills)
        self._numbers = 0

    async def run(self) -> Tally:
        """Submit and kill, then wait for the end of all."""
        shape = (
            [(True, port) for port in self.ports]
            if self.sqlite
            else [(False, self.ports[0]), (True, None), (True, None)]
        )
        running = [Running(self.here, jobs, port) for jobs, port in shape]
        for one in running:
            one.start()
        try:
            for _ in range(self.kills):
                await self._submit(self.random.randint(1, 3))
                await anyio.sleep(self.random.uniform(0.05, 1.2))
                unlucky = self.random.sample(running, self.random.choice([1, 1, 2]))
                for one in unlucky:
                    one.kill()
                for one in unlucky:
                    one.start()
            async with desk(self.here) as app:
                await self._finish(app)
        finally:
            for one in running:
                if one.process is not None:
                    one.kill()
        return self.tally

    async def _submit(self, count: int) -> None:
        """Take jobs in, at whichever server answers; with an idempotency key, so that asking again is safe."""
        for _ in range(count):
            self._numbers += 1
            kind = self.random.choice(self.kinds)
            prompt = f"{kind} {self._numbers}"
            body = {"prompt": prompt, "kind": kind, "seconds": round(self.random.uniform(0, 1), 2)}
            self.jobs[await self._ask(body, f"key {self._numbers}")] = (prompt, kind)

    async def _ask(self, body: dict[str, Any], key: str) -> str:
        give_up = time.monotonic() + STUCK
        headers = {"Authorization": f"Bearer {local_key(self.here.settings['data_dir'])}", "Idempotency-Key": key}
        ports = self.ports if self.sqlite else self.ports[:1]
        while True:
            for port in ports:
                try:
                    async with httpx2.AsyncClient(trust_env=False, timeout=10) as http:
                        url = f"http://127.0.0.1:{port}/api/v1/tools/renders_make"
                        answer = await http.post(url, json=body, headers=headers)
                    if answer.is_success:
                        return answer.json()["job"]
                except httpx2.TransportError:
                    pass
            assert time.monotonic() < give_up, "no server takes jobs in"
            await anyio.sleep(0.1)

    async def _finish(self, app: App) -> None:
        began = time.monotonic()
        jobs = app.services.get(Jobs)
        views: dict[str, JobView] = {}
        over = {*ENDED, "needs_review"}
        while time.monotonic() - began < STUCK:
            for job in self.jobs:
                if job not in views or views[job].state not in over:
                    views[job] = await jobs.get(ME, job)
            if all(view.state in over for view in views.values()):
                break
            await anyio.sleep(0.2)
        self.tally.seconds_to_finish = round(time.monotonic() - began, 1)
        seen = self.provider.seen()
        for job, (prompt, kind) in self.jobs.items():
            self._judge(views[job], prompt, kind, seen)
        self.tally.jobs = len(self.jobs)
        verdict = await verify(app.services.get(Database))
        if not verdict.ok:
            self.tally.wrong.append(f"the audit is broken at {verdict.first_bad_seq}")

    def _judge(self, view: JobView, prompt: str, kind: str, seen: dict[str, Any]) -> None:
        job, state = view.job, view.state
        paid = seen["prompts"].count(prompt)
        self.tally.paid += paid
        if state == "succeeded":
            self.tally.succeeded += 1
            good = paid == 1 and job in seen["stored"]
        else:
            self.tally.needs_review += state == "needs_review"
            good = state == "needs_review" and kind == "blind" and paid <= 1 and job not in seen["stored"]
        if not good:
            self.tally.wrong.append(
                f"{job} {prompt}: {state}, paid {paid} times, stored {job in seen['stored']}, {view.error}"
            )


async def crash(folder: Path, database_url: str, kills: int, seed: int, kinds: tuple[Kind, ...] = KINDS) -> Tally:
    """Run once over an empty database."""
    provider = ProviderServer()
    provider.start()
    database = Database(database_url, migrate=True)
    await database.open()
    await database.close()
    try:
        here = place(folder, database_url, provider.url, worker_concurrency=8)
        return await Crash(here, provider, kills, seed, kinds).run()
    finally:
        provider.stop()


def main() -> int:
    """The long run on both databases; 1 when anything was wrong."""
    from tests.fakes.postgres import started

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--kind", choices=KINDS, action="append")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    given = parser.parse_args()
    wrong = 0
    for name in given.database or ["sqlite", "postgresql"]:
        with tempfile.TemporaryDirectory() as folder, started() as server:
            server.psql("CREATE DATABASE crash;")
            file = f"sqlite:///{folder}/app.db"
            url = file if name == "sqlite" else server.get_uri(database="crash")
            tally = anyio.run(crash, Path(folder), url, given.kills, given.seed, tuple(given.kind or KINDS))
        sys.stdout.write(json.dumps({"database": name, "seed": given.seed, **asdict(tally)}) + "\n")
        sys.stdout.flush()
        wrong += len(tally.wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
