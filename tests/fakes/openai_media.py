"""OpenAI's Images API on loopback, as its own client speaks it (``openai`` 3.54): generations and edits.

``python -m tests.fakes.openai_media PORT`` serves it in a process of its own.
"""

from __future__ import annotations

import asyncio
import base64
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from .made import png

KEY = "sk-test-key-of-the-loopback"
REFUSALS: dict[str, tuple[int, str, str, str]] = {
    "invalid_api_key": (401, "invalid_api_key", "invalid_request_error", "Incorrect API key provided: sk-wrong***."),
    "unverified": (403, "", "invalid_request_error", "Your organization must be verified to use the model."),
    "model_not_found": (404, "model_not_found", "invalid_request_error", "The model does not exist."),
    "moderation_blocked": (400, "moderation_blocked", "image_generation_user_error", "Rejected by the safety system."),
    "bad_size": (400, "invalid_value", "image_generation_user_error", "Invalid size."),
    "rate_limit_exceeded": (429, "rate_limit_exceeded", "requests", "Rate limit reached."),
    "insufficient_quota": (429, "insufficient_quota", "insufficient_quota", "You exceeded your current quota."),
    "server_error": (500, "server_error", "server_error", "The server had an error."),
    "overloaded": (503, "", "server_error", "The engine is currently overloaded."),
}
"""Its errors by a name of ours: status, code, type, message."""
USAGE = {
    "input_tokens": 1050,
    "input_tokens_details": {"image_tokens": 1000, "text_tokens": 50},
    "output_tokens": 1000,
    "total_tokens": 2050,
}
COST = 50 * 5 + 1000 * 8 + 1000 * 30
"""Of one picture with that usage, in millionths of a US dollar: $5, $8 and $30 for a million tokens."""


@dataclass
class OpenAI:
    """What it has seen, and what it is to do.

    ``runs`` for the next requests: a name of ``REFUSALS``, ``lost`` (made, answered 502 by a gateway), ``hang`` (made,
    never answered), ``cut`` (made, half of the answer), ``page``, ``nothing`` (no data), ``damaged`` (no picture).
    """

    runs: list[str] = field(default_factory=list[str])
    asked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    refused: int = 0

    async def generate(self, request: Request) -> Response:
        return await self._answer(request, await request.json())

    async def edit(self, request: Request) -> Response:
        async with request.form() as form:
            body: dict[str, Any] = {"pictures": []}
            for name, value in form.multi_items():
                if isinstance(value, UploadFile):
                    body["pictures"].append([name, value.content_type, len(await value.read())])
                else:
                    body[name] = value
        return await self._answer(request, body)

    async def _answer(self, request: Request, body: dict[str, Any]) -> Response:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return self._refusal("invalid_api_key")
        fault = self.runs.pop(0) if self.runs else ""
        if fault in REFUSALS:
            return self._refusal(fault)
        number = len(self.asked)
        self.asked.append(body)
        if fault == "hang":
            await asyncio.sleep(3600)
        if fault == "lost":
            return Response("<html>502</html>", 502, media_type="text/html")
        if fault == "page":
            return Response("<html>Sign in</html>", media_type="text/html")
        count = int(body.get("n", 1))
        pictures = [base64.b64encode(png(number * 10 + index)).decode() for index in range(count)]
        told: dict[str, Any] = {"created": 1, "output_format": "png", "data": [{"b64_json": one} for one in pictures]}
        if fault == "nothing":
            told["data"] = []
        if fault == "damaged":
            told["data"] = [{"b64_json": "bm8gcGljdHVyZQ=="}]
        told["usage"] = USAGE
        whole = JSONResponse(told)
        if fault == "cut":
            return StreamingResponse(_cut(bytes(whole.body)), headers=dict(whole.headers))
        return whole

    def _refusal(self, name: str) -> Response:
        self.refused += 1
        status, code, kind, message = REFUSALS[name]
        error = {"message": message, "type": kind, "code": code or None, "param": None}
        return JSONResponse({"error": error}, status, {"Retry-After": "0"} if status == 429 else {})

    async def models(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return self._refusal("invalid_api_key")
        return JSONResponse({"object": "list", "data": []})

    async def seen(self, _request: Request) -> Response:
        return JSONResponse({"asked": self.asked})

    async def harm(self, request: Request) -> Response:
        self.runs = await request.json()
        return Response(status_code=204)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/images/generations", self.generate, methods=["POST"]),
                Route("/v1/images/edits", self.edit, methods=["POST"]),
                Route("/v1/models", self.models),
                Route("/_seen", self.seen),
                Route("/_faults", self.harm, methods=["POST"]),
            ]
        )


async def _cut(content: bytes) -> AsyncGenerator[bytes]:
    yield content[: len(content) // 2]  # less than was promised: the server closes the connection


if __name__ == "__main__":
    uvicorn.run(OpenAI().app(), port=int(sys.argv[1]), log_level="error")
