"""Meshy's API (api.meshy.ai/openapi), as docs.meshy.ai and Meshy's own MCP server describe it.

Meshy knows no idempotency keys, but lists an account's tasks by kind, newest first: a request that left no task there
after Meshy can no longer be at it was never taken. Pictures and models go along as data URIs, so nothing of ours needs
a public address; the journal keeps their assets' ids instead.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, cast

import anyio

from devskyy_mcp.assets.store import FBX, Assets
from devskyy_mcp.changes.model import JournalOp, Op, Outcome
from devskyy_mcp.config import Settings
from devskyy_mcp.context import Services
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.http import Answer

from .port import MILLION, About, File, Prices, State, Taken, Task
from .wire import QUIET_AFTER, Wire, a_number, an_object, busy, matches, no_credits, objects, said, unwelcome, wrong_key

V2 = frozenset({"text-to-3d"})
STATES: dict[str, State] = {
    "PENDING": "queued",
    "IN_PROGRESS": "running",
    "SUCCEEDED": "succeeded",
    "FAILED": "failed",
    "CANCELED": "cancelled",
    "EXPIRED": "expired",
}
ABOUT = About(
    name="meshy",
    title="Meshy",
    key="MESHY_API_KEY",
    address="MESHY_BASE_URL",
    site="meshy.ai",
    # For Meshy 6; a credit is priced by the Pro plan. Credits that were really taken come with each task.
    prices=Prices(
        on="2026-11-22",
        usd=0.02,
        credits={
            "text-to-3d": 20, "refine": 10, "image-to-3d": 30, "multi-image-to-3d": 30, "retexture": 10, "remesh": 5,
            "rigging": 5, "animations": 3,
        },
    ),
    licence="Made with Meshy's API: the account's own on paid plans, CC BY 4.0 on the free one.",
    at_once=10,
)  # fmt: skip
UNTEXTURED = -10
ASSET = "asset:"
"""Begins what stands for a file in the journal."""
PAGE, PAGES = 50, 4
SKEW = 60.0
TELLING = frozenset({
    "prompt", "texture_prompt", "text_style_prompt", "preview_task_id", "input_task_id", "rig_task_id", "action_id",
})  # fmt: skip
PICTURES = ("image/png", "image/jpeg", "image/webp")
KINDS = {"glb": "model/gltf-binary", "usdz": "model/vnd.usdz+zip", "fbx": FBX}
Json = dict[str, Any]


def told(answer: Answer) -> Refused | None:
    """What Meshy refuses, by its status and, where one status means several things, by its words."""
    if answer.status < 400:
        return None
    words = _words(answer)
    match answer.status:
        case 401:
            return wrong_key(ABOUT)
        case 402:
            return no_credits(ABOUT)
        case 403:
            hint = words or f"Look at the plan and the key's rights at {ABOUT.site}."
            return Refused(Code.UPSTREAM_REFUSED, "The account at Meshy may not do this.", hint)
        case 404:
            return Refused(Code.NOT_FOUND, "Meshy knows no such task.", "It keeps tasks for some days only.")
        case 429:
            rate = "RateLimitExceeded" in words
            why = "too many requests" if rate else f"its plan allows about {ABOUT.at_once} tasks at once"
            return busy(ABOUT, answer.retry_after or (2.0 if rate else None), why)
        case status if status >= 500:
            return Refused(Code.UPSTREAM_INVALID, "Meshy failed inside.", "Try again later.")
        case _:
            return _refusal(words)


def _refusal(words: str) -> Refused:
    if words.startswith("InvalidModel"):
        hint = said(words.partition(":")[2]) or "Give another model."
        return Refused(Code.INVALID_ARGUMENTS, "Meshy can't work on that model.", hint)
    if "InsufficientCredits" in words:
        return no_credits(ABOUT)
    if "moderation" in words.lower() or "content policy" in words.lower():
        return unwelcome(ABOUT)
    return Refused(Code.INVALID_ARGUMENTS, "Meshy does not take the request as it is.", words)


def _words(answer: Answer) -> str:
    try:
        fields = an_object(answer.json())
    except Refused:
        return ""
    return said(" ".join(str(fields[name]) for name in ("code", "message") if fields.get(name)))


class Meshy:
    """Meshy's client; a ``Provider``."""

    about = ABOUT

    def __init__(self, services: Services, quiet_after: float = QUIET_AFTER) -> None:
        settings = services.get(Settings)
        self.quiet_after = quiet_after
        self.wire = Wire(ABOUT, settings.meshy_url, settings.meshy_api_key, told)
        self._assets = services.get(Assets)

    @property
    def configured(self) -> bool:
        return self.wire.configured

    async def submit(self, change: str, op: Op) -> Outcome:  # noqa: ARG002 # it takes no mark
        try:
            body = {name: await self._filled(value) for name, value in op.body.items()}
        except Refused as refused:
            return Outcome("failed", error=refused.as_dict())
        return await self.wire.pay(_base(op.collection), body, _task_id)

    async def _filled(self, value: Any) -> Any:
        """The value with files instead of what stands for them."""
        if isinstance(value, list):
            return [await self._filled(one) for one in cast("list[Any]", value)]
        if not (isinstance(value, str) and value.startswith(ASSET)):
            return value
        asset = await self._assets.get(value.removeprefix(ASSET))
        content = await anyio.Path(self._assets.path(asset)).read_bytes()
        kind = asset.content_type if asset.content_type.startswith("image/") else "application/octet-stream"
        return f"data:{kind};base64,{base64.b64encode(content).decode()}"

    async def find(self, item: JournalOp, taken: Taken) -> Outcome:
        since = (item.sent_at or 0) / MILLION - SKEW
        possible = False
        for number in range(1, PAGES + 1):
            params = {"page_num": number, "page_size": PAGE, "sort_by": "-created_at"}
            try:
                rows = objects(await self.wire.read("GET", _base(item.op.collection), params=params))
            except Refused as refused:
                if refused.code is Code.NOT_FOUND:  # tasks of this kind are not listed
                    return Outcome("unknown", error=item.outcome.error)
                raise
            late = [row for row in rows if (a_number(row.get("created_at")) or 0) / 1000 >= since]
            for row in late:
                if not row.get("id") or await taken(item.op.collection, str(row["id"])):
                    continue
                match matches(_visible(item.op.body), _echo(row), TELLING):
                    case True:
                        return Outcome("done", object_id=str(row["id"]))
                    case None:
                        possible = True
                    case False:
                        pass
            if len(late) < PAGE:
                return Outcome("unknown" if possible else "not_sent", error=item.outcome.error)
        return Outcome("unknown", error=item.outcome.error)

    async def task(self, action: str, task: str) -> Task:
        data = an_object(await self.wire.read("GET", f"{_base(action)}/{task}"))
        state = STATES.get(str(data.get("status")).upper(), "unknown")
        return Task(
            task,
            state,
            progress=a_number(data.get("progress")) or 0,
            credits=a_number(data.get("consumed_credits")),
            files=_files(data),
            error=None if state in {"queued", "running", "succeeded", "unknown"} else _failure(state, data),
        )

    async def credits(self) -> float | None:
        return a_number(an_object(await self.wire.read("GET", "/openapi/v1/balance")).get("balance"))

    async def aclose(self) -> None:
        await self.wire.aclose()


def _task_id(answer: Any) -> str | None:
    found = an_object(answer).get("result")
    return found if isinstance(found, str) else None


def _base(action: str) -> str:
    return f"/openapi/{'v2' if action in V2 else 'v1'}/{action}"


def _visible(body: Mapping[str, Any]) -> Json:
    """What a task may echo of a request: not its files, which it names otherwise."""
    return {name: value for name, value in body.items() if not _is_file(value)}


def _echo(row: Json) -> Json:
    """A listed task as its request had it: the kind of text-to-3d tasks is told as ``type`` or ``mode``."""
    mode = row.get("mode") or str(row.get("type", "")).rpartition("-")[2]
    return {**row, "mode": mode if mode in {"preview", "refine"} else None}


def _is_file(value: Any) -> bool:
    first: Any = next(iter(cast("list[Any]", value)), None) if isinstance(value, list) else value
    return isinstance(first, str) and first.startswith(ASSET)


def _files(data: Json) -> list[File]:
    """What a task offers: generated models by their format, rigged and animated ones under ``result``."""
    result = an_object(data.get("result"))
    rigged = result.get("rigged_character_glb_url") or result.get("animation_glb_url")
    urls = {"glb": rigged} if rigged else an_object(data.get("model_urls"))
    found = [File(kind, str(urls[kind]), (KINDS[kind],), needed=False) for kind in KINDS if urls.get(kind)]
    if found:
        first = found[0]
        found[0] = File("model", first.url, first.content_type)
    basic = an_object(result.get("basic_animations"))
    found += [
        File(name, str(basic[f"{name}_glb_url"]), (KINDS["glb"],), needed=False)
        for name in ("walking", "running")
        if basic.get(f"{name}_glb_url")
    ]
    if data.get("thumbnail_url"):
        found.append(File("poster", str(data["thumbnail_url"]), PICTURES, needed=False))
    return found


def _failure(state: State, data: Json) -> Refused:
    if state == "cancelled":
        return Refused(Code.CANCELLED, "The task was cancelled at Meshy.", "Start it again.")
    if state == "expired":
        return Refused(Code.UPSTREAM_REFUSED, "Meshy has thrown the task away.", "Start it again.")
    error = an_object(data.get("task_error"))
    words = said(" ".join(str(error[name]) for name in ("code", "message") if error.get(name)))
    if words.startswith("InvalidModel"):
        return _refusal(words)
    if "moderation" in words.lower() or "content policy" in words.lower():
        return unwelcome(ABOUT)
    return Refused(Code.UPSTREAM_REFUSED, "Meshy could not make it.", words or "Try another picture or other words.")
