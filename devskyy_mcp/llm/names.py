"""Names that declarations of tools need: quick to import, as the rest of the room is not."""

from __future__ import annotations

from typing import Literal

Name = Literal["openai", "anthropic", "google", "mistral", "cohere", "groq"]
NAMES: tuple[Name, ...] = ("openai", "anthropic", "google", "mistral", "cohere", "groq")
Tier = Literal["fast", "balanced", "best"]
TIERS: tuple[Tier, ...] = ("fast", "balanced", "best")
By = Literal["model", "provider", "agent", "kind", "principal", "day"]
"""What a bill is added up by."""
SYSTEM = "models"
"""The System of paid calls of models."""
