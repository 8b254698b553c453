"""Meshy's API on loopback: its wire as docs.meshy.ai describes it. ``python -m … PORT`` serves it.

Submissions may also go wrong by status and words: ``402``, ``429 NoMoreConcurrentTasks``, ``400 InvalidModel:faces``…
"""

from __future__ import annotations

import sys
from typing import Any

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .paid_tasks import Json, PaidTask, TaskServer

KEY = "msy_loopback_0123456789"
UNLISTED = frozenset({"rigging", "animations"})
CREDITS = {"text-to-3d": 20, "image-to-3d": 30, "multi-image-to-3d": 30, "retexture": 10, "remesh": 5, "rigging": 5}


class MeshyServer(TaskServer):
    """The server."""

    usual = ("PENDING", "IN_PROGRESS", "SUCCEEDED")

    def __init__(self, files: str = "https://assets.meshy.ai/files") -> None:
        super().__init__(KEY, files)

    def refused(self, request: Request) -> Response | None:
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return JSONResponse({"message": "Invalid API key"}, 401)
        return None

    async def submit(self, request: Request) -> Response:
        if refused := self.refused(request):
            return refused
        action = request.path_params["action"]
        body: Json = await request.json()
        fault = self.fault("submit")
        if fault[:3].isdecimal():
            return failure(fault)
        if fault == "page":
            return Response("<html>Maintenance</html>", media_type="text/html")
        task = self.take(action, body)
        return await self.after(request, fault, {"result": task.id})

    async def show(self, request: Request) -> Response:
        if refused := self.refused(request):
            return refused
        fault = self.fault("poll")
        if fault[:3].isdecimal():
            return failure(fault)
        task = self.tasks.get(request.path_params["task"])
        return JSONResponse({"message": "Task not found"}, 404) if task is None else JSONResponse(self.told(task))

    def told(self, task: PaidTask) -> Json:
        status = self.step(task)
        data: Json = {**self.row(task), "status": status, "progress": 100 if status == "SUCCEEDED" else 10}
        if status == "SUCCEEDED":
            data |= {"consumed_credits": self.credits(task), **self.output(task)}
        return {**data, **task.extra}

    def credits(self, task: PaidTask) -> int:
        return 10 if task.body.get("mode") == "refine" else CREDITS.get(task.action, 3)

    def output(self, task: PaidTask) -> Json:
        model, poster = self.url(f"{task.id}.glb"), f"{self.files}/poster-{task.id}.png?Signature=0"
        if task.action == "rigging":
            basic = {f"{name}_glb_url": self.url(f"{name}-{task.id}.glb") for name in ("walking", "running")}
            return {"result": {"rigged_character_glb_url": model, "basic_animations": basic}}
        if task.action == "animations":
            return {"result": {"animation_glb_url": model}}
        formats = task.body.get("target_formats") or ["glb", "usdz"]
        urls = {kind: self.url(f"{task.id}.{kind}") for kind in formats}
        return {"model_urls": urls, "thumbnail_url": poster}

    def row(self, task: PaidTask) -> Json:
        """A task as its request had it, as far as Meshy tells that."""
        echoed = ("prompt", "texture_prompt", "text_style_prompt", "ai_model", "topology", "target_polycount")
        mode = f"-{task.body['mode']}" if "mode" in task.body else ""
        return {
            "id": task.id,
            "type": f"{task.action}{mode}",
            "created_at": int(task.at * 1000),
            **{name: task.body[name] for name in echoed if name in task.body},
        }

    async def listed(self, request: Request) -> Response:
        if refused := self.refused(request):
            return refused
        action = request.path_params["action"]
        if action in UNLISTED:
            return JSONResponse({"message": "Not found"}, 404)
        if self.fault("list"):
            return JSONResponse({"message": "InternalError"}, 500)
        asked: Any = request.query_params
        number, size = int(asked["page_num"]), int(asked["page_size"])
        rows = [
            {**self.row(one), "status": one.states[0]}
            for one in reversed(list(self.tasks.values()))
            if one.action == action
        ]
        return JSONResponse(rows[(number - 1) * size : number * size])

    async def balance(self, request: Request) -> Response:
        return self.refused(request) or JSONResponse({"balance": 480})

    def routes(self) -> list[Route]:
        return [
            Route("/openapi/v1/balance", self.balance),
            Route("/openapi/{version}/{action}", self.listed),
            Route("/openapi/{version}/{action}", self.submit, methods=["POST"]),
            Route("/openapi/{version}/{action}/{task}", self.show),
        ]


def failure(fault: str) -> Response:
    """An HTTP status and the words that come with it."""
    status, _, words = fault.partition(" ")
    headers = {"Retry-After": "1"} if status == "429" else {}
    return JSONResponse({"message": words or "Something is wrong."}, int(status), headers)


if __name__ == "__main__":
    uvicorn.run(MeshyServer().app(), port=int(sys.argv[1]), log_level="error")
