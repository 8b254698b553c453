"""Google: pictures by Gemini's image model, films by Gemini Omni, by its own client (``google-genai``) and a key of AI
Studio. Imagen and Veo are no longer offered to such keys by that client.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import anyio
import anyio.to_thread

from devskyy_mcp.assets.store import Assets
from devskyy_mcp.changes.model import JournalOp, Op, Outcome
from devskyy_mcp.config import Settings
from devskyy_mcp.context import Services
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.guard.ssrf import media_type
from devskyy_mcp.http import MIB, Upstream
from devskyy_tools.studio.providers import wire
from devskyy_tools.studio.providers.port import About, File, Prices, State, Taken, Task

from .bridge import Bridge, lost, on_the_way, tried
from .receipts import WELCOME, Receipts, made_by

if TYPE_CHECKING:
    from google.genai import Client
    from google.genai.types import GenerateContentResponse

MODEL = "gemini-nano-banana-2.1"
FILM_MODEL = "gemini-omni-1.1-flash"
FILM = "film"
DEADLINE = 180.0
"""Seconds for a request: pictures come with the answer; films are made in the background."""
AT_ONCE = 32
"""Requests at the same time; more than jobs, since a paid request that waits for its turn is one that is not sent."""
ABOUT = About(
    name="google",
    title="Google",
    key="GOOGLE_API_KEY",
    address="GOOGLE_BASE_URL",
    site="https://aistudio.google.com",
    prices=Prices("2026-10-20", 1.0, {"picture": 0.04, "film": 0.94}),
    licence="Google claims no rights in what its models make; all of it carries an invisible mark (SynthID).",
    at_once=4,
)
TOKENS = {"text": 1.5, "words": 7.5, "made": 30}
"""US dollars for a million tokens: of what is given, of words that come back, of pictures that are made."""
RATIOS = {"square": "1:1", "portrait": "2:3", "landscape": "3:2"}
SIZES = {"draft": "1K", "standard": "1K", "best": "2K"}
_MADE = {"1K": 1120, "2K": 1680}
"""Tokens of a picture."""
_LOOKED_AT = 1120
SECOND = {"720p": 0.117, "1080p": 0.175}
"""US dollars for a second of film."""
_STATES: dict[str, State] = {
    "queued": "queued",
    "in_progress": "running",
    "completed": "succeeded",
    "failed": "failed",
    "incomplete": "failed",
    "budget_exceeded": "failed",
    "cancelled": "cancelled",
}
_POLICY = re.compile(r"SAFETY|PROHIBITED|BLOCKLIST|RECITATION|SPII|JAILBREAK")
_NAME = re.compile(r"files/([A-Za-z0-9_-]+)")


def estimate(quality: str, sources: int) -> float:
    """What a picture costs, in US dollars."""
    return (_MADE[SIZES[quality]] * TOKENS["made"] + sources * _LOOKED_AT * TOKENS["text"]) / 1_000_000


def film_estimate(resolution: str, seconds: int) -> float:
    return SECOND[resolution] * seconds


class Google:
    """Its client. An op of ``pictures`` has the body that OpenAI's has, for one picture, which comes with the answer
    (``Receipts``); one of ``film`` has ``{"prompt", "seconds", "ratio", "resolution", "picture": asset or None}``.
    """

    about = ABOUT
    quiet_after = DEADLINE + 10

    def __init__(self, services: Services) -> None:
        settings = services.get(Settings)
        self._assets = services.get(Assets)
        self._receipts = Receipts(self._assets)
        self._url = settings.google_url
        self._key = settings.google_api_key.get_secret_value().strip() if settings.google_api_key else ""
        self._upstream: Upstream | None = None
        self._client: Client | None = None

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

    async def ready(self) -> Client:
        """The client, loaded beside the event loop: its library takes seconds."""
        if self._client is None:
            self._client = await anyio.to_thread.run_sync(self._load, self._out)
        return self._client

    def _load(self, upstream: Upstream) -> Client:
        import httpx2
        from google.genai import Client
        from google.genai.types import HttpOptions, HttpRetryOptions

        http = httpx2.AsyncClient(transport=Bridge(upstream), trust_env=False, timeout=None)
        options = HttpOptions(
            base_url=self._url,
            api_version="v1beta",
            httpx_async_client=http,
            retry_options=HttpRetryOptions(attempts=1),
        )
        return Client(vertexai=False, api_key=self._key, http_options=options)

    async def submit(self, change: str, op: Op) -> Outcome:
        try:
            if op.collection == FILM:
                return await self._film(op)
            return await self._picture(change, op)
        except Exception as error:
            known = outcome_of(error)
            if known is None:
                raise
            return known

    async def _picture(self, change: str, op: Op) -> Outcome:
        from google.genai import types

        client, body = await self.ready(), op.body
        parts: list[Any] = [types.Part.from_text(text=body["prompt"])]
        for asset in body["pictures"]:
            content, kind = await self._file(asset)
            parts.append(types.Part.from_bytes(data=content, mime_type=kind))
        answer = await client.aio.models.generate_content(
            model=MODEL,
            contents=[types.Content(role="user", parts=parts)],
            config=types.GenerateContentConfig(
                response_modalities=["IMAGE"],
                image_config=types.ImageConfig(aspect_ratio=RATIOS[body["shape"]], image_size=SIZES[body["quality"]]),
            ),
        )
        pictures, cost = _pictures(answer), _cost(answer)
        if not pictures:
            return Outcome("failed", error=_without(answer).as_dict(), cost=cost)
        made = made_by(ABOUT, op, MODEL, cost)
        return await self._receipts.take(change, pictures, body["name"], made, cost)

    async def _film(self, op: Op) -> Outcome:
        client, body = await self.ready(), op.body
        given: list[Any] = [{"type": "text", "text": body["prompt"]}]
        if body["picture"]:
            content, kind = await self._file(body["picture"])
            data = base64.b64encode(content).decode("ascii")
            given.append({"type": "image", "data": data, "mime_type": kind})
        wanted: Any = {
            "type": "video",
            "aspect_ratio": body["ratio"],
            "resolution": body["resolution"],
            "duration": f"{body['seconds']}s",
            "delivery": "uri",
        }
        answer: Any = await client.aio.interactions.create(
            model=FILM_MODEL, input=given, response_format=wanted, background=True, store=True
        )
        if not getattr(answer, "id", None):
            return _unreadable()
        return Outcome("done", object_id=str(answer.id))

    async def _file(self, asset: str) -> tuple[bytes, str]:
        found = await self._assets.get(asset)
        return await anyio.Path(self._assets.path(found)).read_bytes(), found.content_type

    async def find(self, item: JournalOp, taken: Taken) -> Outcome:  # noqa: ARG002 # as the port names it
        found = None if item.op.collection == FILM else await self._receipts.find(item.change)
        return found or Outcome("unknown", error=item.outcome.error)

    async def task(self, action: str, task: str) -> Task:
        if action != FILM:  # the pictures are there with the answer
            return Task(task, "succeeded", 100)
        client = await self.ready()
        try:
            seen: Any = await client.aio.interactions.get(task)
        except Exception as error:
            raise refusal_of(error) or error from None
        state = _STATES.get(str(seen.status), "unknown")
        files = self._files(seen)
        if state == "succeeded" and not files:
            words = wire.said(getattr(seen, "output_text", None))
            refused = Refused(Code.UPSTREAM_REFUSED, f"Google made no film. {words}".strip(), "Use other words.")
            return Task(task, "failed", error=refused)
        error = _film_error(seen) if state == "failed" else None
        return Task(task, state, {"queued": 5, "running": 40}.get(state, 0), files=files, error=error)

    def _files(self, seen: Any) -> list[File]:
        film = getattr(seen, "output_video", None)
        if film is None or not (film.data or film.uri):
            return []
        if film.data:
            return [File("film-1", "", ("video/mp4",), fetch=lambda: _decoded(film.data))]
        uri = str(film.uri)
        name = _NAME.search(uri)
        if name is None or urlsplit(uri).netloc != urlsplit(self._url).netloc:
            return [File("film-1", uri, ("video/mp4",))]  # of another server, which gets no key of ours
        return [File("film-1", uri, ("video/mp4",), fetch=lambda: self._download(name[1]))]

    async def _download(self, name: str) -> bytes:
        client = await self.ready()
        try:
            return await client.aio.files.download(file=f"files/{name}")
        except Exception as error:
            raise refusal_of(error) or error from None

    async def credits(self) -> float | None:
        """None: Google does not say. The key is tried all the same, by a list that costs nothing."""
        told = await tried(ABOUT, self._out, "v1beta/models", {"x-goog-api-key": self._key})
        if told.status in {400, 401, 403}:
            raise wire.wrong_key(ABOUT)
        return None

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.aio.aclose()
            self._client.close()
        if self._upstream is not None:
            await self._upstream.aclose()


def outcome_of(error: Exception) -> Outcome | None:
    """What became of a paid request that ended so; None for what is no error of the request.

    A request that Google answers with an error is not charged (its billing FAQ); only without an answer is it unknown.
    """
    on_way = on_the_way(error)
    if on_way is not None:
        return lost(on_way)
    found = refusal_of(error)
    if found is None:
        return _unreadable() if isinstance(error, ValueError) else None
    return Outcome("not_sent" if found.code is Code.RATE_LIMITED else "failed", error=found.as_dict())


def refusal_of(error: Exception) -> Refused | None:
    """What the client's error says; None for what is none of its own."""
    on_way = on_the_way(error)
    if on_way is not None:
        return on_way
    status = getattr(error, "code", None) or getattr(error, "status_code", None)
    if not isinstance(status, int):
        return None
    text = str(getattr(error, "details", None) or getattr(error, "body", None) or "")
    if status in {401, 403} or "API_KEY_INVALID" in text:
        return wire.wrong_key(ABOUT)
    if status in {429, 503}:
        return wire.busy(ABOUT, None, "its quota is used up for now" if status == 429 else "the model is overloaded")
    if status == 404:
        return Refused(Code.NOT_FOUND, "Google knows nothing of that.", "It forgets what was made after a while.")
    if status >= 500:
        message = f"Google had an error inside: status {status}. By its terms that costs nothing."
        return Refused(Code.UPSTREAM_REFUSED, message, "Call again.")
    words = wire.said(getattr(error, "message", None)) or f"status {status}"
    return Refused(Code.UPSTREAM_REFUSED, f"Google refuses it: {words}", "Change what is asked for.")


def _unreadable() -> Outcome:
    told = Refused(Code.UPSTREAM_INVALID, "Google's answer can't be read.", "Look at the usage there.")
    return Outcome("unknown", error=told.as_dict())


def _pictures(answer: GenerateContentResponse) -> list[tuple[bytes, str]]:
    """The pictures of the answer, without those that the model only thought in."""
    found: list[tuple[bytes, str]] = []
    for candidate in answer.candidates or ():
        for part in (candidate.content.parts or ()) if candidate.content else ():
            content = part.inline_data.data if part.inline_data and not part.thought else None
            kind = media_type(content) if content else None
            if content and kind in WELCOME:
                found.append((content, kind))
    return found


def _without(answer: GenerateContentResponse) -> Refused:
    """Why there is no picture."""
    blocked = answer.prompt_feedback.block_reason if answer.prompt_feedback else None
    reasons: Sequence[Any] = [blocked, *(candidate.finish_reason for candidate in answer.candidates or ())]
    reason = next((str(getattr(one, "value", one)) for one in reasons if one is not None), "")
    if _POLICY.search(reason):
        return wire.unwelcome(ABOUT)
    message = f"Google answered without a picture ({wire.said(reason) or 'no reason given'})."
    return Refused(Code.UPSTREAM_REFUSED, message, "Ask for a picture in other words.", retryable=False)


def _cost(answer: GenerateContentResponse) -> int | None:
    """Millionths of a US dollar by the tokens that were counted, at the published price."""
    used = answer.usage_metadata
    if used is None or not used.candidates_token_count:
        return None
    made = sum(
        one.token_count or 0
        for one in used.candidates_tokens_details or ()
        if getattr(one.modality, "value", one.modality) == "IMAGE"
    )
    words = used.candidates_token_count - made + (used.thoughts_token_count or 0)
    given = (used.prompt_token_count or 0) * TOKENS["text"]
    return round(given + made * TOKENS["made"] + words * TOKENS["words"])


async def _decoded(data: Any) -> bytes:
    return data if isinstance(data, bytes) else base64.b64decode(data)


def _film_error(seen: Any) -> Refused:
    errors: list[Any] = list(getattr(seen, "errors", None) or ())
    reason = " ".join(wire.said(getattr(one, "message", None)) for one in errors)
    if _POLICY.search(reason.upper()):
        return wire.unwelcome(ABOUT)
    message = f"Google could not make the film ({seen.status}). {wire.said(reason)}".strip()
    return Refused(Code.UPSTREAM_REFUSED, message, "Call again, with other words if it stays.", retryable=False)
