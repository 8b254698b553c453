"""Where a file came from: what it was made of, by what, and what that cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Provenance:
    """How a file of our own, or a provider's, was made.

    Args:
        tool: the tool that made it.
        sources: SHA-256 of the files it was made of.
        provider: who made it, where that was somebody else: ``tripo``, ``fashn``…
        model: the provider's model.
        prompt: what was asked for in words.
        cost_usd: what the provider took; None where that is not known.
        licence: a note on what may be done with it.
        parameters: what else decided how it looks, JSON values.
    """

    tool: str
    sources: tuple[str, ...] = ()
    provider: str = ""
    model: str = ""
    prompt: str = ""
    cost_usd: float | None = None
    licence: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])
