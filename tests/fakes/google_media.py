"""Google's Gemini API on loopback, as its own client speaks it (``google-genai`` 3.4): pictures, interactions, files.

``python -m tests.fakes.google_media PORT`` serves it in a process of its own.
"""

from __future__ import annotations

import asyncio
import base64
import sys
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .made import mp4, png

KEY = "AIza-test-key-of-the-loopback"
REFUSALS = {
    "API_KEY_INVALID": (400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."),
    "INVALID_ARGUMENT": (400, "INVALID_ARGUMENT", "Request contains an invalid argument."),
    "FAILED_PRECONDITION": (400, "FAILED_PRECONDITION", "User location is not supported."),
    "PERMISSION_DENIED": (403, "PERMISSION_DENIED", "The caller does not have permission."),
    "NOT_FOUND": (404, "NOT_FOUND", "The model is not found."),
    "RESOURCE_EXHAUSTED": (429, "RESOURCE_EXHAUSTED", "Resource has been exhausted."),
    "INTERNAL": (500, "INTERNAL", "An internal error has occurred."),
    "UNAVAILABLE": (503, "UNAVAILABLE", "The model is overloaded."),
    "DEADLINE_EXCEEDED": (504, "DEADLINE_EXCEEDED", "The deadline has expired."),
}
"""Its errors by a name: HTTP status, status word, message."""
USAGE = {
    "promptTokenCount": 100,
    "candidatesTokenCount": 1130,
    "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1120}, {"modality": "TEXT", "tokenCount": 10}],
    "totalTokenCount": 1230,
}
COST = 100 * 1.5 + 1120 * 30 + 10 * 7.5
"""Of one picture with that usage, in millionths of a US dollar: $1.50, $30 and $7.50 for a million tokens."""


@dataclass
class Film:
    """An interaction; ``end`` is its last status, or ``refused`` for one without a film."""

    body: dict[str, Any]
    end: str
    polls: int = 0


@dataclass
class Google:
    """What it has seen, and what it is to do.

    Args:
        runs: for the next requests that cost: a name of ``REFUSALS``, ``lost`` (made, answered 502 by a gateway),
            ``hang``, ``blocked`` (the prompt), ``filtered`` (the picture), ``words`` (text and no picture).
        ends: how the next films end, in order; ``completed`` afterwards.
        files: how the next films' files are served: ``gone``, ``page``, ``elsewhere`` (an address of another host).
        inline: films come in the answer instead of as files.
        busy: polls that say ``in_progress`` before the end.
    """

    runs: list[str] = field(default_factory=list[str])
    ends: list[str] = field(default_factory=list[str])
    files: list[str] = field(default_factory=list[str])
    inline: bool = False
    busy: int = 1
    asked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    films: list[Film] = field(default_factory=list[Film])
    fetched: int = 0

    async def generate(self, request: Request) -> Response:
        body = await request.json()
        number = len(self.asked)
        if (no := await self._fault(request, lambda: self.asked.append(body))) is not None:
            return no
        self.asked.append(body)
        match self.runs.pop(0) if self.runs else "":
            case "blocked":
                return JSONResponse({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {}})
            case "filtered":
                return JSONResponse({"candidates": [{"finishReason": "IMAGE_SAFETY", "index": 0}]})
            case "words":
                said = {"role": "model", "parts": [{"text": "I would rather not."}]}
                return JSONResponse({"candidates": [{"content": said, "finishReason": "NO_IMAGE", "index": 0}]})
            case _:
                pass
        data = {"mimeType": "image/png", "data": base64.b64encode(png(number)).decode()}
        thought = {"mimeType": "image/png", "data": base64.b64encode(png(99)).decode()}
        parts: list[dict[str, Any]] = [
            {"inlineData": thought, "thought": True},
            {"text": "Here."},
            {"inlineData": data},
        ]
        candidate = {"content": {"role": "model", "parts": parts}, "finishReason": "STOP", "index": 0}
        told = {"candidates": [candidate], "usageMetadata": USAGE, "responseId": f"answer-{number}"}
        return JSONResponse(told)

    async def interact(self, request: Request) -> Response:
        body = await request.json()
        film = Film(body, self.ends[0] if self.ends else "completed")
        if (no := await self._fault(request, lambda: self.films.append(film))) is not None:
            return no
        self.ends = self.ends[1:]
        self.films.append(film)
        return JSONResponse({"id": f"v1_{len(self.films) - 1}", "status": "in_progress", "object": "interaction"})

    async def interaction(self, request: Request) -> Response:
        if (no := self._stranger(request)) is not None:
            return no
        name = request.path_params["id"]
        number = int(name.removeprefix("v1_"))
        if number >= len(self.films):
            return _refusal("NOT_FOUND")
        film = self.films[number]
        film.polls += 1
        told: dict[str, Any] = {"id": name, "object": "interaction"}
        if film.polls <= self.busy:
            return JSONResponse({**told, "status": "in_progress"})
        if film.end == "failed":
            errors = [{"code": "INTERNAL", "message": "It went wrong."}]
            return JSONResponse({**told, "status": "failed", "errors": errors})
        if film.end == "refused":
            said = [{"type": "text", "text": "I would rather not."}]
            return JSONResponse({**told, "status": "completed", "steps": [{"type": "model_output", "content": said}]})
        if film.end != "completed":
            return JSONResponse({**told, "status": film.end})
        made: dict[str, Any] = {"type": "video", "mime_type": "video/mp4"}
        if self.inline:
            made["data"] = base64.b64encode(mp4(number)).decode()
        else:
            fault = self.files[0] if self.files else ""
            host = "https://files.elsewhere.example" if fault == "elsewhere" else str(request.base_url).rstrip("/")
            made["uri"] = f"{host}/v1beta/files/film{number}:download?alt=media"
        return JSONResponse({**told, "status": "completed", "steps": [{"type": "model_output", "content": [made]}]})

    async def file(self, request: Request) -> Response:
        if (no := self._stranger(request)) is not None:
            return no
        self.fetched += 1
        match self.files.pop(0) if self.files else "":
            case "gone":
                return _refusal("NOT_FOUND")
            case "page":
                return Response("<html>Sign in</html>", media_type="text/html")
            case _:
                number = int(request.path_params["name"].removeprefix("film"))
                return Response(mp4(number), media_type="video/mp4")

    async def _fault(self, request: Request, made: Any) -> Response | None:
        if (no := self._stranger(request)) is not None:
            return no
        fault = self.runs[0] if self.runs else ""
        if fault not in {*REFUSALS, "lost", "hang"}:
            return None
        self.runs.pop(0)
        if fault in REFUSALS:
            return _refusal(fault)
        made()
        if fault == "hang":
            await asyncio.sleep(3600)
        return Response("<html>502</html>", 502, media_type="text/html")

    def _stranger(self, request: Request) -> Response | None:
        return None if request.headers.get("x-goog-api-key") == KEY else _refusal("API_KEY_INVALID")

    async def models(self, request: Request) -> Response:
        return self._stranger(request) or JSONResponse({"models": []})

    async def seen(self, _request: Request) -> Response:
        told = {"asked": self.asked, "films": [film.body for film in self.films], "fetched": self.fetched}
        return JSONResponse(told)

    async def harm(self, request: Request) -> Response:
        for name, value in (await request.json()).items():
            setattr(self, name, value)
        return Response(status_code=204)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1beta/models/{model}:generateContent", self.generate, methods=["POST"]),
                Route("/v1beta/interactions", self.interact, methods=["POST"]),
                Route("/v1beta/interactions/{id}", self.interaction),
                Route("/v1beta/files/{name}:download", self.file),
                Route("/v1beta/models", self.models),
                Route("/_seen", self.seen),
                Route("/_faults", self.harm, methods=["POST"]),
            ]
        )


def _refusal(name: str) -> Response:
    code, status, message = REFUSALS[name]
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": name, "domain": "googleapis.com"}
    return JSONResponse({"error": {"code": code, "message": message, "status": status, "details": [info]}}, code)


if __name__ == "__main__":
    uvicorn.run(Google().app(), port=int(sys.argv[1]), log_level="error")
