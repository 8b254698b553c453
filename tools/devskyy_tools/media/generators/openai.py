"""OpenAI: pictures, by its own client. Its films (Sora) were shut down on 2026-09-24, so none are made by it."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Literal

import anyio.to_thread

from devskyy_mcp.assets.store import Assets
from devskyy_mcp.changes.model import JournalOp, Op, Outcome
from devskyy_mcp.config import Settings
from devskyy_mcp.context import Services
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.guard.ssrf import media_type
from devskyy_mcp.http import MIB, Upstream
from devskyy_tools.studio.providers import wire
from devskyy_tools.studio.providers.port import About, Prices, Taken, Task

from .bridge import Bridge, lost, on_the_way, tried
from .receipts import WELCOME, Receipts, made_by

if TYPE_CHECKING:
    from openai import APIStatusError, AsyncOpenAI
    from openai.types import ImagesResponse

MODEL = "gpt-image-2.5-flare"
EDITOR = "gpt-image-2.5-sunburst"
"""Keeps what a picture shows more exactly, and takes longer; at the same price."""
DEADLINE = 240.0
"""Seconds for a request: the answer comes when the pictures are painted."""
AT_ONCE = 32
"""Requests at the same time; more than jobs, since a paid request that waits for its turn is one that is not sent."""
ABOUT = About(
    name="openai",
    title="OpenAI",
    key="OPENAI_API_KEY",
    address="OPENAI_BASE_URL",
    site="https://platform.openai.com",
    prices=Prices("2026-10-20", 1.0, {"picture": 0.04}),
    licence="OpenAI's terms give its customers the rights in what they make, commercial use included.",
    at_once=4,
)
TOKENS = {"text": 5, "picture": 8, "made": 30}
"""US dollars for a million tokens: of the words, of pictures that are looked at, of pictures that are made."""
SIZES: dict[str, Literal["1024x1024", "1024x1536", "1536x1024"]] = {
    "square": "1024x1024",
    "portrait": "1024x1536",
    "landscape": "1536x1024",
}
QUALITIES: dict[str, Literal["low", "medium", "high"]] = {"draft": "low", "standard": "medium", "best": "high"}
_MADE = {"draft": 272, "standard": 1056, "best": 4160}
"""Tokens of a square picture; of the others half as many more."""
_LOOKED_AT = 1500
"""Tokens of a picture that is looked at, about."""
_NO_MONEY = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
_POLICY = frozenset({"moderation_blocked", "content_policy_violation", "safety_violations"})


def estimate(quality: str, shape: str, count: int, sources: int) -> float:
    """What pictures cost, in US dollars."""
    made = _MADE[quality] * (1 if shape == "square" else 1.5) * count
    return (made * TOKENS["made"] + sources * _LOOKED_AT * TOKENS["picture"]) / 1_000_000


class OpenAI:
    """Its client. An op's body is ``{"prompt", "shape", "quality", "count", "pictures": [assets], "name"}``.

    The answer to the request has the pictures, and it is their only copy: ``Receipts``.
    """

    about = ABOUT
    quiet_after = DEADLINE + 10

    def __init__(self, services: Services) -> None:
        settings = services.get(Settings)
        self._assets = services.get(Assets)
        self._receipts = Receipts(self._assets)
        self._url = settings.openai_url
        self._key = settings.openai_api_key.get_secret_value().strip() if settings.openai_api_key else ""
        self._upstream: Upstream | None = None
        self._client: AsyncOpenAI | None = None

    @property
    def configured(self) -> bool:
        return bool(self._key)

    @property
    def _out(self) -> Upstream:
        """The way to it.

        Raises:
            Refused: NOT_CONFIGURED for an address that is none.
        """
        if self._upstream is None:
            self._upstream = Upstream(
                ABOUT.title,
                self._url,
                deadline=DEADLINE,
                max_bytes=100 * MIB,
                max_in_flight=AT_ONCE,
                setting=ABOUT.address,
            )
        return self._upstream

    async def ready(self) -> AsyncOpenAI:
        """The client, loaded beside the event loop: its library takes a second."""
        if self._client is None:
            self._client = await anyio.to_thread.run_sync(self._load, self._out)
        return self._client

    def _load(self, upstream: Upstream) -> AsyncOpenAI:
        import httpx2
        from openai import AsyncOpenAI

        http = httpx2.AsyncClient(transport=Bridge(upstream), trust_env=False, timeout=None)
        return AsyncOpenAI(api_key=self._key, base_url=self._url, max_retries=0, timeout=None, http_client=http)

    async def submit(self, change: str, op: Op) -> Outcome:
        from openai import APIStatusError, OpenAIError

        try:
            answer = await self._ask(op)
        except APIStatusError as error:
            return _refused(error)
        except OpenAIError as error:
            refused = on_the_way(error)
            return lost(refused) if refused else _unreadable()
        except Refused as refused:
            return lost(refused)
        except ValueError:  # an answer that is no JSON of theirs
            return _unreadable()
        if not hasattr(answer, "data"):  # a page: their library hands it over as its text
            return _unreadable()
        pictures, cost = _pictures(answer), _cost(answer)
        if not pictures:
            told = Refused(Code.UPSTREAM_INVALID, "OpenAI answered without a picture.", "Say it in other words.")
            return Outcome("failed", error=told.as_dict(), cost=cost)
        made = made_by(ABOUT, op, EDITOR if op.body["pictures"] else MODEL, cost)
        return await self._receipts.take(change, pictures, op.body["name"], made, cost)

    async def _ask(self, op: Op) -> ImagesResponse:
        images, body = (await self.ready()).images, op.body
        words, count = str(body["prompt"]), int(body["count"])
        size, quality = SIZES[body["shape"]], QUALITIES[body["quality"]]
        if not body["pictures"]:
            return await images.generate(
                model=MODEL, prompt=words, n=count, size=size, quality=quality, output_format="png"
            )
        sources = [await self._part(number, asset) for number, asset in enumerate(body["pictures"], 1)]
        return await images.edit(
            model=EDITOR, image=sources, prompt=words, n=count, size=size, quality=quality, output_format="png"
        )

    async def _part(self, number: int, asset: str) -> tuple[str, bytes, str]:
        found = await self._assets.get(asset)
        content = await anyio.Path(self._assets.path(found)).read_bytes()
        return f"picture-{number}.{found.name.rpartition('.')[2]}", content, found.content_type

    async def find(self, item: JournalOp, taken: Taken) -> Outcome:  # noqa: ARG002 # as the port names it
        found = await self._receipts.find(item.change)
        return found or Outcome("unknown", error=item.outcome.error)

    async def task(self, action: str, task: str) -> Task:  # noqa: ARG002 # the same
        """The pictures are there with the answer."""
        return Task(task, "succeeded", 100)

    async def credits(self) -> float | None:
        """None: OpenAI does not say. The key is tried all the same, by a list that costs nothing."""
        told = await tried(ABOUT, self._out, "models", {"Authorization": f"Bearer {self._key}"})
        if told.status == 401:
            raise wire.wrong_key(ABOUT)
        return None

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.close()
        if self._upstream is not None:
            await self._upstream.aclose()


def _refused(error: APIStatusError) -> Outcome:
    """What a status says: refused without effect, to be tried again, or known to nobody."""
    code, reason = error.code or "", wire.said(error.message)
    if error.status_code == 401:
        return Outcome("failed", error=wire.wrong_key(ABOUT).as_dict())
    if code in _NO_MONEY:
        return Outcome("failed", error=wire.no_credits(ABOUT).as_dict())
    if code in _POLICY:
        return Outcome("failed", error=wire.unwelcome(ABOUT).as_dict())
    if error.status_code in {429, 503}:
        why = "too many requests" if error.status_code == 429 else "it is overloaded"
        return Outcome("not_sent", error=wire.busy(ABOUT, _wait(error), why).as_dict())
    if error.status_code >= 500:
        told = Refused(Code.UPSTREAM_INVALID, f"OpenAI had an error inside: status {error.status_code}.")
        return Outcome("unknown", error=told.as_dict())
    hint = "See that the organisation is verified for this model." if error.status_code in {403, 404} else ""
    told = Refused(Code.UPSTREAM_REFUSED, f"OpenAI refuses it: {reason}", hint or "Change what is asked for.")
    return Outcome("failed", error=told.as_dict())


def _wait(error: APIStatusError) -> float | None:
    value = error.response.headers.get("retry-after", "")
    return float(value) if value.isdecimal() else None


def _unreadable() -> Outcome:
    told = Refused(Code.UPSTREAM_INVALID, "OpenAI's answer can't be read.", "Look at the usage there.")
    return Outcome("unknown", error=told.as_dict())


def _pictures(answer: ImagesResponse) -> list[tuple[bytes, str]]:
    """What came as base64, with its media types; what is no picture is left out."""
    found: list[tuple[bytes, str]] = []
    for one in answer.data or ():
        try:
            content = base64.b64decode(one.b64_json or "", validate=True)
        except binascii.Error:
            continue
        kind = media_type(content)
        if kind in WELCOME:
            found.append((content, kind))
    return found


def _cost(answer: ImagesResponse) -> int | None:
    """Millionths of a US dollar by the tokens that were counted, at the published price."""
    if answer.usage is None or not answer.usage.output_tokens:
        return None
    given = answer.usage.input_tokens_details
    words, looked_at = given.text_tokens * TOKENS["text"], given.image_tokens * TOKENS["picture"]
    return round(words + looked_at + answer.usage.output_tokens * TOKENS["made"])
