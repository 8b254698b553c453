"""Tripo's API, v3 (openapi.tripo3d.ai), as its own client tripo3d 1.0.0 speaks it; v2 was shut down on 2026-10-31.

Tripo knows no idempotency keys, and lists tasks only by what they used (``/v3/account/usage``), which proves nothing
about a task that is not in it. So each request that takes a seed carries one made of its change: a task whose input
echoes that seed is ours, and where none does a person must look.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from devskyy_mcp.assets.store import FBX, Asset, Assets
from devskyy_mcp.changes.model import JournalOp, Op, Outcome
from devskyy_mcp.config import Settings
from devskyy_mcp.context import Services
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.http import Answer

from .port import MILLION, About, File, Prices, State, Taken, Task
from .wire import QUIET_AFTER, Wire, a_number, an_object, busy, matches, no_credits, objects, said, unwelcome, wrong_key

PATHS = {
    "text-to-model": "/v3/generation/text-to-model",
    "image-to-model": "/v3/generation/image-to-model",
    "multiview-to-model": "/v3/generation/multiview-to-model",
    "import": "/v3/models/import",
    "texture": "/v3/models/texture",
    "convert": "/v3/models/convert",
    "rig-check": "/v3/animations/rig-check",
    "rig": "/v3/animations/rig",
    "retarget": "/v3/animations/retarget",
    "decimate": "/v3/mesh/decimate",
}
SEEDS = {
    "text-to-model": "model_seed",
    "image-to-model": "model_seed",
    "multiview-to-model": "model_seed",
    "texture": "texture_seed",
}
"""Which seed carries the mark; the other actions are known by the task that they take."""
TYPES = {
    "import": "import_model",
    "texture": "texture_model",
    "convert": "convert_model",
    "rig-check": "animate_prerigcheck",
    "rig": "animate_rig",
    "retarget": "animate_retarget",
    "decimate": "highpoly_to_lowpoly",
}
STATES: dict[str, State] = {
    "queued": "queued",
    "running": "running",
    "success": "succeeded",
    "failed": "failed",
    "banned": "failed",
    "cancelled": "cancelled",
    "expired": "expired",
}
ABOUT = About(
    name="tripo",
    title="Tripo",
    key="TRIPO_API_KEY",
    address="TRIPO_BASE_URL",
    site="platform.tripo3d.ai",
    # Tripo's list for models of version 2.5; what was really taken comes with each task.
    prices=Prices(
        on="2025-12",
        usd=0.01,
        credits={
            "text-to-model": 20, "image-to-model": 30, "multiview-to-model": 30, "texture": 10, "convert": 5,
            "import": 0, "rig-check": 0, "rig": 25, "retarget": 10, "decimate": 30,
        },
    ),
    licence="Made with Tripo's API; its terms decide about use in business by the account's plan.",
    at_once=10,
)  # fmt: skip
UNTEXTURED = -10
DETAILED = 10
"""Credits for a model without texture, and for a detailed one."""
SKEW = 60.0
TELLING = frozenset({*SEEDS.values(), "input", "inputs"})
PICTURES = ("image/webp", "image/png", "image/jpeg")
MODELS = ("model/gltf-binary", "model/vnd.usdz+zip", FBX)
UPLOAD_DEADLINE = 60.0
Json = dict[str, Any]


def _refuse(message: str, hint: str, code: Code = Code.UPSTREAM_REFUSED) -> Callable[[Answer | None], Refused]:
    return lambda _answer: Refused(code, message, hint, retryable=code is Code.UPSTREAM_INVALID)


def _later(why: str) -> Callable[[Answer | None], Refused]:
    return lambda answer: busy(ABOUT, answer.retry_after if answer else None, why)


_BROKEN = _refuse("Tripo failed inside.", "Try again later.", Code.UPSTREAM_INVALID)
_WRONG = _refuse("Tripo does not take the request as it is.", "Change what is asked for.", Code.INVALID_ARGUMENTS)
_FILE = _refuse("Tripo can't read the file.", "Give a PNG or JPEG of 20 to 6000 pixels.", Code.INVALID_ARGUMENTS)
_SOURCE = _refuse("Tripo can't go on from that task.", "Generate the model anew.", Code.CONFLICT)
_OLD = _refuse("Tripo has retired what this asks for.", "Update DevSkyy.")
CODES: Mapping[int, Callable[[Answer | None], Refused]] = {
    1000: _BROKEN,
    1001: _BROKEN,
    1002: lambda _answer: wrong_key(ABOUT),
    1003: _WRONG,
    1004: _WRONG,
    1005: lambda _answer: wrong_key(ABOUT),
    1007: _later("too many requests"),
    2000: _later(f"an account may have {ABOUT.at_once} tasks under way"),
    2001: _refuse("Tripo knows no such task.", "Its tasks may have been deleted.", Code.NOT_FOUND),
    2002: _OLD,
    2003: _FILE,
    2004: _FILE,
    2006: _SOURCE,
    2007: _SOURCE,
    2008: lambda _answer: unwelcome(ABOUT),
    2010: lambda _answer: no_credits(ABOUT),
    2015: _OLD,
    2016: _OLD,
    2017: _OLD,
    2018: _refuse("The model is too complex for Tripo to do this.", "Start from a simpler one.", Code.CONFLICT),
    2019: _FILE,
}
"""Tripo's own codes, of answers and of failed tasks."""


def told(answer: Answer) -> Refused | None:
    """What Tripo refuses: a code that is not 0, or a status without one."""
    try:
        body = an_object(answer.json())
    except Refused:
        body: Json = {}
    code = body.get("code")
    if isinstance(code, int) and code in CODES:
        return CODES[code](answer)
    if answer.status == 401:
        return wrong_key(ABOUT)
    if answer.status == 429:
        return busy(ABOUT, answer.retry_after, "too many requests")
    if answer.status >= 500:
        return CODES[1000](answer)
    if answer.status < 400 and code in {None, 0}:
        return None
    return _unlisted(code, body.get("message"), answer.status)


def _unlisted(code: object, message: object, status: int) -> Refused:
    words = f"Tripo refuses it with code {code}." if code is not None else f"Tripo answered with status {status}."
    code_ = Code.NOT_FOUND if status == 404 else Code.UPSTREAM_REFUSED
    return Refused(code_, words, said(message) or f"Look it up at {ABOUT.site}.", retryable=False)


def mark(change: str) -> int:
    """The seed that stands for a change, below 2**31."""
    return int.from_bytes(hashlib.sha256(change.encode()).digest()[:4], "big") >> 1


class Tripo:
    """Tripo's client; a ``Provider``."""

    about = ABOUT

    def __init__(self, services: Services, quiet_after: float = QUIET_AFTER) -> None:
        settings = services.get(Settings)
        self.quiet_after = quiet_after
        self.wire = Wire(ABOUT, settings.tripo_url, settings.tripo_api_key, told)
        self._assets = services.get(Assets)

    @property
    def configured(self) -> bool:
        return self.wire.configured

    async def submit(self, change: str, op: Op) -> Outcome:
        return await self.wire.pay(PATHS[op.collection], _marked(change, op), _task_id)

    async def find(self, item: JournalOp, taken: Taken) -> Outcome:
        sent, since = _marked(item.change, item.op), (item.sent_at or 0) / MILLION - SKEW
        usage = await self.wire.read("GET", "/v3/account/usage", params={"limit": 50, "offset": 0})
        data = an_object(usage).get("data")
        rows = objects(an_object(data).get("items") if isinstance(data, dict) else data)
        kind = TYPES.get(item.op.collection, item.op.collection.replace("-", "_"))
        for row in rows:
            made, name = _seconds(row.get("created_at")), str(row.get("task_id") or "")
            if row.get("type") not in {kind, None} or made < since or await taken(item.op.collection, name):
                continue
            if matches(sent, an_object((await self._data(name)).get("input")), TELLING):
                return Outcome("done", object_id=name)
        return Outcome("unknown", error=item.outcome.error)

    async def task(self, action: str, task: str) -> Task:
        data = await self._data(task)
        state = STATES.get(str(data.get("status")).lower(), "unknown")
        output = an_object(data.get("output"))
        return Task(
            task,
            state,
            progress=a_number(data.get("progress")) or 0,
            credits=a_number(data.get("credits_consumed")),
            files=_files(action, output),
            error=None if state in {"queued", "running", "succeeded", "unknown"} else _failure(data),
            facts={name: output[name] for name in ("riggable", "rig_type", "topology") if name in output},
        )

    async def _data(self, task: str) -> Json:
        return an_object(an_object(await self.wire.read("GET", f"/v3/tasks/{task}")).get("data"))

    async def upload(self, asset: Asset) -> str:
        """Lend Tripo a file, at most 150 MB; the token that requests name it by."""
        import anyio

        content = await anyio.Path(self._assets.path(asset)).read_bytes()
        files = {"file": (asset.name, content, asset.content_type)}
        answer = await self.wire.read("POST", "/v3/files", files=files, deadline=UPLOAD_DEADLINE)
        token = an_object(an_object(answer).get("data")).get("file_token")
        if not token:
            raise Refused(Code.UPSTREAM_INVALID, "Tripo took the file and gave no token for it.", "Try again.")
        return str(token)

    async def credits(self) -> float | None:
        answer = an_object(await self.wire.read("GET", "/v3/account/balance"))
        return a_number(an_object(answer.get("data")).get("balance"))

    async def aclose(self) -> None:
        await self.wire.aclose()


def _marked(change: str, op: Op) -> Json:
    seed = SEEDS.get(op.collection)
    return {seed: mark(change), **op.body} if seed else dict(op.body)


def _task_id(answer: Any) -> str | None:
    found = an_object(an_object(answer).get("data")).get("task_id")
    return str(found) if found else None


def _files(action: str, output: Json) -> list[File]:
    if action in {"rig-check", "import"}:
        return []
    model = output.get("model_url") or output.get("pbr_model_url")
    kinds = MODELS[1:] if action == "convert" else MODELS[:1]
    found = [File("model", str(model), kinds)] if model else []
    poster = output.get("rendered_image_url")
    return [*found, File("poster", str(poster), PICTURES, needed=False)] if poster else found


def _failure(data: Json) -> Refused:
    code, status = data.get("error_code"), str(data.get("status")).lower()
    if status == "banned":
        return unwelcome(ABOUT)
    if status == "expired":
        return Refused(Code.UPSTREAM_REFUSED, "The task waited too long at Tripo and expired.", "Start it again.")
    if status == "cancelled":
        return Refused(Code.CANCELLED, "The task was cancelled at Tripo.", "Start it again.")
    if isinstance(code, int) and code in CODES:
        return CODES[code](None)
    words = said(data.get("error_msg") or data.get("error_message"))
    return Refused(Code.UPSTREAM_REFUSED, "Tripo could not make it.", words or "Try another picture or other words.")


def _seconds(when: Any) -> float:
    """A time of Tripo's, in seconds since 1970: ISO 8601, or seconds."""
    if isinstance(when, int | float):
        return float(when)
    try:
        return datetime.fromisoformat(str(when)).timestamp()
    except ValueError:
        return 0.0
