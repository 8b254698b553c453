"""FASHN: pictures of garments on people, and short films of them. After docs.fashn.ai, read 2026-10."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, cast

import anyio

from devskyy_mcp.assets.store import Assets
from devskyy_mcp.changes.model import JournalOp, Op, Outcome
from devskyy_mcp.config import Settings
from devskyy_mcp.context import Services
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.http import Answer
from devskyy_tools.studio.providers import wire
from devskyy_tools.studio.providers.port import About, File, Prices, State, Taken, Task

FILM = "image-to-video"
ABOUT = About(
    name="fashn",
    title="FASHN",
    key="FASHN_API_KEY",
    address="FASHN_BASE_URL",
    site="https://app.fashn.ai/api",
    prices=Prices("2026-10-20", 0.075, {"picture": 2, "film": 6}),
    licence="FASHN's terms give its customers the rights in what they make, commercial use included.",
    at_once=6,
)
MODES = {"fast": 1, "balanced": 2, "quality": 3}
SIZES = {"1k": 0, "2k": 1, "4k": 2}
FILMS = {"480p": 1, "720p": 3, "1080p": 6}
FACE = 3
"""Credits per picture that a reference of a face adds."""
_STATES: dict[str, State] = {
    "starting": "queued",
    "in_queue": "queued",
    "processing": "running",
    "completed": "succeeded",
    "failed": "failed",
    "canceled": "cancelled",
    "time_out": "failed",
}
_INSIDE = "It costs nothing; call again, with another picture if it stays."
_RUNTIME: Mapping[str, tuple[Code, str, str]] = {
    "ImageLoadError": (Code.INVALID_ARGUMENTS, "can't read one of the pictures", "Save it as JPEG and give that."),
    "ContentModerationError": (Code.UPSTREAM_REFUSED, "refuses it by its content policy", "Use another picture."),
    "PoseError": (
        Code.INVALID_ARGUMENTS,
        "finds no person's pose in a picture",
        "Use one that shows the person whole and from the front.",
    ),
    "InputValidationError": (Code.INVALID_ARGUMENTS, "refuses what was asked of it", "Change the options."),
    "PipelineError": (Code.UPSTREAM_REFUSED, "failed at its own work", _INSIDE),
    "ThirdPartyError": (Code.UPSTREAM_REFUSED, "was refused by a service that it uses", _INSIDE),
    "3rdPartyProviderError": (Code.UPSTREAM_REFUSED, "was let down by a service that it uses", _INSIDE),
    "InternalServerError": (Code.UPSTREAM_REFUSED, "had an error inside", _INSIDE),
}
"""Errors that come with the status ``failed``, as sentences that FASHN begins; the names are all that it documents."""


def picture_credits(mode: str, size: str, count: int, *, face: bool = False) -> float:
    """What a run takes: one to five credits a picture by mode and size, and three more with a face."""
    return count * (MODES[mode] + SIZES[size] + (FACE if face else 0))


def film_credits(resolution: str, seconds: int) -> float:
    return FILMS[resolution] * (2 if seconds > 5 else 1)


class Fashn:
    """Its client. An op's body is ``{"inputs": …, "pictures": {name of the input: asset}}``; its collection, the model.

    It takes no idempotency key and lists no runs: a lost answer is for a person to find out.
    """

    about = ABOUT
    quiet_after = wire.QUIET_AFTER

    def __init__(self, services: Services) -> None:
        settings = services.get(Settings)
        self._assets = services.get(Assets)
        self._wire = wire.Wire(ABOUT, settings.fashn_url, settings.fashn_api_key, told)

    @property
    def configured(self) -> bool:
        return self._wire.configured

    async def submit(self, change: str, op: Op) -> Outcome:  # noqa: ARG002 # as the port names it
        inputs = dict(op.body["inputs"])
        try:
            for name, asset in op.body["pictures"].items():
                inputs[name] = await self._data_uri(asset)
        except Refused as refused:
            return Outcome("failed", error=refused.as_dict())
        return await self._wire.pay("v1/run", {"model_name": op.collection, "inputs": inputs}, _id_of)

    async def find(self, item: JournalOp, taken: Taken) -> Outcome:  # noqa: ARG002 # the same
        return Outcome("unknown", error=item.outcome.error)

    async def task(self, action: str, task: str) -> Task:
        answer = await self._wire.ask("GET", f"v1/status/{task}")
        body = _object(answer.json())
        status, output = str(body.get("status")), body.get("output")
        state = _STATES.get(status, "unknown")
        used = answer.headers.get("x-fashn-credits-used", "")
        return Task(
            task,
            state,
            progress={"queued": 5, "running": 40}.get(state, 0),
            credits=float(used) if used.isdecimal() else None,
            files=_files(action, cast("list[Any]", output)) if isinstance(output, list) else (),
            error=_error(status, body.get("error")) if state == "failed" else None,
        )

    async def credits(self) -> float | None:
        total = _object(_object(await self._wire.read("GET", "v1/credits")).get("credits")).get("total")
        return float(total) if isinstance(total, int | float) else None

    async def aclose(self) -> None:
        await self._wire.aclose()

    async def _data_uri(self, asset: str) -> str:
        found = await self._assets.get(asset)
        content = await anyio.Path(self._assets.path(found)).read_bytes()
        return f"data:{found.content_type};base64,{base64.b64encode(content).decode('ascii')}"


def told(answer: Answer) -> Refused | None:
    """What an answer of FASHN's refuses. Whatever it refuses so, it has given no id and takes nothing for."""
    body = _said(answer)
    error = body["error"] if isinstance(body.get("error"), str) else ""
    if answer.status < 400:
        if error and not body.get("id"):
            return Refused(Code.UPSTREAM_REFUSED, f"FASHN did not take it: {wire.said(error)}", _INSIDE)
        return None
    if answer.status == 401:
        return wire.wrong_key(ABOUT)
    if answer.status == 429:
        if error == "OutOfCredits":
            return wire.no_credits(ABOUT)
        why = "too many runs at once" if error == "ConcurrencyLimitExceeded" else "too many requests"
        return wire.busy(ABOUT, answer.retry_after, why)
    if answer.status == 404:
        return Refused(Code.NOT_FOUND, "FASHN knows nothing of that.", "It forgets runs after three days.")
    if answer.status >= 500:
        # Its documents: no id was given, so the same request may be sent again. A gateway's page says no such thing.
        if error:
            return wire.busy(ABOUT, answer.retry_after, "it had an error inside")
        return Refused(Code.UPSTREAM_INVALID, f"FASHN's server broke: status {answer.status}.")
    reason = wire.said(body.get("message")) or f"status {answer.status}"
    return Refused(Code.UPSTREAM_REFUSED, f"FASHN refuses it: {reason}", "Change the options or the pictures.")


def _said(answer: Answer) -> dict[str, Any]:
    try:
        return _object(answer.json())
    except Refused:
        return {}


def _object(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _id_of(body: Any) -> str | None:
    found = _object(body).get("id")
    return found if isinstance(found, str) and found and "/" not in found else None


def _error(status: str, error: Any) -> Refused:
    if status == "time_out":
        return Refused(Code.UPSTREAM_REFUSED, "FASHN took too long and gave it up.", _INSIDE)
    name = str(_object(error).get("name", ""))
    code, words, hint = _RUNTIME.get(name, (Code.UPSTREAM_REFUSED, "ended it with an error of its own", _INSIDE))
    return Refused(code, f"FASHN {words}.", hint, details={"error": wire.said(name)}, retryable=False)


def _files(action: str, output: list[Any]) -> list[File]:
    kinds = ("video/mp4",) if action == FILM else ("image/png", "image/jpeg", "image/webp")
    role = "film" if action == FILM else "picture"
    return [_file(f"{role}-{number}", str(url), kinds) for number, url in enumerate(output[:10], 1)]


def _file(role: str, url: str, kinds: tuple[str, ...]) -> File:
    if not url.startswith("data:"):
        return File(role, url, kinds)

    async def fetch() -> bytes:
        try:
            return base64.b64decode(url.partition(",")[2], validate=True)
        except binascii.Error:
            return b""  # which is a file of no kind

    return File(role, "", kinds, fetch=fetch)
