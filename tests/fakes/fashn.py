"""FASHN's API on loopback, after docs.fashn.ai and its own client (``fashn`` 0.9): runs, statuses, credits, files.

``python -m tests.fakes.fashn PORT`` serves it in a process of its own; ``/_seen`` and ``/_faults`` are the test's side.
"""

from __future__ import annotations

import asyncio
import base64
import sys
from collections.abc import AsyncGenerator
from dataclasses import asdict, dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from .made import mp4, png

KEY = "fa-test-key-of-the-loopback"
REFUSALS = {
    "BadRequest": 400,
    "UnauthorizedAccess": 401,
    "NotFound": 404,
    "RateLimitExceeded": 429,
    "ConcurrencyLimitExceeded": 429,
    "OutOfCredits": 429,
    "InternalServerError": 500,
}
"""Errors of its API with their status; the three of 429 mean three things."""
RUNTIME = (
    "ImageLoadError",
    "ContentModerationError",
    "PoseError",
    "InputValidationError",
    "PipelineError",
    "ThirdPartyError",
    "3rdPartyProviderError",
    "InternalServerError",
)
"""Names of errors that come with HTTP 200 and the status ``failed``."""
MODELS = {
    "tryon-max": {"model_image", "product_image"},
    "tryon-v1.6": {"model_image", "garment_image"},
    "product-to-model": {"product_image"},
    "model-swap": {"model_image"},
    "background-change": {"image", "prompt"},
    "reframe": {"image", "aspect_ratio"},
    "edit": {"image", "prompt"},
    "packshot": {"product_image"},
    "background-remove": {"image"},
    "image-to-video": {"image"},
}
"""Its models with what each asks for."""
CREDITS = 2


@dataclass
class Prediction:
    """One run; ``end`` is how it ends: ``completed``, ``failed:NAME``, or any status word."""

    model_name: str
    inputs: dict[str, Any]
    end: str
    polls: int = 0


@dataclass
class Fashn:
    """What it has seen, and what it is to do.

    Args:
        runs: for the next submissions: a name of ``REFUSALS``, ``lost`` (taken, answered 502 by a gateway), ``hang``
            (taken, never answered), ``page`` (HTML), ``empty`` (200 without an id), ``rejected`` (200 with an error).
        ends: how the next predictions end, in order; ``completed`` afterwards.
        files: how the next files are served: ``slow``, ``cut``, ``huge`` (8 MB), ``page``, ``gone``; whole afterwards.
        outputs: ``url``, ``data`` (data URIs), ``none``, or an address that takes a file's place.
        busy: polls that say ``processing`` before the end.
        host: the address of files; of the request where it is empty.
    """

    runs: list[str] = field(default_factory=list[str])
    ends: list[str] = field(default_factory=list[str])
    files: list[str] = field(default_factory=list[str])
    outputs: str = "url"
    busy: int = 1
    host: str = ""
    predictions: list[Prediction] = field(default_factory=list[Prediction])
    refused: int = 0
    fetched: int = 0
    credits: int = 234

    async def run(self, request: Request) -> Response:
        if (no := self._stranger(request)) is not None:
            return no
        body = await request.json()
        fault = self.runs.pop(0) if self.runs else ""
        missing = MODELS.get(body.get("model_name", ""), {"model_name"}) - set(body.get("inputs", {}))
        if missing and not fault:
            return self._refusal("BadRequest", f"Missing: {', '.join(sorted(missing))}")
        if fault in REFUSALS:
            return self._refusal(fault, f"{fault}: no")
        if fault == "page":
            return Response("<html>Sign in</html>", 200, media_type="text/html")
        if fault == "rejected":
            return JSONResponse({"id": "", "error": "The queue did not take it."})
        number = len(self.predictions)
        end = self.ends.pop(0) if self.ends else "completed"
        self.predictions.append(Prediction(body["model_name"], body["inputs"], end))
        self.credits -= CREDITS
        if fault == "hang":
            await asyncio.sleep(3600)
        if fault == "lost":
            return Response("<html>502</html>", 502, media_type="text/html")
        return JSONResponse({"error": None} if fault == "empty" else {"id": f"{number}-u1", "error": None})

    async def status(self, request: Request) -> Response:
        if (no := self._stranger(request)) is not None:
            return no
        number = request.path_params["id"].partition("-")[0]
        if not number.isdecimal() or int(number) >= len(self.predictions):
            return self._refusal("NotFound", "Prediction not found")
        one = self.predictions[int(number)]
        one.polls += 1
        told: dict[str, Any] = {"id": request.path_params["id"], "error": None}
        if one.polls <= self.busy:
            return JSONResponse({**told, "status": ("starting", "in_queue", "processing")[min(one.polls - 1, 2)]})
        status, _, name = one.end.partition(":")
        if status == "failed":
            self.credits += CREDITS if one.polls == self.busy + 1 else 0  # failures are free
            return JSONResponse(
                {**told, "status": status, "error": {"name": name, "message": f"{name}: it went wrong"}}
            )
        if status != "completed":
            return JSONResponse({**told, "status": status})
        output = self._output(request, int(number), one)
        return JSONResponse(
            {**told, "status": status, "output": output}, headers={"x-fashn-credits-used": str(CREDITS)}
        )

    def _output(self, request: Request, number: int, one: Prediction) -> list[str]:
        film = one.model_name == "image-to-video"
        count = 1 if film else one.inputs.get("num_images", 1)
        names = [f"{number}_{index}.{'mp4' if film else 'png'}" for index in range(count)]
        match self.outputs:
            case "none":
                return []
            case "data":
                return [f"data:image/png;base64,{base64.b64encode(_content(name)).decode()}" for name in names]
            case "url":
                return [f"{self.host or str(request.base_url).rstrip('/')}/files/{name}" for name in names]
            case _:
                return [self.outputs]

    async def file(self, request: Request) -> Response:
        content = _content(request.path_params["name"])
        kind = "video/mp4" if request.path_params["name"].endswith("mp4") else "image/png"
        self.fetched += 1
        match self.files.pop(0) if self.files else "":
            case "gone":
                return Response("expired", 403)
            case "page":
                return Response("<html>Sign in</html>", media_type="text/html")
            case "slow":
                await asyncio.sleep(2)
            case "cut":
                return StreamingResponse(_cut(content), headers={"content-length": str(len(content))}, media_type=kind)
            case "huge":
                return StreamingResponse(_large(content), media_type=kind)
            case _:
                pass
        return Response(content, media_type=kind)

    async def balance(self, request: Request) -> Response:
        if (no := self._stranger(request)) is not None:
            return no
        kept = {"total": self.credits, "subscription": 100, "on_demand": self.credits - 100}
        return JSONResponse({"credits": kept})

    def _stranger(self, request: Request) -> Response | None:
        if request.headers.get("authorization") == f"Bearer {KEY}":
            return None
        return self._refusal("UnauthorizedAccess", "Unauthorized: Invalid token")

    def _refusal(self, name: str, message: str) -> Response:
        self.refused += 1
        return JSONResponse({"error": name, "message": message}, REFUSALS[name])

    async def seen(self, _request: Request) -> Response:
        return JSONResponse({"predictions": [asdict(one) for one in self.predictions], "fetched": self.fetched})

    async def harm(self, request: Request) -> Response:
        for name, value in (await request.json()).items():
            setattr(self, name, value)
        return Response(status_code=204)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/run", self.run, methods=["POST"]),
                Route("/v1/status/{id}", self.status),
                Route("/v1/credits", self.balance),
                Route("/files/{name}", self.file),
                Route("/_seen", self.seen),
                Route("/_faults", self.harm, methods=["POST"]),
            ]
        )


def _content(name: str) -> bytes:
    number, _, rest = name.partition("_")
    each = int(number) * 10 + int(rest.partition(".")[0])
    return mp4(each) if name.endswith("mp4") else png(each)


async def _cut(content: bytes) -> AsyncGenerator[bytes]:
    yield content[: len(content) // 2]  # less than was promised: the server closes the connection


async def _large(content: bytes) -> AsyncGenerator[bytes]:
    yield content
    for _ in range(80):
        yield b"\0" * 100_000
        await asyncio.sleep(0)  # lets the server notice that nobody listens any more


if __name__ == "__main__":
    uvicorn.run(Fashn().app(), port=int(sys.argv[1]), log_level="error")
