"""A pack whose one tool pays the provider, as a pack for a real one is written."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import anyio
import httpx2
from pydantic import BaseModel, Field

from devskyy_mcp.capability import JobPolicy, Pack, Queue, Toolset
from devskyy_mcp.changes.model import JournalOp, Op, Outcome, Systems
from devskyy_mcp.changes.one_way import OneWay
from devskyy_mcp.context import Context, Services
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.http import TooLate, fence
from devskyy_mcp.jobs.model import Job

Kind = Literal["key", "list", "blind"]
KINDS: tuple[Kind, ...] = ("key", "list", "blind")
PRICE = 300_000  # millionths of a dollar
CAP = 5
RATE = (5, 1.0)
TIMEOUT = 1.0

renders_tools = Toolset("renders", timeout=30)


class Rendered(BaseModel):
    task: str
    cost: int | None


@renders_tools.tool("generate", scopes="renders:write", job=JobPolicy(queue="renders", deadline=600, attempts=100))
async def renders_make(
    ctx: Context, prompt: str, kind: Kind = "list", seconds: Annotated[float, Field(ge=0)] = 0.2
) -> Rendered:
    """Render something for money."""
    job, provider = ctx.get(Job), ctx.get(Provider)
    op = Op(
        f"renders_{kind}", "create", "tasks", None, {"prompt": prompt, "seconds": seconds}, label=f"render {prompt}"
    )
    op.estimate = PRICE
    outcome = await job.paid("submit", op)
    for number in range(1000):
        if await job.step(f"poll {number}", provider.done, kind, outcome.object_id):
            break
        await ctx.progress(number, None, "rendering")
        await job.sleep(f"pause {number}", 0.1)
    await job.step("store", provider.store, job.id)
    return Rendered(task=str(outcome.object_id), cost=outcome.cost)


@renders_tools.tool("generate", scopes="renders:write", job=JobPolicy())
async def renders_nothing(ctx: Context, number: int = 0) -> Rendered:
    """Do nothing."""
    return Rendered(task=str(number), cost=None)


CHOSEN = {"type": "object", "properties": {"size": {"enum": ["S", "M"]}}, "required": ["size"]}


class Gate:
    """Where a handler waits before it asks; open unless a test closes it."""

    def __init__(self) -> None:
        self.reached, self.open = anyio.Event(), anyio.Event()
        self.open.set()


@renders_tools.tool("generate", scopes="renders:write", job=JobPolicy())
async def renders_choose(ctx: Context, number: int) -> Rendered:  # so that no two calls are the same
    """Ask a person for a size."""
    gate = ctx.get(Gate)
    gate.reached.set()
    await gate.open.wait()
    chosen = await ctx.get(Job).ask("size", "Which size?", CHOSEN)
    return Rendered(task=str(chosen), cost=None)


async def _watch(seconds: float) -> Rendered:
    """Take so long, and say when it began."""
    began = time.time_ns() // 1000
    await anyio.sleep(seconds)
    return Rendered(task=str(began), cost=None)


@renders_tools.tool("generate", scopes="renders:write", job=JobPolicy(queue="rated"))
async def renders_rated(ctx: Context, number: int) -> Rendered:  # so that no two calls are the same
    """Do nothing, a few times a second."""
    return await _watch(0)


@renders_tools.tool("generate", scopes="renders:write", job=JobPolicy(queue="single"))
async def renders_someday(ctx: Context, number: int) -> Rendered:  # as above
    """Do nothing, alone."""
    return await _watch(0.05)


@renders_tools.tool("generate", scopes="renders:write", job=JobPolicy(queue="single", priority=1))
async def renders_urgent(ctx: Context, number: int) -> Rendered:  # as above
    """Do nothing, alone and first."""
    return await _watch(0.05)


@renders_tools.tool("generate", scopes="renders:write", job=JobPolicy(deadline=1.5, attempts=3))
async def renders_hasty(ctx: Context, seconds: float) -> Rendered:
    """Take so long, within a short time."""
    return await _watch(seconds)


class Provider:
    """The provider's client."""

    def __init__(self, url: str) -> None:
        self.http = httpx2.AsyncClient(base_url=url, timeout=TIMEOUT, trust_env=False)

    async def done(self, kind: str, task: str) -> bool:
        return (await self._json("GET", f"/{kind}/tasks/{task}"))["done"]

    async def store(self, job: str) -> None:
        await self._json("PUT", f"/stored/{job}")

    async def submit(self, kind: str, key: str, body: dict[str, Any]) -> httpx2.Response:
        headers, fenced = {"Idempotency-Key": key}, {"trace": fence}
        return await self.http.post(f"/{kind}/tasks", json=body, headers=headers, extensions=fenced)

    async def tasks(self, since: float) -> list[dict[str, Any]]:
        return (await self._json("GET", "/list/tasks", params={"since": since}))["tasks"]

    async def _json(self, method: str, path: str, **more: Any) -> Any:
        try:
            answer = await self.http.request(method, path, **more)
        except httpx2.TransportError:
            raise Refused(Code.UPSTREAM_UNREACHABLE, "The provider can't be reached.") from None
        return answer.json() if answer.content else None

    async def aclose(self) -> None:
        await self.http.aclose()


class Renders(OneWay):
    """The System of one kind of provider."""

    quiet_after = TIMEOUT + 0.2
    no_way_back = "It was paid for."

    def __init__(self, kind: Kind, services: Services) -> None:
        self.kind = kind
        self.name = f"renders_{kind}"
        self.services = services
        self.proves_absence = kind != "blind"

    @property
    def provider(self) -> Provider:
        return self.services.get(Provider)

    async def send(self, change: str, ops: Sequence[Op]) -> list[Outcome]:
        return [await self._submit(change, ops[0])]

    async def _submit(self, change: str, op: Op) -> Outcome:
        try:
            answer = await self.provider.submit(self.kind, change, op.body)
        except TooLate:
            return Outcome("not_sent", error=_error(Code.UPSTREAM_TIMEOUT, "The server stood still."))
        except httpx2.ConnectError:
            return Outcome("not_sent", error=_error(Code.UPSTREAM_UNREACHABLE, "The provider can't be reached."))
        except httpx2.TransportError:
            return Outcome("unknown", error=_error(Code.UPSTREAM_TIMEOUT, "The provider did not answer."))
        if answer.status_code == 429:
            wait = float(answer.headers["Retry-After"])
            busy = _error(Code.RATE_LIMITED, "The provider is busy.")
            return Outcome("not_sent", error={**busy, "retry_after": wait})
        if answer.status_code >= 500:
            return Outcome("unknown", error=_error(Code.UPSTREAM_INVALID, "The provider broke."))
        if answer.status_code >= 400:
            return Outcome("failed", error=_error(Code.UPSTREAM_REFUSED, "The provider refused it."))
        told = answer.json()
        cost = round(told["cost_usd"] * 1_000_000) if "cost_usd" in told else None
        return Outcome("done", object_id=told["id"], cost=cost)

    async def look(self, ops: Sequence[JournalOp]) -> list[Outcome]:
        return [await self._find(item) for item in ops]

    async def _find(self, item: JournalOp) -> Outcome:
        if self.kind == "key":
            found = await self._submit(item.change, item.op)
            return found if found.state == "done" else Outcome("unknown")
        if self.kind == "blind":
            return Outcome("unknown")
        try:
            tasks = await self.provider.tasks((item.sent_at or 0) / 1_000_000 - 1)
        except Refused:
            return Outcome("unknown")
        mine = [task["id"] for task in tasks if task["prompt"] == item.op.body["prompt"]]
        return Outcome("done", object_id=mine[0]) if mine else Outcome("not_sent")


def _error(code: Code, message: str) -> dict[str, Any]:
    return {"code": str(code), "message": message}


def renders_pack(url: str) -> Pack:
    """The pack, for the provider at that address."""

    def provides(services: Services) -> None:
        services.share(Provider, lambda _: Provider(url))
        services.share(Gate, lambda _: Gate())
        systems = services.get(Systems)
        for kind in KINDS:
            systems.add(f"renders_{kind}", lambda kind=kind: Renders(kind, services))

    queues = [Queue("renders", CAP), Queue("rated", 50, rate=RATE), Queue("single", 1)]
    return Pack("renders", [renders_tools], provides=provides, queues=queues)
