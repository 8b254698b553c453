"""A provider's own client over our way out: its requests leave by ``Upstream``, with fence, deadline and caps, once.

The client makes the body and reads the answer; whether a request may still leave, how long it may take, how much it may
bring and what its failure means is said in one place, for all that goes out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import httpx2

from devskyy_mcp.changes.model import Outcome
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.http import Answer, Upstream, UpstreamError
from devskyy_tools.studio.providers import wire
from devskyy_tools.studio.providers.port import About

_OURS = frozenset({"host", "content-length", "connection", "accept-encoding", "transfer-encoding"})
"""Headers that the way out makes itself."""
_UNPACKED = frozenset({"content-encoding", "content-length", "transfer-encoding"})
"""Headers that no longer fit an answer that was read whole."""


class Bridge(httpx2.AsyncBaseTransport):
    """The network as a provider's client sees it. ``upstream`` must have the client's own base address."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        base = self._upstream.base_url
        if (request.url.scheme, request.url.netloc) != (base.scheme, base.netloc):
            raise Refused(Code.UNSAFE_ADDRESS, f"{self._upstream.name} was to be asked at another address.")
        path = request.url.path.removeprefix(base.path.rstrip("/"))
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _OURS}
        try:
            answer = await self._upstream.send(
                request.method,
                path,
                params=dict(request.url.params.multi_items()) or None,
                content=await request.aread() or None,
                headers=headers,
            )
        except UpstreamError as error:
            if error.answer is None:
                raise
            answer = error.answer
        kept = [(name, value) for name, value in answer.headers.items() if name.lower() not in _UNPACKED]
        return httpx2.Response(answer.status, headers=kept, content=answer.content, request=request)

    async def aclose(self) -> None:
        """Nothing: the connections are the way out's."""


async def tried(about: About, upstream: Upstream, path: str, headers: Mapping[str, str]) -> Answer:
    """What a list that costs nothing is answered with: whether a key is accepted, without loading the client.

    Raises:
        Refused: no answer, or one of a server that is broken.
    """
    answer = await upstream.send("GET", path, headers=headers, deadline=wire.READ_DEADLINE)
    if answer.status >= 500:
        message = f"{about.title} answered with status {answer.status}."
        raise Refused(Code.UPSTREAM_UNREACHABLE, message, "Try again later.")
    return answer


def on_the_way(error: BaseException) -> Refused | None:
    """The refusal inside what a client makes of a request that brought no answer; None for an answer's own error."""
    return next((cause for cause in _causes(error) if isinstance(cause, Refused)), None)


def lost(refused: Refused) -> Outcome:
    """What became of a paid request that brought no answer: never left, led elsewhere, or nobody knows."""
    error = refused.as_dict()
    if not isinstance(refused, UpstreamError):
        return Outcome("failed", error=error)
    if refused.reached == "no":
        return Outcome("not_sent", error=error)
    redirected = refused.reached == "answered" and refused.code is Code.UPSTREAM_INVALID and not refused.retryable
    return Outcome("failed" if redirected else "unknown", error=error)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
