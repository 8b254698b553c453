"""A round of the round table that was played before: no model is asked here."""

from __future__ import annotations

from typing import Any

from devskyy_mcp.app import App
from devskyy_mcp.db.database import Database
from devskyy_mcp.guard.audit import now_us
from devskyy_mcp.llm.round_table import store
from devskyy_mcp.llm.round_table.brief import HardChecks, freeze

ROUND = "job_round"
TEXTS = {1: "A dress of silk.", 2: "A velvet dress.", 3: "The cheapest dress."}
_BRIEF: dict[str, Any] = {
    "kind": "product-copy", "prompt": "Write a line about a dress.", "checks": HardChecks(forbidden=["cheapest"]),
    "mode": "compete", "k": 3, "budget_usd": 1.0, "deadline_s": 120.0,
}  # fmt: skip


async def note_round(app: App) -> None:
    """Three answers, of which one is disqualified; two judges, who hold the second for the best."""
    brief, at = freeze(_BRIEF, "copy"), now_us()
    row = {
        "id": ROUND, "principal": "local", "kind": brief.kind, "mode": brief.mode, "brief_sha256": brief.sha256,
        "state": "running", "brief": brief.model_dump(mode="json"), "decision": None, "winner": None, "picked": None,
        "how": None, "repeats": 0, "flips": 0, "created_at": at, "ended_at": None,
    }  # fmt: skip
    decision = {
        "why": "2 judges.", "p_best": 0.9, "order": [2, 1], "text": TEXTS[2], "fused": False, "warnings": [],
        "standings": [[2, 0.8, 0.9], [1, -0.8, 0.1]], "votes": [],
    }  # fmt: skip
    async with app.services.get(Database).begin() as conn:
        await store.insert(conn, row)
        for number, text in TEXTS.items():
            reasons = ["It says 'cheapest', which is forbidden."] if number == 3 else []
            state = "disqualified" if reasons else "stands"
            body = {"text": text, "reasons": reasons}
            entry = {"round": ROUND, "number": number, "model": f"voice/{number}", "state": state, "body": body}
            await store.add_entry(conn, {**entry, "cost": 900, "ms": 1200, "at": at})
        for seat in (1, 2):
            rows = [[number, "voice", score, TEXTS[number]] for number, score in ((1, 2), (2, 5))]
            body = {"order": [seat, 3 - seat], "why": "", "rows": rows, "ranking": [2, 1], "dropped": 0}
            score = {"round": ROUND, "seat": seat, "judge": f"voice/{seat + 3}", "state": "scored", "body": body}
            await store.add_score(conn, {**score, "best": 2, "at": at})
        end = {"state": "done", "decision": decision, "winner": 2, "how": "panel", "ended_at": at}
        await store.end(conn, ROUND, end)
