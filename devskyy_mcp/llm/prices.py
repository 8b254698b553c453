"""What tokens cost: by the operator's own prices, else by genai-prices' data, offline; never by a guess.

A model without a known price costs None, not 0. For the budget alone such a call counts by ``ASSUMED``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .port import Image, Request, Text, Usage

if TYPE_CHECKING:
    from genai_prices.types import Usage as Counted

MILLION = 1_000_000
BYTES_PER_TOKEN = 3
"""Of UTF-8 text, rather few: English has four, JSON three, Chinese three bytes to a character and a token."""
TOKENS_PER_IMAGE = 1600
TOKENS_PER_PART = 8
"""What wraps a message, a tool or a call."""


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens. What was cached costs as other input where nothing else is said."""

    input: Decimal
    output: Decimal
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None

    def of(self, usage: Usage) -> Decimal:
        read = self.input if self.cache_read is None else self.cache_read
        write = self.input if self.cache_write is None else self.cache_write
        written = usage.cache_write_5m + usage.cache_write_1h
        whole = usage.input * self.input + usage.cache_read * read + written * write + usage.total_out * self.output
        return whole / MILLION


ASSUMED = Price(Decimal(15), Decimal(75))
"""For the budget only: what a model of unknown price is taken for, dearer than any that ``models.toml`` lists."""


def estimated_tokens(request: Request) -> int:
    """How many tokens the request has at most, about, by its length."""
    size, parts, images = 0, len(request.messages) + len(request.tools), 0
    for block in (*request.system, *(block for message in request.messages for block in message.blocks)):
        parts += 1
        if isinstance(block, Image):
            images += 1
        elif isinstance(block, Text):
            size += _bytes(block.text)
        else:
            size += _bytes(block.text) + len(block.name) + len(block.id)
    size += sum(_bytes(tool.description) + len(tool.name) + _schema(tool.schema) for tool in request.tools)
    size += 0 if request.output is None else _schema(request.output.schema)
    size += sum(_json(message.native) for message in request.messages if message.native)
    return size // BYTES_PER_TOKEN + images * TOKENS_PER_IMAGE + parts * TOKENS_PER_PART + 1


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode(errors="replace"))


def _json(value: Any) -> int:
    return len(json.dumps(value, separators=(",", ":"), default=str))


_SIZES: dict[int, tuple[Any, int]] = {}


def _schema(schema: Any) -> int:
    """Schemas are the same objects call after call: each is measured once."""
    found = _SIZES.get(id(schema))
    if found is None or found[0] is not schema:
        if len(_SIZES) > 2000:
            _SIZES.clear()
        found = _SIZES[id(schema)] = (schema, _json(schema))
    return found[1]


def micro(usd: Decimal) -> int:
    """Millionths of a US dollar, rounded up: what is spent is never told too small."""
    return int((usd * MILLION).to_integral_value(ROUND_CEILING))


def listed(provider: str, model: str, usage: Usage) -> Decimal | None:
    """What it costs by genai-prices; None where it does not know the model. The first call loads half a second."""
    from genai_prices import Usage as Counts
    from genai_prices import calc_price

    counted: Counted = Counts(
        input_tokens=usage.total_in,
        cache_read_tokens=usage.cache_read,
        cache_write_tokens=usage.cache_write_5m + usage.cache_write_1h,
        output_tokens=usage.total_out,
    )
    try:
        found = calc_price(counted, model_ref=model, provider_id=provider)
    except LookupError:
        return None
    price = found.model_price
    return None if price.input_mtok is None or price.output_mtok is None else found.total_price


def cost(provider: str, model: str, override: Price | None, usage: Usage) -> Decimal | None:
    """What tokens cost in US dollars; None where no price is known."""
    return override.of(usage) if override is not None else listed(provider, model, usage)


@lru_cache(maxsize=512)
def per_million(provider: str, model: str, override: Price | None) -> tuple[Decimal, Decimal] | None:
    """US dollars for a million tokens in and out, as few tokens cost; None where no price is known."""
    if override is not None:
        return override.input, override.output
    some = 1000  # long requests may have a price of their own
    taken = listed(provider, model, Usage(input=some))
    given = listed(provider, model, Usage(output=some))
    if taken is None or given is None:
        return None
    return taken * 1000, given * 1000


def load() -> None:
    """Load the data; for a thread, so that nobody waits on the event loop."""
    per_million("openai", "gpt-5", None)
