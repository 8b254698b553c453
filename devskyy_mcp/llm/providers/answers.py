"""The HTTP answers below SDKs that keep them to themselves: their headers, and a sure way to close them."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from types import ModuleType
from typing import Any

from .calling import CONNECT_SECONDS, closed

_seen: ContextVar[list[Any] | None] = ContextVar("answers", default=None)


def client(stack: ModuleType) -> Any:
    """An HTTP client of httpx2 or httpx whose answers ``seen`` gets. It follows no redirects: what is asked goes to the
    address that was set.
    """
    timeout = stack.Timeout(None, connect=CONNECT_SECONDS)
    return stack.AsyncClient(timeout=timeout, follow_redirects=False, event_hooks={"response": [_see]})


async def _see(answer: Any) -> None:
    held = _seen.get()
    if held is not None:
        held.append(answer)


@contextmanager
def seen(answers: list[Any]) -> Generator[None]:
    """Answers to what is sent meanwhile, as soon as their headers are here. Not to be open where a generator yields."""
    token = _seen.set(answers)
    try:
        yield
    finally:
        _seen.reset(token)


async def close(answers: list[Any]) -> None:
    for answer in answers:
        await closed(answer.aclose())


def is_stream(answers: list[Any]) -> bool:
    """Whether the last answer is one of server-sent events, not a page of somebody between."""
    return bool(answers) and str(answers[-1].headers.get("content-type", "")).startswith("text/event-stream")
