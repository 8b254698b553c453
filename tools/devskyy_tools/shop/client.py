"""Speaks to one shop's ``wp/v2`` and ``wc/v3``: paths in, JSON out, every error in our own words."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta, timezone, tzinfo
from typing import Any, cast
from zoneinfo import ZoneInfo

from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.http import Answer, Upstream, UpstreamError

from . import refusals
from .compare import Originals
from .signing import Credentials, signer

COUNT_SECONDS = 60.0
KINDS_SECONDS = 600.0
__all__ = ["Credentials", "Page", "ShopClient", "ShopInfo"]


@dataclass(slots=True)
class Page:
    """One page of a list: ``items`` as the shop answered, ``total`` and ``pages`` over all pages."""

    items: list[dict[str, Any]]
    total: int
    pages: int


@dataclass(frozen=True, slots=True)
class ShopInfo:
    """What amounts look like in this shop: ISO 4217 code and number of decimals."""

    currency: str
    decimals: int


@dataclass(slots=True)
class ShopClient:
    """One shop over one ``Upstream``, which signs each attempt and limits the calls in flight to four."""

    upstream: Upstream
    originals: Originals = field(default_factory=Originals)
    known: ShopInfo | None = None
    time_zone: tzinfo | None = None
    counted: tuple[float, int] | None = None
    forbidden: bool = False
    """Whether the shop has refused a right since the account was read."""
    listed: dict[str, tuple[float, dict[str, dict[str, Any]]]] = field(
        default_factory=dict[str, tuple[float, dict[str, dict[str, Any]]]]
    )
    blocks: tuple[float, dict[str, dict[str, Any]]] | None = None

    async def get(self, path: str, params: Mapping[str, Any] | None = None, what: str = "") -> Any:
        """The JSON at ``path`` (``/wc/v3/products/12``).

        Raises:
            Refused: what the shop refused, in our words; ``what`` names the object in "The shop has no …".
        """
        answer = await self.upstream.send("GET", f"/wp-json{path}", params=params)
        self._note(answer)
        error = refusals.of_answer(answer, what)
        if error:
            raise error
        return answer.json()

    async def page(self, path: str, params: Mapping[str, Any] | None = None) -> Page:
        """One page of a list; a page past the end is empty and has the total, in both halves of the API."""
        query = dict(params or {})
        answer = await self.upstream.send("GET", f"/wp-json{path}", params=query)
        self._note(answer)
        error = refusals.of_answer(answer)
        if error is None:
            return _page(answer)
        if error.details.get("shop_code") != "rest_post_invalid_page_number":
            raise error
        first = await self.upstream.send("GET", f"/wp-json{path}", params={**query, "page": 1, "_fields": "id"})
        error = refusals.of_answer(first)
        if error:
            raise error
        found = _page(first)
        return Page([], found.total, found.pages)

    async def write(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        deadline: float | None = None,
    ) -> Answer:
        """Send a write exactly once and return the answer as it is, errors too.

        Raises:
            UpstreamError: when there was no answer; its ``reached`` says whether the shop may have done it.
        """
        answer = await self.upstream.send(
            method,
            f"/wp-json{path}",
            params=params,
            json=json,
            content=content,
            headers=headers,
            deadline=deadline,
            retry=False,
        )
        self._note(answer)
        return answer

    def _note(self, answer: Answer) -> None:
        self.forbidden = self.forbidden or answer.status == 403

    async def info(self) -> ShopInfo:
        """Currency and decimals, asked once per process."""
        if self.known is None:
            rows = cast("list[dict[str, Any]]", await self.get("/wc/v3/settings/general", {"_fields": "id,value"}))
            values = {str(row.get("id")): row.get("value") for row in rows}
            decimals = str(values.get("woocommerce_price_num_decimals", "2"))
            currency = str(values.get("woocommerce_currency", ""))
            self.known = ShopInfo(currency, int(decimals) if decimals.isdigit() else 2)
        return self.known

    async def number_of_products(self) -> int:
        """All but those in the bin, as they were at most a minute ago."""
        if self.counted is None or self.counted[0] < time.monotonic() - COUNT_SECONDS:
            page = await self.page("/wc/v3/products", {"status": "any", "per_page": 1, "_fields": "id"})
            self.counted = (time.monotonic(), page.total)
        return self.counted[1]

    async def zone(self) -> tzinfo:
        """The site's time zone, asked once per process."""
        if self.time_zone is None:
            site = cast("dict[str, Any]", await self.get("/", {"_fields": "timezone_string,gmt_offset"}))
            try:
                self.time_zone = ZoneInfo(str(site.get("timezone_string") or ""))
            except (ValueError, KeyError, OSError):
                self.time_zone = timezone(timedelta(hours=float(site.get("gmt_offset") or 0)))
        return self.time_zone

    async def block_types(self) -> dict[str, dict[str, Any]]:
        """The blocks of the site by name, ``{attributes, parent}`` of each, asked once in ten minutes; none where the
        site does not say.
        """
        if self.blocks is None or self.blocks[0] < time.monotonic() - KINDS_SECONDS:
            try:
                page = await self.page("/wp/v2/block-types", {"_fields": "name,attributes,parent", "context": "edit"})
            except Refused:
                page = Page([], 0, 0)
            self.blocks = (time.monotonic(), {str(one.get("name")): one for one in page.items})
        return self.blocks[1]

    async def kinds(self, of: str, *, anew: bool = False) -> dict[str, dict[str, Any]]:
        """The site's ``types`` or ``taxonomies`` by name, as it lists them, asked once in ten minutes."""
        held = self.listed.get(of)
        if held is None or anew or held[0] < time.monotonic() - KINDS_SECONDS:
            found = cast("dict[str, dict[str, Any]]", await self.get(f"/wp/v2/{of}", {"context": "edit"}))
            held = self.listed[of] = (time.monotonic(), found)
        return held[1]

    async def aclose(self) -> None:
        await self.upstream.aclose()


def _number(answer: Answer, name: str, otherwise: int) -> int:
    value = answer.headers.get(name, "")
    return int(value) if value.isdigit() else otherwise


def _page(answer: Answer) -> Page:
    body: Any = answer.json()
    if not isinstance(body, list):
        raise UpstreamError(
            Code.UPSTREAM_INVALID, "The shop answered with something else than a list.", reached="answered"
        )
    items = cast("list[dict[str, Any]]", body)
    total = _number(answer, "x-wp-total", len(items))
    return Page(items, total, _number(answer, "x-wp-totalpages", 1 if items else 0))


def http_allowed(url: str, environment: str) -> None:
    """Refuse to send credentials in the clear, but to a shop that says it is a local one.

    Raises:
        Refused: NOT_CONFIGURED for an http address without ``WORDPRESS_ENVIRONMENT=local``.
    """
    if url.lower().startswith("http://") and environment != "local":
        raise Refused(
            Code.NOT_CONFIGURED,
            "WORDPRESS_URL is an http address: the application password would travel in the clear.",
            "Use the shop's https address; for a shop on your own machine set WORDPRESS_ENVIRONMENT=local.",
        )


def upstream_for(url: str, credentials: Credentials) -> Upstream:
    """The connection to a real shop."""
    return Upstream("The shop", url, auth=signer(credentials))
