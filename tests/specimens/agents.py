"""Valid arguments for the tools of the agents and of the brand guide."""

from __future__ import annotations

from .making import Arguments, given

READS: dict[str, list[Arguments]] = {
    "agents_find": [given(request="the customer wants her money back")],
    "agents_brief": [
        given(agent="price-strategist", arguments={"scope": "all coats", "goal": "margin"}),
        given(agent="commerce", arguments={"request": "Sell more."}),
    ],
}
JOBS: dict[str, Arguments] = {"agents_run": given(agent="price-strategist", request="Look at all coats.")}
WRITES: dict[str, Arguments] = {"brand_guide_update": given(voice="Warm and short.")}
