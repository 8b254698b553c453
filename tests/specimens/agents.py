"""Valid arguments for the tools of the agents and of the brand guide."""

from __future__ import annotations

from typing import Any

from tests.fakes.demo import Desk

from .making import Arguments, given


async def a_run(desk: Desk) -> dict[str, Any]:
    """A run that has not begun, or has come to nothing for want of a provider."""
    found = await desk.do("agents_run", agent="price-strategist", request="Look at all coats.")
    return {"run": found["job"]}


READS: dict[str, list[Arguments]] = {
    "agents_find": [given(request="the customer wants her money back")],
    "agents_run": [given(agent="price-strategist", request="Look at all coats.", caps={"steps": 2})],
    "agents_transcript": [a_run],
    "agents_brief": [
        given(agent="price-strategist", arguments={"scope": "all coats", "goal": "margin"}),
        given(agent="commerce", arguments={"request": "Sell more."}),
    ],
}
WRITES: dict[str, Arguments] = {"brand_guide_update": given(voice="Warm and short.")}
