"""The marketers at work."""

from __future__ import annotations

from tests.agents.cases import marketing_site

CASES = [*marketing_site.CASES]
