"""Valid arguments for the insights: exports as other systems write them."""

from __future__ import annotations

import json
from typing import Any

from devskyy_mcp.assets.store import Assets
from tests.fakes.demo import Desk

from .making import Arguments, given

TICKETS = json.dumps(
    [
        {"id": 1, "subject": "Where is my parcel?", "body": "Ordered two weeks ago, the wedding is tomorrow."},
        {"id": 2, "subject": "Refund", "body": "The coat is too small, I send it back."},
    ]
).encode()
STEPS = [{"step": "product page", "count": 900}, {"step": "cart", "count": 140}, {"step": "order", "count": 60}]


async def tickets(desk: Desk) -> dict[str, Any]:
    return {"asset": (await desk.app.services.get(Assets).put(TICKETS, "tickets.json", "upload")).id}


READS: dict[str, list[Arguments]] = {
    "insights_funnel_analyze": [given(rows=STEPS)],
    "insights_tickets_group": [tickets],
}
