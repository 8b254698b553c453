"""What is offered for an agent's arguments, by kind (``model.Completion``): packs add what they can look up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from ..context import Context
from ..errors import Refused

if TYPE_CHECKING:
    from .model import Completion

Offer = Callable[[Context, str], Awaitable[list[str]]]
"""``offer(ctx, prefix)``: values that begin so, or are about what the prefix says."""

LANGUAGES = (
    "ar Arabic", "cs Czech", "da Danish", "de German", "el Greek", "en-GB English, British", "en-US English, American",
    "es Spanish", "fi Finnish", "fr French", "he Hebrew", "hi Hindi", "hu Hungarian", "it Italian", "ja Japanese",
    "ko Korean", "nb Norwegian", "nl Dutch", "pl Polish", "pt-BR Portuguese, Brazilian", "pt-PT Portuguese, European",
    "ro Romanian", "sv Swedish", "tr Turkish", "uk Ukrainian", "zh-CN Chinese, simplified",
    "zh-TW Chinese, traditional",
)  # fmt: skip


class Offers:
    """Offers by kind."""

    def __init__(self) -> None:
        self._offers: dict[str, tuple[str, Offer]] = {"languages": ("agents:read", among(LANGUAGES))}

    def add(self, kind: Completion, scope: str, offer: Offer) -> None:
        """Add one; who lacks the scope is offered nothing."""
        self._offers[kind] = (scope, offer)

    def of(self, kind: str) -> Offer:
        """The kind's offer: nothing where no pack has one, or the shop can't be asked just now."""

        async def offered(ctx: Context, prefix: str) -> list[str]:
            scope, offer = self._offers.get(kind, ("", None))
            if offer is None or not ctx.principal.may(scope):
                return []
            try:
                return await offer(ctx, prefix)
            except Refused:  # somebody is typing: an empty list says enough
                return []

        return offered


def among(values: Sequence[str]) -> Offer:
    """An offer of given values: those that begin so, or have a word that does."""

    async def offered(_ctx: Context, prefix: str) -> list[str]:
        typed = prefix.lower()
        return [value for value in values if f" {value}".lower().find(f" {typed}") >= 0]

    return offered
