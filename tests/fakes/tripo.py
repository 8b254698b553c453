"""Tripo's API, v3, on loopback: its wire as the official client tripo3d 1.0.0 speaks it; ``python -m … PORT``.

Submissions may also go wrong by Tripo's own codes, as ``2000``, ``2010``…; a number below 600 is an HTTP status.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .paid_tasks import Json, PaidTask, TaskServer

KEY = "tsk_loopback_0123456789"
STATUS = {1000: 500, 1001: 500, 1002: 401, 1005: 403, 1007: 429, 2000: 429, 2001: 404, 2010: 403}
TYPES = {
    "text-to-model": "text_to_model",
    "image-to-model": "image_to_model",
    "multiview-to-model": "multiview_to_model",
    "texture": "texture_model",
    "convert": "convert_model",
    "import": "import_model",
    "rig-check": "animate_prerigcheck",
    "rig": "animate_rig",
    "retarget": "animate_retarget",
    "decimate": "highpoly_to_lowpoly",
}
CREDITS = {"text-to-model": 20, "image-to-model": 30, "multiview-to-model": 30, "texture": 10, "convert": 5, "rig": 25}
WRONG = {
    2000: "You have exceeded the limit of generation.",
    2008: "The input violates our content policy.",
    2010: "You don't have enough credit to create this task.",
}


class TripoServer(TaskServer):
    """``echoes``: whether tasks tell their input; ``riggable``: what rig checks find."""

    usual = ("queued", "running", "success")

    def __init__(self, files: str = "https://cdn.tripo3d.com/files", *, echoes: bool = True) -> None:
        super().__init__(KEY, files)
        self.echoes = echoes
        self.riggable = True
        self.uploads: list[tuple[str, bytes]] = []

    def refused(self, request: Request) -> Response | None:
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return error(1002, "Authentication failed")
        return None

    async def submit(self, request: Request) -> Response:
        if refused := self.refused(request):
            return refused
        action = request.path_params["action"]
        body: Json = await request.json()
        self.sent.append((action, request.headers.get("authorization", "")))
        fault = self.fault("submit")
        if fault.isdecimal():
            return failure(int(fault))
        if fault == "page":
            return Response("<html>Maintenance</html>", media_type="text/html")
        if action == "image-to-model" and not str(body.get("input", "")):
            return error(2003, "The input file is empty")
        task = self.take(action, body)
        return await self.after(request, fault, envelope({"task_id": task.id}))

    async def show(self, request: Request) -> Response:
        if refused := self.refused(request):
            return refused
        fault = self.fault("poll")
        if fault.isdecimal():
            return failure(int(fault))
        if fault == "page":
            return Response("<html>Maintenance</html>", 503, media_type="text/html")
        task = self.tasks.get(request.path_params["task"])
        if task is None:
            return error(2001, "Task not found")
        return JSONResponse(envelope(self.told(task)))

    def told(self, task: PaidTask) -> Json:
        status = self.step(task)
        data: Json = {
            "task_id": task.id,
            "type": TYPES[task.action],
            "status": status,
            "progress": {"queued": 0, "running": 40}.get(status, 100),
            "created_at": datetime.fromtimestamp(task.at, UTC).isoformat(),
            "output": {},
            **({"input": task.body} if self.echoes else {}),
        }
        if status == "success":
            data |= {"output": self.output(task), "credits_consumed": CREDITS.get(task.action, 10)}
        return {**data, **task.extra}

    def output(self, task: PaidTask) -> Json:
        if task.action == "rig-check":
            return {"riggable": self.riggable, "topology": "biped"}
        if task.action == "import":
            return {}
        ending = str(task.body["format"]).lower() if task.action == "convert" else "glb"
        return {
            "model_url": self.url(f"{task.id}.{ending}"),
            "rendered_image_url": f"{self.files}/poster-{task.id}.png?X-Amz-Signature=0",
        }

    async def listed(self, request: Request) -> Response:
        names: list[str] = (await request.json())["task_ids"]
        found = {name: self.told(self.tasks[name]) for name in names if name in self.tasks}
        return JSONResponse(envelope({"tasks": found, "missed": [name for name in names if name not in found]}))

    async def usage(self, request: Request) -> Response:
        if refused := self.refused(request):
            return refused
        if self.fault("list"):
            return error(1000, "Unknown error")
        rows = [
            {
                "task_id": one.id,
                "type": TYPES[one.action],
                "status": one.states[0],
                "created_at": datetime.fromtimestamp(one.at, UTC).isoformat(),
            }
            for one in reversed(list(self.tasks.values()))
        ]
        start, most = int(request.query_params.get("offset", 0)), int(request.query_params.get("limit", 50))
        return JSONResponse(envelope({"items": rows[start : start + most]}))

    async def balance(self, request: Request) -> Response:
        return self.refused(request) or JSONResponse(envelope({"balance": 970, "frozen": 30}))

    async def upload(self, request: Request) -> Response:
        if refused := self.refused(request):
            return refused
        async with request.form() as form:
            part: Any = form["file"]
            self.uploads.append((part.filename, await part.read()))
        return JSONResponse(envelope({"file_token": f"file_{len(self.uploads)}"}))

    def routes(self) -> list[Route]:
        return [
            Route("/v3/tasks/list", self.listed, methods=["POST"]),
            Route("/v3/tasks/{task}", self.show),
            Route("/v3/account/balance", self.balance),
            Route("/v3/account/usage", self.usage),
            Route("/v3/files", self.upload, methods=["POST"]),
            Route("/v3/{area}/{action}", self.submit, methods=["POST"]),
        ]


def envelope(data: Json) -> Json:
    return {"code": 0, "data": data}


def error(code: int, message: str) -> Response:
    answer = {"code": code, "message": message, "suggestion": "Look at the documentation.", "request_id": "r-1"}
    return JSONResponse(answer, STATUS.get(code, 400), {"Retry-After": "1"} if STATUS.get(code) == 429 else {})


def failure(number: int) -> Response:
    """By one of Tripo's codes, or a bare HTTP status."""
    if number >= 1000:
        return error(number, WRONG.get(number, "Something is wrong."))
    return Response("no", number, media_type="text/plain")


if __name__ == "__main__":
    uvicorn.run(TripoServer().app(), port=int(sys.argv[1]), log_level="error")
