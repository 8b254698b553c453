"""A paid provider that counts: what was submitted, what runs at once, what was stored. ``python -m … PORT`` serves it.

Three kinds of it stand at three paths: ``key`` honours an idempotency key, ``list`` lists its tasks, ``blind`` does
neither. A task is taken at once and answered 100 ms later, so that there is a moment to lose the answer in.
"""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

ANSWER_AFTER = 0.1


@dataclass
class Provider:
    """What it has seen. ``faults``: per kind what to do with the next submissions: ``429``, ``500`` (not taken),
    ``lost`` (taken, answered 502), ``hang`` (taken, never answered), ``400``.
    """

    tasks: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    stored: dict[str, int] = field(default_factory=dict[str, int])
    faults: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    keys: dict[str, int] = field(default_factory=dict[str, int])
    refused: int = 0
    refusals: list[tuple[str, float]] = field(default_factory=list[tuple[str, float]])
    most_at_once: int = 0

    async def submit(self, request: Request) -> Response:
        kind = request.path_params["kind"]
        body = await request.json()
        key = request.headers.get("idempotency-key", "") if kind == "key" else ""
        if key and key in self.keys:
            return JSONResponse({"id": str(self.keys[key])})
        waiting = self.faults.get(kind, [])
        fault = waiting.pop(0) if waiting else ""
        if fault in {"429", "500", "400"}:
            self.refused += 1
            self.refusals.append((body["prompt"], time.time()))
            return JSONResponse({"error": "no"}, int(fault), {"Retry-After": "1"} if fault == "429" else {})
        at, number = time.time(), len(self.tasks)
        self.tasks.append({"kind": kind, "prompt": body["prompt"], "at": at, "seconds": body["seconds"]})
        if key:
            self.keys[key] = number
        running = sum(1 for task in self.tasks if task["at"] + task["seconds"] > at)
        self.most_at_once = max(self.most_at_once, running)
        await asyncio.sleep(ANSWER_AFTER)
        if fault == "hang":
            await asyncio.sleep(3600)
        if fault == "lost":
            return JSONResponse({"error": "bad gateway"}, 502)
        return JSONResponse({"id": str(number), "cost_usd": 0.25})

    async def listed(self, request: Request) -> Response:
        if request.path_params["kind"] != "list":
            return JSONResponse({"error": "no such page"}, 404)
        since = float(request.query_params["since"])
        found = [
            {"id": str(number), "prompt": task["prompt"]}
            for number, task in enumerate(self.tasks)
            if task["kind"] == "list" and task["at"] >= since
        ]
        return JSONResponse({"tasks": found})

    async def show(self, request: Request) -> Response:
        task = self.tasks[int(request.path_params["number"])]
        return JSONResponse({"done": time.time() > task["at"] + task["seconds"]})

    async def store(self, request: Request) -> Response:
        job = request.path_params["job"]
        self.stored[job] = self.stored.get(job, 0) + 1
        return Response(status_code=204)

    async def seen(self, request: Request) -> Response:
        return JSONResponse(
            {
                "prompts": [task["prompt"] for task in self.tasks],
                "stored": self.stored,
                "refused": self.refused,
                "refusals": self.refusals,
                "taken": [(task["prompt"], task["at"]) for task in self.tasks],
                "most_at_once": self.most_at_once,
            }
        )

    async def finish(self, request: Request) -> Response:
        """End a task that runs, by its prompt."""
        prompt = (await request.json())["prompt"]
        for task in self.tasks:
            if task["prompt"] == prompt:
                task["seconds"] = 0
        return Response(status_code=204)

    async def harm(self, request: Request) -> Response:
        self.faults.update(await request.json())
        return Response(status_code=204)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/{kind}/tasks", self.submit, methods=["POST"]),
                Route("/{kind}/tasks", self.listed),
                Route("/{kind}/tasks/{number:int}", self.show),
                Route("/stored/{job}", self.store, methods=["PUT"]),
                Route("/_seen", self.seen),
                Route("/_faults", self.harm, methods=["POST"]),
                Route("/_finish", self.finish, methods=["POST"]),
            ]
        )


if __name__ == "__main__":
    uvicorn.run(Provider().app(), port=int(sys.argv[1]), log_level="error")
