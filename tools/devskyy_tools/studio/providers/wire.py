"""What the clients of providers have in common: a signed connection, and answers read as outcomes.

``devskyy_mcp.http.Upstream`` gives deadlines, caps and the circuit breaker, repeats what reads, and never what pays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, cast

import httpx2
from pydantic import SecretStr

from devskyy_mcp.changes.model import Outcome
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.http import MIB, Answer, Upstream, UpstreamError

from .port import About

READ_DEADLINE = 20.0
SUBMIT_DEADLINE = 60.0
"""Seconds for a request that pays; data URIs of photos go with some."""
QUIET_AFTER = 90.0
"""Seconds after which a provider no longer works on a request that it has not answered: gateways give up after 60."""
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]+")

Told = Callable[[Answer], Refused | None]
"""What a provider's answer refuses, in its own codes; None for an answer that is a success."""


class Wire:
    """One provider's address and key.

    Args:
        about: the provider.
        url: its address.
        key: its key; None or empty where there is none.
        told: reads its errors.
    """

    def __init__(self, about: About, url: str, key: SecretStr | None, told: Told) -> None:
        self.about = about
        self._url = url
        self._key = key.get_secret_value().strip() if key else ""
        self._told = told
        self._upstream: Upstream | None = None

    @property
    def configured(self) -> bool:
        return bool(self._key)

    @property
    def upstream(self) -> Upstream:
        """The connection.

        Raises:
            Refused: NOT_CONFIGURED without a key, or for an address that is none.
        """
        if not self._key:
            raise self.about.not_configured()
        if self._upstream is None:
            self._upstream = Upstream(
                self.about.title,
                self._url,
                auth=self._sign,
                max_in_flight=8,
                deadline=READ_DEADLINE,
                max_bytes=4 * MIB,
                setting=self.about.address,
            )
        return self._upstream

    def _sign(self, request: httpx2.Request) -> None:
        request.headers["Authorization"] = f"Bearer {self._key}"

    async def read(self, method: str, path: str, **more: Any) -> Any:
        """What a request that costs nothing is answered with, as JSON.

        Raises:
            Refused: what the provider refuses, or that it did not answer.
        """
        return (await self.ask(method, path, **more)).json()

    async def ask(self, method: str, path: str, **more: Any) -> Answer:
        """The same, as the whole answer.

        Raises:
            Refused: as ``read``.
        """
        try:
            answer = await self.upstream.send(method, path, **more)
        except UpstreamError as error:
            refused = self._told(error.answer) if error.answer is not None else None
            raise (refused or error) from None
        refused = self._told(answer)
        if refused is not None:
            raise refused
        return answer

    async def pay(self, path: str, body: Any, task: Callable[[Any], str | None]) -> Outcome:
        """Send a request that pays, once; ``task`` takes the task's id out of the answer."""
        try:
            answer = await self.upstream.send("POST", path, json=body, deadline=SUBMIT_DEADLINE, retry=False)
        except UpstreamError as error:
            return self._without(error)
        except Refused as refused:  # no key, no usable address
            return Outcome("failed", error=refused.as_dict())
        return self._read(answer, task)

    def _read(self, answer: Answer, task: Callable[[Any], str | None]) -> Outcome:
        refused = self._told(answer)
        if refused is not None:
            return self._refused(answer.status, refused)
        try:
            found = task(answer.json())
        except UpstreamError as error:
            return Outcome("unknown", error=error.as_dict())
        if not found:
            message = f"{self.about.title} accepted the request and gave no task id."
            return Outcome("unknown", error=Refused(Code.UPSTREAM_INVALID, message).as_dict())
        return Outcome("done", object_id=found)

    def _refused(self, status: int, refused: Refused) -> Outcome:
        """A refusal had no effect; what breaks inside the provider may have had one all the same."""
        if refused.code is Code.RATE_LIMITED:
            return Outcome("not_sent", error=refused.as_dict())
        broke = status >= 500 or refused.code is Code.UPSTREAM_INVALID
        return Outcome("unknown" if broke else "failed", error=refused.as_dict())

    def _without(self, error: UpstreamError) -> Outcome:
        """What is known where no answer came that could be read."""
        if error.answer is not None:
            return self._refused(error.answer.status, self._told(error.answer) or error)
        if error.reached == "no":
            return Outcome("not_sent", error=error.as_dict())
        redirected = error.reached == "answered" and error.retryable is False
        return Outcome("failed" if redirected else "unknown", error=error.as_dict())

    async def aclose(self) -> None:
        if self._upstream is not None:
            await self._upstream.aclose()


def wrong_key(about: About) -> Refused:
    """The refusal of a key that the provider does not accept."""
    return Refused(
        Code.NOT_CONFIGURED, f"{about.title} does not accept the key in {about.key}.", f"Get one from {about.site}."
    )


def no_credits(about: About) -> Refused:
    """The refusal for want of credits at the provider."""
    return Refused(
        Code.UPSTREAM_REFUSED, f"The account at {about.title} has too few credits.", f"Buy some at {about.site}."
    )


def busy(about: About, seconds: float | None, why: str) -> Refused:
    """The refusal for now; nothing was taken."""
    return Refused(
        Code.RATE_LIMITED, f"{about.title} takes no more for now: {why}.", "Wait.", retry_after=seconds or 10.0
    )


def unwelcome(about: About) -> Refused:
    """The refusal of what a provider's rules don't allow."""
    return Refused(
        Code.UPSTREAM_REFUSED,
        f"{about.title} refuses it by its content policy.",
        "Use another picture or other words.",
        retryable=False,
    )


def said(text: object) -> str:
    """A provider's own words, short and in one line."""
    words = _CONTROLS.sub(" ", str(text)).strip() if isinstance(text, str) else ""
    return words[:200]


def an_object(value: Any) -> dict[str, Any]:
    """The JSON object, or an empty one for whatever else came."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a JSON array; none of whatever else came."""
    return [an_object(one) for one in cast("list[Any]", value)] if isinstance(value, list) else []


def a_number(value: Any) -> float | None:
    """The number; None for whatever else came."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def matches(sent: Mapping[str, Any], echoed: Mapping[str, Any], telling: frozenset[str]) -> bool | None:
    """Whether a task's echo of its request is that of ours, by the fields that both have; None where the echo has none
    of the telling ones.
    """
    both = {name for name in sent if echoed.get(name) is not None}
    if any(sent[name] != echoed[name] for name in both):
        return False
    return True if telling & both else None
